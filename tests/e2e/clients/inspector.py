"""The MCP Inspector on the command line: a process for each request, which prints what was answered."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import orjson

from bridge.model import Json
from tests.e2e.clients.driven import Work, World
from tests.kit.command import environment
from tests.kit.needs import NODE_PACKAGES, node

LAUNCHER = NODE_PACKAGES / "@modelcontextprotocol" / "inspector" / "clients" / "launcher" / "build" / "index.js"
IS_ERROR = 5
"""How it ends when a tool's result says isError; the result is printed all the same."""


@dataclass(frozen=True, slots=True)
class Inspector:
    """`given` is the plan, as drivers get it."""

    given: Json
    world: World
    home: Path

    async def work(self) -> Work:
        work = Work(revision=(await self.ask("initialize"))["protocolVersion"])
        for step, doing in self.steps().items():
            if step in self.given["skip"]:
                continue
            try:
                work.got[step] = await doing()
            except (AssertionError, KeyError, ValueError) as error:
                work.failed[step] = f"{type(error).__name__}: {error}"
        return work

    def steps(self) -> Mapping[str, Callable[[], Awaitable[Json]]]:
        plan = self.given
        return {
            "tools": self.tools,
            **{step: partial(self.call, plan[step]) for step in ("call", "image", "error")},
            **{step: partial(self.read, plan[step]) for step in ("text", "binary")},
            "template": self.template,
            "prompt": self.prompt,
            "cancelled": self.cancelled,
            "refused": partial(self.call, plan["confirm"]),
            "granted": self.granted,
        }

    async def tools(self) -> Json:
        return [tool["name"] for tool in (await self.ask("tools/list"))["tools"]]

    async def call(self, what: Json) -> Json:
        return await self.ask("tools/call", *_calling(what))

    async def read(self, uri: str) -> Json:
        return await self.ask("resources/read", "--uri", uri)

    async def template(self) -> Json:
        listed = (await self.ask("resources/templates/list"))["resourceTemplates"]
        return {"templates": [one["uriTemplate"] for one in listed], **await self.read(self.given["template"])}

    async def prompt(self) -> Json:
        name, arguments = self.given["prompt"]
        said = [f"{key}={value}" for key, value in arguments.items()]
        got = await self.ask("prompts/get", "--prompt-name", name, "--prompt-args", *said)
        return {"listed": [one["name"] for one in (await self.ask("prompts/list"))["prompts"]], **got}

    async def granted(self) -> Json:
        refused = await self.call(self.given["confirm"])
        await self.world.approve(str(refused))
        return [await self.call(self.given["confirm"]), await self.call(self.given["confirm"])]

    async def cancelled(self) -> Json:
        """Somebody interrupts it."""
        process = await self._started("tools/call", *_calling(self.given["cancelled"]))
        try:
            before = await self.world.open({"until": 1})
        finally:
            process.terminate()
            await process.communicate()
        return {"before": before, "after": await self.world.open({"until": 0})}

    async def ask(self, method: str, *arguments: str) -> Json:
        process = await self._started(method, *arguments)
        try:
            async with asyncio.timeout(15):
                out, err = await process.communicate()
        finally:
            if process.returncode is None:
                process.kill()
                await process.communicate()
        assert process.returncode in {0, IS_ERROR}, f"{method}: {err.decode(errors='replace')}"
        return orjson.loads(out)["result"]

    async def _started(self, method: str, *arguments: str) -> asyncio.subprocess.Process:
        era = ("--protocol-era", self.given["mode"], "--format", "json", "--quiet")
        command = (str(node()), str(LAUNCHER), "--cli", self.given["url"], *era, "--method", method, *arguments)
        return await asyncio.create_subprocess_exec(
            *command, cwd=self.home, env=environment(self.home), stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip


def _calling(what: Json) -> tuple[str, ...]:
    name, arguments = what
    return ("--tool-name", name, "--tool-args-json", orjson.dumps(arguments).decode())
