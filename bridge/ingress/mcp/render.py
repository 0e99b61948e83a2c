"""Results and errors as JSON-RPC bytes. What is JSON already is spliced in, never decoded again.

Large answers are copied once, by the join at the end, so everything before it passes on pieces: the members of a
result object without its braces, commas included.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import TypeAlias

import orjson

from bridge.ingress.mcp.blocks import block_pieces
from bridge.ingress.mcp.eras import Revision, Structured
from bridge.ingress.mcp.modern import SERVER_KEY
from bridge.model import Refusal, Result, Text

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


def asked(identity: bytes, members: Pieces, name: str, version: str) -> bytes:
    """An InputRequiredResult, which only 2026-07-28 has."""
    return b"".join((b'{"jsonrpc":"2.0","id":', identity, b',"result":{', *members, _asking_closing(name, version)))


@lru_cache(maxsize=64)
def _asking_closing(name: str, version: str) -> bytes:
    return _modern_closing(name, version).replace(b'"complete"', b'"input_required"', 1)


def closed(identity: bytes, meta: bytes, name: str, version: str) -> bytes:
    """The result that ends a stream: `meta` is the JSON object of what it says beside the server's name."""
    server = b',"%s":%s}}}' % (SERVER_KEY.encode(), server_info(name, version))
    return b'{"jsonrpc":"2.0","id":%s,"result":{"resultType":"complete","_meta":%s' % (identity, meta[:-1]) + server


LEGACY_CODES: Mapping[str, int] = {"resource_not_found": -32002}
"""2026-07-28 has no code of its own for it any more: it "MUST NOT" be -32002 there."""


def error(identity: bytes | None, refusal: Refusal, *, modern: bool = True) -> bytes:
    """An id that could not be read is left out: MCP's schemas know no null."""
    echoed = b'"id":%s,' % identity if identity is not None else b""
    data = b',"data":' + orjson.dumps(dict(refusal.detail)) if refusal.detail else b""
    message = orjson.dumps(refusal.message)
    code = refusal.rpc if modern else LEGACY_CODES.get(refusal.code, refusal.rpc)
    return b'{"jsonrpc":"2.0",%s"error":{"code":%d,"message":%s%s}}' % (echoed, code, message, data)


def advice(refusal: Refusal) -> Result:
    """A refusal that the model should read and act on: "input validation errors" are tool errors, so are limits."""
    return Result((Text(refusal.message),), error=True)


def tool_members(outcome: Result, revision: Revision) -> list[bytes]:
    """CallToolResult, as far as the revision knows its members."""
    pieces = [b'"content":[']
    for at, block in enumerate(outcome.blocks):
        pieces += (b",", *block_pieces(block, at, revision)) if at else block_pieces(block, at, revision)
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
