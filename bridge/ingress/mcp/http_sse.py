"""2024-11-05's HTTP+SSE: one stream that carries everything to the client, and a POST for everything from it.

Off unless configured: the protocol itself has given it up. Its session lives as long as its stream, and the two may be
on different replicas: what a POST is answered travels over the bus.
"""

import logging
from contextlib import suppress
from dataclasses import dataclass, replace
from urllib.parse import parse_qsl

from bridge.ingress.answer import Answer
from bridge.ingress.asgi import Receive, Scope, Send
from bridge.ingress.body import Upload, read_whole
from bridge.ingress.gate import no_token_in
from bridge.ingress.mcp.dispatch import Reply, dispatch, gone, status_of
from bridge.ingress.mcp.envelope import Message, decode, id_of, read
from bridge.ingress.mcp.eras import REVISIONS, UNNAMED, is_modern, unsupported
from bridge.ingress.mcp.exchange import ANSWERED, Exchange, Sender, new_call
from bridge.ingress.mcp.headers import JSON, check_takes_stream, fields_of, is_short, screen, too_large
from bridge.ingress.mcp.legacy import batch
from bridge.ingress.mcp.line import Mute, Post, Way
from bridge.ingress.mcp.methods import looked_up
from bridge.ingress.mcp.news import Watched
from bridge.ingress.mcp.refusals import InvalidRequest
from bridge.ingress.mcp.render import error
from bridge.ingress.mcp.sessions.connected import Connected
from bridge.ingress.mcp.sessions.entry import subscriber
from bridge.ingress.mcp.sessions.line import InSession
from bridge.ingress.mcp.sessions.record import find, keep, new_id, used_capabilities
from bridge.ingress.mcp.sessions.words import tell
from bridge.ingress.mcp.standing import Open
from bridge.model import (
    Call,
    ClientGone,
    Headers,
    Json,
    NotFound,
    Refusal,
    Session,
    SessionGone,
    StateUnavailable,
    TooLarge,
)
from bridge.pipeline.admit import arrive
from bridge.pipeline.authenticate import NO_SESSION, authenticate
from bridge.pipeline.owning import owner
from bridge.pipeline.run import finish, gate, refused
from bridge.pipeline.runtime import Runtime
from bridge.state.base import Shared

log = logging.getLogger(__name__)

STREAM, MESSAGES = "sse", "messages"
"""What the paths end in, below the endpoint's or a toolset's."""
OLDEST = "2024-11-05"
_JSON: Headers = ((b"content-type", JSON),)


async def connect(rt: Runtime, scope: Scope, receive: Receive, send: Send, toolset: str) -> Open | None:
    """The stream, which whoever runs it must let go of this runtime for; None where it was refused."""
    call, fields = new_call(Sender.of(scope, toolset), "GET"), fields_of(scope)
    try:
        arrive(rt, call)
        screen(rt, scope, fields, frozenset({"GET"}))
        no_token_in(rt, scope["query_string"].decode("latin-1"))
        principal = await gate(rt, call)
        check_takes_stream(fields)
        shared = _shared(rt)
        session = call.session = Session(new_id(), owner(principal), toolset, OLDEST, {})
        await keep(shared, session, stream=True)
    except Refusal as refusal:
        await _refuse(rt, call, refusal, None, send)
        return None
    line = Post(Upload(receive, scope), send, streams=True, leaving=True)
    path = f"{rt.mcp.path}/{toolset}/{MESSAGES}" if toolset else f"{rt.mcp.path}/{MESSAGES}"
    digests = rt.toolsets[toolset].digests
    standing = Connected(line, session, shared, Watched(call, toolset), f"{path}?session_id={session.id}", digests)
    return Open(Reply(call, ANSWERED, 200, b""), standing, line, b"")


def _shared(rt: Runtime) -> Shared:
    if rt.shared is None:
        raise NotFound("there are no sessions here")
    return rt.shared


async def _refuse(rt: Runtime, call: Call, refusal: Refusal, identity: bytes | None, send: Send) -> None:
    body = error(identity, refusal, modern=False)
    await Answer(send).whole(status_of(refusal, modern=True), (*refusal.headers, *_JSON), body)
    await finish(rt, call, refused(refusal), sent=len(body))


