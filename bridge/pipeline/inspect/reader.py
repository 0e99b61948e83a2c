"""Texts become values as a schema wishes: `5` is a number where a number may stand, and a string where only that may.

Where a schema leaves a choice, what it accepts wins; where it accepts nothing, the likeliest value is what the
explanation is about.
"""

import math
import re
from collections.abc import Callable, Iterator, Mapping

from bridge.model import Json
from bridge.pipeline.inspect.raw import Parsed, Raw, Raws
from bridge.pipeline.inspect.schema import View, closed, element, member, names, required, slot, types, views
from bridge.pipeline.problems import Problem, explained
from bridge.pipeline.strict import loads
from bridge.pipeline.validators import compiled

_NUMBER = re.compile(r"-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]{1,4})?").fullmatch
_LONGEST_NUMBER = 1000


_MOST_STEPS = 50_000


class TooMuch(ValueError):
    """A request with more readings than can be tried in bounded time."""


class _Shared:
    """What all schemas below one have in common; `steps` are left to the reading that goes on."""

    __slots__ = ("children", "defs", "steps")

    def __init__(self, defs: Mapping[str, Json]) -> None:
        self.defs = defs
        self.steps = 0
        self.children: dict[int, Schema] = {}
        """By the id of what the document holds, so that recursion comes back to where it was."""


class Schema:
    """One schema, with everything that reading and judging needs built on first use."""

    __slots__ = ("_schema", "_shared", "_types", "_validator", "_views")

    def __init__(self, schema: Json, defs: Mapping[str, Json], shared: _Shared | None = None) -> None:
        self._schema = {**schema, "$defs": defs} if isinstance(schema, Mapping) and defs else schema
        self._shared = shared or _Shared(defs)
        self._types: frozenset[str] | None = None
        self._views: list[tuple[View, dict[str | int, Schema]]] | None = None
        self._validator: Callable[[Json], bool] | None = None

    # --- judging ---

    def accepts(self, value: Json) -> bool:
        try:
            return self._is_valid(value)
        except ValueError:  # nested more deeply than the validator goes
            return False

    def problems(self, value: Json, limit: int) -> list[Problem]:
        """Raises ValueError for a value that the validator cannot hold, such as one nested too deeply."""
        return [] if self._is_valid(value) else explained(value, self._schema, limit)

    def _is_valid(self, value: Json) -> bool:
        if self._validator is None:
            try:
                self._validator = compiled(self._schema, "request").is_valid
            except ValueError:  # a schema that is none describes nothing
                self._validator = lambda value: True
        return self._validator(value)

    # --- asking ---

    def types(self) -> frozenset[str]:
        if self._types is None:
            self._types = frozenset[str]().union(*(types(view) for view, _ in self._seen()))
        return self._types

    def names(self) -> frozenset[str]:
        """The members that the schema names, in any of its forms."""
        return frozenset[str]().union(*(names(view) for view, _ in self._seen()))

    def is_open(self) -> bool:
        """Whether members without a name in the schema are welcome."""
        return any(not closed(view) for view, _ in self._seen() if "object" in types(view))

    def member(self, name: str) -> "Schema":
        """The schema of a member: its first form's, where there are several."""
        for view, children in self._seen():
            if "object" in types(view):
                return self._child(view, children, name)
        return Schema(True, {})

    def required(self) -> list[str]:
        """The members that every form requires."""
        forms = [required(view) for view, _ in self._seen()]
        return [name for name in forms[0] if all(name in form for form in forms)] if forms else []

    def _seen(self) -> "list[tuple[View, dict[str | int, Schema]]]":
        """Raises TooWide."""
        if self._views is None:
            self._views = [(view, {}) for view in views(self._schema, self._shared.defs)]
        return self._views

    # --- reading ---

    def read(self, raws: Raws) -> Json:
        """Raises TooWide and TooMuch."""
        self._shared.steps = _MOST_STEPS
        return self.choose(raws)

    def choose(self, raws: Raws) -> Json:
        """Reading on, within the steps that are left. Raises TooWide and TooMuch."""
        found = self._candidates(raws)
        first = next(found, _NOTHING)
        if first is _NOTHING:
            return _bare(raws[0]) if raws else ""
        second = next(found, _NOTHING)
        if second is _NOTHING or self.accepts(first):
            return first
        if self.accepts(second):
            return second
        return next((value for value in found if self.accepts(value)), first)

    def _candidates(self, raws: Raws) -> Iterator[Json]:
        for raw in raws:
            self._shared.steps -= 1
            if self._shared.steps < 0:
                raise TooMuch
            if isinstance(raw, Parsed):
                yield raw.value
            elif isinstance(raw, str):
                yield from _scalars(raw, self.types())
            else:
                yield from self._containers(raw)

    def _containers(self, raw: list[Raws] | dict[str, Raws]) -> Iterator[Json]:
        wanted = "array" if isinstance(raw, list) else "object"
        for view, children in self._seen():
            if wanted not in types(view):
                continue
            if isinstance(raw, list):
                yield [self._child(view, children, at).choose(item) for at, item in enumerate(raw)]
            else:
                yield {name: self._child(view, children, name).choose(value) for name, value in raw.items()}

    def _child(self, view: View, children: "dict[str | int, Schema]", key: str | int) -> "Schema":
        place = slot(view, key)
        known = children.get(place)
        if known is None:
            schema = element(view, key) if isinstance(key, int) else member(view, key)
            kept = self._shared.children
            known = children[place] = kept.get(id(schema)) or Schema(schema, self._shared.defs, self._shared)
            if any(schema is part for part in _lasting(view)):
                kept[id(schema)] = known
        return known


def _lasting(view: View) -> Iterator[Json]:
    """The schemas that live as long as the operation, so that their ids name them."""
    for schema in view:
        yield from (schema.get("items"), schema.get("additionalProperties"))
        yield from schema.get("prefixItems") or ()
        yield from (schema.get("properties") or {}).values()


_NOTHING = object()


def _bare(raw: Raw) -> Json:
    """What a text is before a schema touches it."""
    if isinstance(raw, Parsed):
        return raw.value
    if isinstance(raw, list):
        return [_bare(item[0]) for item in raw]
    if isinstance(raw, dict):
        return {name: _bare(value[0]) for name, value in raw.items()}
    return raw


# --- scalars ----------------------------------------------------------------------------------------------------------


def _scalars(text: str, wanted: frozenset[str]) -> Iterator[Json]:
    """The most special first, so that `0` breaks a minimum rather than being text."""
    if wanted & {"integer", "number"} and (number := _number(text)) is not None:
        yield number
    if "boolean" in wanted and text in _BOOLEANS:
        yield _BOOLEANS[text]
    if "null" in wanted and text in ("", "null"):
        yield None
    if "string" in wanted:
        yield text
    if text[:1] in _OPENING and _OPENING[text[:1]] in wanted:
        yield from _container(text)


_BOOLEANS = {"true": True, "false": False}
_OPENING = {"[": "array", "{": "object"}


def _number(text: str) -> int | float | None:
    """JSON's numbers, and leading zeros besides."""
    if len(text) > _LONGEST_NUMBER or _NUMBER(text) is None:
        return None
    if text.lstrip("-").isdecimal():
        return int(text)
    number = float(text)
    return number if math.isfinite(number) else None


def _container(text: str) -> Iterator[Json]:
    """Where the styles define no nesting, an inner array or object travels as JSON text."""
    try:
        yield loads(text)
    except ValueError:
        return
