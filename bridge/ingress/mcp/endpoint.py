"""One POST of an agent: screened, read, understood, handled, answered, accounted.

Every message makes one call and every call is finished exactly once, after its answer is out or once nobody waits for
it any more. What is wrong with a request as a whole is accounted like a message of its own.
"""

import asyncio
import logging
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass

from bridge.ingress.answer import answer
from bridge.ingress.asgi import Receive, Scope, Send, peer
from bridge.ingress.body import Upload, WhileThere, read_whole
from bridge.ingress.mcp.envelope import Message, decode, id_of, read
from bridge.ingress.mcp.eras import MODERN, Revision, revision_of
from bridge.ingress.mcp.headers import VERSION, check_accept, fields_of, plain, screen, too_large
from bridge.ingress.mcp.legacy import MOST_AT_ONCE, batch
from bridge.ingress.mcp.methods import PATIENCE, Exchange, looked_up
from bridge.ingress.mcp.modern import climb
from bridge.ingress.mcp.refusals import Internal
from bridge.ingress.mcp.render import Pieces, advice, error, result, tool_members
from bridge.model import Call, ClientGone, Door, Headers, Json, Outcome, Refusal, TooLarge
from bridge.pipeline.run import finish, refused
from bridge.pipeline.runtime import Runtime

log = logging.getLogger(__name__)

JSON: Headers = ((b"content-type", b"application/json"),)

# Refusals of the HTTP exchange keep their status whatever the message was; so does a fault of ours.
KEPT = frozenset({401, 403, 405, 406, 413, 415, 421, 429, 500, 501})
# For all others the JSON-RPC code decides. 2026-07-28 gives each its status; before, an answered request is a 200 even
# if the answer is an error, and only what is no request at all is a 400.
STATUS: Mapping[bool, Mapping[int, int]] = {
    True: {-32700: 400, -32600: 400, -32602: 400, -32020: 400, -32021: 400, -32022: 400, -32601: 404},
    False: {-32700: 400, -32600: 400, -32022: 400},
}


@dataclass(frozen=True, slots=True)
class Reply:
    """`body` is empty for a notification that was taken."""

    call: Call
    outcome: Outcome
    status: int
    body: bytes


@dataclass(slots=True)
class Visit:
    """One POST. `replies` collects what has to be finished, whatever becomes of the answer; `size` is set once the
    body is read. Nobody else writes to it."""

    rt: Runtime
    toolset: str
    peer: str
    fields: dict[bytes, bytes]
    receive: Receive
    replies: list[Reply]
    size: int = 0
    """Bytes of the POST, charged to its first call."""

    def call(self, method: str = "") -> Call:
        now = asyncio.get_running_loop().time()
        return Call(
            id=secrets.token_hex(16),
            door=Door.MCP,
            method=method,
            path="",
            received=time.time(),
            started=time.perf_counter(),
            deadline=now + PATIENCE,
            peer=self.peer,
        )


async def serve(rt: Runtime, scope: Scope, receive: Receive, send: Send, toolset: str) -> None:
    visit = Visit(rt, toolset, peer(scope), fields_of(scope), receive, [])
    gone = True
    try:
        status, headers, body = await _visit(visit, scope)
        await answer(send, status, headers, body)
        gone = False
    except (ClientGone, OSError):
        # ASGI: a server may raise OSError from `send` once the client has closed the connection.
        log.debug("the client left")
    finally:
        for reply in visit.replies:
            reply.call.request_bytes, visit.size = visit.size, 0
            await finish(rt, reply.call, reply.outcome, sent=0 if gone else len(reply.body), gone=gone)


async def _visit(visit: Visit, scope: Scope) -> tuple[int, Headers, bytes]:
    """Raises ClientGone."""
    value: Json = None
    try:
        screen(visit.rt, scope, visit.fields)
        body = await _body(visit)
        visit.size = len(body)
        value = decode(body)
        revision = revision_of(plain(visit.fields, VERSION), value)
        check_accept(visit.fields, modern=revision.modern)
        messages = batch(value) if isinstance(value, list) else read(value)
    except ClientGone:
        raise
    except Refusal as refusal:
        return _single(_refuse(visit, refusal, id_of(value)))
    if isinstance(messages, Message):
        return _single(await _reply(visit, revision, messages))
    return await _batch(visit, revision, messages)


