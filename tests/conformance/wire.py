"""A client of the agents' endpoint that sees every byte: HTTP, server-sent events, both eras.

Every message that it reads is held against its revision's schema.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httpx
import orjson

from bridge.model import Json
from tests.kit.agent import BOTH, MODERN
from tests.kit.transcript import Transcript

META = "io.modelcontextprotocol/"
NAMED = {"tools/call": "name", "prompts/get": "name", "resources/read": "uri"}
PATIENCE = 10.0


@dataclass(frozen=True, slots=True)
class Event:
    """One server-sent event; a comment has nothing but `comment`."""

    fields: Mapping[str, str]

    @property
    def message(self) -> Json:
        return orjson.loads(self.fields["data"])


@dataclass(frozen=True, slots=True)
class Wire:
    """`headers` go with every request: a session's id, for one."""

    url: str
    http: httpx.AsyncClient
    revision: str = MODERN
    capabilities: Json = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)

    async def ask(
        self, method: str, params: Json = None, *, id: Json = 1, meta: Json = None, **headers: str
    ) -> httpx.Response:
        """The answer, read whole, to a well-formed request."""
        content, own = self.request(method, params, id=id, meta=meta)
        answer = await self.http.post(self.url, content=content, headers={**own, **_names(headers)})
        transcript = Transcript(self.revision)
        transcript.sent(content)
        transcript.answered(answer.headers.get("content-type", ""), answer.content)
        return answer

    async def result(self, method: str, params: Json = None, *, id: Json = 1, meta: Json = None) -> Json:
        """Its result. Raises AssertionError where there is none."""
        answer = await self.ask(method, params, id=id, meta=meta)
        assert answer.status_code == 200, answer.text
        assert "result" in answer.json(), answer.text
        return answer.json()["result"]

    async def error(self, method: str, params: Json = None, **headers: str) -> tuple[int, int, Json]:
        """HTTP status, code and data. Raises AssertionError where there is no error."""
        answer = await self.ask(method, params, **headers)
        assert "error" in answer.json(), answer.text
        error = answer.json()["error"]
        return answer.status_code, error["code"], error.get("data")

    @asynccontextmanager
    async def stream(
        self, method: str, params: Json = None, *, id: Json = 1, meta: Json = None
    ) -> AsyncIterator[tuple[httpx.Response, AsyncIterator[Event]]]:
        """The answer's head, and its events as they come."""
        content, own = self.request(method, params, id=id, meta=meta)
        async with self.http.stream("POST", self.url, content=content, headers=own) as answer:
            assert answer.headers["content-type"].startswith("text/event-stream"), (await answer.aread()).decode()
            transcript = Transcript(self.revision)
            transcript.sent(content)
            yield answer, events(answer, transcript)

    async def events(self, method: str, params: Json = None, *, id: Json = 1, meta: Json = None) -> list[Event]:
        """All of a stream that ends."""
        async with self.stream(method, params, id=id, meta=meta) as (_, coming):
            return [event async for event in coming]

    def request(self, method: str, params: Json, *, id: Json, meta: Json) -> tuple[bytes, dict[str, str]]:
        params = dict(params or {})
        headers = {"content-type": "application/json", "accept": BOTH, **self.headers}
        if self.revision == MODERN:
            own = {f"{META}protocolVersion": MODERN, f"{META}clientCapabilities": self.capabilities}
            params["_meta"] = {**own, **(meta or {})}
            headers["mcp-method"] = method
            if method in NAMED and NAMED[method] in params:
                headers["mcp-name"] = params[NAMED[method]]
        elif meta:
            params["_meta"] = meta
        if method != "initialize":
            headers["mcp-protocol-version"] = self.revision
        message = {"jsonrpc": "2.0", "method": method, "params": params} | ({} if id is None else {"id": id})
        return orjson.dumps(message), headers


def _names(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}


async def events(answer: httpx.Response, transcript: Transcript) -> AsyncIterator[Event]:
    """WHATWG's rules, as far as a server that means well uses them. Each message is held against the schema."""
    fields: dict[str, str] = {}
    async for line in answer.aiter_lines():
        if line:
            name, _, value = line.partition(":")
            fields[name or "comment"] = value.removeprefix(" ")
        elif fields:
            if fields.get("data"):
                transcript.heard(orjson.loads(fields["data"]))
            yield Event(fields)
            fields = {}


async def open_calls(client: Wire, wanted: int) -> int:
    """How many calls of `test_endless` are under way: `wanted`, or what there is after a second."""
    found = -1
    for _ in range(20):
        (content,) = (await client.result("tools/call", {"name": "test_endless_open"}))["content"]
        found = int(orjson.loads(content["text"])["open"])
        if found == wanted:
            break
        await asyncio.sleep(0.05)
    return found
