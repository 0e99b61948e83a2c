"""The protocol's own Python client over HTTP, with everything that the gateway answered it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httpx2
import orjson
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

from bridge.model import Json
from tests.kit.transcript import Transcript

VERSION = "mcp-protocol-version"
MODES = {"auto": "2026-07-28", "legacy": "2025-11-25"}
"""The client's modes, and the revision that each agrees on with us."""


class Copied(httpx2.AsyncByteStream):
    """A body on its way to the client, and a copy of what came so far."""

    def __init__(self, stream: httpx2.AsyncByteStream) -> None:
        self._stream = stream
        self.copy = b""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for chunk in self._stream:
            self.copy += chunk
            yield chunk

    async def aclose(self) -> None:
        await self._stream.aclose()


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request with its answer. `method` is JSON-RPC's, empty for a stream that was asked for with GET."""

    method: str
    asked: bytes
    version: str | None
    """What the request's header says."""
    status: int
    media_type: str
    body: Copied

    @property
    def answer(self) -> Json:
        return orjson.loads(self.body.copy)

    def check(self, revision: str) -> None:
        """Raises AssertionError unless it is `revision` that is spoken, in every message."""
        if self.method != "initialize":
            assert self.version == revision
        transcript = Transcript(revision)
        transcript.sent(self.asked)
        transcript.answered(self.media_type, self.body.copy)
        assert transcript.revision == revision


@dataclass(slots=True)
class Connected:
    """`exchanges` grows with every request."""

    client: Client
    url: str
    exchanges: list[Exchange] = field(default_factory=list)

    async def call(self, tool: str, **arguments: Json) -> "Answered":
        result = await self.client.call_tool(tool, arguments)
        return Answered(result.model_dump(mode="json", by_alias=True, exclude_none=True))

    async def record(self, response: httpx2.Response) -> None:
        asked = response.request
        if str(asked.url) != self.url:
            return  # where it authorises itself
        body = orjson.loads(asked.content) if asked.method == "POST" else {}
        assert isinstance(response.stream, httpx2.AsyncByteStream)
        response.stream = copied = Copied(response.stream)
        media = response.headers.get("content-type", "")
        made = Exchange(
            body.get("method", ""), asked.content, asked.headers.get(VERSION), response.status_code, media, copied
        )
        self.exchanges.append(made)


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
async def connected(url: str, mode: str, auth: httpx2.Auth | None = None) -> AsyncIterator[Connected]:
    """On leaving, every message of every answer is held against the schema of the revision it was given in.

    A request that was refused for its credential got no answer of the protocol.
    """
    http = httpx2.AsyncClient(timeout=10, trust_env=False, auth=auth)
    async with http:
        made = Connected(Client(streamable_http_client(url, http_client=http), mode=mode), url)
        http.event_hooks["response"].append(made.record)
        async with made.client:
            yield made
    for one in made.exchanges:
        if one.status not in {401, 403}:
            one.check(MODES[mode])
