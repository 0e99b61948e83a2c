"""A scripted upstream: it records what it was sent and plays what it was told to answer."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from bridge.egress.upstream import Response
from bridge.model import Headers, Target, UpstreamTimeout, Wire

JSON: Headers = ((b"content-type", b"application/json"),)


@dataclass(frozen=True, slots=True)
class Played:
    """An answer in pieces. `hold` is awaited before the head, `breaks` is raised after the last piece."""

    status: int = 200
    headers: Headers = JSON
    pieces: tuple[bytes, ...] = (b"{}",)
    hold: asyncio.Event | None = None
    breaks: Exception | None = None


@dataclass(frozen=True, slots=True)
class Sent:
    """A request as it arrived: a body that came in chunks is whole here."""

    wire: Wire
    target: Target
    deadline: float


Script: TypeAlias = Played | Exception | Callable[[Sent], Played]
"""What to answer, what to raise instead, or how to find an answer to this very request."""


def plays(body: bytes, status: int = 200, headers: Headers = JSON) -> Played:
    return Played(status, headers, (body,))


@dataclass(slots=True)
class ScriptedUpstream:
    """Plays its scripts in order, the last one for ever. `open` counts responses that were not closed."""

    scripts: list[Script] = field(default_factory=lambda: [Played()])
    sent: list[Sent] = field(default_factory=list)
    open: int = 0
    cancelled: int = 0
    closed: bool = False
    _arrived: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def wires(self) -> list[Wire]:
        return [sent.wire for sent in self.sent]

    async def send(self, wire: Wire, target: Target, deadline: float) -> Response:
        sent = Sent(replace(wire, body=await _whole(wire.body)), target, deadline)
        self.sent.append(sent)
        self._arrived.set()
        script = self.scripts[0] if len(self.scripts) == 1 else self.scripts.pop(0)
        if isinstance(script, Exception):
            raise script
        played = script(sent) if callable(script) else script
        await self._held(played, deadline)
        self.open += 1
        return Response(played.status, played.headers, _pieces(played), self._close)

    async def reached(self, count: int = 1) -> None:
        """Waits until that many requests have arrived in all."""
        while len(self.sent) < count:
            self._arrived.clear()
            await self._arrived.wait()

    async def aclose(self) -> None:
        self.closed = True

    async def _held(self, played: Played, deadline: float) -> None:
        if played.hold is None:
            return
        try:
            async with asyncio.timeout_at(deadline):
                await played.hold.wait()
        except TimeoutError:
            raise UpstreamTimeout("the upstream did not answer in time") from None
        except asyncio.CancelledError:
            self.cancelled += 1
            raise

    async def _close(self) -> None:
        self.open -= 1


async def _whole(body: bytes | AsyncIterator[bytes] | None) -> bytes | None:
    if body is None or isinstance(body, bytes):
        return body
    return b"".join([chunk async for chunk in body])


async def _pieces(played: Played) -> AsyncIterator[bytes]:
    for piece in played.pieces:
        yield piece
    if played.breaks is not None:
        raise played.breaks
