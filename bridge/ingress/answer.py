"""An answer on its way out. Once its head is out it can only be completed or aborted, never replaced."""

import time
from email.utils import formatdate
from functools import lru_cache

from bridge.ingress.asgi import Message, Send
from bridge.model import Headers


class Aborted(Exception):
    """Leaves the application after the head of an answer went out.

    The server then closes the connection without the last chunk or the missing bytes, and the client sees a broken
    body instead of a short one that looks complete.
    """


class Answer:
    """One response; `began` and `sent` (bytes of the body) are its only state. With `head` no body goes out."""

    __slots__ = ("_head", "_send", "began", "sent")

    def __init__(self, send: Send, *, head: bool = False) -> None:
        self._send = send
        self._head = head
        self.began = False
        self.sent = 0

    async def pass_on(self, message: Message) -> None:
        """`send` for whoever makes the messages itself."""
        self.began = True
        await self._send(message)

    async def start(self, status: int, headers: Headers) -> None:
        self.began = True
        await self._send({"type": "http.response.start", "status": status, "headers": list(headers)})

    async def chunk(self, body: bytes) -> None:
        """Awaits until the client has room: an upstream is read no faster than its client reads."""
        await self._send({"type": "http.response.body", "body": body, "more_body": True})
        self.sent += len(body)

    async def end(self, body: bytes = b"") -> None:
        await self._send({"type": "http.response.body", "body": body, "more_body": False})
        self.sent += len(body)

    async def whole(self, status: int, headers: Headers, body: bytes) -> None:
        """The gateway's own answer, dated by it (RFC 9110 section 6.6.1). `headers` without a Content-Length: section
        8.6 has it in the answer to HEAD too, and not in 204."""
        length = () if status in {204, 304} else ((b"content-length", str(len(body)).encode()),)
        await self.start(status, (*headers, *length, (b"date", now())))
        await self.end(b"" if self._head else body)


def now() -> bytes:
    """The Date field's value."""
    return _date(int(time.time()))


@lru_cache(maxsize=1)
def _date(second: int) -> bytes:
    """An HTTP-date, written once a second."""
    return formatdate(second, usegmt=True).encode()


async def answer(send: Send, status: int, headers: Headers, body: bytes) -> None:
    await Answer(send).whole(status, headers, body)
