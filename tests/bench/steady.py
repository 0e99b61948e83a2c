"""A steady load in a process of its own: `python -m tests.bench.steady URL PER_SECOND`.

Calls begin when they are due, whether or not those before were answered, by turns at the agents' and the people's door;
what waits for a connection waits at the gateway's expense. Prints a line with the first answer, runs until a line comes
in, and prints what became of every call.
"""

import argparse
import asyncio
import gc
import sys
import time
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import cycle
from typing import NamedTuple, cast
from urllib.parse import urlsplit

import httptools
import orjson
import uvloop

from tests.bench import made, wire
from tests.kit.agent import MODERN

CONNECTIONS = 32
SECONDS = 120.0
"""No run takes longer, whether or not a line comes in."""
PATIENCE = 10.0
DOORS = {
    "tools/call": wire.post(MODERN, "tools/call", {"name": "read3", "arguments": made.ARGUMENTS}),
    "REST": wire.get(wire.TARGET),
}
FAULT = b'"isError":true'


class Call(NamedTuple):
    """When it was due, by the monotonic clock, and how long it took, both in seconds."""

    door: str
    due: float
    seconds: float
    failed: bool


@dataclass(slots=True)
class Load:
    """What all connections share. `waiting` are calls for which there is no free connection."""

    free: "list[Connection]" = field(default_factory=list)
    waiting: deque[tuple[str, float]] = field(default_factory=deque)
    made: list[Call] = field(default_factory=list)
    under_way: int = 0
    answered: asyncio.Event = field(default_factory=asyncio.Event)
    idle: asyncio.Event = field(default_factory=asyncio.Event)
    """Nothing is under way."""

    def begin(self, door: str) -> None:
        self.under_way += 1
        self.idle.clear()
        self.waiting.append((door, time.monotonic()))
        self.go_on()

    def go_on(self) -> None:
        while self.free and self.waiting:
            self.free.pop().ask(*self.waiting.popleft())

    def end(self, door: str, due: float, *, failed: bool) -> None:
        self.made.append(Call(door, due, time.monotonic() - due, failed))
        self.under_way -= 1
        self.answered.set()
        if not self.under_way:
            self.idle.set()


class Connection(asyncio.Protocol):
    """One call at a time. A connection that is closed, by whomever, fails its call and is not used again."""

    def __init__(self, load: Load) -> None:
        self._load = load
        self._parser = httptools.HttpResponseParser(self)
        self._call: tuple[str, float] | None = None
        self._body = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's own class is not derived from it
        self._load.free.append(self)

    def ask(self, door: str, due: float) -> None:
        self._call, self._body = (door, due), b""
        self._transport.write(DOORS[door])

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_body(self, body: bytes) -> None:
        self._body += body

    def on_message_complete(self) -> None:
        self._end(failed=self._parser.get_status_code() != 200 or FAULT in self._body)
        self._load.free.append(self)
        self._load.go_on()

    def connection_lost(self, error: Exception | None) -> None:
        if self in self._load.free:
            self._load.free.remove(self)
        self._end(failed=True)

    def _end(self, *, failed: bool) -> None:
        if self._call is not None:
            self._load.end(*self._call, failed=failed)
            self._call = None


async def _run(url: str, per_second: float) -> None:
    loop, load = asyncio.get_running_loop(), Load()
    parts = urlsplit(url)
    address = parts.hostname or "", parts.port or 80
    opened = [await loop.create_connection(lambda: Connection(load), *address) for _ in range(CONNECTIONS)]
    ended = loop.run_in_executor(None, sys.stdin.readline)
    beginning = asyncio.create_task(_begin(load, per_second, ended))
    await load.answered.wait()
    print(flush=True)
    await beginning
    with suppress(TimeoutError):
        async with asyncio.timeout(PATIENCE):
            await load.idle.wait()
    for transport, _ in opened:
        transport.abort()  # whatever is still not answered has failed
    await asyncio.sleep(0)
    load.made += [Call(door, due, PATIENCE, failed=True) for door, due in load.waiting]
    print(orjson.dumps([list(call) for call in load.made]).decode(), flush=True)


async def _begin(load: Load, per_second: float, ended: "asyncio.Future[str]") -> None:
    doors, loop = cycle(DOORS), asyncio.get_running_loop()
    due = loop.time()
    ends = due + SECONDS
    while not ended.done() and due < ends:
        load.begin(next(doors))
        due += 1 / per_second
        await asyncio.sleep(max(due - loop.time(), 0))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("url")
    parser.add_argument("per_second", type=float)
    given = parser.parse_args()
    gc.disable()  # its pauses would be taken for the gateway's
    uvloop.run(_run(given.url, given.per_second))


if __name__ == "__main__":
    main()
