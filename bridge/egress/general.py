"""The general upstream client, over httpcore: one pool per upstream address, and per certificate that is shown to it.

httpcore's own interface takes the request target as bytes and adds no header; httpx above it would parse and quote
the target anew and add headers of its own. No exception of the library leaves this module, and messages name a target
by its id only: strangers read them.
"""

import asyncio
import re
import ssl
from collections.abc import Awaitable
from contextlib import suppress
from typing import NamedTuple, Self, TypeVar

import httpcore
import httpx

from bridge.egress.attempt import SAFE, Attempt
from bridge.egress.heads import Heads
from bridge.egress.own import Elsewhere, Own
from bridge.egress.public import Public
from bridge.egress.reason import reason_of
from bridge.egress.upstream import Response
from bridge.model import (
    BadRequest,
    Headers,
    Refusal,
    Target,
    UpstreamBroken,
    UpstreamTimeout,
    UpstreamUnreachable,
    Wire,
)

T = TypeVar("T")

MOST_CONNECTIONS = 256
MOST_IDLE = 64
# Below the five seconds after which common servers close an idle connection, so that it is rarely they who do.
IDLE_SECONDS = 4.0
MOST_FIELDS = 100

_CONTROL = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]").search

# The first that fits speaks; the last column says that the request may have arrived.
_TRANSLATIONS: tuple[tuple[type[Exception], type[Refusal], str, bool], ...] = (
    (httpcore.PoolTimeout, UpstreamUnreachable, "had no connection free in time", False),
    (httpcore.ConnectTimeout, UpstreamTimeout, "could not be connected to in time", False),
    (httpcore.TimeoutException, UpstreamTimeout, "did not answer in time", True),
    (httpcore.ConnectError, UpstreamUnreachable, "could not be reached", False),
    (httpcore.UnsupportedProtocol, UpstreamUnreachable, "has an address that is neither http nor https", False),
    (httpcore.LocalProtocolError, BadRequest, "takes HTTP/1.1, and this request cannot be put into it", False),
    (httpcore.NetworkError, UpstreamBroken, "broke off the connection", True),
    (httpcore.ProtocolError, UpstreamBroken, "broke off, or answered with something that is not HTTP/1.1", True),
)
_FOREIGN = tuple(foreign for foreign, *_ in _TRANSLATIONS)


class _Way(NamedTuple):
    """What a connection was made for, and can be used for again: a guarded target is never served by one that was made
    without the guard, nor anybody by one that shows another certificate."""

    origin: str
    guarded: bool
    certificate: str


class General:
    """Implements `Upstream`. Redirects, cookies and the environment's proxy settings are none of its business."""

    def __init__(
        self,
        tls: ssl.SSLContext | None = None,
        most: int = MOST_CONNECTIONS,
        public: Public | None = None,
        own: Own | None = None,
    ) -> None:
        """`most` is the number of connections to one address; `public` makes those to guarded targets; `own` is what
        none leads to, whoever named the target."""
        own = own or Own()
        self._tls = tls or httpx.create_ssl_context(trust_env=False)
        self._most = most
        self._networks = {False: Heads(Elsewhere(own)), True: Heads(Elsewhere(own, public or Public()))}
        self._pools: dict[_Way, httpcore.AsyncConnectionPool] = {}

    async def send(self, wire: Wire, target: Target, deadline: float) -> Response:
        answer = await _in_time(self._answer(Attempt(wire, target), target), target, deadline, wire.method)
        body = _Body(answer, target)
        fault = _fault(answer)
        if fault:
            await body.aclose()
            raise UpstreamBroken(f"the upstream {target.id!r} answered with {fault}", cause=_place(target))
        return Response(answer.status, _lowered(answer), body, body.aclose)

    async def aclose(self) -> None:
        for pool in list(self._pools.values()):
            await _emptied(pool)

    async def _answer(self, attempt: Attempt, target: Target) -> httpcore.Response:
        """A kept connection may be closed by the upstream at the moment it is used again; such a request goes out once
        more, over a connection that is certainly new."""
        try:
            return await (await self._pool(target)).handle_async_request(attempt.request())
        except (httpcore.NetworkError, httpcore.RemoteProtocolError) as error:
            if not attempt.may_be_repeated(error):
                raise
        return await self._made(target, most=None, idle=0).handle_async_request(attempt.request())

    async def _pool(self, target: Target) -> httpcore.AsyncConnectionPool:
        """One per address, so that a slow upstream uses up its own connections only."""
        way = _Way(target.origin, target.guarded, target.tls.digest if target.tls else "")
        pool = self._pools.get(way)
        if pool is None:
            pool = self._pools[way] = self._made(target, most=self._most, idle=MOST_IDLE)
            await self._forget(way)
        return pool

    async def _forget(self, way: _Way) -> None:
        """Pools to the same address that show another certificate and are idle: it was likely renewed."""
        others = [one for one in self._pools if one != way and one[:2] == way[:2] and one.certificate]
        for one in others:
            if all(connection.is_idle() for connection in self._pools[one].connections):
                await _emptied(self._pools.pop(one))

    def _made(self, target: Target, *, most: int | None, idle: int) -> httpcore.AsyncConnectionPool:
        return httpcore.AsyncConnectionPool(
            target.tls.context if target.tls else self._tls,
            max_connections=most,
            max_keepalive_connections=idle,
            keepalive_expiry=IDLE_SECONDS,
            network_backend=self._networks[target.guarded],
        )


