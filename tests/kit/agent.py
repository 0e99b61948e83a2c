"""An agent in process: posts bytes to the agents' door and reads the answer, holding it against the schema."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import orjson

from bridge.ingress.asgi import Message, Scope
from bridge.ingress.mcp.endpoint import serve
from bridge.model import Json
from bridge.pipeline.runtime import Holder, Runtime
from tests.kit.mcp_schema import LEGACY
from tests.kit.transcript import Transcript

MODERN = "2026-07-28"
META = {
    "io.modelcontextprotocol/protocolVersion": MODERN,
    "io.modelcontextprotocol/clientCapabilities": {},
}
BOTH = "application/json, text/event-stream"


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Json:
        return orjson.loads(self.body)

    @property
    def result(self) -> Json:
        return self.json["result"]

    @property
    def code(self) -> int:
        return int(self.json["error"]["code"])

    @property
    def message(self) -> str:
        return str(self.json["error"]["message"])


NONE = Answer(0, {}, b"")
"""The client left before anything was sent."""


@dataclass(slots=True)
class Connection:
    """One ASGI exchange. Setting `leave` is the client closing its connection."""

    body: bytes
    leave: asyncio.Event = field(default_factory=asyncio.Event)
    events: list[Message] = field(default_factory=list)
    asked: bool = False

    async def receive(self) -> Message:
        if not self.asked:
            self.asked = True
            return {"type": "http.request", "body": self.body, "more_body": False}
        await self.leave.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        self.events.append(message)

    def answer(self) -> Answer:
        if not self.events:
            return NONE
        start, *pieces = self.events
        headers = {name.decode(): value.decode() for name, value in start["headers"]}
        return Answer(start["status"], headers, b"".join(piece.get("body", b"") for piece in pieces))


def scope(headers: Sequence[tuple[str, str]], method: str = "POST") -> Scope:
    return {
        "type": "http",
        "method": method,
        "scheme": "http",
        "path": "/mcp",
        "raw_path": b"/mcp",
        "query_string": b"",
        "http_version": "1.1",
        "headers": [(name.lower().encode(), value.encode("latin-1")) for name, value in headers],
        "client": ("192.0.2.7", 4711),
    }


@dataclass(frozen=True, slots=True)
class Agent:
    """Speaks one revision. A header that a test gives replaces the agent's own; None leaves it out."""

    rt: Runtime
    revision: str = MODERN
    toolset: str = ""

    def speaking(self, revision: str) -> "Agent":
        return replace(self, revision=revision)

    async def ask(self, method: str, params: Json = None, *, id: Json = 1, **headers: str | None) -> Answer:
        """Posts a well-formed request, to which there must be an answer."""
        message = self.message(method, params, id=id)
        answer = await self.post(orjson.dumps(message), self.mirrored(message), **headers)
        assert answer.body, answer
        return answer

    async def notify(self, method: str, params: Json = None, **headers: str | None) -> Answer:
        message = self.message(method, params)
        del message["id"]
        return await self.post(orjson.dumps(message), self.mirrored(message), **headers)

    def message(self, method: str, params: Json = None, *, id: Json = 1) -> dict[str, Json]:
        params = dict(params or {})
        if self.revision == MODERN:
            params.setdefault("_meta", META)
        return {"jsonrpc": "2.0", "id": id, "method": method, "params": params}

    def mirrored(self, message: Json) -> dict[str, str]:
        """The headers that belong to a message."""
        headers = {"host": "gw.test", "content-type": "application/json", "accept": BOTH}
        if self.revision == MODERN or message["method"] != "initialize":
            headers["mcp-protocol-version"] = self.revision
        if self.revision == MODERN:
            headers["mcp-method"] = message["method"]
            if isinstance(message["params"].get("name"), str):
                headers["mcp-name"] = message["params"]["name"]
        return headers

    async def post(self, body: bytes, headers: dict[str, str] | None = None, **changed: str | None) -> Answer:
        connection = Connection(body)
        await self.serve(connection, headers, **changed)
        return connection.answer()

    async def serve(self, connection: Connection, headers: dict[str, str] | None = None, **changed: str | None) -> None:
        given = {**(headers or {}), **{name.replace("_", "-"): value for name, value in changed.items()}}
        pairs = [(name, value) for name, value in given.items() if value is not None]
        standing = await serve(self.rt, scope(pairs), connection.receive, connection.send, self.toolset)
        try:
            if standing is not None:
                await standing.run(Holder(self.rt))
        finally:
            self._check(connection, given.get("mcp-protocol-version"))

    def _check(self, connection: Connection, version: str | None) -> None:
        """Holds everything that was answered, whatever was asked, against the schema of the revision it is in."""
        answer = connection.answer()
        # Who names no revision, or none that is known, gets answers in words that all of them have.
        transcript = Transcript(version if version in LEGACY else "2025-03-26")
        transcript.sent(connection.body)
        transcript.answered(answer.headers.get("content-type", ""), answer.body)
