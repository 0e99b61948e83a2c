"""The whole gateway without sockets: a compiled runtime, the traffic application, an upstream that answers at once."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, replace

import orjson

from bridge.app import start_runtime
from bridge.config import Settings
from bridge.egress.upstream import Response
from bridge.ingress.asgi import Message, Scope
from bridge.ingress.body import DEPARTURE
from bridge.ingress.traffic import Traffic
from bridge.model import Headers, Json, Target, Wire
from bridge.pipeline.runtime import Holder, Runtime
from tests.bench.timing import AsyncCall
from tests.kit.agent import Agent, scope

SMALL = orjson.dumps({"id": 4711, "status": "open", "total": {"amount": 12.5, "currency": "EUR"}, "note": "n" * 227})
"""305 bytes of JSON."""
LARGE = orjson.dumps([{"id": number, "status": "open", "note": "left at the door"} for number in range(384)])
"""20 KB of JSON."""
NO_HEADERS: Mapping[str, str] = {}
JSON: Headers = ((b"content-type", b"application/json"), (b"content-length", b"%d" % len(SMALL)))


@dataclass(frozen=True, slots=True)
class Instant:
    """Implements `Upstream`: 200 with the same body every time, without waiting for anything."""

    headers: Headers = JSON
    chunks: tuple[bytes, ...] = (SMALL,)

    async def send(self, wire: Wire, target: Target, deadline: float) -> Response:
        return Response(200, self.headers, _each(self.chunks), _nothing)

    async def aclose(self) -> None:
        """There is nothing to close."""


async def _each(chunks: tuple[bytes, ...]) -> AsyncIterator[bytes]:
    for chunk in chunks:
        yield chunk


async def _nothing() -> None:
    """The response holds nothing."""


def request(fields: Mapping[str, str], method: str = "POST") -> Scope:
    """As our own server makes it, which tells by itself when a client leaves. These stay."""
    return {**scope(list(fields.items()), method), DEPARTURE: _stays}


def _stays(left: Callable[[], None] | None) -> None:
    """The `Tell` of a client that never leaves."""


class Exchange:
    """One request and its answer over ASGI. The client stays: its departure is awaited for ever."""

    __slots__ = ("_asked", "_body", "sent")

    def __init__(self, body: bytes) -> None:
        self._body = body
        self._asked = False
        self.sent: list[Message] = []

    async def receive(self) -> Message:
        if not self._asked:
            self._asked = True
            return {"type": "http.request", "body": self._body, "more_body": False}
        await asyncio.get_running_loop().create_future()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        self.sent.append(message)

    @property
    def answer(self) -> bytes:
        return b"".join(message.get("body", b"") for message in self.sent)


@dataclass(frozen=True, slots=True)
class InProcess:
    """Metrics are on, as they are when it serves; the lines of the call log have no handler to go to."""

    runtime: Runtime
    traffic: Traffic

    @classmethod
    def of(cls, settings: Settings) -> "InProcess":
        return cls.over(replace(start_runtime(settings).runtime, upstream=Instant()))

    @classmethod
    def over(cls, runtime: Runtime) -> "InProcess":
        return cls(runtime, Traffic(Holder(runtime)))

    def agent(self, revision: str, method: str, params: Json = None, more: Mapping[str, str] = NO_HEADERS) -> AsyncCall:
        """One POST to `/mcp`, with these headers as well. Raises SystemExit when its answer is no result."""
        agent = Agent(self.runtime, revision)
        message = agent.message(method, params)
        fields = agent.mirrored(message) | {"host": "localhost", **more}  # the agents' door checks the name
        return self._exchanged(request(fields), orjson.dumps(message), b'"result":')

    def person(self, path: str, query: str = "", more: Mapping[str, str] = NO_HEADERS) -> AsyncCall:
        asked = request({"host": "localhost", "accept": "*/*", "user-agent": "bench/1", **more}, "GET")
        asked.update(path=path, raw_path=path.encode(), query_string=query.encode())
        return self._exchanged(asked, b"", SMALL)

    def _exchanged(self, asked: Scope, body: bytes, expected: bytes) -> AsyncCall:
        async def call() -> None:
            exchange = Exchange(body)
            await self.traffic(asked, exchange.receive, exchange.send)

        async def tried() -> None:
            exchange = Exchange(body)
            await self.traffic(asked, exchange.receive, exchange.send)
            if exchange.sent[0]["status"] != 200 or expected not in exchange.answer:
                raise SystemExit(f"{asked['path']} answered {exchange.sent[0]['status']}: {exchange.answer[:500]!r}")

        asyncio.run(tried())
        return call
