"""The sample API and the gateway before it, as processes of their own, once per module."""

import asyncio
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import orjson
import pytest

from bridge.demo import document_path
from tests.kit.command import ANYWHERE, Running, environment, gateway


@pytest.fixture(scope="module")
async def shop(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    """The URL of the sample API."""
    home = tmp_path_factory.mktemp("shop")
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bridge.demo", "--port", "0", "--data", str(home), cwd=home, env=environment(home),
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        async with asyncio.timeout(15):
            line = await process.stdout.readline()
        yield line.decode().split()[-1]
    finally:
        process.terminate()
        await process.communicate()


@pytest.fixture(scope="module")
async def running(shop: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Running]:
    """The gateway: short pages, a toolset, and a report that may not take long."""
    home = tmp_path_factory.mktemp("gateway")
    settings = {
        "apis": {
            "orders": {
                "spec": str(document_path()),
                "upstream": {"url": shop},
                "operations": {"reportSales": {"timeout": "1s"}},
            }
        },
        "mcp": {"page_size": 10, "toolsets": {"stock": {"include": ["tag:stock"], "instructions": "Shelves only."}}},
    }
    file = home / "bridge.yaml"
    file.write_bytes(orjson.dumps(settings))
    async with gateway("--config", str(Path(file)), *ANYWHERE, home=home) as started:
        yield started
