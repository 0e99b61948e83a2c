"""The rest of an answer's stream, for a client that lost its connection: what is kept, then what still comes."""

import re
from dataclasses import dataclass, field
from functools import partial

from bridge.ingress.body import Until, WhileThere
from bridge.ingress.mcp.line import ALIVE, Post, event
from bridge.ingress.mcp.refusals import InvalidRequest, NotPost
from bridge.ingress.mcp.sessions.trail import KEPT, log_of, opening, read, wake_of
from bridge.model import Session
from bridge.pipeline.changes import NONE, Listener
from bridge.pipeline.runtime import Holder
from bridge.state.base import Shared, Subscription
from bridge.state.ids import parse_id

_ID = re.compile(r"([A-Za-z0-9_-]{1,32})\.([0-9]{1,18}-[0-9]{1,18})")


async def resuming(shared: Shared, session: Session, last: str, line: Post) -> "Resuming":
    """`last` is the id of the last event that the client has.

    Raises InvalidRequest for one that was never sent or is not kept any more, NotPost where nothing comes after it
    (405 says "that the server does not offer an SSE stream", and clients leave it at that), StateUnavailable.
    """
    match = _ID.fullmatch(last)
    kept = await shared.log.after(log_of(session.id, match[1]), "") if match else []
    if match is None or not kept:
        raise InvalidRequest("no events are kept after this last-event-id (any more); send the request again")
    owed = [read(event)[0] for made, event in kept if parse_id(made) > parse_id(match[2])]
    if read(kept[-1][1])[1] and not any(owed):
        raise NotPost("nothing comes after this last-event-id", headers=((b"allow", b"POST, DELETE"),))
    return Resuming(line, session, shared, match[1], match[2])


@dataclass(slots=True)
class Resuming:
    """`last` is the id of the event that went out last. Written by its own two tasks alone."""

    line: Post
    session: Session
    shared: Shared
    stream: str
    last: str
    ear: Listener = field(init=False)

    async def run(self, holder: Holder) -> bytes:
        """Until the answer is out, or has not come for as long as events are kept, or the gateway stops. Raises
        ClientGone, StateUnavailable."""
        changes, channel = holder.current.changes, wake_of(self.session.id, self.stream)
        # Who listens before it reads misses nothing, and reading goes on from the last id, so nothing comes twice.
        async with self.line.there(), self.shared.bus.subscribe(channel) as woken:
            with changes.listening(self.session.toolset, self.session.id) as self.ear:
                async with WhileThere(Until(partial(self._wake, woken))):
                    await self.line.open()
                    await self._until_last(holder.current.mcp.keep_alive)
        return b""

    async def _wake(self, woken: Subscription) -> None:
        """The bus wakes the stream's ear, which hears as well that the gateway stops."""
        while True:
            await woken.next()
            self.ear.news |= {"events"}
            self.ear.wake()

    async def _until_last(self, pause: float) -> None:
        silent = 0.0
        while not self.ear.gone and silent < KEPT and not await self._caught_up():
            await self.ear.wait(pause)
            silent = 0.0 if self.ear.news else silent + pause
            if not self.ear.news:
                await self.line.write(ALIVE)
            self.ear.news = NONE

    async def _caught_up(self) -> bool:
        """Sends what there is; True if that was the last of it."""
        for made, kept in await self.shared.log.after(log_of(self.session.id, self.stream), self.last):
            self.last, (message, last) = made, read(kept)
            identity = f"{self.stream}.{made}"
            if message:
                await self.line.write(event(message, identity))
            elif not last:
                await self.line.write(opening(identity))
            if last:
                return True
        return False