@dataclass(frozen=True, slots=True)
class Far:
    """The way to the client, from wherever its message came in."""

    shared: Shared
    session: str
    streams: bool = True

    async def open(self) -> None:
        """The stream is open, or the session over."""

    async def alive(self) -> None:
        """The stream shows it itself."""

    async def notify(self, message: bytes) -> None:
        try:
            await tell(self.shared, self.session, message)
        except StateUnavailable:
            log.warning("a message for an HTTP+SSE client is lost: what replicas share cannot be reached")


async def take(rt: Runtime, scope: Scope, receive: Receive, send: Send, toolset: str) -> None:
    """One POST: taken with 202 and then handled, its answer sent on the stream."""
    sender = Sender.of(scope, toolset)
    call, value = new_call(sender, ""), None
    try:
        arrive(rt, call)
        screen(rt, scope, fields_of(scope))
        no_token_in(rt, scope["query_string"].decode("latin-1"))
        if rt.protected.demanding and not is_short(fields_of(scope)):
            await authenticate(rt, new_call(sender, ""))
        body = await _body(rt, receive)
        value = decode(body)
        session = await _session(rt, call, scope, toolset)
        messages = _messages(rt, session, value)
        # Strangers are challenged here: on the stream nobody could act on it.
        await authenticate(rt, call)
    except ClientGone as left:
        await finish(rt, call, refused(left), sent=0, gone=True)
        return
    except Refusal as refusal:
        await _refuse(rt, call, refusal, id_of(value), send)
        return
    with suppress(OSError):
        await Answer(send).whole(202, (), b"")
    await _handle(rt, session, messages, len(body), sender)


async def _body(rt: Runtime, receive: Receive) -> bytes:
    try:
        return await read_whole(receive, rt.mcp.body_bytes)
    except TooLarge:
        raise too_large(rt) from None


async def _session(rt: Runtime, call: Call, scope: Scope, toolset: str) -> Session:
    named = [value for name, value in parse_qsl(scope["query_string"].decode("latin-1")) if name == "session_id"]
    session = await find(_shared(rt), named[0], stream=True) if len(named) == 1 else None
    if session is None or session.toolset != toolset:
        await gate(rt, call)
        raise SessionGone(NO_SESSION)
    call.session = session
    return session


def _messages(rt: Runtime, session: Session, value: Json) -> Message | list[Message]:
    if is_modern(value):
        raise unsupported(rt.mcp, "2026-07-28 over HTTP+SSE")
    if not isinstance(value, list):
        return read(value, responses=True)
    if session.revision != UNNAMED.name:
        raise InvalidRequest("the body must be a single JSON-RPC message: this session's revision has no batches")
    return batch(value)


async def _handle(rt: Runtime, session: Session, messages: Message | list[Message], size: int, sender: Sender) -> None:
    shared = _shared(rt)
    far = Far(shared, session.id)
    if isinstance(messages, Message):
        body = await _one(rt, session, messages, far, (sender, size))
    else:
        # The bytes of the POST are charged to its first message.
        sizes = [size, *([0] * len(messages))]
        bodies = [
            await _one(rt, session, message, Mute(), (sender, own))
            for message, own in zip(messages, sizes, strict=False)
        ]
        body = b"[" + b",".join(filter(None, bodies)) + b"]" if any(bodies) else b""
    if body:
        await far.notify(body)


async def _one(rt: Runtime, session: Session, message: Message, way: Way, sent: tuple[Sender, int]) -> bytes:
    shared, revision = _shared(rt), REVISIONS[session.revision]
    name, _ = looked_up(message, modern=False)
    call = new_call(sent[0], name)
    call.session, call.request_bytes = session, sent[1]
    line = InSession(way, rt, shared, session, message.id or b"")
    toolset = rt.toolsets[session.toolset]
    exchange = Exchange(rt, toolset, revision, message, call, line, None, session, _opened, subscriber(shared, session))
    reply = gone(call)
    try:
        reply = await dispatch(exchange)
    finally:
        await finish(rt, call, reply.outcome, sent=len(reply.body), gone=reply.status == 499)
    return reply.body


async def _opened(exchange: Exchange, version: str) -> Headers:
    """The session is there already; from now on it has a revision. Raises StateUnavailable."""
    session, shared = exchange.session, exchange.rt.shared
    assert session is not None
    assert shared is not None
    declared = used_capabilities(exchange.message.params.get("capabilities"))
    await keep(shared, replace(session, revision=version, capabilities=declared), stream=True)
    return ()
