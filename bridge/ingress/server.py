"""uvicorn's HTTP/1.1 protocol, less what no application can mend after it. Every listener is served by `Http1`.

Where client and gateway may disagree about where the next request starts, the connection ends with this answer,
whatever the application says: a proxy in front would take for a body what is read here as somebody's request.
"""

import asyncio
import re
from collections import deque
from collections.abc import Callable
from typing import Final, Literal

from uvicorn._types import ASGI3Application, ASGIReceiveCallable, ASGISendCallable, ASGISendEvent, Scope
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from bridge.ingress.asgi import CERTIFICATE
from bridge.ingress.body import DEPARTURE
from bridge.model import Json

_AUTHORITY = re.compile(rb"[A-Za-z][A-Za-z0-9+.-]*://([^/?#]*)").match


_NONE: Final[deque[tuple[RequestResponseCycle, ASGI3Application]]] = deque(maxlen=0)
"""The requests that wait on a connection where none does: one for all, which takes none."""


class Http1(HttpToolsProtocol):
    """One connection, which serves one request at a time."""

    # Slots, because one more attribute would unshare the keys of the instances' dictionaries: a KB for each connection.
    __slots__ = ("_certificate", "_last", "_left", "_lost", "_serving")

    def __init__(self, *arguments: Json, **options: Json) -> None:
        super().__init__(*arguments, **options)
        self.pipeline = _NONE
        self._last = False
        """Whether what follows on this connection is no request. Written by `on_headers_complete`."""
        self._lost = False
        self._certificate: bytes | None = None
        """The client's, DER, which TLS has checked. Written by `connection_made`."""
        self._serving: RequestResponseCycle | None = None
        self._left: Callable[[], None] | None = None
        """What the request under way wants to be told of. Written by `tell`."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)  # type: ignore[arg-type] # as it is annotated there
        self.flow = _Flow(self.transport)
        if self.scheme == "https":
            self._certificate = self.transport.get_extra_info("ssl_object").getpeercert(binary_form=True)

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        # Left alone after an error, the timer would keep all of a lost connection for five seconds.
        self._unset_keepalive_if_required()
        self._lost = True
        # uvicorn tells the request that was read last, which is not the one under way where others were sent ahead.
        serving, self._serving = self._serving, None
        if serving is not None and not serving.response_complete:
            serving.disconnected = True
            serving.message_event.set()
        left, self._left = self._left, None
        if left is not None:
            left()

    def tell(self, left: Callable[[], None] | None) -> None:
        """The `Tell` of the request under way."""
        self._left = left
        if self._lost and left is not None:
            self.loop.call_soon(left)

    def data_received(self, data: bytes) -> None:
        if not self._last:
            super().data_received(data)

    def on_headers_complete(self) -> None:
        """After the head of an Upgrade (`h2c` too) or CONNECT the parser reads neither body nor protocol, but takes
        the next segment for a request: no other is read.

        RFC 9112 section 7.1.2: “A recipient MUST NOT merge a received trailer field into the header section unless
        its corresponding header field definition explicitly permits [...]”. uvicorn appends them to the very list that
        the application sees as its headers: what comes later goes into another list.
        """
        self._name_target()
        self._last = self.parser.should_upgrade()
        if self.pipeline is _NONE and self.cycle is not None and not self.cycle.response_complete:
            self.pipeline = deque()
        super().on_headers_complete()
        # Nobody has waited yet: the task that will has not begun.
        self.cycle.message_event = _Flag()
        if self._last:
            self.cycle.keep_alive = False
        self.headers = []

    def _name_target(self) -> None:
        """RFC 9112 section 3.2.2: the host of a target in absolute form counts, not Host. Applications see the path
        alone, so another host becomes a second Host line, which both doors refuse."""
        absolute = _AUTHORITY(self.url)
        hosts = [value.strip(b" \t").lower() for name, value in self.headers if name == b"host"]
        if absolute and hosts and hosts != [absolute[1].lower()]:
            self.headers.append((b"host", absolute[1]))

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        self._serving = cycle
        cycle.scope[DEPARTURE] = self.tell  # type: ignore[literal-required]
        if self._certificate is not None:
            cycle.scope[CERTIFICATE] = self._certificate  # type: ignore[literal-required]
        super()._start_asgi_task(cycle, _unexpected(cycle, app) if cycle.waiting_for_100_continue else app)

    def _unsupported_upgrade_warning(self) -> None:
        """Is no news to an operator: the doors say what they refused, and strangers could fill a log with it."""


class _Flag(asyncio.Event):
    """An event that makes what it waits with where somebody waits. Another has an empty deque of 0.76 KB from the
    start: with that of its pipeline a connection has three,
    of which a thousand idle streams held 1.2 to 2 MB (`python -m tests.bench --only streams`)."""

    __slots__ = ("_awaited", "_is_set")

    def __init__(self, *, is_set: bool = False) -> None:
        # Not the other's, which makes the deque.
        self._is_set = is_set
        self._awaited: asyncio.Event | None = None

    def is_set(self) -> bool:
        return self._is_set

    def set(self) -> None:
        self._is_set = True
        awaited, self._awaited = self._awaited, None
        if awaited is not None:
            awaited.set()

    def clear(self) -> None:
        self._is_set = False

    async def wait(self) -> Literal[True]:
        if not self._is_set:
            self._awaited = self._awaited or asyncio.Event()
            await self._awaited.wait()
        return True


class _Flow(FlowControl):
    def __init__(self, transport: asyncio.Transport) -> None:
        super().__init__(transport)
        self._is_writable_event = _Flag(is_set=True)


def _unexpected(cycle: RequestResponseCycle, app: ASGI3Application) -> ASGI3Application:
    """A client that gets its answer instead of `100 Continue` may send its body or not (RFC 9110 section 10.1.1)."""

    async def serve(scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        async def sending(message: ASGISendEvent) -> None:
            if cycle.waiting_for_100_continue:
                cycle.keep_alive = False
            await send(message)

        await app(scope, receive, sending)

    return serve
