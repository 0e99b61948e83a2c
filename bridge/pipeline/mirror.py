"""`x-mcp-header`: arguments that a tool's schema wants repeated as headers, so that proxies can route by them.

The rules are 2026-07-28's, Streamable HTTP, Custom Headers from Tool Parameters.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from bridge.model import Json

_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
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
