"""The agents' door over HTTP: one request, screened, read, understood, handled, answered, accounted.

What is wrong with a request as a whole is accounted like a message of its own.
"""

import asyncio
import logging
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from bridge.ingress.answer import Answer
from bridge.ingress.asgi import Receive, Scope, Send
from bridge.ingress.body import Upload, WhileThere, read_whole
from bridge.ingress.gate import no_token_in
from bridge.ingress.mcp.dispatch import Reply, dispatch, gone, status_of
from bridge.ingress.mcp.envelope import Message, decode, id_of, read
from bridge.ingress.mcp.eras import Revision, revision_of
from bridge.ingress.mcp.exchange import ANSWERED, Exchange, Sender, new_call
from bridge.ingress.mcp.headers import (
    VERSION,
    check_accept,
    fields_of,
    in_session,
    is_short,
    methods_of,
    plain,
    screen,
    takes_streams,
    too_large,
)
from bridge.ingress.mcp.legacy import MOST_AT_ONCE, batch
from bridge.ingress.mcp.line import Mute, Post
from bridge.ingress.mcp.methods import looked_up
from bridge.ingress.mcp.render import error
from bridge.ingress.mcp.sessions.attend import attend
from bridge.ingress.mcp.sessions.entry import begin, check_batch, entered, leave, subscriber
from bridge.ingress.mcp.sessions.line import InSession
from bridge.ingress.mcp.sessions.trail import Trail
from bridge.ingress.mcp.standing import JSON, Open
from bridge.model import Call, ClientGone, Headers, Json, Refusal, Session, TooLarge
from bridge.pipeline.admit import arrive
from bridge.pipeline.authenticate import authenticate
from bridge.pipeline.run import finish, refused
from bridge.pipeline.runtime import Legacy, Runtime
from bridge.state.base import Shared

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Visit:
    """One request. `replies` collects what has to be finished, whatever becomes of the answer; `size` is set once the
    body is read. Nobody else writes to it."""

    rt: Runtime
    toolset: str
    sender: Sender
    fields: dict[bytes, bytes]
    scope: Scope
    receive: Receive
    send: Send
    replies: list[Reply] = field(default_factory=list)
    size: int = 0
    """Bytes of the POST, charged to its first call."""
    sent: int = 0
    session: Session | None = None
    standing: Open | None = None


async def serve(rt: Runtime, scope: Scope, receive: Receive, send: Send, toolset: str) -> Open | None:
    """Answers, or returns a stream that stays open: whoever runs it must let go of this runtime first."""
    visit = Visit(rt, toolset, Sender.of(scope, toolset), fields_of(scope), scope, receive, send)
    left = True
    try:
        await _visit(visit, scope)
        left = False
    except (ClientGone, OSError):
        # ASGI: a server may raise OSError from `send` once the client has closed the connection.
        log.debug("the client left")
    finally:
        await _finish(visit, left=left)
    return visit.standing


async def _finish(visit: Visit, *, left: bool) -> None:
    for reply in visit.replies:
        reply.call.request_bytes, visit.size = visit.size, 0
        sent = 0 if left else visit.sent if len(visit.replies) == 1 else len(reply.body)
        await finish(visit.rt, reply.call, reply.outcome, sent=sent, gone=left or reply.status == 499)


async def _visit(visit: Visit, scope: Scope) -> None:
    """Raises ClientGone."""
    value: Json = None
    call: Call | None = None
    try:
        if visit.rt.addresses.matter:
            # Callers from elsewhere are told nothing, not even what is wrong with what they sent.
            call = new_call(visit.sender, "")
            arrive(visit.rt, call)
        screen(visit.rt, scope, visit.fields, methods_of(visit.rt, visit.fields))
        no_token_in(visit.rt, scope["query_string"].decode("latin-1"))
        if scope["method"] != "POST":
            call = new_call(visit.sender, scope["method"])
            await _beside(visit, call)
            return
        body = await _body(visit)
        visit.size = len(body)
        value = decode(body)
        revision = revision_of(visit.rt.mcp, plain(visit.fields, VERSION), value)
        check_accept(visit.fields, modern=revision.modern)
        continued = not revision.modern and in_session(visit.rt, visit.fields) and not _begins(value)
        messages = batch(value) if isinstance(value, list) else read(value, responses=continued)
        if continued:
            call = new_call(visit.sender, "")
            visit.session, revision = await entered(visit.rt, call, visit.fields, visit.toolset)
            if isinstance(messages, list):
                check_batch(revision)
    except ClientGone:
        raise
    except Refusal as refusal:
        await _refuse(visit, refusal, id_of(value), call)
        return
    if isinstance(messages, Message):
        await _single(visit, revision, messages)
    else:
        await _whole(visit, *await _batch(visit, revision, messages))


def _begins(value: Json) -> bool:
    """Whoever begins a session anew belongs to none, whatever its headers still say."""
    return isinstance(value, dict) and value.get("method") == "initialize"


async def _beside(visit: Visit, call: Call) -> None:
    """What a session's client does beside sending messages. Raises a Refusal."""
    session, _ = await entered(visit.rt, call, visit.fields, visit.toolset)
    if call.method == "DELETE":
        await leave(visit.rt, call, session)
        visit.replies.append(Reply(call, ANSWERED, 204, b""))
        await _whole(visit, 204, (), b"")
        return
    line = Post(Upload(visit.receive, visit.scope), visit.send, streams=True, leaving=True)
    standing = await attend(visit.rt, call, session, visit.fields, line)
    visit.standing = Open(Reply(call, ANSWERED, 200, b""), standing, line, b"")


