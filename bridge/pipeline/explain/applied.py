"""Keywords that apply other schemas, to the value itself or to its members."""

from collections.abc import Callable, Iterator, Mapping
from typing import Protocol, TypeAlias

from bridge.model import Json
from bridge.pipeline.explain.fault import SURFACE, Fault, Place
from bridge.pipeline.explain.rules import effort, matches


class Walk(Protocol):
    """The way through a schema that these keywords branch off from. Everything raises Spent."""

    @property
    def judging(self) -> bool:
        """Whether any fault will do, as below a union whose branches are being tried."""

    def spend(self, steps: int) -> None: ...

    def below(self, schema: Json, place: Place) -> Iterator[Fault]:
        """The faults of a value and its members."""

    def fits(self, schema: Json, place: Place) -> bool: ...

    def accepts(self, schema: Json, value: Json) -> bool:
        """The validator's verdict, which costs more than `fits` and knows every keyword."""

    def closest(self, branches: list[Json], place: Place) -> Iterator[Fault]:
        """The faults of a union of which no branch fits."""

    def target(self, reference: str) -> Json: ...


Applied: TypeAlias = Callable[[Walk, Json, Place, Mapping[str, Json]], Iterator[Fault]]


def _reference(walk: Walk, wanted: Json, place: Place, schema: Mapping[str, Json]) -> Iterator[Fault]:
    return walk.below(walk.target(wanted), place)


def _all_of(walk: Walk, wanted: Json, place: Place, schema: Mapping[str, Json]) -> Iterator[Fault]:
    for part in wanted:
        yield from walk.below(part, place)


def _any_of(walk: Walk, wanted: Json, place: Place, schema: Mapping[str, Json]) -> Iterator[Fault]:
    for branch in wanted:  # no `any`, whose generator would take a frame of the stack
        if walk.fits(branch, place):
            return
    yield from _none_fits(walk, wanted, place, schema)


def _one_of(walk: Walk, wanted: Json, place: Place, schema: Mapping[str, Json]) -> Iterator[Fault]:
    fitting = 0
    for branch in wanted:
        fitting += walk.fits(branch, place)
        if fitting > 1:
            break
    if fitting > 1:
        if place[2] > SURFACE:  # on the surface alone many branches look alike
            yield Fault(place[1], "several", wanted, place[0], schema)
    elif not fitting:
        yield from _none_fits(walk, wanted, place, schema)


def _none_fits(walk: Walk, branches: list[Json], place: Place, schema: Mapping[str, Json]) -> Iterator[Fault]:
    if walk.judging:
        yield Fault(place[1], "union", [], place[0], schema)
    else:
        yield from walk.closest(branches, place)


def _conditional(walk: Walk, wanted: Json, place: Place, schema: Mapping[str, Json]) -> Iterator[Fault]:
    if place[2] > SURFACE:
        yield from walk.below(schema.get("then" if walk.accepts(wanted, place[0]) else "else", True), place)


# --- members ---


def _member(walk: Walk, schema: Json, place: Place, key: str | int) -> Iterator[Fault]:
    value, path, reach = place
    return walk.below(schema, (value[key], (*path, key), reach - 1))


def _properties(walk: Walk, wanted: Json, place: Place, schema: Mapping[str, Json]) -> Iterator[Fault]:
    value, _, reach = place
    if isinstance(value, dict) and reach:
        fewer, more = (wanted, value) if len(wanted) < len(value) else (value, wanted)
        walk.spend(len(fewer) // 32)
        for name in fewer:
            if name in more:
                yield from _member(walk, wanted[name], place, name)


def _by_pattern(walk: Walk, wanted: Json, place: Place, schema: Mapping[str, Json]) -> Iterator[Fault]:
    value, _, reach = place
    if isinstance(value, dict) and reach:
        for name in value:
            for pattern in _matching(walk, wanted, name):
                yield from _member(walk, wanted[pattern], place, name)


def _matching(walk: Walk, patterns: Mapping[str, Json], name: str) -> Iterator[str]:
    for pattern in patterns:
        walk.spend(1 + effort("pattern", name, pattern))
        if matches(name, pattern):
            yield pattern


def _additional(walk: Walk, wanted: Json, place: Place, schema: Mapping[str, Json]) -> Iterator[Fault]:
    value, path, reach = place
    if not isinstance(value, dict) or wanted is True:
        return
    named, patterns = schema.get("properties", {}), schema.get("patternProperties", {})
    walk.spend(len(value) // 32)
    others = (name for name in value if name not in named and not any(True for _ in _matching(walk, patterns, name)))
    if wanted is False:
        if unknown := list(others):
            yield Fault(path, "additionalProperties", unknown, value, schema)
    elif reach:
        for name in others:
            yield from _member(walk, wanted, place, name)


def _names(walk: Walk, wanted: Json, place: Place, schema: Mapping[str, Json]) -> Iterator[Fault]:
    value, path, reach = place
    if isinstance(value, dict) and reach:
        for name in value:
            yield from walk.below(wanted, (name, (*path, name), reach - 1))


def _required(walk: Walk, wanted: Json, place: Place, schema: Mapping[str, Json]) -> Iterator[Fault]:
    value, path, _ = place
    if isinstance(value, dict):
        walk.spend(len(wanted) // 32)
        for name in wanted:
            if name not in value:
                yield Fault(path, "required", name, value, schema)


def _dependent_names(walk: Walk, wanted: Json, place: Place, schema: Mapping[str, Json]) -> Iterator[Fault]:
    if isinstance(place[0], dict):
        for name in wanted:
            if name in place[0]:
                yield from _required(walk, wanted[name], place, schema)


def _dependent(walk: Walk, wanted: Json, place: Place, schema: Mapping[str, Json]) -> Iterator[Fault]:
    if isinstance(place[0], dict):
        for name in wanted:
            if name in place[0]:
                yield from walk.below(wanted[name], place)


def _first_items(walk: Walk, wanted: Json, place: Place, schema: Mapping[str, Json]) -> Iterator[Fault]:
    value, _, reach = place
    if isinstance(value, list) and reach:
        for at, part in enumerate(wanted[: len(value)]):
            yield from _member(walk, part, place, at)


def _items(walk: Walk, wanted: Json, place: Place, schema: Mapping[str, Json]) -> Iterator[Fault]:
    value, _, reach = place
    if isinstance(value, list) and reach:
        for at in range(len(schema.get("prefixItems", ())), len(value)):
            yield from _member(walk, wanted, place, at)


APPLIED: Mapping[str, Applied] = {
    "$ref": _reference,
    "additionalProperties": _additional,
    "allOf": _all_of,
    "anyOf": _any_of,
    "dependentRequired": _dependent_names,
    "dependentSchemas": _dependent,
    "if": _conditional,
    "items": _items,
    "oneOf": _one_of,
    "patternProperties": _by_pattern,
    "prefixItems": _first_items,
    "properties": _properties,
    "propertyNames": _names,
    "required": _required,
}
