"""A request's body, whole or as it comes, and the news that the client has left.

ASGI has one `receive` for both, and it must not be awaited twice at a time: `Upload` owns it. Nothing is received
before somebody asks, which is what makes a server send `100 Continue` only to requests that got past their checks.
Our own server tells of a departure by itself (`DEPARTURE` in the scope), which saves each call a task.
"""

import asyncio
from collections.abc import Callable, Coroutine
from types import TracebackType
from typing import Protocol, Self, TypeAlias

from bridge.ingress.asgi import Message, Receive, Scope
from bridge.model import ClientGone, TooLarge


async def read_whole(receive: Receive, most: int) -> bytes:
    """Raises TooLarge above `most` bytes, ClientGone when the client leaves first."""
    first = await receive()
    if first["type"] == "http.request" and not first.get("more_body", False) and len(first["body"]) <= most:
        return bytes(first["body"])  # as nearly all come, and in a third of the time
    return b"".join(await read_pieces(_again(first, receive), most))


async def read_pieces(receive: Receive, most: int) -> tuple[bytes, ...]:
    """As it comes: to join a body of 13 MB takes 7 ms. Raises what `read_whole` does."""
    pieces: list[bytes] = []
    size = 0
    async for chunk in Upload(receive):
        size += len(chunk)
        if size > most:
            raise TooLarge(f"the body may hold {most} bytes")
        pieces.append(chunk)
    return tuple(pieces)


def _again(first: Message, receive: Receive) -> Receive:
    """Receives what was received already before everything else."""
    waiting = [first]

    async def received() -> Message:
        return waiting.pop() if waiting else await receive()

    return received


def stream(receive: Receive) -> "Upload":
    """The body chunk by chunk, each received when it is asked for. Iterating raises ClientGone."""
    return Upload(receive)


DEPARTURE = "dualbridge.departure"
"""The key in a scope under which a server offers a `Tell`."""
Tell: TypeAlias = Callable[[Callable[[], None] | None], None]
"""Remembers what is to be called, once, when the client has left, now if it has; None forgets it."""


class Upload:
    """The body as an iterator, to be read once."""

    __slots__ = ("_complete", "_offered", "_receive", "_unread", "_until", "_waiting", "received")

    def __init__(self, receive: Receive, scope: Scope | None = None) -> None:
        self._offered: Tell | None = scope.get(DEPARTURE) if scope is not None else None
        self._until: Until | None = None
        self.received = 0
        """Bytes that were iterated over so far."""
        self._receive = receive
        self._unread = False
        self._waiting: asyncio.Event | None = None
        """Made where somebody waits: most bodies are read before, and an event takes as much memory as all the rest."""
        self._complete = False

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        while not self._complete:
            if self._unread:
                raise RuntimeError("the rest of the body was given up and may be gone")
            message = await self._receive()
            if _disconnected(message):
                raise ClientGone("the client left before its request was complete")
            if not message.get("more_body", False):
                self._complete = True
                self.leave_unread()
            if message.get("body"):
                self.received += len(message["body"])
                return bytes(message["body"])
        raise StopAsyncIteration

    def leave_unread(self) -> None:
        """Says that nobody will iterate any further, so that `tell` may receive what is left."""
        self._unread = True
        if self._waiting is not None:
            self._waiting.set()

    def tell(self, left: Callable[[], None] | None) -> None:
        """A `Tell`: the server's own if it has one, else from a task that receives."""
        if self._offered is not None:
            self._offered(left)
            return
        until = self._until or Until(self._departure)
        self._until = until if left is not None else None
        until.tell(left)

    async def _departure(self) -> None:
        """Returns when the client has left, which can be noticed only once nobody reads the body any more."""
        if not self._unread:
            self._waiting = asyncio.Event()
            await self._waiting.wait()
        while not _disconnected(await self._receive()):
            pass


def _disconnected(message: Message) -> bool:
    return bool(message["type"] == "http.disconnect")


class Leaving(Protocol):
    def tell(self, left: Callable[[], None] | None) -> None:
        """A `Tell`, of the moment from which nobody waits for the answer any more. Told to forget, it raises what went
        wrong while it watched."""


class Until:
    """Leaving, once `departure` returns, which runs in a task of its own."""

    __slots__ = ("_departure", "_watcher")

    def __init__(self, departure: Callable[[], Coroutine[None, None, None]]) -> None:
        self._departure = departure
        self._watcher: asyncio.Task[None] | None = None

    def tell(self, left: Callable[[], None] | None) -> None:
        # The task refers back to here: who kept it would leave a circle behind for each call.
        watcher, self._watcher = self._watcher, None
        if watcher is not None:
            watcher.cancel()
            if watcher.done() and not watcher.cancelled():
                # A server that cannot tell us about its client is broken, and the answer would be as well.
                watcher.result()
        if left is not None:
            self._watcher = asyncio.create_task(self._watch(left))

    async def _watch(self, left: Callable[[], None]) -> None:
        await self._departure()
        left()


class WhileThere:
    """`async with WhileThere(upload)`: the block is cancelled, and ClientGone raised, when the client leaves.

    Made like `asyncio.timeout`: the cancellation is its own, so one from outside passes through untouched. The body
    itself is still the block's to read; leaving during the upload surfaces there.
    """

    __slots__ = ("_before", "_gone", "_task", "_upload")

    def __init__(self, upload: Leaving) -> None:
        self._upload = upload
        self._gone = False

    async def __aenter__(self) -> Self:
        task = asyncio.current_task()
        assert task is not None
        self._task = task
        self._before = task.cancelling()
        self._upload.tell(self._left)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        ours = self._gone and self._task.uncancel() <= self._before
        self._upload.tell(None)
        if ours and (kind is None or issubclass(kind, asyncio.CancelledError)):
            raise ClientGone("the client left before its answer was complete") from error

    def _left(self) -> None:
        self._gone = True
        self._task.cancel()
