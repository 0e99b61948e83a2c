"""The stream that a session's client opens with GET: news, or the rest of a stream that it lost.

It stays open across reloads, so it holds its session and no runtime.
"""

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import blake2b

from bridge.ingress.body import WhileThere
from bridge.ingress.mcp.exchange import notification
from bridge.ingress.mcp.headers import LAST_EVENT, check_takes_stream, plain
from bridge.ingress.mcp.line import ALIVE, Post
from bridge.ingress.mcp.news import Watched, news
from bridge.ingress.mcp.sessions.heeding import Heeding
from bridge.ingress.mcp.sessions.record import find, watched
from bridge.ingress.mcp.sessions.resume import Resuming, resuming
from bridge.ingress.mcp.sessions.trail import opening
from bridge.ingress.mcp.sessions.turns import Turns
from bridge.ingress.mcp.sessions.words import END, WATCH, Word, channel
from bridge.model import Call, ClientGone, Json, LimitExceeded, Session, StateUnavailable
from bridge.pipeline.changes import Listener
from bridge.pipeline.run import gate
from bridge.pipeline.runtime import Holder, Runtime
from bridge.state.base import Shared

MOST = 8
"""Streams of one session on one replica."""
KINDS = ("prompts", "resources", "tools")
_ALL = frozenset(KINDS)
_NEWS = re.compile(r"news\.([0-9a-f]{12})-([0-9a-f]{12})-([0-9a-f]{12})\.[0-9a-f]{8}")


async def attend(
    rt: Runtime, call: Call, session: Session, fields: dict[bytes, bytes], line: Post
) -> "Attending | Resuming":
    """Raises NotAcceptable, LimitExceeded, StateUnavailable; InvalidRequest and NotPost for a stream without a rest."""
    await gate(rt, call)
    check_takes_stream(fields)
    assert rt.shared is not None
    if rt.changes.owned(session.id) >= MOST:
        raise LimitExceeded(f"a session may hold {MOST} streams")
    last = plain(fields, LAST_EVENT)
    before = _NEWS.fullmatch(last) if last else None
    if last and before is None:
        return await resuming(rt.shared, session, last, line)
    told = Told(now(rt, session.toolset), primes=session.revision >= "2025-11-25")
    line.follow(told)
    if before is not None:
        told.digests = dict(zip(KINDS, before.groups(), strict=True))
    watching = Watched(call, session.toolset)
    watching.want(await watched(rt.shared, session.id))
    return Attending(line, session, rt.shared, told, watching)


def now(rt: Runtime, toolset: str) -> dict[str, str]:
    """Short digests of what is listed."""
    found = rt.toolsets.get(toolset)
    full = found.digests if found is not None else {}
    return {kind: _short(full.get(kind, "")) for kind in KINDS}


@lru_cache(maxsize=256)
def _short(digest: str) -> str:
    """One text for all the streams that know the same list."""
    return blake2b(digest.encode(), digest_size=6).hexdigest()


@dataclass(slots=True)
class Told:
    """The Trail of a stream of news. Its ids say which lists the client knows, so that any replica can go on from
    there, however much later."""

    digests: dict[str, str]
    primes: bool

    async def first(self) -> bytes:
        return opening(self._id()) if self.primes else ALIVE

    async def keep(self, message: bytes, *, last: bool = False) -> str:
        return self._id()

    def _id(self) -> str:
        """Of two events that tell of no list, too, each has its own."""
        return f"news.{'-'.join(self.digests[kind] for kind in KINDS)}.{secrets.token_hex(4)}"


@dataclass(slots=True)
class Attending:
    """Written by its own two tasks alone: one tells the news, one heeds what concerns the session."""

    line: Post
    session: Session
    shared: Shared
    told: Told
    watching: Watched
    over: bool = False
    turns: Turns = field(init=False)
    ear: Listener = field(init=False)

    async def run(self, holder: Holder) -> bytes:
        """Until the session or its toolset is gone, or the gateway stops. Raises ClientGone, StateUnavailable."""
        changes, heeding = holder.current.changes, Heeding(self._heed)
        words = self.shared.bus.subscribe(channel(self.session.id), heeding.ring)
        try:
            async with self.line.there(), words as heeding.unread:
                with changes.listening(self.session.toolset, self.session.id) as self.ear:
                    # Others may have come between the look at how many there are and this.
                    if changes.owned(self.session.id) > MOST:
                        return b""
                    self.turns = Turns(self.shared, self.session.id)
                    async with self.turns, WhileThere(heeding):
                        await self._begin(holder)
                        async for one in news(holder, self.ear, _ALL, self.watching):
                            await (self._alive() if one is None else self._tell(holder, *one))
        except ClientGone:
            if not self.over:
                raise
        return b""

    async def _begin(self, holder: Holder) -> None:
        await self.line.open()
        self.ear.catch_up(self.told.digests, _now(holder, self.session.toolset))

    async def _tell(self, holder: Holder, method: str, params: Mapping[str, Json]) -> None:
        if self.turns.mine:
            self._know(holder, method)
            await self.line.notify(notification(method, params))

    def _know(self, holder: Holder, method: str) -> None:
        """The event's id says what the client knows once it has it."""
        kind = method.split("/")[1]
        if method.endswith("/list_changed"):
            self.told.digests[kind] = _now(holder, self.session.toolset)[kind]

    async def _alive(self) -> None:
        """A session with an open stream is in use."""
        try:
            gone = await find(self.shared, self.session.id) is None
        except StateUnavailable:
            gone = False
        self.ear.gone = self.ear.gone or gone
        await self.line.alive()

    async def _heed(self, word: Word | None) -> bool:
        """Whether the session is over."""
        if word is not None and word.kind == END:
            self.over = True
            return True
        if word is None or word.kind == WATCH:
            await self._look_again()
        await self.turns.heard(word)
        return False

    async def _look_again(self) -> None:
        try:
            self.watching.want(await watched(self.shared, self.session.id))
        except StateUnavailable:
            return
        self.watching.due = 0.0
        self.ear.wake()


def _now(holder: Holder, toolset: str) -> dict[str, str]:
    """Read in a frame of its own: a stream must not keep a runtime in one of its variables."""
    return now(holder.current, toolset)
