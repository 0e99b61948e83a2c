"""The agents' door over a pair of pipes: one client, one JSON-RPC message a line, both eras.

The first frame decides the era. There are no headers, and no HTTP to say that a client has left: what it does not want
any more it cancels by name, in both eras.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass, field
from typing import TypeAlias

import orjson

from bridge.ingress.mcp.asking import question_params
from bridge.ingress.mcp.dispatch import Reply, dispatch, gone
from bridge.ingress.mcp.envelope import Message, decode, id_of, read
from bridge.ingress.mcp.eras import LATEST_LEGACY, MODERN, REVISIONS, Revision, is_modern
from bridge.ingress.mcp.exchange import Exchange, Sender, Standing, new_call, notification
from bridge.ingress.mcp.legacy import batch
from bridge.ingress.mcp.methods import looked_up
from bridge.ingress.mcp.news import Watched, news
from bridge.ingress.mcp.refusals import Internal, InvalidRequest
from bridge.ingress.mcp.render import closed, error
from bridge.model import Call, CannotAsk, Headers, Json, Question, Refusal, Session
from bridge.pipeline.changes import Listener
from bridge.pipeline.owning import owner
from bridge.pipeline.peers import PIPE
from bridge.pipeline.run import finish, refused
from bridge.pipeline.runtime import Holder

_log = logging.getLogger(__name__)

MOST_AT_ONCE = 64
"""Messages handled at the same time; the next one is read when one of them is done."""
PATIENCE = 300.0
"""Seconds that a person has to answer a question."""
LAST_WORDS = 5.0
"""Seconds that calls under way have once the client has closed its end: whoever pipes a file in waits for answers."""

Write: TypeAlias = Callable[[bytes], Awaitable[None]]
"""Sends one frame, its line feed included. Raises OSError when nobody reads any more."""


_KINDS = frozenset({"tools", "resources", "prompts"})


@dataclass(slots=True)
class Told:
    """`digests` are those of the lists that the client was introduced to."""

    watched: Watched
    digests: Mapping[str, str]
    ear: Listener | None = None

    def want(self, uri: str, *, wanted: bool) -> None:
        known = set(self.watched.seen)
        self.watched.want(known | {uri} if wanted else known - {uri})
        self.watched.due = 0.0
        if self.ear is not None:
            self.ear.wake()


@dataclass(slots=True)
class Conversation:
    """What is known of the client. Written by the handling of its frames alone, one event loop's work."""

    holder: Holder
    write: Write
    toolset: str = ""
    credential: Headers = ()
    """What every message is sent with, as over HTTP: here the client's environment says who it is."""
    modern: bool | None = None
    """None before the first request."""
    revision: Revision = LATEST_LEGACY
    session: Session | None = None
    running: dict[bytes, asyncio.Task[None]] = field(default_factory=dict)
    """By the request's id: what `notifications/cancelled` can name."""
    asked: dict[str, asyncio.Future[Json]] = field(default_factory=dict)
    """Our own requests, by id, and what came back."""
    questions: int = 0
    _tasks: asyncio.TaskGroup = field(init=False)
    told: "Told | None" = None
    """What a legacy client is told unasked, from its `initialize` on."""

    @property
    def _sender(self) -> Sender:
        return Sender(PIPE, self.toolset, self.credential)

    async def run(self, frames: AsyncIterator[bytes | None]) -> None:
        """Until the frames end; None stands for one that was too long. Raises OSError when nobody reads the answers."""
        turns = asyncio.Semaphore(MOST_AT_ONCE)
        async with asyncio.TaskGroup() as tasks:
            self._tasks = tasks
            async for frame in frames:
                if frame is None or frame.strip():
                    await self._take(frame, turns)
            # Streams of news end by themselves now, each as its revision wants it.
            self.holder.current.changes.stop()
            await self._last_words(turns)

    async def _last_words(self, turns: asyncio.Semaphore) -> None:
        try:
            async with asyncio.timeout(LAST_WORDS):
                for _ in range(MOST_AT_ONCE):
                    await turns.acquire()
        except TimeoutError:
            for task in list(self.running.values()):
                task.cancel()

    async def _take(self, frame: bytes | None, turns: asyncio.Semaphore) -> None:
        """One frame: an answer to a question of ours and a cancellation are done with at once."""
        value: Json = None
        try:
            if frame is None:
                raise InvalidRequest(f"a message may hold {self.holder.current.mcp.body_bytes} bytes")
            value = decode(frame)
            if self._answered(value):
                return
            messages = self._understood(value)
        except Refusal as refusal:
            await self._refuse(refusal, id_of(value))
            return
        if isinstance(messages, Message) and self._cancelled(messages):
            return
        await turns.acquire()
        task = self._tasks.create_task(self._handle(messages, turns))
        if isinstance(messages, Message) and messages.id is not None:
            self.running[messages.id] = task
        # A task that is cancelled before it began would neither account its call nor give its turn back.
        await asyncio.sleep(0)

    def _understood(self, value: Json) -> Message | list[Message]:
        """Raises InvalidRequest."""
        if isinstance(value, list):
            if self.revision.name != "2025-03-26" or self.modern is not False:
                raise InvalidRequest("a frame must be a single JSON-RPC request or notification: no batches here")
            return batch(value)
        message = read(value)
        if self.modern is None and message.id is not None:
            self.modern = is_modern(value) or message.method == "server/discover"
            self.revision = MODERN if self.modern else LATEST_LEGACY
        if message.id in self.running:
            raise InvalidRequest("a request with this id is still being answered")
        return message

    def _answered(self, value: Json) -> bool:
        """Whether it is the answer to a question of ours; late and unknown ones are dropped."""
        if not isinstance(value, dict) or "method" in value or not ("result" in value or "error" in value):
            return False
        waiting = self.asked.get(str(value.get("id")))
        if waiting is not None and not waiting.done():
            waiting.set_result(value)
        return True

    def _cancelled(self, message: Message) -> bool:
        if message.id is not None or message.method != "notifications/cancelled":
            return False
        identity = id_of({"id": message.params.get("requestId")})
        task = self.running.get(identity) if identity is not None else None
        if task is not None:
            task.cancel()
        return True

    async def _handle(self, messages: Message | list[Message], turns: asyncio.Semaphore) -> None:
        try:
            if isinstance(messages, Message):
                body = await self._one(messages)
            else:
                bodies = [body for message in messages if (body := await self._one(message))]
                body = b"[" + b",".join(bodies) + b"]" if bodies else b""
            if body:
                await self.write(body + b"\n")
        finally:
            turns.release()
            if isinstance(messages, Message) and messages.id is not None:
                self.running.pop(messages.id, None)

    async def _one(self, message: Message) -> bytes:
        """The answer, empty for a notification. A cancelled request is accounted and has none."""
        rt = self.holder.current
        name, _ = looked_up(message, modern=self.revision.modern)
        call = new_call(self._sender, name)
        call.session = self.session
        reply = gone(call)
        try:
            reply = await self._dispatched(message, call)
            if reply.standing is not None and message.id is not None:
                return await self._stay(reply.standing, message.id)
            return reply.body
        finally:
            await finish(rt, call, reply.outcome, sent=len(reply.body), gone=reply.status == 499)

    async def _stay(self, standing: Standing, identity: bytes) -> bytes:
        """A stream's end, which is its answer."""
        try:
            meta = await standing.run(self.holder)
        except OSError:
            raise
        except Exception:  # noqa: BLE001 - one stream must not end the conversation
            _log.exception("a stream broke off")
            return error(identity, Internal("internal error; the operator's log has it"))
        door = self.holder.current.mcp
        return closed(identity, meta, door.name, door.version)

    async def _dispatched(self, message: Message, call: Call) -> Reply:
        rt = self.holder.current
        return await dispatch(
            Exchange(
                rt=rt,
                toolset=rt.toolsets[self.toolset],
                revision=self.revision,
                message=message,
                call=call,
                line=Pipe(self),
                fields=None,
                session=self.session,
                open_session=self._opened,
                subscribe=self._subscribed,
            )
        )

    async def _opened(self, exchange: Exchange, version: str) -> Headers:
        self.revision = REVISIONS[version]
        principal = exchange.call.principal
        assert principal is not None
        capabilities = exchange.message.params.get("capabilities")
        self.session = Session("stdio", owner(principal), self.toolset, version, capabilities)
        if self.told is None:
            self.told = Told(Watched(exchange.call, self.toolset), exchange.toolset.digests)
            self._tasks.create_task(self._tell(self.told))
        return ()

    async def _subscribed(self, uri: str, wanted: bool) -> None:  # noqa: FBT001 - as `Subscribe` has it
        if self.told is not None:
            self.told.want(uri, wanted=wanted)

    async def _tell(self, told: "Told") -> None:
        with self.holder.current.changes.listening(self.toolset) as ear:
            told.ear = ear
            ear.catch_up(told.digests, self.holder.current.toolsets[self.toolset].digests)
            async for one in news(self.holder, ear, _KINDS, told.watched):
                if one is not None:
                    await self.write(notification(*one) + b"\n")

    async def _refuse(self, refusal: Refusal, identity: bytes | None) -> None:
        rt = self.holder.current
        body = error(identity, refusal, modern=self.revision.modern)
        await self.write(body + b"\n")
        await finish(rt, new_call(self._sender, ""), refused(refusal), sent=len(body))

    async def ask(self, question: Question) -> Json:
        """Raises CannotAsk."""
        self.questions += 1
        identity = f"ask-{self.questions}"
        params = question_params(question, mode=self.revision.name >= "2025-11-25")
        request = {"jsonrpc": "2.0", "id": identity, "method": "elicitation/create", "params": params}
        waiting = self.asked[identity] = asyncio.get_running_loop().create_future()
        try:
            with self.holder.current.changes.waiting(waiting):
                await self.write(orjson.dumps(request) + b"\n")
                async with asyncio.timeout(PATIENCE):
                    answer = await waiting
        except TimeoutError:
            cancelled = {"requestId": identity, "reason": "nobody answered in time"}
            await self.write(notification("notifications/cancelled", cancelled) + b"\n")
            raise CannotAsk("nobody answered in time") from None
        finally:
            del self.asked[identity]
        if not isinstance(answer.get("result"), dict):
            raise CannotAsk("the client could not put the question to anybody")
        return answer["result"]


@dataclass(frozen=True, slots=True)
class Pipe:
    """The `Line` of every message: there is but one way to the client."""

    conversation: Conversation
    streams: bool = True

    @property
    def asks(self) -> bool:
        return self.conversation.modern is False

    def there(self) -> AbstractAsyncContextManager[object]:
        return nullcontext()

    async def notify(self, message: bytes) -> None:
        await self.conversation.write(message + b"\n")

    async def alive(self) -> None:
        """A pipe that is open shows it."""

    async def ask(self, question: Question) -> Json:
        return await self.conversation.ask(question)
