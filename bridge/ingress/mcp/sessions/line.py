"""A message's line in a session: it can be cancelled by name, and its client's person asked while it waits.

A session's request is never cancelled by a lost connection (2025-11-25: "Disconnection SHOULD NOT be interpreted as the
client cancelling its request"). So an answer that takes long becomes a stream with ids, by which its client finds it
again.
"""

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from functools import partial

import orjson

from bridge.ingress.body import Until, WhileThere
from bridge.ingress.mcp.asking import elicited, question_params
from bridge.ingress.mcp.exchange import notification
from bridge.ingress.mcp.line import Way
from bridge.ingress.mcp.sessions.words import ANSWER, CANCEL, END, channel, heard
from bridge.model import CannotAsk, Json, Question, Session
from bridge.pipeline.runtime import Runtime
from bridge.state.base import Shared, Subscription

PATIENCE = 300.0
"""Seconds that a person has to answer a question."""


class InSession:
    """Wraps one request's line. `identity` is its id as JSON text; after `mcp.long` seconds its answer is a stream."""

    __slots__ = ("_asked", "_changes", "_identity", "_line", "_long", "_pause", "_session", "_shared", "_turn")

    def __init__(self, line: Way, rt: Runtime, shared: Shared, session: Session, identity: bytes) -> None:
        self._line = line
        self._changes = rt.changes
        self._shared = shared
        self._session = session
        self._identity = identity.decode()
        self._long = rt.mcp.long
        self._pause = rt.mcp.keep_alive
        self._asked: dict[str, asyncio.Future[Json]] = {}
        self._turn = asyncio.Lock()

    @property
    def streams(self) -> bool:
        return self._line.streams

    @property
    def asks(self) -> bool:
        return self._line.streams

    def there(self) -> AbstractAsyncContextManager[object]:
        return self._attended()

    @asynccontextmanager
    async def _attended(self) -> AsyncIterator[None]:
        """Raises StateUnavailable on entering."""
        async with self._shared.bus.subscribe(channel(self._session.id)) as subscription:
            try:
                async with WhileThere(Until(partial(self._heed, subscription))):
                    yield
            finally:
                # Whoever is just writing ends that first: the answer comes next.
                async with self._turn:
                    pass

    async def notify(self, message: bytes) -> None:
        async with self._turn:
            # The connection may be lost: the event is kept all the same, and the call runs on.
            with suppress(OSError):
                await self._line.notify(message)

    async def alive(self) -> None:
        async with self._turn:
            with suppress(OSError):
                await self._line.alive()

    async def _stream(self) -> None:
        """The answer takes long: from now on it is a stream, and shows that it is open."""
        async with self._turn:
            with suppress(OSError):
                await self._line.open()
                await self._line.alive()

    async def _heed(self, subscription: Subscription) -> None:
        """Returns once the request is cancelled, or its session over."""
        pause = self._long
        while True:
            try:
                async with asyncio.timeout(pause):
                    word = heard(await subscription.next())
            except TimeoutError:
                await self._stream()
                pause = self._pause
                continue
            if word is None:
                continue
            if word.kind == END or (word.kind == CANCEL and word.about == self._identity):
                return
            waiting = self._asked.get(word.about) if word.kind == ANSWER else None
            if waiting is not None and not waiting.done():
                waiting.set_result(word.content)

    async def ask(self, question: Question) -> Json:
        # JSON-RPC ids of both directions are apart, so nobody takes it for a request's; unguessable, so that no other
        # holder of the session answers by accident.
        identity = secrets.token_hex(16)
        params = question_params(question, mode=self._session.revision >= "2025-11-25")
        request = {"jsonrpc": "2.0", "id": identity, "method": "elicitation/create", "params": params}
        waiting = self._asked[identity] = asyncio.get_running_loop().create_future()
        try:
            with self._changes.waiting(waiting):
                await self.notify(orjson.dumps(request))
                async with asyncio.timeout(PATIENCE):
                    return elicited(await waiting)
        except TimeoutError:
            await self._give_up(identity, "nobody answered in time")
            raise CannotAsk("nobody answered in time") from None
        except asyncio.CancelledError:
            await self._give_up(identity, "the call does not wait any more")
            raise
        finally:
            del self._asked[identity]

    async def _give_up(self, identity: str, reason: str) -> None:
        await self.notify(notification("notifications/cancelled", {"requestId": identity, "reason": reason}))
