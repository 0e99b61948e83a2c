"""Strictness about the heads of answers, where their bytes come in: the parser behind it takes more than is sound.

RFC 9112 section 2.2 lets a recipient read a bare LF as the end of a line. An upstream that echoes a caller's LF inside
a value would so give the caller a header line of its own, and further on another reader's view of the answer.
"""

import re
import ssl
from collections.abc import Iterable

import httpcore

MOST_INTERIM = 20
"""Answers 1xx before the one that counts: each is read and forgotten, and no deadline ends a stream of them soon."""

_END = re.compile(rb"\n\r?\n")
_BARE = re.compile(rb"(?<!\r)\n")


class Heads(httpcore.AsyncNetworkBackend):
    """Dials as `network` does. Reading raises httpcore.RemoteProtocolError for a head that is not sound."""

    def __init__(self, network: httpcore.AsyncNetworkBackend | None = None) -> None:
        self._network = network or httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 (the library's signature)
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        return _Stream(await self._network.connect_tcp(host, port, timeout, local_address, socket_options))


class _Stream(httpcore.AsyncNetworkStream):
    """Each write opens the wait for a head; what follows its empty line is a body and passes unseen."""

    def __init__(self, stream: httpcore.AsyncNetworkStream) -> None:
        self._stream = stream
        self._head: bytearray | None = None
        self._interim = 0

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109 (the library's signature)
        data = await self._stream.read(max_bytes, timeout)
        if self._head is not None:
            self._head = self._rest(self._head, data)
        return data

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ASYNC109 (the library's signature)
        self._head, self._interim = bytearray(), 0
        await self._stream.write(buffer, timeout)

    async def aclose(self) -> None:
        await self._stream.aclose()

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 (the library's signature)
    ) -> httpcore.AsyncNetworkStream:
        return _Stream(await self._stream.start_tls(ssl_context, server_hostname, timeout))

    def get_extra_info(self, info: str) -> object:
        return self._stream.get_extra_info(info)

    def _rest(self, head: bytearray, data: bytes) -> bytearray | None:
        """What has come of a head that is not complete; None once the answer's own was."""
        seen = max(0, len(head) - 2)
        head += data
        while end := _END.search(head, seen):
            _sound(head, seen, end.end())
            if not head.startswith(b"HTTP/1.1 1"):
                return None
            self._interim += 1
            if self._interim > MOST_INTERIM:
                raise httpcore.RemoteProtocolError("too many interim answers")
            del head[: end.end()]
            seen = 0
        _sound(head, seen, len(head))
        return head


def _sound(head: bytearray, start: int, end: int) -> None:
    if _BARE.search(head, start, end):
        raise httpcore.RemoteProtocolError("a line of the head ends with a bare LF")
