"""JSON read by the character, for what a parsed tree no longer knows: where values stand, what was overwritten.

About thirty times slower than orjson, so it runs only where something is already known to be odd. It takes the text for
well-formed: orjson has said so, or has an error of its own to show.
"""

import json
import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

from bridge.importer.document import pointer

# Possessive: one pass over each string, whatever its length and whether it ends or not.
_TOKEN = re.compile(r'"(?:[^"\\]++|\\.)*+["\\]?+|[{}\[\]:,]|[^\s"{}\[\]:,]++', re.DOTALL)


class Place(NamedTuple):
    """A value: how many containers are around it, its key or index there, and where the key (else the value) begins."""

    depth: int
    token: str | int
    position: int
    opens: bool


def places(text: str, enter: Callable[[], bool] = lambda: True) -> Iterator[Place]:
    """Every value in the order of the text, the root first (with the token 0).

    `enter` is asked after each object and array: when it says no, what is inside is passed over at ten times the speed.
    """
    open_objects: list[bool] = []
    indexes = [0]
    key: tuple[str, int] | None = None
    matches = _TOKEN.finditer(text)
    while match := next(matches, None):
        lead = text[match.start()]
        if lead in ",:":
            continue
        if lead in "}]":
            if open_objects:
                open_objects.pop()
                indexes.pop()
            continue
        if key is None and open_objects and open_objects[-1]:
            key = _string(match.group()), match.start()
            continue
        token, position = key if key is not None else (indexes[-1], match.start())
        opens = lead in "{["
        yield Place(len(open_objects), token, position, opens)
        indexes[-1] += 1
        key = None
        if opens and enter():
            open_objects.append(lead == "{")
            indexes.append(0)
        elif opens:
            matches = _TOKEN.finditer(text, _end(text, match.end()))


_BRACKET = re.compile(r'(?:[^"{}\[\]]++|"(?:[^"\\]++|\\.)*+")*+([{}\[\]])', re.DOTALL)


def _end(text: str, inside: int) -> int:
    """Where the container ends that `inside` lies in."""
    depth = 1
    for match in _BRACKET.finditer(text, inside):
        depth += 1 if match.group(1) in "{[" else -1
        if depth == 0:
            return match.end()
    return len(text)


def _string(literal: str) -> str:
    if "\\" not in literal:
        return literal[1:-1]
    try:
        return str(json.loads(literal, strict=False))
    except ValueError:
        return literal[1:-1]


class Repeated(NamedTuple):
    """A key given again: its pointer, its own position and that of the value which it replaces."""

    pointer: str
    position: int
    before: int


def repeated_keys(text: str) -> Iterator[Repeated]:
    """In the order of the text."""
    path: list[str | int] = []
    seen: list[dict[str | int, int]] = [{}]
    for place in places(text):
        del path[max(place.depth - 1, 0) :]
        if place.depth:
            path.append(place.token)
        known = seen[place.depth]
        if place.token in known:
            yield Repeated(pointer(path), place.position, known[place.token])
        known[place.token] = place.position
        del seen[place.depth + 1 :]
        seen.append({})


def deeper_than(text: str, limit: int) -> int | None:
    """Where the first object or array begins that has `limit` others around it."""
    return next((place.position for place in places(text) if place.opens and place.depth >= limit), None)


def has_more_values_than(text: str, limit: int) -> bool:
    return any(number > limit for number, _ in enumerate(places(text), 1))


def line_and_column(text: str, position: int) -> tuple[int, int]:
    """1-based."""
    return text.count("\n", 0, position) + 1, position - text.rfind("\n", 0, position)
