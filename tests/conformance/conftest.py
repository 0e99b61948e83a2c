"""A gateway process before the fixture, and clients of it."""

from collections.abc import AsyncIterator

import httpx
import pytest

from tests.conformance.stand import stand
from tests.conformance.wire import PATIENCE, Wire
from tests.kit.command import Running


@pytest.fixture(scope="session")
async def running(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Running]:
    async with stand(tmp_path_factory.mktemp("stand")) as started:
        yield started


@pytest.fixture(scope="session")
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(timeout=PATIENCE, trust_env=False) as client:
        yield client


@pytest.fixture
def client(running: Running, http: httpx.AsyncClient) -> Wire:
    """Of 2026-07-28; nobody can be asked through it."""
    return Wire(running.mcp, http)


@pytest.fixture
def person(running: Running, http: httpx.AsyncClient) -> Wire:
    """Of 2026-07-28; it can put forms to a person."""
    return Wire(running.mcp, http, capabilities={"elicitation": {}})
