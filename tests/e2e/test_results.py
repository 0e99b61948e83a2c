"""What the protocol's own client makes of answers that are no plain JSON: blocks, broken promises, streams.

The client holds structured content against the tool's output schema and raises where they disagree.
"""

from base64 import b64decode
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import httpx2
import orjson
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from mcp.types import BlobResourceContents, CallToolResult

from bridge.egress.decode.promised import BROKEN_KEY
from bridge.model import Json
from tests.kit.client import MODES
from tests.kit.command import ANYWHERE, gateway
from tests.kit.documents import paths
from tests.kit.origin import Line, playing

BLOCKS: Json = [
    {"type": "text", "text": "hello", "_meta": {"example.com/a": 1}},
    {"type": "resource_link", "uri": "test://x", "name": "x"},
]
STEPS = tuple(b'{"progress":%d,"total":100}\n' % progress for progress in (0, 50, 100))
FILE = bytes(range(256)) * 8192
ANSWERS: Mapping[bytes, tuple[bytes, tuple[bytes, ...]]] = {
    b"/blocks": (b"application/vnd.mcp.content+json", (orjson.dumps(BLOCKS),)),
    b"/broken": (b"application/json", (b'{"id": "five"}',)),
    b"/file": (b"application/zip\r\nContent-Disposition: attachment; filename=all.zip", (FILE,)),
    b"/work": (b"application/x-ndjson", (*STEPS, b'{"done":true}\n')),
}
THING: Json = {"type": "object", "required": ["id"], "properties": {"id": {"type": "integer"}}}
KINDS: Mapping[str, Json] = {
    "blocks": {"application/vnd.mcp.content+json": {}},
    "broken": {"application/json": {"schema": THING}},
    "file": {"application/zip": {}},
    "work": {"application/x-ndjson": {}},
}


async def upstream(line: Line) -> None:
    while True:
        media_type, pieces = ANSWERS[(await line.take()).line.split(b" ")[1]]
        await line.say(b"HTTP/1.1 200 OK\r\nContent-Type: %s\r\nTransfer-Encoding: chunked\r\n\r\n" % media_type)
        for piece in pieces:
            await line.say(b"%x\r\n%s\r\n" % (len(piece), piece))
        await line.say(b"0\r\n\r\n")


def document(url: str) -> Json:
    described = {
        f"GET /{name}": {"operationId": name, "responses": {"200": {"description": "", "content": content}}}
        for name, content in KINDS.items()
    }
    return paths(described, servers=[{"url": url}])


@asynccontextmanager
async def agents(home: Path) -> AsyncIterator[list[Client]]:
    """The client in each of its modes, before one gateway."""
    async with playing(upstream) as origin, AsyncExitStack() as stack:
        (home / "kinds.json").write_bytes(orjson.dumps(document(origin.url)))
        running = await stack.enter_async_context(gateway("kinds.json", *ANYWHERE, home=home))
        http = await stack.enter_async_context(httpx2.AsyncClient(timeout=10, trust_env=False))
        made = [Client(streamable_http_client(running.mcp, http_client=http), mode=mode) for mode in MODES]
        yield [await stack.enter_async_context(client) for client in made]


def content(result: CallToolResult) -> list[Json]:
    return [block.model_dump(mode="json", by_alias=True, exclude_none=True) for block in result.content]


class Hearing:
    def __init__(self) -> None:
        self.told: list[tuple[float, float | None]] = []

    async def __call__(self, progress: float, total: float | None, message: str | None) -> None:
        self.told.append((progress, total))


async def test_blocks_arrive_as_the_upstream_wrote_them(tmp_path: Path) -> None:
    async with agents(tmp_path) as clients:
        for client in clients:
            assert content(await client.call_tool("blocks", {})) == BLOCKS


async def test_a_file_too_large_for_an_answer_is_a_link_that_can_be_read(tmp_path: Path) -> None:
    async with agents(tmp_path) as clients:
        for client in clients:
            (link,) = content(await client.call_tool("file", {}))
            assert (link["type"], link["name"], link["size"]) == ("resource_link", "all.zip", len(FILE))
            (read,) = (await client.read_resource(link["uri"])).contents
            assert isinstance(read, BlobResourceContents)
            assert b64decode(read.blob) == FILE


async def test_a_broken_promise_is_delivered_and_marked(tmp_path: Path) -> None:
    async with agents(tmp_path) as clients:
        for client in clients:
            await client.list_tools()
            answer, note = content(result := await client.call_tool("broken", {}))
            assert (answer["text"], result.structured_content, result.is_error) == ('{"id": "five"}', {}, False)
            assert note["_meta"] == {BROKEN_KEY: True}


async def test_an_upstreams_steps_are_progress_and_its_last_line_the_answer(tmp_path: Path) -> None:
    async with agents(tmp_path) as clients:
        for client in clients:
            hearing = Hearing()
            result = await client.call_tool("work", {}, progress_callback=hearing)
            assert hearing.told == [(0, 100), (50, 100), (100, 100)]
            assert result.structured_content == {"done": True}