async def _body(visit: Visit) -> bytes:
    try:
        return await read_whole(visit.receive, visit.rt.mcp.body_bytes)
    except TooLarge:
        raise too_large(visit.rt) from None


def _refuse(visit: Visit, refusal: Refusal, identity: bytes | None) -> Reply:
    outcome = refused(refusal)
    status = _status(refusal, modern=True)
    reply = Reply(visit.call(), outcome, status, error(identity, refusal))
    visit.replies.append(reply)
    return reply


async def _batch(visit: Visit, revision: Revision, messages: list[Message]) -> tuple[int, Headers, bytes]:
    """Raises ClientGone. That a legacy client's leaving cancels nothing protects a call that it may ask about again;
    of many calls in one POST nobody learns anything any more, and a stranger could fill the upstreams with them."""
    connection, turns = Upload(visit.receive), asyncio.Semaphore(MOST_AT_ONCE)
    connection.leave_unread()
    async with WhileThere(connection), asyncio.TaskGroup() as group:
        tasks = [group.create_task(_in_turn(visit, revision, message, turns)) for message in messages]
    replies = [task.result() for task in tasks]
    # Credentials belong to the POST, so one entry's challenge is everybody's.
    challenged = next((reply for reply in replies if reply.status == 401), None)
    bodies = [reply.body for reply in replies if reply.body]
    body = b"[" + b",".join(bodies) + b"]" if bodies else b""
    if challenged is not None:
        return challenged.status, challenged.outcome.headers + JSON, body
    return (200, JSON, body) if bodies else (202, (), b"")


async def _in_turn(visit: Visit, revision: Revision, message: Message, turns: asyncio.Semaphore) -> Reply:
    try:
        await turns.acquire()
    except asyncio.CancelledError:
        name, _ = looked_up(message, modern=revision.modern)
        _left(visit, visit.call(name))
        raise
    try:
        return await _reply(visit, revision, message)
    finally:
        turns.release()


def _single(reply: Reply) -> tuple[int, Headers, bytes]:
    if not reply.body:
        return reply.status, (), b""
    return reply.status, reply.outcome.headers + JSON if reply.status >= 400 else JSON, reply.body


async def _reply(visit: Visit, revision: Revision, message: Message) -> Reply:
    """Raises ClientGone."""
    name, handler = looked_up(message, modern=revision.modern)
    rt, call = visit.rt, visit.call(name)
    exchange = Exchange(rt, rt.toolsets[visit.toolset], revision, visit.fields, visit.receive, message, call)
    try:
        if revision is MODERN:
            climb(message, visit.fields)
        outcome, members = await handler(exchange)
        status, body = _rendered(exchange, outcome, members)
    except (ClientGone, asyncio.CancelledError):
        _left(visit, call)
        raise
    except Refusal as refusal:
        outcome = refused(refusal)
        status, body = _rendered(exchange, outcome)
    except Exception:
        log.exception("call %s failed", call.id)
        outcome = refused(Internal(f"internal error; the operator's log names it {call.id}"))
        status, body = _rendered(exchange, outcome)
    reply = Reply(call, outcome, status, body)
    visit.replies.append(reply)
    return reply


def _left(visit: Visit, call: Call) -> None:
    gone = refused(ClientGone("the client left before the answer was ready"))
    visit.replies.append(Reply(call, gone, 499, b""))


def _rendered(exchange: Exchange, outcome: Outcome, members: Pieces = ()) -> tuple[int, bytes]:
    message, refusal, revision = exchange.message, outcome.refusal, exchange.revision
    calling = message.method == "tools/call"
    if refusal is not None and not (calling and refusal.readable):
        return _status(refusal, modern=revision.modern), error(message.id, refusal)
    if message.id is None:
        return 202, b""
    answered = advice(refusal) if refusal is not None else outcome.result
    if answered is not None:
        members = tool_members(answered, revision)
    return 200, result(message.id, members, revision, exchange.rt.mcp.name, exchange.rt.mcp.version)


def _status(refusal: Refusal, *, modern: bool) -> int:
    return refusal.http if refusal.http in KEPT else STATUS[modern].get(refusal.rpc, 200)
