"""The agents' door over HTTP: one request, screened, read, understood, handled, answered, accounted.

What is wrong with a request as a whole is accounted like a message of its own.
"""

import asyncio
import logging
from collections.abc import Iterable
from dataclasses import dataclass, field

from bridge.ingress.answer import Answer
from bridge.ingress.asgi import Receive, Scope, Send, peer
from bridge.ingress.body import Upload, WhileThere, read_whole
from bridge.ingress.mcp.dispatch import Reply, dispatch, gone, status_of
from bridge.ingress.mcp.envelope import Message, decode, id_of, read
from bridge.ingress.mcp.eras import Revision, revision_of
from bridge.ingress.mcp.exchange import Exchange, Standing, new_call
from bridge.ingress.mcp.headers import VERSION, check_accept, fields_of, plain, screen, takes_streams, too_large
from bridge.ingress.mcp.legacy import MOST_AT_ONCE, batch
from bridge.ingress.mcp.line import Line, Mute, Post
from bridge.ingress.mcp.methods import looked_up
from bridge.ingress.mcp.render import closed, error
from bridge.model import ClientGone, Headers, Json, Refusal, TooLarge
from bridge.pipeline.run import finish, refused
from bridge.pipeline.runtime import Holder, Runtime

log = logging.getLogger(__name__)

JSON: Headers = ((b"content-type", b"application/json"),)


@dataclass(slots=True)
class Visit:
    """One POST. `replies` collects what has to be finished, whatever becomes of the answer; `size` is set once the
    body is read. Nobody else writes to it."""

    rt: Runtime
    toolset: str
    peer: str
    fields: dict[bytes, bytes]
    receive: Receive
    send: Send
    replies: list[Reply] = field(default_factory=list)
    size: int = 0
    """Bytes of the POST, charged to its first call."""
    sent: int = 0
    standing: "Open | None" = None


@dataclass(frozen=True, slots=True)
class Open:
    """A stream that outlives its runtime: everything that is left of its request."""

    reply: Reply
    standing: Standing
    line: Post
    identity: bytes

    async def run(self, holder: Holder) -> None:
        """To the end, however it comes; the call is finished with the runtime of that moment."""
        left = True
        try:
            meta = await self.standing.run(holder)
            door = holder.current.mcp
            await self.line.reply(200, (), closed(self.identity, meta, door.name, door.version))
            left = False
        except (ClientGone, OSError):
            log.debug("the client left its stream")
        finally:
            await finish(holder.current, self.reply.call, self.reply.outcome, sent=self.line.sent, gone=left)


async def serve(rt: Runtime, scope: Scope, receive: Receive, send: Send, toolset: str) -> Open | None:
    """Answers, or returns a stream that stays open: whoever runs it must let go of this runtime first."""
    visit = Visit(rt, toolset, peer(scope), fields_of(scope), receive, send)
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
        await _refuse(visit, refusal, id_of(value))
        return
    if isinstance(messages, Message):
        await _single(visit, revision, messages)
    else:
        await _whole(visit, *await _batch(visit, revision, messages))


async def _body(visit: Visit) -> bytes:
    try:
        return await read_whole(visit.receive, visit.rt.mcp.body_bytes)
    except TooLarge:
        raise too_large(visit.rt) from None


async def _refuse(visit: Visit, refusal: Refusal, identity: bytes | None) -> None:
    reply = Reply(new_call(visit.peer, ""), refused(refusal), status_of(refusal, modern=True), error(identity, refusal))
    visit.replies.append(reply)
    await _whole(visit, reply.status, _headers(reply), reply.body)


async def _single(visit: Visit, revision: Revision, message: Message) -> None:
    line = Post(
        visit.receive,
        visit.send,
        streams=message.id is not None and takes_streams(visit.fields),
        leaving=revision.modern,
    )
    reply = await _reply(visit, revision, message, line)
    if reply.standing is not None and message.id is not None:
        visit.replies.remove(reply)
        visit.standing = Open(reply, reply.standing, line, message.id)
        return
    if reply.status == 499:
        raise ClientGone("the client left before the answer was ready")
    await line.reply(reply.status, _headers(reply), reply.body)
    visit.sent = line.sent


async def _reply(visit: Visit, revision: Revision, message: Message, line: Line) -> Reply:
    name, _ = looked_up(message, modern=revision.modern)
    rt, call = visit.rt, new_call(visit.peer, name)
    exchange = Exchange(rt, rt.toolsets[visit.toolset], revision, message, call, line, visit.fields)
    try:
        reply = await dispatch(exchange)
    except asyncio.CancelledError:
        visit.replies.append(gone(call))
        raise
    visit.replies.append(reply)
    return reply


async def _batch(visit: Visit, revision: Revision, messages: list[Message]) -> tuple[int, Headers, bytes]:
    """Raises ClientGone. That a legacy client's leaving cancels nothing protects a call that it may ask about again;
    of many calls in one POST nobody learns anything any more, and a stranger could fill the upstreams with them."""
    connection, turns = Upload(visit.receive), asyncio.Semaphore(MOST_AT_ONCE)
    connection.leave_unread()
    async with WhileThere(connection), asyncio.TaskGroup() as group:
        tasks = [group.create_task(_in_turn(visit, revision, message, turns)) for message in messages]
    return _together([task.result() for task in tasks])


def _together(replies: Iterable[Reply]) -> tuple[int, Headers, bytes]:
    """Credentials belong to the POST, so one entry's challenge is everybody's."""
    replies = list(replies)
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
        visit.replies.append(gone(new_call(visit.peer, name)))
        raise
    try:
        return await _reply(visit, revision, message, Mute())
    finally:
        turns.release()


def _headers(reply: Reply) -> Headers:
    if not reply.body:
        return ()
    refusing = reply.outcome.headers if reply.status >= 400 else ()
    return (*refusing, *reply.headers, *JSON)


async def _whole(visit: Visit, status: int, headers: Headers, body: bytes) -> None:
    await Answer(visit.send).whole(status, headers, body)
    visit.sent = len(body)
