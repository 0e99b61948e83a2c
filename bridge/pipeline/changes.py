"""News for whoever keeps a stream open: which lists are other ones since a runtime was swapped in, what was written.

Nothing here keeps a runtime alive: a stream may stay open across any number of them.
"""

import asyncio
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import TracebackType

from bridge.model import CannotAsk, Json

_STOPPING = "the gateway is stopping, and nobody can be asked any more"
NONE: frozenset[str] = frozenset()


class Listener:
    """One stream's ear, for one toolset. `news` are kinds of lists (tools, resources, prompts) not yet told.

    `gone` says that the toolset is no longer served, or that the gateway is stopping.
    """

    __slots__ = ("_waiter", "gone", "news", "toolset")

    def __init__(self, toolset: str) -> None:
        self.toolset = toolset
        self.news = NONE
        self.gone = False
        self._waiter: asyncio.Future[None] | None = None

    async def wait(self, seconds: float) -> None:
        """Returns when there is news, or after `seconds`."""
        if self.news or self.gone:
            return
        loop = asyncio.get_running_loop()
        self._waiter = loop.create_future()
        # Not `asyncio.timeout`, which takes more memory, and there is one for each idle stream.
        alarm = loop.call_later(seconds, self.wake)
        try:
            await self._waiter
        finally:
            alarm.cancel()
            self._waiter = None

    def catch_up(self, before: Mapping[str, str], now: Mapping[str, str]) -> None:
        """Notes what changed between the moment the stream was asked for and the one it began to listen."""
        self.news |= {kind for kind, digest in now.items() if before.get(kind) != digest}

    def wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)


class _Listening:
    """No generator, of which each idle stream would hold half a KB more."""

    __slots__ = ("_changes", "_listener", "_owner")

    def __init__(self, changes: "Changes", listener: Listener, owner: str) -> None:
        self._changes, self._listener, self._owner = changes, listener, owner

    def __enter__(self) -> Listener:
        self._changes.join(self._listener, self._owner)
        return self._listener

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._changes.leave(self._listener, self._owner)


class Changes:
    """Who listens. `digests` by toolset, then by kind of list, as they were told last."""

    def __init__(self) -> None:
        self._listeners: set[Listener] = set()
        self._stopped = False
        self._owned: Counter[str] = Counter()
        self._answers: set[asyncio.Future[Json]] = set()

    def __len__(self) -> int:
        return len(self._listeners)

    def listening(self, toolset: str, owner: str = "") -> "_Listening":
        return _Listening(self, Listener(toolset), owner)

    def join(self, listener: Listener, owner: str) -> None:
        listener.gone = self._stopped
        self._listeners.add(listener)
        self._owned[owner] += 1

    def leave(self, listener: Listener, owner: str) -> None:
        self._listeners.discard(listener)
        self._owned[owner] -= 1
        if not self._owned[owner]:
            del self._owned[owner]

    def owned(self, owner: str) -> int:
        """How many streams of this owner listen."""
        return self._owned.get(owner, 0)

    def swapped(self, before: Mapping[str, Mapping[str, str]], after: Mapping[str, Mapping[str, str]]) -> None:
        """Told by whoever made another runtime current: the digests of both, by toolset and kind of list."""
        changed = {
            toolset: {kind for kind, digest in digests.items() if before.get(toolset, {}).get(kind) != digest}
            for toolset, digests in after.items()
        }
        for listener in self._listeners:
            listener.gone = listener.gone or listener.toolset not in after
            listener.news |= changed.get(listener.toolset, set())
            if listener.news or listener.gone:
                listener.wake()

    @contextmanager
    def waiting(self, answer: "asyncio.Future[Json]") -> Iterator[None]:
        """While somebody waits for a person's answer: it fails with CannotAsk when the gateway stops."""
        if self._stopped:
            raise CannotAsk(_STOPPING)
        self._answers.add(answer)
        try:
            yield
        finally:
            self._answers.discard(answer)

    def stop(self) -> None:
        """The gateway is stopping: streams end as their protocol wants it, those too that are still to begin."""
        self._stopped = True
        for answer in self._answers:
            if not answer.done():
                answer.set_exception(CannotAsk(_STOPPING))
        for listener in self._listeners:
            listener.gone = True
            listener.wake()
