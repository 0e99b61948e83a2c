"""MCP content blocks that the upstream wrote itself (`application/vnd.mcp.content+json`): an array of them.

They go on as they are, with every member they have, once each is what MCP's ContentBlock says; one that is not would
cost the client the whole result. The bounds that hold for everything else hold for them.
"""

import re
from base64 import b64decode
from binascii import Error as NoBase64
from collections.abc import Callable, Mapping

import orjson

from bridge.egress.decode.answer import Answer, Limits
from bridge.egress.decode.promised import malformed
from bridge.egress.decode.text import clipped, text_of
from bridge.model import Block, Json, Result, Text, Verbatim

Shape = Mapping[str, Callable[[Json], bool]]


def read_blocks(answer: Answer) -> Result | None:
    """None where the body is no JSON at all. An array of anything else is JSON text, with a note; nothing is lost."""
    try:
        value = orjson.loads(answer.body.removeprefix(b"\xef\xbb\xbf"))
    except ValueError:
        return None
    blocks = _taken(value, answer.limits)
    if isinstance(blocks, str):
        text = Text(clipped(text_of(answer), answer.limits.text))
        return malformed(Result((text,), answer.promise.placeholder), blocks)
    if len(value) > len(blocks):
        blocks += (Text(f"[cut: {len(blocks)} of {len(value)} content blocks are shown]"),)
    return Result(blocks or (Text("[no content blocks]"),), answer.promise.placeholder)


def _taken(value: Json, limits: Limits) -> tuple[Block, ...] | str:
    """The first blocks of a list of them, or what is wrong with it."""
    if not isinstance(value, list):
        return "is no array"
    kept = value[: limits.blocks]
    wrong = next((f"at [{at}] {wrong}" for at, block in enumerate(kept) if (wrong := _wrong_block(block))), "")
    try:
        return wrong or tuple(_bounded(block, limits) for block in kept)
    except TypeError:  # orjson reads four times as many levels as it writes
        return "is nested more deeply than can be passed on"


# --- what MCP says of them --------------------------------------------------------------------------------------------


def _is_text(value: Json) -> bool:
    return isinstance(value, str)


def _is_object(value: Json) -> bool:
    return isinstance(value, dict)


def _is_base64(value: Json) -> bool:
    """RFC 4648 section 4, padded and without line breaks: what all clients read."""
    try:
        return isinstance(value, str) and b64decode(value, validate=True) is not None
    except (NoBase64, ValueError):
        return False


# RFC 3986 sections 2 and 3: clients parse addresses, and lose the whole result over one that is none.
_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*+:[!#-;=?-\[\]_a-z~]++").fullmatch


def _is_uri(value: Json) -> bool:
    return isinstance(value, str) and _ADDRESS(value) is not None


def _is_size(value: Json) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_priority(value: Json) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1


def _is_audience(value: Json) -> bool:
    return isinstance(value, list) and all(one in ("user", "assistant") for one in value)


def _are_icons(value: Json) -> bool:
    return isinstance(value, list) and all(isinstance(one, dict) and _is_uri(one.get("src")) for one in value)


_ANNOTATIONS: Shape = {"audience": _is_audience, "priority": _is_priority, "lastModified": _is_text}


def _are_annotations(value: Json) -> bool:
    return isinstance(value, dict) and not _amiss(value, {}, _ANNOTATIONS)


def _is_resource(value: Json) -> bool:
    """TextResourceContents or BlobResourceContents: one of the two members is enough, both must be right."""
    if not isinstance(value, dict) or not ("text" in value or "blob" in value):
        return False
    return not _amiss(value, {"uri": _is_uri}, _CONTENTS)


_EVERY: Shape = {"annotations": _are_annotations, "_meta": _is_object}
_CONTENTS: Shape = {"mimeType": _is_text, "text": _is_text, "blob": _is_base64, "_meta": _is_object}
_LINK: Shape = {
    "title": _is_text, "description": _is_text, "mimeType": _is_text, "size": _is_size, "icons": _are_icons,
}  # fmt: skip
# Each type's required members, and those that may be left out; others are kept, whatever they hold.
_TYPES: Mapping[str, tuple[Shape, Shape]] = {
    "text": ({"text": _is_text}, _EVERY),
    "image": ({"data": _is_base64, "mimeType": _is_text}, _EVERY),
    "audio": ({"data": _is_base64, "mimeType": _is_text}, _EVERY),
    "resource": ({"resource": _is_resource}, _EVERY),
    "resource_link": ({"uri": _is_uri, "name": _is_text}, {**_EVERY, **_LINK}),
}


def _wrong_block(block: Json) -> str:
    """For the block's author; empty if nothing is wrong."""
    kind = block.get("type") if isinstance(block, dict) else None
    if not isinstance(kind, str) or kind not in _TYPES:
        return f"has none of the types {', '.join(_TYPES)}"
    required, optional = _TYPES[kind]
    return _amiss(block, required, optional)


def _amiss(value: Mapping[str, Json], required: Shape, optional: Shape) -> str:
    for name, right in required.items():
        if name not in value:
            return f"lacks {name!r}"
        if not right(value[name]):
            return f"has a {name!r} that is not what MCP says"
    wrong = next((name for name, right in optional.items() if name in value and not right(value[name])), None)
    return f"has a {wrong!r} that is not what MCP says" if wrong is not None else ""


# --- how much of them an agent gets -----------------------------------------------------------------------------------


def _bounded(block: dict[str, Json], limits: Limits) -> Block:
    kind: str = block["type"]
    if kind == "resource":
        return _bounded_resource(block, limits)
    if kind == "text":
        block = {**block, "text": clipped(block["text"], limits.text)}
    elif kind in {"image", "audio"} and (size := _size(block["data"])) > limits.picture:
        return _too_large(block["mimeType"], size, limits.picture)
    return Verbatim(kind, orjson.dumps(block))


def _bounded_resource(block: dict[str, Json], limits: Limits) -> Block:
    resource: dict[str, Json] = block["resource"]
    if "blob" in resource and (size := _size(resource["blob"])) > limits.blob:
        return _too_large(f"{resource['uri']}, {resource.get('mimeType', 'bytes')}", size, limits.blob)
    if "text" in resource:
        resource = {**resource, "text": clipped(resource["text"], limits.text)}
    return Verbatim("resource", orjson.dumps({**block, "resource": resource}))


def _size(data: str) -> int:
    return len(data) // 4 * 3 - data[-2:].count("=")


def _too_large(what: str, size: int, limit: int) -> Text:
    return Text(f"[{what}, {size} bytes: too large to pass on in the answer, where at most {limit} bytes are]")