async def _emptied(pool: httpcore.AsyncConnectionPool) -> None:
    for connection in pool.connections:
        if connection.is_idle():
            await connection.aclose()


class _Body:
    """An answer's body as it comes; closing it gives its connection back, or drops it when there was more to read."""

    __slots__ = ("_answer", "_chunks", "_target")

    def __init__(self, answer: httpcore.Response, target: Target) -> None:
        self._answer = answer
        self._chunks = answer.aiter_stream()
        self._target = target

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        return await _in_time(anext(self._chunks), self._target, None)

    async def aclose(self) -> None:
        # Whatever goes wrong with a connection on its way out, it is gone, and the call is over.
        with suppress(Exception):
            if _surplus(self._answer):
                await self._answer.extensions["network_stream"].aclose()
        with suppress(Exception):
            await self._answer.aclose()


async def _in_time(work: Awaitable[T], target: Target, deadline: float | None, method: str = "GET") -> T:
    """The one boundary between the library's exceptions and ours. What a request's body raises passes through."""
    limit = asyncio.timeout_at(deadline)
    try:
        async with limit:
            return await work
    except TimeoutError as error:
        if not limit.expired():
            raise
        raise _refusal(httpcore.TimeoutException(), target, method) from error
    except _FOREIGN as error:
        raise _refusal(error, target, method) from error


def _refusal(error: Exception, target: Target, method: str) -> Refusal:
    ours, what, sent = next(row[1:] for row in _TRANSLATIONS if isinstance(error, row[0]))
    unknown = "; whether the request took effect is unknown" if sent and method not in SAFE else ""
    return ours(f"the upstream {target.id!r} {what}{unknown}", cause=f"{_place(target)}: {reason_of(error) or what}")


def _place(target: Target) -> str:
    """Without the credential that an address may hold."""
    scheme, _, rest = target.origin.partition("://")
    return f"{scheme}://{rest.rpartition('@')[2]}"


def _lowered(answer: httpcore.Response) -> Headers:
    return tuple((name.lower(), value) for name, value in answer.headers)


def _fault(answer: httpcore.Response) -> str:
    """What forbids passing an answer on that the parser let through."""
    if not 200 <= answer.status <= 599:
        return f"the status {answer.status}, which was not asked for or does not exist"
    if len(answer.headers) > MOST_FIELDS:
        return f"more than {MOST_FIELDS} header lines"
    if any(_CONTROL(value) for _, value in answer.headers):
        return "a control character in a header"
    # RFC 9112 section 6.3: such a message “might indicate an attempt to perform request smuggling [...] or response
    # splitting [...] and ought to be handled as an error”.
    if {b"transfer-encoding", b"content-length"} <= {name.lower() for name, _ in answer.headers}:
        return "both Transfer-Encoding and Content-Length"
    return ""


def _surplus(answer: httpcore.Response) -> bool:
    """Whether the upstream sent more than its answer (a body with a 204, say): a kept connection would hand the bytes
    left over to the next caller as the start of another answer. httpcore has no public way to ask."""
    node: object = answer.stream
    for name in ("_stream", "_connection", "_h11_state", "trailing_data"):
        node = getattr(node, name, None)
    return isinstance(node, tuple) and bool(node[0])
