"""Decoders of one operation, and what they make of an answer that is written in a line."""

import orjson

from bridge.egress.decode import Limits, compile_decoder
from bridge.model import Annotations, Decode, Json, Operation, Output, Result, Text, Tool, Verbatim

JSON = "application/json"
DEFAULTS = Limits()


def tool(output_schema: Json = None, *, wrapped: bool = False) -> Tool:
    hints = Annotations(read_only=True, destructive=False, idempotent=True)
    return Tool("t", "T", "d", {"type": "object"}, hints, "api", "op", output_schema=output_schema, wrapped=wrapped)


OBJECTS = tool({"type": "object"})
WRAPPED = tool({"type": "object"}, wrapped=True)
NUMBERED = tool({"type": "object", "properties": {"id": {"type": "integer"}}})


def decoder(
    offered: Tool | None = None, method: str = "GET", limits: Limits = DEFAULTS, promises: tuple[str, ...] = ()
) -> Decode:
    operation = Operation(id="get it", api="api", method=method, path="/x", output=Output(promises))
    return compile_decoder(operation, offered, limits)


def decoded(
    body: bytes,
    media_type: str | None = JSON,
    status: int = 200,
    *,
    offered: Tool | None = None,
    method: str = "GET",
    cut: bool = False,
    limits: Limits = DEFAULTS,
    promises: tuple[str, ...] = (),
    **headers: str,
) -> Result:
    fields = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    if media_type is not None:
        fields.append((b"content-type", media_type.encode()))
    return decoder(offered, method, limits, promises)(status, tuple(fields), body, cut)


def texts(result: Result) -> list[str]:
    """Of all blocks that are text, whoever wrote them."""
    written = [orjson.loads(block.json) if isinstance(block, Verbatim) else block for block in result.blocks]
    return [
        block.text if isinstance(block, Text) else block["text"]
        for block in written
        if isinstance(block, Text) or (isinstance(block, dict) and block["type"] == "text")
    ]
