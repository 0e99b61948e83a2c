"""The events of an answer's stream, kept for a client that lost its connection.

2025-11-25, Resumability: ids "MUST be globally unique across all streams within that session", and a server "MUST NOT
replay messages that would have been delivered on a different stream". So an id is `STREAM.EVENT`, and each stream has a
log of its own, which any replica reads.
"""

import logging
import secrets
from dataclasses import dataclass

from bridge.ingress.mcp.render import error
from bridge.model import StateUnavailable, TooLarge
from bridge.state.base import Shared

MOST = 256
"""Events kept of a stream; older ones go."""
KEPT = 600.0
"""Seconds for which they are kept after the last."""
LARGEST = 1 << 20
"""Bytes of an answer. In place of a larger one it is kept that it was too large."""
LARGEST_BEFORE = 64 << 10
"""Bytes of what comes before it: what is larger goes out without being kept."""
RETRY = 1000
"""Milliseconds after which a client should come back."""
_MORE, _LAST = b".", b"!"

log = logging.getLogger(__name__)


def log_of(session: str, stream: str) -> str:
    return f"stream:{session}:{stream}"


def wake_of(session: str, stream: str) -> str:
    """The channel on which is told that the log has grown."""
    return f"stream:{session}:{stream}"


def opening(identity: str) -> bytes:
    """2025-11-25, Streamable HTTP: "an SSE event consisting of an event ID and an empty data field in order to prime
    the client to reconnect"."""
    return b"id: %s\nretry: %d\ndata: \n\n" % (identity.encode(), RETRY) if identity else b""


@dataclass(frozen=True, slots=True)
class Trail:
    """Of the answer to the request `identity` (JSON text). Where nothing can be kept the stream goes on without ids."""

    shared: Shared
    session: str
    identity: bytes
    primes: bool
    stream: str

    @staticmethod
    def begin(shared: Shared, session: str, identity: bytes, *, primes: bool) -> "Trail":
        return Trail(shared, session, identity, primes, secrets.token_urlsafe(9))

    async def first(self) -> bytes:
        return opening(await self.keep(b"")) if self.primes else b""

    async def keep(self, message: bytes, *, last: bool = False) -> str:
        if not last and len(message) > LARGEST_BEFORE:
            return ""
        if len(message) > LARGEST:
            message = error(self.identity, TooLarge("the answer was too large to be kept until you came back for it"))
        key = log_of(self.session, self.stream)
        try:
            made = await self.shared.log.append(key, (_LAST if last else _MORE) + message, most=MOST, ttl=KEPT)
            await self.shared.bus.publish(wake_of(self.session, self.stream), b"")
        except StateUnavailable:
            log.warning("an event of a stream could not be kept: a client that loses its connection will miss it")
            return ""
        return f"{self.stream}.{made}"


def read(kept: bytes) -> tuple[bytes, bool]:
    """The message, empty where the event had none, and whether it was the last."""
    return kept[1:], kept[:1] == _LAST
