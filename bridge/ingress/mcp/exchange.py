"""One message with everything that its handler may need, and further calls in its sender's name."""

import asyncio
import secrets
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias

import orjson

from bridge.ingress.asgi import CERTIFICATE, Scope, field_lines, peer
from bridge.ingress.mcp.envelope import Message
from bridge.ingress.mcp.eras import Revision
from bridge.ingress.mcp.line import Line
from bridge.ingress.mcp.render import Pieces
from bridge.model import Call, Door, Endpoint, Headers, Json, Origin, Outcome, Session
from bridge.pipeline.run import finish, gate, run
from bridge.pipeline.runtime import Holder, Runtime
from bridge.pipeline.toolset import Toolset

PATIENCE = 60.0
"""Seconds for a call whose operation and route say nothing."""
ANSWERED = Outcome(200, origin=Origin.GATEWAY)


@dataclass(frozen=True, slots=True)
class Sender:
    """Who sent a message, and where to, as the connection and the request's head say it. `certificate` is DER."""

    peer: str
    toolset: str = ""
    headers: Headers = ()
    scheme: str = "http"
    certificate: bytes | None = field(default=None, repr=False)

    @classmethod
    def of(cls, scope: Scope, toolset: str) -> "Sender":
        return cls(peer(scope), toolset, field_lines(scope), scope.get("scheme", "http"), scope.get(CERTIFICATE))


@dataclass(frozen=True, slots=True)
class Exchange:
    """`session` is a legacy client's, if it has one; `fields` are the request's headers, None where there are none."""

    rt: Runtime
    toolset: Toolset
    revision: Revision
    message: Message
    call: Call
    line: Line
    fields: dict[bytes, bytes] | None
    session: Session | None = None
    open_session: "OpenSession | None" = None
    """None where a legacy client cannot keep a session."""
    subscribe: "Subscribe | None" = None
    """None where nothing can be told of later."""


OpenSession: TypeAlias = Callable[[Exchange, str], Awaitable[Headers]]
"""`initialize` agreed on a revision: a session begins. Returns headers for the answer. Raises StateUnavailable."""


Subscribe: TypeAlias = Callable[[str, bool], Awaitable[None]]
"""Begins (True) or ends a legacy client's subscription of the resource at an address. Raises a Refusal."""


class Standing(Protocol):
    """An answer that stays open for good: a stream of news. It must hold no runtime, which it would keep alive."""

    async def run(self, holder: Holder) -> bytes:
        """Returns the `_meta` members of the result that closes the stream. Raises ClientGone."""


@dataclass(frozen=True, slots=True)
class Made:
    """What a handler made of a message: `members` where the gateway itself answers, and headers for the answer."""

    outcome: Outcome
    members: Pieces = ()
    headers: Headers = ()
    standing: Standing | None = None
    """Takes the answer's place."""


Handler: TypeAlias = Callable[[Exchange], Awaitable[Made]]


def answered(build: Callable[[Exchange], Pieces]) -> Handler:
    """A handler for what the gateway answers itself, behind the same gate as a call."""

    async def handle(exchange: Exchange) -> Made:
        await gate(exchange.rt, exchange.call)
        return Made(ANSWERED, build(exchange))

    return handle


def new_call(sender: Sender, method: str) -> Call:
    return Call(
        id=secrets.token_hex(16),
        door=Door.MCP,
        method=method,
        path="",
        received=time.time(),
        started=time.perf_counter(),
        deadline=asyncio.get_running_loop().time() + PATIENCE,
        headers=sender.headers,
        peer=sender.peer,
        scheme=sender.scheme,
        certificate=sender.certificate,
        toolset=sender.toolset,
    )


def aim(call: Call, endpoint: Endpoint, arguments: Mapping[str, Json]) -> None:
    """Sets what the call is for, and until when it may take."""
    operation, targets = endpoint.operation, endpoint.route.targets
    call.endpoint, call.route, call.arguments = endpoint, endpoint.route, arguments
    call.method, call.path = operation.method, operation.path
    patience = operation.timeout or (targets[0].timeouts.total if targets else PATIENCE)
    call.deadline = asyncio.get_running_loop().time() + patience


async def further(rt: Runtime, first: Call, endpoint: Endpoint, arguments: Mapping[str, Json]) -> Outcome:
    """Another call of the same caller, authenticated, limited and accounted on its own, which nobody approves: its
    caller did not ask for it."""
    sender = Sender(first.connected, first.toolset, first.headers, first.scheme, first.certificate)
    call = new_call(sender, "")
    call.session, call.unasked = first.session, True
    aim(call, endpoint, arguments)
    outcome = await run(rt, call)
    await finish(rt, call, outcome, sent=0)
    return outcome


def notification(method: str, params: Json) -> bytes:
    return orjson.dumps({"jsonrpc": "2.0", "method": method, "params": params})
