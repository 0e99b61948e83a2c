"""YAML text becomes a Tree: the events of PyYAML's parser, with bounds, positions and no types.

Nothing of YAML 1.1's magic is left: no tags, no merge keys, no octal numbers, no `no` for false. Anchors and aliases
work, and what they expand to is counted.
"""

from collections.abc import Iterator
from pathlib import Path

import yaml
from yaml import events

from bridge.config.problems import ConfigInvalid, KeyPath, Place, Problem, dotted
from bridge.config.tree import Tree
from bridge.model import Json

MOST_BYTES = 1 << 20
MOST_DEPTH = 64
MOST_NODES = 100_000

# YAML 1.2.2 section 10.3.2: the core schema's null.
_NULLS = frozenset({"", "~", "null", "Null", "NULL"})

_ADVICE = (
    ("but got '{'", 'quote a value that holds a brace, as in "${NAME}"'),
    ("mapping values are not allowed here", "quote a value that holds a colon and a space, and check the indentation"),
    ("'\\t'", "indent with spaces"),
    ("cannot start any token", "quote the value"),
    ("could not find expected ':'", "each line of a mapping is `key: value`"),
    ("expected <block end>", "check the indentation of this line and the ones before it"),
    ("unexpected end of stream", "a quote or bracket is not closed"),
    ("expected ',' or", "a bracket is not closed, or a comma is missing"),
)


def read(path: Path) -> Tree:
    """Raises ConfigInvalid for a file that cannot be read at all; lesser problems are in the tree."""
    file = str(path)
    try:
        with path.open("rb") as stream:
            content = stream.read(MOST_BYTES + 1)
    except OSError as error:
        raise _fatal(Place(file), f"cannot be read: {error.strerror or error}", "name a file that exists") from error
    if len(content) > MOST_BYTES:
        raise _fatal(
            Place(file), "is larger than 1 MiB", "a configuration is short; keep documents in files of their own"
        )
    return parse(_decode(content, file), file)


def parse(text: str, file: str) -> Tree:
    try:
        return _Reader(text, file).document()
    except yaml.MarkedYAMLError as error:
        raise _syntax(error, file) from error
    except yaml.reader.ReaderError as error:
        raise _fatal(
            _at(text, error.position, file), "holds a character that YAML does not allow", "remove it"
        ) from error


def _decode(content: bytes, file: str) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = content[: error.start].decode("utf-8", "replace")
        raise _fatal(_at(before, len(before), file), "is not UTF-8 here", "save the file as UTF-8") from error


def _at(text: str, index: int, file: str) -> Place:
    before = text[:index]
    return Place(file, before.count("\n") + 1, index - before.rfind("\n"))


def _fatal(place: Place, message: str, advice: str) -> ConfigInvalid:
    return ConfigInvalid([Problem(place.file, place.line, place.column, "", message, advice)])


def _syntax(error: yaml.MarkedYAMLError, file: str) -> ConfigInvalid:
    mark = error.problem_mark or error.context_mark
    place = Place(file, mark.line + 1, mark.column + 1) if mark else Place(file)
    said = error.problem or error.context or "cannot be understood"
    advice = next((advice for part, advice in _ADVICE if part in said), "")
    return _fatal(place, f"is not valid YAML: {said}", advice)


