"""JSON pointers to line numbers, for findings: many at once, and only once there are findings to show.

A parsed tree has no places, so the text is read again: JSON by the character, passing over whatever no pointer leads
into; YAML with the marks of its events.
"""

import re
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field

from bridge.importer.budget import Budgets
from bridge.importer.document import Document, tokens
from bridge.importer.json_text import places
from bridge.importer.yaml_events import Reader


def locate(document: Document, pointers: Iterable[str]) -> dict[str, int]:
    """The line (1-based) of the key or the item at each pointer, or of the nearest place above it that exists."""
    wanted = tuple(dict.fromkeys(pointers))
    if not wanted:
        return {}
    return _in_yaml(document, wanted) if document.is_yaml else _in_json(document.text, wanted)


def _in_yaml(document: Document, wanted: Iterable[str]) -> dict[str, int]:
    # It was read within its budgets before; reading it again may cost the same.
    unbounded = Budgets(bytes=sys.maxsize, depth=sys.maxsize, nodes=sys.maxsize, aliases=sys.maxsize)
    root = Reader(document.name, unbounded).read(document.text)
    lines = {}
    for where in wanted:
        line, node = root.line, root
        for token in tokens(where):
            child = node.children.get(_index(token) if isinstance(node.value, list) else token)
            if child is None:
                break
            line, node = child
        lines[where] = line
    return lines


_INDEX = re.compile(r"0|[1-9][0-9]{0,15}")


def _index(token: str) -> int:
    """RFC 6901 section 4: an array index is digits without a leading zero."""
    return int(token) if _INDEX.fullmatch(token) else -1


@dataclass(slots=True)
class _Wanted:
    """A place on the way to a pointer, and where it was found: the last time, as the last of repeated keys counts."""

    position: int = -1
    children: "dict[str, _Wanted]" = field(default_factory=dict)


def _in_json(text: str, wanted: Iterable[str]) -> dict[str, int]:
    root = _Wanted()
    ways = {where: _way(root, where) for where in wanted}
    around: list[_Wanted | None] = []
    for place in places(text, enter=lambda: bool(around[-1] and around[-1].children)):
        del around[place.depth :]
        parent = around[-1] if around else None
        found = root if place.depth == 0 else parent and parent.children.get(str(place.token))
        around.append(found or None)
        if found:
            found.position = place.position
    # The furthest, so that what stood in an earlier one of repeated keys gives way to the later key itself.
    return _lines(text, {where: max(place.position for place in way) for where, way in ways.items()})


def _way(root: _Wanted, where: str) -> list[_Wanted]:
    way = [root]
    for token in tokens(where):
        way.append(way[-1].children.setdefault(token, _Wanted()))
    return way


def _lines(text: str, positions: dict[str, int]) -> dict[str, int]:
    lines, line, before = {}, 1, 0
    for where, position in sorted(positions.items(), key=lambda found: found[1]):
        line += text.count("\n", before, position)
        before = position
        lines[where] = line
    return lines
