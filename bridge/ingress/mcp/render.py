"""Results and errors as JSON-RPC bytes. What is JSON already is spliced in, never decoded again.

Large answers are copied once, by the join at the end, so everything before it passes on pieces: the members of a
result object without its braces, commas included.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import TypeAlias

import orjson

from bridge.ingress.mcp.eras import Revision, Structured
from bridge.ingress.mcp.modern import SERVER_KEY
from bridge.model import Block, Media, Refusal, Result, Text

Pieces: TypeAlias = Sequence[bytes]


def result(identity: bytes, members: Pieces, revision: Revision, name: str, version: str) -> bytes:
    closing = _modern_closing(name, version) if revision.modern else b"}}"
    return b"".join((b'{"jsonrpc":"2.0","id":', identity, b',"result":{', *members, closing))


@lru_cache(maxsize=64)
def _modern_closing(name: str, version: str) -> bytes:
    """What 2026-07-28 adds to every complete result, and the end of the envelope."""
    return b',"resultType":"complete","_meta":{"%s":%s}}}' % (SERVER_KEY.encode(), server_info(name, version))


def server_info(name: str, version: str) -> bytes:
    return orjson.dumps({"name": name, "version": version})


def error(identity: bytes | None, refusal: Refusal) -> bytes:
    """An id that could not be read is left out: MCP's schemas know no null."""
    echoed = b'"id":%s,' % identity if identity is not None else b""
    data = b',"data":' + orjson.dumps(dict(refusal.detail)) if refusal.detail else b""
    message = orjson.dumps(refusal.message)
    return b'{"jsonrpc":"2.0",%s"error":{"code":%d,"message":%s%s}}' % (echoed, refusal.rpc, message, data)


def advice(refusal: Refusal) -> Result:
    """A refusal that the model should read and act on: "input validation errors" are tool errors, so are limits."""
    return Result((Text(refusal.message),), error=True)


def tool_members(outcome: Result, revision: Revision) -> list[bytes]:
    """CallToolResult, as far as the revision knows its members."""
    pieces = [b'"content":[']
    for at, block in enumerate(outcome.blocks):
        pieces += (b",", *_block(block, at)) if at else _block(block, at)
    pieces.append(b"]")
    if outcome.structured is not None and _may_carry(revision, outcome.structured):
        pieces += (b',"structuredContent":', outcome.structured)
    if outcome.error:
        pieces.append(b',"isError":true')
    return pieces


def _may_carry(revision: Revision, structured: bytes) -> bool:
    """2025-06-18 and 2025-11-25: "structuredContent?: { [key: string]: unknown }"; later any JSON value."""
    return revision.structured is Structured.ANY or (
        revision.structured is Structured.OBJECT and structured.lstrip()[:1] == b"{"
    )


def _block(block: Block, at: int) -> tuple[bytes, ...]:
    if isinstance(block, Text):
        return b'{"type":"text","text":', orjson.dumps(block.text), b"}"
    data, media_type = orjson.dumps(block.data), orjson.dumps(block.media_type)
    if block.kind in {"image", "audio"}:
        return b'{"type":"%s","mimeType":%s,"data":' % (block.kind.encode(), media_type), data, b"}"
    about = b'"uri":%s,"mimeType":%s' % (orjson.dumps(_uri(block, at)), media_type)
    return b'{"type":"resource","resource":{%s,"blob":' % about, data, b"}}"


def _uri(block: Media, at: int) -> str:
    """`uri` is required of an embedded resource; one without an address is told apart by its place in the answer."""
    return block.uri or f"about:blank#content-{at}"
