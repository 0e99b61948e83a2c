"""Bounded load over loopback: a few kept connections, each asking again as soon as it was answered."""

import asyncio
from dataclasses import dataclass
from typing import cast
from urllib.parse import urlsplit

import httptools
import uvloop

CONNECTIONS = 16
SECONDS = 60.0


@dataclass(slots=True)
class _Round:
    """What all connections share: requests still to be sent, answers still awaited."""

    request: bytes
    unsent: int
    open: int
    done: asyncio.Future[None]

    def fail(self, why: str) -> None:
        if not self.done.done():
            self.done.set_exception(SystemExit(why))


class _Asking(asyncio.Protocol):
    def __init__(self, shared: _Round) -> None:
        self._shared = shared
        self._parser = httptools.HttpResponseParser(self)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's own class is not derived from it
        self._ask()

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def connection_lost(self, error: Exception | None) -> None:
        self._shared.fail("a connection was closed before its last answer")

    def on_message_complete(self) -> None:
        if (status := self._parser.get_status_code()) != 200:
            self._shared.fail(f"answered with {status}")
        self._ask()

    def _ask(self) -> None:
        shared = self._shared
        if shared.unsent:
            shared.unsent -= 1
            self._transport.write(shared.request)
            return
        shared.open -= 1
        if not shared.open and not shared.done.done():
            shared.done.set_result(None)


def ask(url: str, request: bytes, count: int) -> None:
    """Sends `count` requests and awaits every answer. Raises SystemExit for any that is not a 200."""
    uvloop.run(_ask(url, request, count))


async def _ask(url: str, request: bytes, count: int) -> None:
    loop = asyncio.get_running_loop()
    shared = _Round(request, count, CONNECTIONS, loop.create_future())
    parts = urlsplit(url)
    address = parts.hostname or "", parts.port or 80
    opened = [await loop.create_connection(lambda: _Asking(shared), *address) for _ in range(CONNECTIONS)]
    try:
        async with asyncio.timeout(SECONDS):
            await shared.done
    finally:
        for transport, _ in opened:
            transport.abort()
