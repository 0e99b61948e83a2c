"""The protocol's own Python client over HTTP, with everything that the gateway answered it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httpx2
import orjson
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

from bridge.model import Json
from tests.kit import mcp_schema

VERSION = "mcp-protocol-version"
MODES = {"auto": "2026-07-28", "legacy": "2025-11-25"}
"""The client's modes, and the revision that each agrees on with us."""


@dataclass(frozen=True, slots=True)
class Exchange:
    method: str
    revision: str
    status: int
    answer: Json


@dataclass(slots=True)
class Connected:
    """`exchanges` grows with every answer to a JSON-RPC request."""

    client: Client
    exchanges: list[Exchange] = field(default_factory=list)

    async def call(self, tool: str, **arguments: Json) -> "Answered":
        result = await self.client.call_tool(tool, arguments)
        return Answered(result.model_dump(mode="json", by_alias=True, exclude_none=True))

    async def record(self, response: httpx2.Response) -> None:
        asked = response.request
        body = orjson.loads(asked.content) if asked.method == "POST" else {}
        if "id" not in body:
            return
        answer = orjson.loads(await response.aread())
        if body["method"] == "initialize":
            revision = str(answer["result"]["protocolVersion"])
        else:
            revision = str(asked.headers[VERSION])
        self.exchanges.append(Exchange(body["method"], revision, response.status_code, answer))


@dataclass(frozen=True, slots=True)
class Answered:
    """A CallToolResult as JSON."""

    raw: Json

    @property
    def failed(self) -> bool:
        return bool(self.raw.get("isError"))

    @property
    def structured(self) -> Json:
        return self.raw["structuredContent"]

    @property
    def text(self) -> str:
        return "\n".join(block["text"] for block in self.raw["content"] if block["type"] == "text")

    def block(self, kind: str) -> Json:
        """The only content block of this kind."""
        (found,) = [block for block in self.raw["content"] if block["type"] == kind]
        return found


@asynccontextmanager
async def connected(url: str, mode: str) -> AsyncIterator[Connected]:
    """On leaving, every answer is held against the schema of the revision it was given in."""
    http = httpx2.AsyncClient(timeout=10, trust_env=False)
    async with http:
        made = Connected(Client(streamable_http_client(url, http_client=http), mode=mode))
        http.event_hooks["response"].append(made.record)
        async with made.client:
            yield made
    for one in made.exchanges:
        assert one.revision == MODES[mode]
        mcp_schema.check(one.answer, one.revision, one.method)
