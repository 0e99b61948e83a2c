"""A client at the other end of a pair of pipes, in this process: frames in, messages out."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import orjson

from bridge.ingress.mcp.stdio import Conversation
from bridge.model import Json
from bridge.pipeline.runtime import Holder
from tests.kit.transcript import Transcript

PATIENCE = 5.0


@dataclass(slots=True)
class Pipes:
    """`out` holds what the gateway wrote, frame by frame, each held against the schema of what is spoken."""

    holder: Holder
    transcript: Transcript = field(default_factory=lambda: Transcript("2025-11-25"))
    frames: asyncio.Queue[bytes | None] = field(default_factory=asyncio.Queue)
    out: asyncio.Queue[bytes] = field(default_factory=asyncio.Queue)

    def send(self, message: Json) -> None:
        frame = message if isinstance(message, bytes) else orjson.dumps(message)
        self.transcript.sent(frame)
        self.frames.put_nowait(frame)

    async def next(self) -> Json:
        async with asyncio.timeout(PATIENCE):
            frame = await self.out.get()
        assert frame.endswith(b"\n")
        assert frame.count(b"\n") == 1
        message = orjson.loads(frame)
        self.transcript.heard(message)
        return message

    async def ask(self, message: Json) -> Json:
        self.send(message)
        return await self.next()

    async def reading(self) -> AsyncIterator[bytes | None]:
        while (frame := await self.frames.get()) is not None:
            yield None if frame == b"TOO LONG" else frame

    async def write(self, frame: bytes) -> None:
        self.out.put_nowait(frame)


@asynccontextmanager
async def conversing(holder: Holder, toolset: str = "") -> AsyncIterator[Pipes]:
    """Closes the client's end, and waits for the conversation to be over."""
    pipes = Pipes(holder)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(Conversation(holder, pipes.write, toolset).run(pipes.reading()))
        yield pipes
        pipes.frames.put_nowait(None)
