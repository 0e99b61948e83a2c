"""A client at work in a process of its own: what came of each step, and what it asked for meanwhile."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

import httpx
import orjson
import yaml

from bridge.model import Json
from tests.conformance.fixture.upstream import SOMETIMES_TOOL
from tests.e2e.clients.plan import APPROVAL
from tests.kit.command import Running, environment

Wish: TypeAlias = Callable[[Json], Awaitable[Json]]
WITHIN = 150.0
LEAVES = 3.0
"""Seconds within which work that nobody waits for has to end: one for the gateway, the rest for a busy machine."""


@dataclass(slots=True)
class Work:
    """`got` has a step's result, `failed` why there is none."""

    revision: str = ""
    got: dict[str, Json] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)

    @property
    def tried(self) -> set[str]:
        return self.got.keys() | self.failed.keys()


@dataclass(frozen=True, slots=True)
class World:
    """What drivers may wish for while they work: `settings` is the file that the client's gateway runs on, which is
    `running` unless it has one to itself."""

    running: Running
    settings: Path
    own: bool = False

    async def grant(self, work: Work, said: Json) -> Json:
        wishes: Mapping[str, Wish] = {"change": self.change, "open": self.open}
        if said["want"] == "approve":
            return await self.approve(str(work.got.get("refused")))
        return await wishes[said["want"]](said)

    async def change(self, said: Json) -> Json:
        """An operator rewrites the configuration, and asks for a reload; a client's own gateway watches the file."""
        if self.own:
            return toggle(self.settings)
        async with httpx.AsyncClient(timeout=10, trust_env=False) as client:
            answered = await client.post(f"{self.running.rest}/catalogue/tools")
        return answered.raise_for_status().json()

    async def open(self, said: Json) -> Json:
        """How many calls the service works on, as soon as it is the wanted number, or when patience ends."""
        found = -1
        async with httpx.AsyncClient(timeout=10, trust_env=False) as client:
            try:
                async with asyncio.timeout(LEAVES):
                    while found != said["until"]:
                        await asyncio.sleep(0.02)
                        found = (await client.get(f"{self.running.rest}/endless/open")).json()["open"]
            except TimeoutError:
                pass
        return found

    async def approve(self, refusal: str) -> Json:
        """Where nothing was refused nothing is to be approved: the driver goes on, and its judge sees it."""
        found = APPROVAL.search(refusal)
        if found is None:
            return None
        async with httpx.AsyncClient(timeout=10, trust_env=False) as client:
            decided = {"decision": "approve", "by": "somebody"}
            answered = await client.post(f"{self.running.told['admin']}/admin/approvals/{found[1]}", json=decided)
        return answered.raise_for_status().json()["status"]


def toggle(file: Path) -> bool:
    """Puts the tool in, or takes it out, as an editor saves a file: whole or not at all."""
    settings = yaml.safe_load(file.read_text())
    excluded = settings["apis"]["everything"]["tools"]["exclude"]
    there = SOMETIMES_TOOL in excluded
    excluded.remove(SOMETIMES_TOOL) if there else excluded.append(SOMETIMES_TOOL)
    new = file.with_suffix(".new")
    new.write_text(yaml.safe_dump(settings))
    new.replace(file)
    return there


async def driven(command: Sequence[str], given: Json, world: World, home: Path) -> Work:
    """Raises TimeoutError. The driver has ended on return."""
    work = Work()
    with (home / "stderr").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            *command, orjson.dumps(given).decode(), cwd=home, env=environment(home),
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=log, limit=1 << 22,
        )  # fmt: skip
    try:
        async with asyncio.timeout(WITHIN):
            await _heard(process, work, world)
            code = await process.wait()
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()
    assert code == 0, f"{command[-1]} ended with {code}, {work}: {(home / 'stderr').read_text()[-4000:]}"
    return work


async def _heard(process: asyncio.subprocess.Process, work: Work, world: World) -> None:
    assert process.stdout is not None
    assert process.stdin is not None
    async for line in process.stdout:
        said = orjson.loads(line)
        if "want" in said:
            process.stdin.write(orjson.dumps(await world.grant(work, said)) + b"\n")
            await process.stdin.drain()
        elif "revision" in said:
            work.revision = said["revision"]
        elif "failed" in said:
            work.failed[said["step"]] = said["failed"]
        else:
            work.got[said["step"]] = said["got"]
