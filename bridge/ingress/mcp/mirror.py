"""`Mcp-Param-*`: arguments that a tool's schema wants repeated as headers, so that proxies can route by them.

"Any server that processes the message body MUST validate that encoded header values [...] match the corresponding
values in the request body" (2026-07-28, Streamable HTTP, Server Behavior for Custom Headers).
"""

import base64
import binascii
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from weakref import WeakKeyDictionary

from bridge.ingress.mcp.headers import plain
from bridge.ingress.mcp.refusals import HeaderMismatch
from bridge.model import Endpoint, Json
from bridge.pipeline.listing import Toolset

_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_ENCODED = re.compile(r"=\?base64\?(.*)\?=")
_WHOLE = re.compile(r"(-?[0-9]{1,310})(?:\.0+)?")
_KINDS = frozenset({"string", "integer", "boolean"})


@dataclass(frozen=True, slots=True)
class Mirror:
    """`path` leads through nested arguments to the value that the header `name` (lower case) repeats."""

    name: bytes
    path: tuple[str, ...]
    kind: str


def mirrors_of(schema: Json) -> tuple[Mirror, ...]:
    """The headers that an input schema asks for.

    None at all where one annotation breaks the rules: a conforming client then leaves the tool out of its list, and
    any other one sends no such headers.
    """
    mirrors = tuple(_declared(schema, ()))
    if len({mirror.name for mirror in mirrors}) != len(mirrors) or _count(schema) != len(mirrors):
        return ()
    return mirrors


def _declared(schema: Json, path: tuple[str, ...]) -> Iterator[Mirror]:
    properties = schema.get("properties") if isinstance(schema, dict) else None
    for name, below in properties.items() if isinstance(properties, dict) else ():
        if not isinstance(below, dict):
            continue
        header, kind = below.get("x-mcp-header"), below.get("type")
        if isinstance(header, str) and _TOKEN.fullmatch(header) and isinstance(kind, str) and kind in _KINDS:
            yield Mirror(b"mcp-param-" + header.lower().encode(), (*path, name), kind)
        yield from _declared(below, (*path, name))


_ONE = ("items", "contains", "unevaluatedItems", "additionalProperties", "propertyNames", "unevaluatedProperties",
        "not", "if", "then", "else", "contentSchema")  # fmt: skip
_LISTED = ("allOf", "anyOf", "oneOf", "prefixItems")
_NAMED = ("properties", "patternProperties", "dependentSchemas", "$defs", "definitions")


def _count(schema: Json) -> int:
    """How many subschemas carry the annotation, well placed or not; values that only look like one do not count."""
    count, pending = 0, [schema]
    while pending:
        here = pending.pop()
        if not isinstance(here, dict):
            continue
        count += "x-mcp-header" in here
        pending += [here[key] for key in _ONE if key in here]
        for key in _LISTED:
            pending += here[key] if isinstance(here.get(key), list) else ()
        for key in _NAMED:
            pending += here[key].values() if isinstance(here.get(key), dict) else ()
    return count


_known: WeakKeyDictionary[Toolset, dict[str, tuple[Mirror, ...]]] = WeakKeyDictionary()
"""Read off each tool's schema once per runtime: a toolset lives and dies with its runtime."""


def mirrors(toolset: Toolset, endpoint: Endpoint) -> tuple[Mirror, ...]:
    tool = endpoint.tool
    assert tool is not None
    known = _known.setdefault(toolset, {})
    found = known.get(tool.name)
    if found is None:
        found = known[tool.name] = mirrors_of(tool.input_schema)
    return found


def check_mirrors(wanted: tuple[Mirror, ...], arguments: Mapping[str, Json], fields: dict[bytes, bytes]) -> None:
    """Raises HeaderMismatch."""
    for mirror in wanted:
        sent = plain(fields, mirror.name)
        problem = _problem(mirror, _value(arguments, mirror.path), sent)
        if problem:
            raise HeaderMismatch(f"header {mirror.name.decode()}: {problem} the argument {'.'.join(mirror.path)!r}")


def _problem(mirror: Mirror, value: Json, sent: str | None) -> str:
    # Null counts as absent: "Server MUST NOT expect the header". A value that no header can carry has none either.
    text = _as_text(value)
    if text is None:
        return "it is there without" if sent is not None else ""
    if sent is None:
        return "it is missing, and must repeat"
    decoded = unwrap(sent)
    if decoded is None or not _agree(mirror.kind, value, text, decoded):
        return "it does not repeat"
    return ""


def _as_text(value: Json) -> str | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, str | int | float) else None


def _agree(kind: str, value: Json, text: str, sent: str) -> bool:
    # "servers SHOULD compare the header value and the body value numerically rather than as strings".
    whole = _WHOLE.fullmatch(sent) if kind == "integer" and not isinstance(value, bool) else None
    if whole is not None and (isinstance(value, int) or (isinstance(value, float) and value.is_integer())):
        return int(whole[1]) == int(value)
    return sent == text


def _value(arguments: Mapping[str, Json], path: tuple[str, ...]) -> Json:
    value: Json = arguments
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def unwrap(sent: str) -> str | None:
    """A header value without its `=?base64?…?=`; None when what is inside is not canonical base64 of UTF-8."""
    match = _ENCODED.fullmatch(sent)
    if match is None:
        return sent
    try:
        data = base64.b64decode(match[1], validate=True)
        return data.decode() if base64.b64encode(data).decode() == match[1] else None
    except (binascii.Error, UnicodeDecodeError):
        return None
