"""The client's end of one message: whatever it is told before the answer goes through here.

An answer is JSON unless something had to be said before it: the first notification turns it into an event stream,
which the answer then ends.
"""

from contextlib import AbstractAsyncContextManager, nullcontext
from typing import Protocol

from bridge.ingress.answer import Answer, now
from bridge.ingress.asgi import Send
from bridge.ingress.body import Upload, WhileThere
from bridge.model import CannotAsk, Headers, Json, Question

STREAM: Headers = (
    (b"content-type", b"text/event-stream"),
    (b"cache-control", b"no-store"),
    # 2026-07-28, Streamable HTTP: servers "SHOULD include the X-Accel-Buffering: no response header".
    (b"x-accel-buffering", b"no"),
)
_ON_ONE_LINE = bytes.maketrans(b"\r\n", b"  ")
ALIVE = b":\n\n"
"""A comment, which shows that the stream is open."""


class Line(Protocol):
    """How one message's sender is spoken to."""

    def there(self) -> AbstractAsyncContextManager[object]:
        """The block is cancelled, and ClientGone raised, where the sender's leaving cancels its message."""

    async def notify(self, message: bytes) -> None:
        """Sends a JSON-RPC message ahead of the answer, where the sender can take one. Raises ClientGone."""

    async def alive(self) -> None:
        """Shows a stream that nothing was said on for a while to be open. Raises ClientGone."""

    async def ask(self, question: Question) -> Json:
        """Puts a question to the client's person and returns MCP's ElicitResult, unchecked. Raises CannotAsk."""

    @property
    def streams(self) -> bool:
        """Whether it can take a message ahead of the answer."""

    @property
    def asks(self) -> bool:
        """Whether it can be asked."""


class Trail(Protocol):
    """Gives the events of a stream their ids, by which a client that comes back says what it had."""

    async def first(self) -> bytes:
        """What the stream begins with, as it goes out."""

    async def keep(self, message: bytes, *, last: bool = False) -> str:
        """Returns the event's id, "" where it has none. `last`: nothing comes after it."""


class Way(Protocol):
    """What a session's line writes to."""

    @property
    def streams(self) -> bool: ...

    async def open(self) -> None:
        """Begins a stream, where one can be begun and has not been."""

    async def notify(self, message: bytes) -> None: ...

    async def alive(self) -> None: ...


class Mute:
    """A message of a batch, or of a client that wants no streams: nothing is said before its answer."""

    streams = False
    asks = False

    def there(self) -> AbstractAsyncContextManager[object]:
        return nullcontext()

    async def open(self) -> None:
        pass

    async def notify(self, message: bytes) -> None:
        pass

    async def alive(self) -> None:
        pass

    async def ask(self, question: Question) -> Json:
        raise CannotAsk("a message of a batch cannot ask back")


class Post:
    """The answer to one POST. `sent` counts the bytes of its body.

    `leaving` says that the client's disconnect cancels; `trail` gives the events of a stream their ids.
    """

    __slots__ = ("_answer", "_connection", "_leaving", "_trail", "opened", "sent", "streams")
    asks = False

    def __init__(self, upload: Upload, send: Send, *, streams: bool, leaving: bool, trail: Trail | None = None) -> None:
        self.streams = streams
        self.sent = 0
        self._answer = Answer(send)
        self._connection = upload
        self._connection.leave_unread()
        self._leaving = leaving
        self._trail = trail
        self.opened = False

    def follow(self, trail: Trail) -> None:
        """Events have ids from now on."""
        self._trail = trail

    def there(self) -> AbstractAsyncContextManager[object]:
        return WhileThere(self._connection) if self._leaving else nullcontext()

    async def open(self) -> None:
        """Begins the stream, before there is anything to say on it."""
        if self.opened or not self.streams:
            return
        self.opened = True
        await self._answer.start(200, (*STREAM, (b"date", now())))
        if self._trail is not None:
            await self.write(await self._trail.first())

    async def write(self, events: bytes) -> None:
        """Sends events as they are, on a stream that was begun."""
        if events:
            await self._answer.chunk(events)
            self.sent = self._answer.sent

    async def notify(self, message: bytes) -> None:
        if not self.streams:
            return
        if not self.opened:
            await self.open()
        await self.write(await self._event(message))

    async def alive(self) -> None:
        if self.opened:
            await self.write(ALIVE)

    async def ask(self, question: Question) -> Json:
        raise CannotAsk("without a session nobody can be asked while a call waits")

    async def reply(self, status: int, headers: Headers, body: bytes) -> None:
        """The answer itself, exactly once. A stream's status and headers are out already."""
        if self.opened:
            await self._answer.end(await self._event(body, last=True))
        else:
            await self._answer.whole(status, headers, body)
        self.sent = self._answer.sent

    async def nothing(self) -> None:
        """Ends without an answer: the client has cancelled its request, which is then not responded to."""
        if self.opened and self._trail is not None:
            await self._trail.keep(b"", last=True)
        if self.opened:
            await self.end()
        elif self.streams:
            # No event and no id: what reconnects would ask for the rest of this stream.
            self.opened = True
            await self._answer.whole(200, STREAM, b"")
        else:
            await self._answer.whole(202, (), b"")

    async def end(self) -> None:
        """Ends a stream that has no answer."""
        await self.open()
        await self._answer.end()

    async def _event(self, message: bytes, *, last: bool = False) -> bytes:
        return event(message, await self._trail.keep(message, last=last) if self._trail is not None else "")


def event(message: bytes, identity: str = "") -> bytes:
    """A server-sent event, whose data ends with the line. Line breaks in JSON are white space: strings hold none."""
    if b"\n" in message or b"\r" in message:
        message = message.translate(_ON_ONE_LINE)
    if identity:
        return b"id: %s\nevent: message\ndata: %s\n\n" % (identity.encode(), message)
    return b"event: message\ndata: %s\n\n" % message
