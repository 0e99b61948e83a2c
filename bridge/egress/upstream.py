"""The one door to upstreams: send a request, get a response whose body is still on its way."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

from bridge.model import Headers, Target, Wire


@dataclass(frozen=True, slots=True)
class Response:
    """`chunks` are the body's bytes as they came, content codings included; `aclose` gives the connection back.

    `aclose` must be awaited exactly once, whether or not the chunks were read to the end; closing early drops the
    connection. Iterating raises UpstreamBroken when the body breaks off and UpstreamTimeout when it stalls.
    """

    status: int
    headers: Headers
    chunks: AsyncIterator[bytes]
    aclose: Callable[[], Awaitable[None]]


class Upstream(Protocol):
    async def send(self, wire: Wire, target: Target, deadline: float) -> Response:
        """Sends `wire` to `target.origin + target.base + wire.target`, byte for byte, and awaits the response's head.

        `deadline` is on the event loop's clock and ends the wait for the head; each piece of the body has
        `target.timeouts.read`, so that a long download may take its time. Redirects are not followed.
        Raises UpstreamUnreachable (nothing was sent), UpstreamTimeout, UpstreamBroken (delivery unknown).
        Whatever the request body's iterator raises (a client that left, a Refusal) passes through unchanged.
        """

    async def aclose(self) -> None:
        """Closes idle connections; responses still being read are not touched."""
