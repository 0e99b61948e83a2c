"""From an address to the resource behind it, and to arguments of the types that its operation takes.

Thousands of templates begin alike (`api://github/repos/{owner}/{repo}/…`), so they are found through a trie over the
segments of their paths, and only the few that are left are matched, the most specific first.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from bridge.model import Json, Resource
from bridge.model.expressions import Expression, ascii_uri
from bridge.model.kinds import kinds
from bridge.model.steps import Steps, at_once
from bridge.model.template import LONGEST_URI, Template
from bridge.model.template_match import Read

__all__ = ["Addressed", "Locator", "Template", "arguments_of"]

_SPANNING = frozenset({"+", "/", "&"})
"""Operators whose expressions may hold a slash within the path, or begin a query there."""
_INTEGER = re.compile(r"-?(?:0|[1-9][0-9]{0,40})")
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]{0,40})(?:\.[0-9]{1,40})?(?:[eE][+-]?[0-9]{1,3})?")
_WORDS: Mapping[str, tuple[str, Json]] = {
    "true": ("boolean", True), "false": ("boolean", False), "null": ("null", None),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Place:
    """A resource with what reads its address. `rank`: the more literal text, then the fewer expressions that may span
    segments, then the fewer of all, the sooner."""

    resource: Resource
    template: Template
    schema: Json

    @property
    def rank(self) -> tuple[int, int, int, str]:
        literal = sum(len(part) for part in self.template.parts if isinstance(part, str))
        spanning = sum(part.operator.sign in _SPANNING for part in self.template.expressions)
        return -literal, spanning, len(self.template.expressions), self.resource.uri


@dataclass(slots=True)
class _Node:
    """`ends` are templates whose path ends here, `open` those that go on with any number of segments."""

    named: dict[str, "_Node"] = field(default_factory=dict)
    wild: "_Node | None" = None
    ends: list[_Place] = field(default_factory=list)
    open: list[_Place] = field(default_factory=list)


class Locator:
    """Built once, from resources with the input schemas of their operations. Raises ValueError for an address that is
    no template."""

    def __init__(self, resources: Iterable[tuple[Resource, Json]]) -> None:
        self._literal: dict[str, _Place] = {}
        self._root = _Node()
        at_once(self._filled(resources))

    @classmethod
    def steps(cls, resources: Iterable[tuple[Resource, Json]]) -> Steps["Locator"]:
        made = cls(())
        yield from made._filled(resources)
        return made

    def _filled(self, resources: Iterable[tuple[Resource, Json]]) -> Steps[None]:
        for resource, schema in resources:
            place = _Place(resource, Template.parse(resource.uri), schema)
            if resource.template:
                self._insert(place)
            else:
                self._literal.setdefault(ascii_uri(resource.uri), place)
            yield

    def _insert(self, place: _Place) -> None:
        segments, is_open = _segments(place.template)
        node = self._root
        for segment in segments:
            if segment is None:
                node.wild = node = node.wild or _Node()
            else:
                node = node.named.setdefault(segment, _Node())
        (node.open if is_open else node.ends).append(place)

    def pieces(self) -> Iterator[object]:
        """All that it is made of, each before what it holds."""
        nodes = [self._root]
        for node in nodes:
            yield node
            nodes += node.named.values()
            nodes += (node.wild,) if node.wild is not None else ()
        yield from self._literal.values()
        for node in nodes:
            yield from (*node.ends, *node.open)

    def find(self, uri: str) -> tuple[Resource, dict[str, Json]] | None:
        """The resource behind an address and the arguments that the address holds, unchecked but of their types."""
        if len(uri) > LONGEST_URI:
            return None
        try:
            uri = ascii_uri(uri)
        except UnicodeEncodeError:
            return None
        literal = self._literal.get(uri)
        if literal is not None:
            return literal.resource, arguments_of({}, literal.schema)
        for place in sorted(self._candidates(uri), key=lambda place: place.rank):
            strings = place.template.match(uri)
            if strings is not None:
                return place.resource, arguments_of(strings, place.schema)
        return None

    def _candidates(self, uri: str) -> list[_Place]:
        nodes = [self._root]
        found: list[_Place] = list(self._root.open)
        for segment in _PATH.split(uri, maxsplit=1)[0].split("/"):
            nodes = [child for node in nodes for child in (node.named.get(segment), node.wild) if child is not None]
            for node in nodes:
                found += node.open
        for node in nodes:
            found += node.ends
        return found


_PATH = re.compile("[?#]")


def _segments(template: Template) -> tuple[list[str | None], bool]:
    """The path's segments as far as they can be told, None for one that an expression has a part in; and whether more
    may follow."""
    segments: list[str | None] = [""]
    for part in template.parts:
        if isinstance(part, Expression):
            sign = part.operator.sign
            if sign in {"?", "#"}:
                return segments, False
            if sign in _SPANNING:
                return segments if sign == "/" else segments[:-1], True
            segments[-1] = None
            continue
        path, *query = _PATH.split(part, maxsplit=1)
        first, *more = path.split("/")
        segments[-1] = None if segments[-1] is None else segments[-1] + first
        segments += more
        if query:
            return segments, False
    return segments, False


@dataclass(frozen=True, slots=True)
class Addressed:
    """Writes the address of what a call answers; the variables of its template are arguments of the schema."""

    uri: str
    schema: Json = field(compare=False)

    def __call__(self, arguments: Mapping[str, Json]) -> str | None:
        """None where an address would leave an argument out, or be read as other arguments."""
        template = Template.parse(self.uri)
        given = {name: value for name, value in arguments.items() if value is not None}
        if not given.keys() <= set(template.variables):
            return None
        try:
            uri = template.expand(given)
        except ValueError:
            return None
        strings = template.match(uri)
        if strings is None or arguments_of(strings, self.schema) != arguments_of({}, self.schema) | given:
            return None
        return uri


def arguments_of(strings: Read, schema: Json) -> dict[str, Json]:
    """Texts as the values that `schema`, an object's, takes; what it does not take stays text, which the check then
    explains. Required arguments that the address leaves out have their defaults."""
    properties = schema.get("properties", {}) if isinstance(schema, Mapping) else {}
    found = dict(_defaults(schema, properties))
    for name, written in strings.items():
        found[name] = _value(written, properties.get(name, {}), schema)
    return found


def _defaults(schema: Json, properties: Json) -> Iterator[tuple[str, Json]]:
    for name in schema.get("required", ()) if isinstance(schema, Mapping) else ():
        one = properties.get(name)
        if isinstance(one, Mapping) and "default" in one:
            yield name, one["default"]


def _value(written: str | list[str], schema: Json, root: Json) -> Json:
    taken = kinds(schema, root)
    if "array" in taken.names and (isinstance(written, list) or "string" not in taken.names):
        texts = written if isinstance(written, list) else [written]
        return [_scalar(text, kinds(taken.items, root).names) for text in texts]
    return _scalar(",".join(written) if isinstance(written, list) else written, taken.names)


def _scalar(text: str, names: frozenset[str]) -> Json:
    """A text that may stay one does."""
    if not names or "string" in names:
        return text
    if "integer" in names and _INTEGER.fullmatch(text):
        return int(text)
    if "number" in names and _NUMBER.fullmatch(text):
        return int(text) if _INTEGER.fullmatch(text) else float(text)
    kind, value = _WORDS.get(text, ("", text))
    return value if kind in names else text