class _Reader:
    def __init__(self, text: str, file: str) -> None:
        self._events: Iterator[events.Event] = yaml.parse(text, Loader=yaml.SafeLoader)
        self._tree = Tree(file, {}, places={(): Place(file, 1, 1)})
        self._anchors: dict[str, tuple[Json, int]] = {}
        self._nodes = 0

    def document(self) -> Tree:
        next(self._events)  # the start of the stream
        if isinstance(next(self._events), events.DocumentStartEvent):
            root = self._node(next(self._events), (), 0)
            next(self._events)  # the end of the document
            self._tree.root = self._checked_root(root)
            self._refuse_second(next(self._events))
        return self._tree

    def _checked_root(self, root: Json) -> Json:
        if isinstance(root, dict):
            return root
        if root is not None:
            raise _fatal(
                self._tree.places[()], "holds no keys", "write `key: value` lines, as in `listen: 127.0.0.1:8080`"
            )
        return {}

    def _refuse_second(self, event: events.Event) -> None:
        if isinstance(event, events.DocumentStartEvent):
            raise _fatal(self._place(event), "holds a second document", "keep one: remove the line `---`")

    def _node(self, event: events.Event, path: KeyPath, depth: int) -> Json:
        self._count(1, event)
        self._tree.places[path] = self._place(event)
        if isinstance(event, events.AliasEvent):
            return self._alias(event, depth)
        before = self._nodes
        self._refuse_tag(event, path)
        value = self._content(event, path, depth)
        if anchor := getattr(event, "anchor", None):
            self._anchors[anchor] = (value, self._nodes - before + 1)
        return value

    def _content(self, event: events.Event, path: KeyPath, depth: int) -> Json:
        if isinstance(event, events.ScalarEvent):
            return None if event.style is None and event.value in _NULLS else event.value
        if depth >= MOST_DEPTH:
            raise self._too_deep(event)
        if isinstance(event, events.SequenceStartEvent):
            return self._sequence(path, depth)
        return self._mapping(path, depth)

    def _sequence(self, path: KeyPath, depth: int) -> list[Json]:
        items: list[Json] = []
        while not isinstance(event := next(self._events), events.SequenceEndEvent):
            below = (*path, len(items))
            item = self._node(event, below, depth + 1)
            if item is None:
                self._refuse_null(below)
            items.append("" if item is None else item)
        return items

    def _mapping(self, path: KeyPath, depth: int) -> dict[str, Json]:
        found: dict[str, Json] = {}
        while not isinstance(event := next(self._events), events.MappingEndEvent):
            key = self._key(event, path)
            below = (*path, key)
            place = self._place(event)
            if key in found or below in self._tree.spoiled:
                self._refuse_twice(below, place)
                self._skip(next(self._events))
                continue
            self._tree.key_places[below] = place
            value = self._node(next(self._events), below, depth + 1)
            if value is None:
                self._refuse_null(below)
            else:
                found[key] = value
        return found

    def _key(self, event: events.Event, path: KeyPath) -> str:
        self._count(1, event)
        if not isinstance(event, events.ScalarEvent):
            raise _fatal(
                self._place(event), f"{dotted(path) or 'the file'} has a key that is not text", "write a plain key"
            )
        return event.value

    def _alias(self, event: events.AliasEvent, depth: int) -> Json:
        """An anchor is known once its node is complete, so an alias inside its own node refers to nothing."""
        if event.anchor not in self._anchors:
            raise _fatal(
                self._place(event), f"*{event.anchor} refers to nothing before it", f"define &{event.anchor} further up"
            )
        value, nodes = self._anchors[event.anchor]
        self._count(nodes, event)
        if depth + _height(value) > MOST_DEPTH:
            raise self._too_deep(event)
        return value

    def _skip(self, event: events.Event) -> None:
        """Past a whole node, whose problems nobody needs to hear of."""
        open_nodes = 0
        while True:
            open_nodes += isinstance(event, events.CollectionStartEvent) - isinstance(event, events.CollectionEndEvent)
            if not open_nodes:
                return
            event = next(self._events)

    def _count(self, nodes: int, event: events.Event) -> None:
        self._nodes += nodes
        if self._nodes > MOST_NODES:
            raise _fatal(
                self._place(event),
                f"holds more than {MOST_NODES} values, aliases expanded",
                "use fewer or smaller aliases",
            )

    def _too_deep(self, event: events.Event) -> ConfigInvalid:
        return _fatal(self._place(event), f"is nested more than {MOST_DEPTH} deep", "no key needs that")

    def _refuse_tag(self, event: events.Event, path: KeyPath) -> None:
        tag = getattr(event, "tag", None)
        if tag not in (None, "!"):
            self._tree.report(path, f"has the tag {tag}", "remove it: each key knows its type")

    def _refuse_null(self, path: KeyPath) -> None:
        self._tree.report(path, "has no value", "write one, or leave the key out for its default")
        self._tree.spoiled.add(path)

    def _refuse_twice(self, path: KeyPath, place: Place) -> None:
        first = self._tree.key_places[path]
        self._tree.problems.append(
            Problem(
                place.file, place.line, place.column, dotted(path),
                f"is given twice, first at {first.line}:{first.column}", "keep one of them",
            )
        )  # fmt: skip

    def _place(self, event: events.Event) -> Place:
        mark = event.start_mark
        assert mark is not None  # the parser marks each event
        return Place(self._tree.file, mark.line + 1, mark.column + 1)


def _height(value: Json) -> int:
    items = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return 0 if items is None else 1 + max(map(_height, items), default=0)
