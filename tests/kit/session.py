"""A legacy client with a session, in process: it sees every byte that the traffic application sends, and holds each
message against its revision's schema."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from itertools import count
from typing import TypeAlias

import orjson

from bridge.ingress.asgi import Message, Scope
from bridge.ingress.traffic import Traffic
from bridge.model import Json
from bridge.pipeline.runtime import Holder
from tests.kit import mcp_schema
from tests.kit.agent import BOTH, Answer
from tests.kit.transcript import Transcript

ELICITS: Json = {"elicitation": {}}
Headers: TypeAlias = Mapping[str, str | None]


@dataclass(frozen=True, slots=True)
class Event:
    id: str
    name: str
    data: str
    retry: str = ""

    @property
    def json(self) -> Json:
        return orjson.loads(self.data)


def parsed(body: bytes) -> list[Event]:
    """Complete events of an event stream; comments are none."""
    found: list[Event] = []
    for block in body.decode().split("\n\n")[:-1]:
        lines = [line.partition(":") for line in block.split("\n") if line and not line.startswith(":")]
        fields = {name: value.removeprefix(" ") for name, _, value in lines}
        if fields:
            found.append(
                Event(fields.get("id", ""), fields.get("event", ""), fields.get("data", ""), fields.get("retry", ""))
            )
    return found


@dataclass(slots=True)
class Exchange:
    """One request under way. Setting `leave` is the client closing its connection."""

    body: bytes = b""
    leave: asyncio.Event = field(default_factory=asyncio.Event)
    sent: list[Message] = field(default_factory=list)
    grew: asyncio.Event = field(default_factory=asyncio.Event)
    asked: bool = False
    read: int = 0

    async def receive(self) -> Message:
        if not self.asked:
            self.asked = True
            return {"type": "http.request", "body": self.body, "more_body": False}
        await self.leave.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        if not self.leave.is_set():
            self.sent.append(message)
            self.grew.set()

    @property
    def answer(self) -> Answer:
        if not self.sent:
            return Answer(0, {}, b"")
        start, *pieces = self.sent
        headers = {name.decode(): value.decode() for name, value in start["headers"]}
        return Answer(start["status"], headers, b"".join(piece.get("body", b"") for piece in pieces))

    @property
    def events(self) -> list[Event]:
        return parsed(self.answer.body)

    async def next(self) -> Event:
        """The next event of the stream."""
        while len(self.events) <= self.read:
            self.grew.clear()
            await self.grew.wait()
        self.read += 1
        return self.events[self.read - 1]

    async def ended(self) -> Answer:
        """The whole answer."""
        while not self.sent or self.sent[-1].get("more_body", True):
            self.grew.clear()
            await self.grew.wait()
        return self.answer

    async def began(self) -> Answer:
        """The head of the answer."""
        while not self.sent:
            self.grew.clear()
            await self.grew.wait()
        return self.answer


def scope(method: str, path: str, headers: Headers, query: str = "", peer: str = "192.0.2.7") -> Scope:
    return {
        "type": "http",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "http_version": "1.1",
        "headers": [(name.encode(), value.encode()) for name, value in headers.items() if value is not None],
        "client": (peer, 4711),
    }


@dataclass(slots=True)
class Client:
    """Speaks to one replica; `at` gives the same client at another one."""

    holder: Holder
    revision: str = "2025-11-25"
    session: str | None = None
    path: str = "/mcp"
    peer: str = "192.0.2.7"
    ids: "count[int]" = field(default_factory=lambda: count(1))
    methods: dict[str, list[str]] = field(default_factory=dict)
    """Of everything that was asked, which a stream may answer long after."""

    def at(self, holder: Holder) -> "Client":
        return replace(self, holder=holder)

    async def begin(self, capabilities: Json = None) -> "Client":
        """Initializes; the session's id goes along from then on."""
        params = {
            "protocolVersion": self.revision,
            "capabilities": capabilities or {},
            "clientInfo": {"name": "c", "version": "1"},
        }
        answer = await self.ask("initialize", params)
        assert answer.result["protocolVersion"] == self.revision
        self.session = answer.headers["mcp-session-id"]
        assert (await self.tell("notifications/initialized")).status == 202
        return self

    def headers(self, **changed: str | None) -> dict[str, str | None]:
        given = {name.replace("_", "-"): value for name, value in changed.items()}
        own: dict[str, str | None] = {"host": "gw.test", "content-type": "application/json", "accept": BOTH}
        if self.session is not None:
            own |= {"mcp-session-id": self.session, "mcp-protocol-version": self.revision}
        return {**own, **given}

    async def ask(self, method: str, params: Json = None, *, id: Json = None, **changed: str | None) -> Answer:
        """A request whose answer is JSON, held against the schema."""
        message = self.request(method, params, id=id)
        answer = await self.post(message, **changed)
        assert answer.body, answer
        return answer

    async def tell(self, method: str, params: Json = None, **changed: str | None) -> Answer:
        return await self.post({"jsonrpc": "2.0", "method": method, "params": params or {}}, **changed)

    def request(self, method: str, params: Json = None, *, id: Json = None) -> Json:
        identity = next(self.ids) if id is None else id
        return {"jsonrpc": "2.0", "id": identity, "method": method, "params": params or {}}

    async def post(self, message: Json, **changed: str | None) -> Answer:
        exchange = Exchange(orjson.dumps(message))
        await self._serve("POST", exchange, changed)
        return exchange.answer

    async def delete(self, **changed: str | None) -> Answer:
        exchange = Exchange()
        await self._serve("DELETE", exchange, changed)
        return exchange.answer

    async def get(self, last: str | None = None, **changed: str | None) -> Answer:
        """A GET that is refused, or ends by itself."""
        exchange = Exchange()
        await self._serve("GET", exchange, {"last_event_id": last, **changed})
        return exchange.answer

    @asynccontextmanager
    async def posting(self, message: Json, **changed: str | None) -> AsyncIterator[Exchange]:
        """A POST under way; the client leaves at the end of the block, and the exchange ends."""
        async with self._under_way("POST", Exchange(orjson.dumps(message)), changed) as exchange:
            yield exchange

    @asynccontextmanager
    async def listening(self, last: str | None = None, **changed: str | None) -> AsyncIterator[Exchange]:
        """A GET under way. Its head is there when the block begins."""
        async with self._under_way("GET", Exchange(), {"last_event_id": last, **changed}) as exchange:
            answer = await exchange.began()
            assert answer.status == 200, answer
            assert answer.headers["content-type"] == "text/event-stream"
            yield exchange

    @asynccontextmanager
    async def _under_way(self, method: str, exchange: Exchange, changed: Headers) -> AsyncIterator[Exchange]:
        serving = asyncio.create_task(self._serve(method, exchange, changed))
        try:
            async with asyncio.timeout(5):
                yield exchange
        finally:
            exchange.leave.set()
            done, _ = await asyncio.wait([serving], timeout=5)
            serving.cancel()
            assert done, "the exchange did not end"
            serving.result()

    async def _serve(self, method: str, exchange: Exchange, changed: Headers) -> None:
        made = scope(method, self.path, self.headers(**changed), peer=self.peer)
        transcript = Transcript(self.revision, self.methods)
        transcript.sent(exchange.body)
        try:
            async with asyncio.timeout(10):
                await Traffic(self.holder)(made, exchange.receive, exchange.send)
        finally:
            transcript.answered(exchange.answer.headers.get("content-type", ""), exchange.answer.body)

    def check(self, event: Event, method: str = "") -> Json:
        """What an event holds, after the schema was asked: a response to `method`, or what a server says by itself."""
        mcp_schema.check(event.json, self.revision, method)
        return event.json
