"""The one stream of an HTTP+SSE session: everything that its client is told, wherever that comes from.

It stays open across reloads, so it holds its session and no runtime.
"""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field

from bridge.ingress.body import WhileThere
from bridge.ingress.mcp.exchange import notification
from bridge.ingress.mcp.line import ALIVE, Post, event
from bridge.ingress.mcp.news import Watched, news
from bridge.ingress.mcp.sessions.heeding import Heeding
from bridge.ingress.mcp.sessions.record import end, find, watched
from bridge.ingress.mcp.sessions.words import END, TELL, WATCH, Word, channel
from bridge.model import ClientGone, Json, Session, StateUnavailable
from bridge.pipeline.changes import Listener
from bridge.pipeline.runtime import Holder
from bridge.state.base import Shared

_KINDS = frozenset({"tools", "resources", "prompts"})


@dataclass(slots=True)
class Connected:
    """The stream and its session. Written by its own two tasks alone."""

    line: Post
    session: Session
    shared: Shared
    watching: Watched
    messages: str
    """Where the client posts to."""
    digests: Mapping[str, str]
    over: bool = False
    introduced: bool = False
    ear: Listener = field(init=False)
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def run(self, holder: Holder) -> bytes:
        """Until the client leaves, the toolset is gone, or the gateway stops. Raises ClientGone, StateUnavailable."""
        changes, heeding = holder.current.changes, Heeding(self._heed)
        words = self.shared.bus.subscribe(channel(self.session.id), heeding.ring)
        try:
            async with self.line.there(), words as heeding.unread:
                with changes.listening(self.session.toolset, self.session.id) as self.ear:
                    await self._until_over(holder, heeding)
        finally:
            with suppress(StateUnavailable):
                await end(self.shared, self.session.id)
        return b""

    async def _until_over(self, holder: Holder, heeding: Heeding) -> None:
        await self.line.open()
        # 2024-11-05, HTTP with SSE: "When a client connects, the server MUST send an endpoint event containing a URI".
        await self.line.write(b"event: endpoint\ndata: %s\n\n" % self.messages.encode())
        try:
            async with WhileThere(heeding):
                self.ear.catch_up(self.digests, _now(holder, self.session.toolset))
                async for one in news(holder, self.ear, _KINDS, self.watching):
                    await (self._alive() if one is None else self._news(*one))
        except ClientGone:
            if not self.over:
                raise

    async def _news(self, method: str, params: Mapping[str, Json]) -> None:
        """A client that has not been answered `initialize` yet learns of all there is by asking."""
        if self.introduced:
            await self._write(event(notification(method, params)))

    async def _alive(self) -> None:
        with suppress(StateUnavailable):
            self.ear.gone = self.ear.gone or await find(self.shared, self.session.id, stream=True) is None
        await self._write(ALIVE)

    async def _write(self, events: bytes) -> None:
        async with self._turn:
            await self.line.write(events)

    async def _heed(self, word: Word | None) -> bool:
        """Whether the session is over, or an answer may be lost: its client would wait for it for good."""
        if word is None or word.kind == END:
            self.over = True
        elif word.kind == TELL:
            self.introduced = True
            await self._write(event(word.message))
        elif word.kind == WATCH:
            with suppress(StateUnavailable):
                self.watching.want(await watched(self.shared, self.session.id))
            self.watching.due = 0.0
            self.ear.wake()
        return self.over


def _now(holder: Holder, toolset: str) -> Mapping[str, str]:
    """Read in a frame of its own: a stream must not keep a runtime in one of its variables."""
    found = holder.current.toolsets.get(toolset)
    return found.digests if found is not None else {}
