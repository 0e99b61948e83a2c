"""Where a value that does not fit departs from its schema.

The validator judges in linear time, but to explain it collects the errors of every branch below every union, which
doubles with each level of a recursive one. So this descends by itself: of a union it follows the branch that comes
closest, it keeps what it learned about each part, and a budget ends it, whatever comes. What it does not know it takes
for fitting: a fault that it finds is one, and the verdict is the validator's alone.
"""

from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from urllib.parse import unquote

from bridge.model import Json
from bridge.pipeline.explain.applied import APPLIED
from bridge.pipeline.explain.fault import SURFACE, Budget, Fault, Path, Place, Spent
from bridge.pipeline.explain.rules import BROKEN, effort
from bridge.pipeline.validators import compiled

_DEEPEST = 120
"""Schemas within schemas: each takes up to four frames of Python's stack of 1000."""
_FAR = _DEEPEST + 2
_COMPILING = 50
"""Steps for compiling a validator."""
_MOST_SEEN = 64
"""Faults of one branch, of which more say no more about how close it comes."""


def faults(value: Json, root: Json, budget: Budget) -> Iterator[Fault]:
    """Raises Spent where the budget ends, perhaps after some."""
    return _Walk(root, budget).below(root, (value, (), _FAR))


class _Walk:
    """One value's way through one schema."""

    __slots__ = ("_budget", "_depth", "_fits", "_root", "_validators", "judging")

    def __init__(self, root: Json, budget: Budget) -> None:
        self._root = root
        self._budget = budget
        self._depth = 0
        self._fits: dict[tuple[int, int], bool] = {}
        """By the ids of value and schema, which both outlive the walk."""
        self._validators: dict[int, Callable[[Json], bool]] = {}
        self.judging = False
        """Whether any fault will do, as below a union whose branches are being tried."""

    def spend(self, steps: int) -> None:
        self._budget.spend(steps)

    def below(self, schema: Json, place: Place) -> Iterator[Fault]:
        """The faults of a value and its members, in the order of the schema's keywords."""
        self.spend(1)
        while isinstance(schema, Mapping) and len(schema) == 1 and "$ref" in schema:
            self.spend(1)
            schema = self.target(schema["$ref"])
        if schema is False:
            yield Fault(place[1], "false", False, place[0], {})
        if not isinstance(schema, Mapping):
            return
        if self._depth >= _DEEPEST:
            raise Spent
        self._depth += 1
        try:
            yield from self._said(schema, place)
        finally:
            self._depth -= 1

    def _said(self, schema: Mapping[str, Json], place: Place) -> Iterator[Fault]:
        value, path, reach = place
        fits = True
        for keyword, wanted in schema.items():
            if keyword in BROKEN:
                self.spend(effort(keyword, value, wanted))
                if BROKEN[keyword](value, wanted):
                    fits = False
                    yield Fault(path, keyword, wanted, value, schema)
            elif keyword in APPLIED:
                for fault in APPLIED[keyword](self, wanted, place, schema):
                    fits = False
                    yield fault
        if fits and reach > SURFACE and not _FOREIGN.isdisjoint(schema):
            yield from self._foreign(schema, place)

    def fits(self, schema: Json, place: Place) -> bool:
        if place[2] <= SURFACE:
            return next(self.below(schema, place), None) is None
        key = id(place[0]), id(schema)
        if key not in self._fits:
            before, self.judging = self.judging, True
            self._fits[key] = next(self.below(schema, place), None) is None
            self.judging = before
        return self._fits[key]

    def target(self, reference: str) -> Json:
        """What a reference within the document leads to; anything fits where it leads nowhere."""
        if not reference.startswith("#"):
            return True
        node = self._root
        steps = unquote(reference[1:]).split("/")[1:]
        for step in (step.replace("~1", "/").replace("~0", "~") for step in steps):  # RFC 6901 section 4
            if isinstance(node, list) and step.isdecimal() and len(step) < 10:
                node = node[int(step)] if int(step) < len(node) else True
            else:
                node = node.get(step, True) if isinstance(node, Mapping) else True
        return node

    # --- unions ---

    def closest(self, branches: list[Json], place: Place) -> Iterator[Fault]:
        """The faults of the branch that comes closest; where none even has the right type, what types there are."""
        value, path, reach = place
        surface = (value, path, min(reach, SURFACE))
        seen = [(branch, list(islice(self.below(branch, surface), _MOST_SEEN))) for branch in branches]
        near = [(branch, found) for branch, found in seen if not _choosing(found, len(path))]
        if not near:
            yield _either(path, [fault for _, found in seen for fault in _choosing(found, len(path))], value)
            return
        # A constant one level down is a discriminator: where it does not fit, the value names another branch.
        same = [(branch, found) for branch, found in near if not _kinds(found, len(path) + 1)]
        if same:
            yield from self.below(min(same, key=lambda one: len(one[1]))[0], place)
            return
        told: dict[Path, list[Fault]] = {}
        for fault in (fault for _, found in near for fault in _kinds(found, len(path) + 1)):
            told.setdefault(fault.path, []).append(fault)
        for argument, alike in told.items():
            yield _either(argument, alike, alike[0].value)

    # --- what only the validator judges ---

    def accepts(self, schema: Json, value: Json) -> bool:
        known = self._validators.get(id(schema))
        if known is None:
            self.spend(_COMPILING)
            known = self._validators[id(schema)] = self._compiled(schema)
        self.spend(1)
        return known(value)

    def _compiled(self, schema: Json) -> Callable[[Json], bool]:
        defs = self._root.get("$defs") if isinstance(self._root, Mapping) else None
        try:
            return compiled({**schema, "$defs": defs} if defs and isinstance(schema, Mapping) else schema, "").is_valid
        except ValueError:  # it refers to what is elsewhere
            return lambda value: True

    def _foreign(self, schema: Mapping[str, Json], place: Place) -> Iterator[Fault]:
        value, path, _ = place
        if self.accepts(schema, value):
            return
        if schema.get("unevaluatedProperties") is False and isinstance(value, dict):
            known: dict[str, Json] = {}
            self._named(schema, known, 0)
            if unknown := [name for name in value if name not in known]:
                yield Fault(path, "unevaluatedProperties", unknown, value, {"properties": known})
                return
        keyword = next(keyword for keyword in schema if keyword in _FOREIGN)
        yield Fault(path, keyword, schema[keyword], value, schema)

    def _named(self, schema: Json, known: dict[str, Json], depth: int) -> None:
        """All members that a schema names, in whatever branch."""
        if not isinstance(schema, Mapping) or depth > 8:
            return
        self.spend(1 + len(schema.get("properties", ())) // 8)
        known.update(schema.get("properties", {}))
        parts = [schema[keyword] for keyword in ("then", "else") if keyword in schema]
        parts += [part for keyword in ("allOf", "anyOf", "oneOf") for part in schema.get(keyword, ())]
        parts += [*schema.get("dependentSchemas", {}).values()]
        for part in [*parts, self.target(schema.get("$ref", ""))]:
            self._named(part, known, depth + 1)


_FOREIGN = frozenset({"$dynamicRef", "contains", "not", "unevaluatedItems", "unevaluatedProperties"})


def _choosing(found: list[Fault], depth: int) -> list[Fault]:
    return [one for one in found if len(one.path) == depth and one.keyword in _DISCERNING]


_DISCERNING = frozenset({"const", "enum", "false", "type", "union"})


def _kinds(found: list[Fault], depth: int) -> list[Fault]:
    return [
        one for one in found if len(one.path) == depth and all(kind in ("const", "enum") for kind, _ in _pairs(one))
    ]


def _pairs(fault: Fault) -> list[tuple[str, Json]]:
    return fault.wanted if fault.keyword == "union" else [(fault.keyword, fault.wanted)]


def _either(path: Path, found: list[Fault], value: Json) -> Fault:
    pairs = [pair for fault in found for pair in _pairs(fault) if pair[0] != "false"]
    return Fault(path, "union", pairs, value, {})
