"""One request on its way out over httpcore, and what is known about how far it got."""

from collections.abc import AsyncIterator
from functools import lru_cache
from typing import Self
from urllib.parse import urlsplit

import httpcore

from bridge.model import Json, Target, Wire
from bridge.model.headers import dashed

SAFE = frozenset({"GET", "HEAD", "OPTIONS", "QUERY"})
# RFC 9110 section 9.2.2: requests that may be repeated “if a communication failure occurs before the client is able to
# read the server's response”.
_IDEMPOTENT = SAFE | {"PUT", "DELETE"}
_CHUNKED = (b"transfer-encoding", b"chunked")


class Attempt:
    """Makes the request, and as httpcore's trace is told of every step of it."""

    __slots__ = ("_new", "_target", "_unsent", "_upload", "_wire")

    def __init__(self, wire: Wire, target: Target) -> None:
        self._wire = wire
        self._target = target
        self._upload = _Upload(wire.body) if wire.body is not None and not isinstance(wire.body, bytes) else None
        self._new = False
        self._unsent = False

    @property
    def origin(self) -> str:
        return self._target.origin

    def request(self) -> httpcore.Request:
        scheme, host, port, netloc = _address(self._target.origin)
        content = self._upload or (self._wire.body if isinstance(self._wire.body, bytes) else None)
        return httpcore.Request(
            self._wire.method,
            httpcore.URL(scheme=scheme, host=host, port=port, target=self._path()),
            headers=_headers(self._wire, self._target, netloc),
            content=content,
            extensions={"timeout": self._seconds(), "trace": self.told},
        )

    def _path(self) -> bytes:
        return (self._target.base + self._wire.target).encode("latin-1")

    async def told(self, step: str, _: Json) -> None:
        if step == "connection.connect_tcp.started":
            self._new = True
        elif step == "http11.send_request_headers.failed":
            self._unsent = True

    def may_be_repeated(self, error: Exception) -> bool:
        """Only what failed on a kept connection, without an answer, and either never left or does no harm twice."""
        if self._new or (self._upload is not None and self._upload.begun):
            return False
        silent = isinstance(error, httpcore.NetworkError) or str(error).startswith("Server disconnected")
        return silent and (self._unsent or self._wire.method in _IDEMPOTENT)

    def _seconds(self) -> dict[str, float]:
        timeouts = self._target.timeouts
        return {"connect": timeouts.connect, "pool": timeouts.connect, "read": timeouts.read, "write": timeouts.read}


class _Upload:
    """A body that cannot be had twice once it has begun."""

    __slots__ = ("_chunks", "begun")

    def __init__(self, chunks: AsyncIterator[bytes]) -> None:
        self._chunks = chunks
        self.begun = False

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        self.begun = True
        return await anext(self._chunks)


@lru_cache(maxsize=1024)
def _address(origin: str) -> tuple[bytes, bytes, int | None, bytes]:
    """Scheme, host, port and the value of the Host header."""
    parts = urlsplit(origin)
    netloc = parts.netloc.rpartition("@")[2]
    return parts.scheme.encode(), (parts.hostname or "").encode("idna"), parts.port, netloc.encode("latin-1", "replace")


def _headers(wire: Wire, target: Target, host: bytes) -> list[tuple[bytes, bytes]]:
    own = {dashed(name) for name, _ in target.headers}
    fields = [*(field for field in wire.headers if dashed(field[0]) not in own), *target.headers]
    names = {name for name, _ in fields}
    if b"host" not in names:
        fields.insert(0, (b"host", host))
    if wire.body is not None and b"content-length" not in names:
        fields.append((b"content-length", b"%d" % len(wire.body)) if isinstance(wire.body, bytes) else _CHUNKED)
    return fields
