"""Many clients that listen, in a process of their own: `python -m tests.bench.listeners URL REVISION COUNT`.

Opens the streams one after the other, prints a line once all are open, and one more each time that every one of them
was told that the list of tools is another one: when the first and the last of them was, by the monotonic clock, which
all processes of a system share. Ends with its standard input.
"""

import argparse
import asyncio
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import orjson
import uvloop

from bridge.model import Json
from tests.bench import wire
from tests.kit.agent import MODERN

SECONDS = 60.0
WANTED: Json = {"notifications": {"toolsListChanged": True}}
ACKNOWLEDGED = b"notifications/subscriptions/acknowledged"
OPENED = b"data: \n"
"""How a legacy stream begins."""
NEWS = b"notifications/tools/list_changed"


@dataclass(slots=True)
class Told:
    """What all streams share: when each was told, in seconds; `turn` is how many it takes to be through."""

    turn: int
    at: list[float] = field(default_factory=list)
    through: asyncio.Event = field(default_factory=asyncio.Event)
    over: bool = False
    """From here on streams may end."""

    def note(self) -> None:
        self.at.append(time.monotonic())
        if len(self.at) == self.turn:
            self.through.set()


class Listener(asyncio.Protocol):
    """Sends a request on a connection of its own; then everything that comes is news."""

    __slots__ = ("_began", "_rest", "_told", "opened")

    def __init__(self, began: bytes, told: Told) -> None:
        self._began = began
        self._told = told
        self._rest = b""
        self.opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def data_received(self, data: bytes) -> None:
        self._rest += data
        if not self.opened.done():
            if self._began not in self._rest:
                return
            self.opened.set_result(None)
        while NEWS in self._rest:
            self._rest = self._rest.partition(NEWS)[2]
            self._told.note()
        self._rest = self._rest[-len(NEWS) :]

    def connection_lost(self, error: Exception | None) -> None:
        if not self.opened.done():
            self.opened.set_exception(ConnectionError(f"a stream was not opened: {self._rest[:500]!r}"))
        elif not self._told.over:
            raise SystemExit("a stream was closed")


async def _listen(address: tuple[str, int], revision: str, told: Told) -> asyncio.BaseTransport:
    if revision == MODERN:
        request, began = wire.post(MODERN, "subscriptions/listen", WANTED), ACKNOWLEDGED
    else:
        request, began = wire.stream(revision, await _session(address, revision)), OPENED
    transport, listener = await asyncio.get_running_loop().create_connection(lambda: Listener(began, told), *address)
    transport.write(request)
    await listener.opened
    return transport


async def _session(address: tuple[str, int], revision: str) -> str:
    """Each stream has a session of its own, as each client has."""
    about = {"protocolVersion": revision, "capabilities": {}, "clientInfo": {"name": "bench", "version": "1"}}
    async with _connected(address) as (reader, writer):
        writer.write(wire.post(revision, "initialize", about))
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        session = head.lower().partition("mcp-session-id:")[2]
        identity = head[len(head) - len(session) :].partition("\r\n")[0].strip()
    async with _connected(address) as (reader, writer):
        told = {"mcp_session_id": identity}
        writer.write(wire.post(revision, "notifications/initialized", notice=True, **told))
        await reader.readuntil(b"\r\n\r\n")
    return identity


@asynccontextmanager
async def _connected(address: tuple[str, int]) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader, writer = await asyncio.open_connection(*address)
    try:
        yield reader, writer
    finally:
        writer.close()


async def _run(url: str, revision: str, count: int) -> None:
    parts = urlsplit(url)
    address = parts.hostname or "", parts.port or 80
    told = Told(count)
    async with asyncio.timeout(SECONDS):
        opened = [await _listen(address, revision, told) for _ in range(count)]
    _say({"open": len(opened)})
    ended = asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    while not ended.done():
        waiting = asyncio.create_task(told.through.wait())
        await asyncio.wait([ended, waiting], return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        if told.through.is_set():
            _say({"first": told.at[0], "last": told.at[-1]})
            told.at.clear()
            told.through.clear()
    told.over = True
    for transport in opened:
        transport.close()


def _say(value: Json) -> None:
    print(orjson.dumps(value).decode(), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("url")
    parser.add_argument("revision")
    parser.add_argument("count", type=int)
    given = parser.parse_args()
    uvloop.run(_run(given.url, given.revision, given.count))


if __name__ == "__main__":
    main()