async def _body(visit: Visit) -> bytes:
    """Raises Unauthenticated and its like: what is long is kept for nobody who is not known."""
    if visit.rt.protected.demanding and not is_short(visit.fields):
        await authenticate(visit.rt, new_call(visit.sender, ""))
    try:
        return await read_whole(visit.receive, visit.rt.mcp.body_bytes)
    except TooLarge:
        raise too_large(visit.rt) from None


async def _refuse(visit: Visit, refusal: Refusal, identity: bytes | None, call: Call | None = None) -> None:
    reply = Reply(
        call or new_call(visit.sender, ""), refused(refusal), status_of(refusal, modern=True), error(identity, refusal)
    )
    visit.replies.append(reply)
    await _whole(visit, reply.status, _headers(reply), reply.body)


async def _single(visit: Visit, revision: Revision, message: Message) -> None:
    line = Post(
        Upload(visit.receive, visit.scope),
        visit.send,
        streams=message.id is not None and takes_streams(visit.fields),
        leaving=revision.modern,
        trail=_trail(visit, revision, message),
    )
    reply = await _reply(visit, revision, message, line)
    if reply.standing is not None and message.id is not None:
        visit.replies.remove(reply)
        visit.standing = Open(reply, reply.standing, line, message.id)
        return
    if reply.status == 499 and revision.modern:
        raise ClientGone("the client left before the answer was ready")
    if reply.status == 499:
        await line.nothing()
    else:
        await line.reply(reply.status, _headers(reply), reply.body)
    visit.sent = line.sent


def _trail(visit: Visit, revision: Revision, message: Message) -> Trail | None:
    shared, session = visit.rt.shared, visit.session
    if shared is None or session is None or message.id is None:
        return None
    return Trail.begin(shared, session.id, message.id, primes=revision.name >= "2025-11-25")


async def _reply(visit: Visit, revision: Revision, message: Message, line: Post | Mute) -> Reply:
    name, _ = looked_up(message, modern=revision.modern)
    rt, call = visit.rt, new_call(visit.sender, name)
    exchange = Exchange(rt, rt.toolsets[visit.toolset], revision, message, call, line, visit.fields)
    if not revision.modern and rt.shared is not None and rt.mcp.legacy is Legacy.SESSIONS:
        exchange = _keeping(exchange, rt.shared, visit.session, line)
    try:
        reply = await dispatch(exchange)
    except asyncio.CancelledError:
        visit.replies.append(gone(call))
        raise
    visit.replies.append(reply)
    return reply


def _keeping(exchange: Exchange, shared: Shared, session: Session | None, line: Post | Mute) -> Exchange:
    """With what a legacy client can do where sessions are kept."""
    if session is None:
        return replace(exchange, open_session=begin) if exchange.message.method == "initialize" else exchange
    exchange.call.session = session
    identity = exchange.message.id
    attended = InSession(line, exchange.rt, shared, session, identity) if identity is not None else line
    return replace(exchange, line=attended, session=session, subscribe=subscriber(shared, session))


async def _batch(visit: Visit, revision: Revision, messages: list[Message]) -> tuple[int, Headers, bytes]:
    """Raises ClientGone. That a legacy client's leaving cancels nothing protects a call that it may ask about again;
    of many calls in one POST nobody learns anything any more, and a stranger could fill the upstreams with them."""
    connection, turns = Upload(visit.receive, visit.scope), asyncio.Semaphore(MOST_AT_ONCE)
    connection.leave_unread()
    async with WhileThere(connection), asyncio.TaskGroup() as group:
        tasks = [group.create_task(_in_turn(visit, revision, message, turns)) for message in messages]
    return _together([task.result() for task in tasks])


def _together(replies: Iterable[Reply]) -> tuple[int, Headers, bytes]:
    """Credentials and sessions belong to the POST, so one entry's challenge is everybody's, and so is its lost session:
    nothing else has the status 404 in the one revision that has batches."""
    replies = list(replies)
    challenged = next((reply for reply in replies if reply.status in {401, 404}), None)
    bodies = [reply.body for reply in replies if reply.body]
    body = b"[" + b",".join(bodies) + b"]" if bodies else b""
    if challenged is not None:
        return challenged.status, _headers(challenged), body
    return (200, JSON, body) if bodies else (202, (), b"")


async def _in_turn(visit: Visit, revision: Revision, message: Message, turns: asyncio.Semaphore) -> Reply:
    try:
        await turns.acquire()
    except asyncio.CancelledError:
        name, _ = looked_up(message, modern=revision.modern)
        visit.replies.append(gone(new_call(visit.sender, name)))
        raise
    try:
        return await _reply(visit, revision, message, Mute())
    finally:
        turns.release()


def _headers(reply: Reply) -> Headers:
    if not reply.body:
        return ()
    # The refusal's own: the outcome's may be an upstream's, which say nothing of this answer.
    refusal = reply.outcome.refusal if reply.status >= 400 else None
    return (*(refusal.headers if refusal is not None else ()), *reply.headers, *JSON)


async def _whole(visit: Visit, status: int, headers: Headers, body: bytes) -> None:
    await Answer(visit.send).whole(status, headers, body)
    visit.sent = len(body)
