"""The clients that agents come with do through the gateway whatever they can do: over HTTP and on standard input and
output, in the revision that each of them agrees on with us.

The service, the gateway before it and its OpenAPI document are those of the conformance suite.
"""

import shutil
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from bridge.model import Json
from tests.conformance.fixture.upstream import FOLDER
from tests.conformance.stand import stand
from tests.e2e.clients.driven import Work, World, driven
from tests.e2e.clients.inspector import Inspector
from tests.e2e.clients.plan import JUDGES, JUDGES_ON_STDIO, PLAN
from tests.e2e.clients.table import CLIENTS, Client
from tests.kit.command import COMMAND, environment


@pytest.fixture(scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    home = tmp_path_factory.mktemp("stand")
    async with stand(home) as running:
        yield World(running, home / "bridge.yaml")


@pytest.mark.timeout(180)
@pytest.mark.parametrize("client", [pytest.param(one, id=one.name, marks=one.needs) for one in CLIENTS])
async def test_a_client_does_whatever_it_can_do(client: Client, world: World, tmp_path: Path) -> None:
    work = await worked(client, world, tmp_path)
    assert work.revision == client.revision
    assert work.tried | client.cannot.keys() == JUDGES.keys(), "each step is tried, or cannot be"
    judges = JUDGES_ON_STDIO if client.stdio else JUDGES
    wrong = dict(work.failed)
    for step, got in work.got.items():
        try:
            judges[step](got)
        except Exception as error:  # noqa: BLE001 - a judge may stumble over anything
            wrong[step] = f"{error!r}: {str(got)[:1000]}"
    assert not wrong


async def worked(client: Client, world: World, home: Path) -> Work:
    given: dict[str, Json] = {**PLAN, "mode": client.mode, "skip": list(client.cannot), "url": world.running.mcp}
    given["confirm"] = [PLAN["confirm"][0], {"id": CLIENTS.index(client)}]
    if client.stdio:
        world = replace(world, settings=watched(world.settings, home), own=True)
        given |= {"command": [*COMMAND, "stdio", "--config", str(world.settings)], "env": environment(home)}
    if client.drive:
        return await driven(client.drive, given, world, home)
    return await Inspector(given, world, home).work()


def watched(settings: Path, home: Path) -> Path:
    """A copy of the configuration for a gateway of the client's own, which sees it change."""
    for name in ("openapi.yaml", "pixel.png"):
        shutil.copy(FOLDER / name, home)
    copied = yaml.safe_load(settings.read_text()) | {"watch": {"interval": "100ms"}}
    copy = home / "bridge.yaml"
    copy.write_text(yaml.safe_dump(copied))
    return copy
