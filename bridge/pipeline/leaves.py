"""A JSON value as lines for a person: each leaf on one of its own, under the path that leads to it.

`order.items[0].qty: 5`. Names that are no plain words are written as JSON, `["a b"]`, so none can pass for a path. What
the schema declares comes first and in its order, the rest by name: a model's order hides nothing.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from bridge.model import Json
from bridge.model.kinds import alternatives
from bridge.pipeline.visible import cut, visible

MOST_PATH = 2000
MOST_BYTES_SHOWN = 300
"""Characters of base64 that stands for bytes: nobody reads it, and ends, length and digest tell it from any other."""
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]*={0,2}")


class Number(str):
    """A number as it was written: read as a float it could become another."""

    __slots__ = ()


class Bytes(str):
    """What stands in for bytes that are no text."""

    __slots__ = ()


class TooLong(Exception):
    """There is more than anybody could be shown."""


class _Node(NamedTuple):
    path: str
    value: Json
    schema: Json


@dataclass(frozen=True, slots=True)
class _Reading:
    """`known` are the properties and items of schemas that were looked at, by `id`; nobody else writes to it."""

    root: Json
    known: dict[int, tuple[Mapping[str, Json], Json]] = field(default_factory=dict)

    def members(self, node: _Node) -> Iterator[_Node]:
        properties, items = self._within(node.schema)
        if isinstance(node.value, Mapping):
            for name in _ordered(node.value, properties):
                yield _Node(_step(node.path, name), node.value[name], properties.get(name))
        else:
            for at, value in enumerate(node.value):
                yield _Node(f"{node.path}[{at}]", value, items)

    def _within(self, schema: Json) -> tuple[Mapping[str, Json], Json]:
        if not isinstance(schema, Mapping):
            return {}, None
        found = self.known.get(id(schema))
        if found is None:
            properties: dict[str, Json] = {}
            items: Json = None
            for one in alternatives(schema, self.root):
                items = items or one.get("items")
                declared = one.get("properties")
                for name, own in declared.items() if isinstance(declared, Mapping) else ():
                    properties.setdefault(name, own)
            found = self.known[id(schema)] = properties, items
        return found


def leaves(value: Json, schema: Json, most: int) -> tuple[tuple[str, str], ...]:
    """Paths and written values. `schema` is the whole value's, with the definitions that it refers to. Raises TooLong
    where that takes more than `most` characters, before much more are written."""
    told: list[tuple[str, str]] = []
    left = most
    for path, written in _walk(value, schema, most):
        left -= len(path) + len(written)
        if left < 0:
            raise TooLong
        told.append((path, written))
    return tuple(told)


def _walk(value: Json, schema: Json, most: int) -> Iterator[tuple[str, str]]:
    """Without recursion: values may be as deep as a message can be."""
    reading = _Reading(schema)
    waiting = [reading.members(_Node("", value, schema))]
    while waiting:
        for node in waiting[-1]:
            if len(node.path) > MOST_PATH:
                raise TooLong
            if node.value and isinstance(node.value, Mapping | list):
                if len(node.value) > most:
                    raise TooLong
                waiting.append(reading.members(node))
                break
            yield node.path, _written(node, most)
        else:
            waiting.pop()


def _ordered(value: Mapping[str, Json], declared: Iterable[str]) -> list[str]:
    first = [name for name in declared if name in value]
    return first + sorted(value.keys() - set(first))


def _step(path: str, name: str) -> str:
    if len(name) > MOST_PATH:
        raise TooLong
    if not _WORD.fullmatch(name):
        return f"{path}[{visible(json.dumps(name, ensure_ascii=False))}]"
    return f"{path}.{name}" if path else name


def _written(node: _Node, most: int) -> str:
    value = node.value
    if isinstance(value, Number | Bytes):
        return visible(value)
    if _stands_for_bytes(node):
        return cut(json.dumps(value), MOST_BYTES_SHOWN)
    if isinstance(value, str) and len(value) > most:
        raise TooLong
    return visible(json.dumps(value, ensure_ascii=False))


def _stands_for_bytes(node: _Node) -> bool:
    """Nothing but base64, so that no sentence hides in its middle."""
    declared = isinstance(node.schema, Mapping) and node.schema.get("contentEncoding") == "base64"
    return declared and isinstance(node.value, str) and _BASE64.fullmatch(node.value) is not None
