"""The rest of an answer's stream, for a client that lost its connection: what is kept, then what still comes."""

import asyncio
import re
from dataclasses import dataclass

from bridge.ingress.mcp.line import ALIVE, Post, event
from bridge.ingress.mcp.news import KEEP_ALIVE
from bridge.ingress.mcp.refusals import InvalidRequest, NotPost
from bridge.ingress.mcp.sessions.trail import KEPT, log_of, opening, read, wake_of
from bridge.model import Session
from bridge.pipeline.runtime import Holder
from bridge.state.base import Shared

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
    if kept[-1][0] == match[2] and read(kept[-1][1])[1]:
        raise NotPost("nothing comes after this last-event-id", headers=((b"allow", b"POST, DELETE"),))
    return Resuming(line, session.id, shared, match[1], match[2])


@dataclass(slots=True)
class Resuming:
    """`last` is the id of the event that went out last; nobody else writes to it."""

    line: Post
    session: str
    shared: Shared
    stream: str
    last: str

    async def run(self, holder: Holder) -> bytes:
        """Until the answer is out, or has not come for as long as events are kept. Raises ClientGone,
        StateUnavailable."""
        # Who listens before it reads misses nothing, and reading goes on from the last id, so nothing comes twice.
        async with self.line.there(), self.shared.bus.subscribe(wake_of(self.session, self.stream)) as woken:
            await self.line.open()
            silent = 0.0
            while silent < KEPT and not await self._caught_up():
                try:
                    async with asyncio.timeout(KEEP_ALIVE):
                        await woken.next()
                    silent = 0.0
                except TimeoutError:
                    silent += KEEP_ALIVE
                    await self.line.write(ALIVE)
        return b""

    async def _caught_up(self) -> bool:
        """Sends what there is; True if that was the last of it."""
        for made, kept in await self.shared.log.after(log_of(self.session, self.stream), self.last):
            self.last, (message, last) = made, read(kept)
            identity = f"{self.stream}.{made}"
            if message:
                await self.line.write(event(message, identity))
            elif not last:
                await self.line.write(opening(identity))
            if last:
                return True
        return False
