"""Any schema of any dialect becomes a 2020-12 schema for one direction: into an input, or out of an answer.

References stay references, so recursion costs nothing: `$ref` holds the key of a component (see `At.key`) until a
tool's schema is assembled from components (`defs`), each converted once however many tools use it.
"""

import re
from collections.abc import Hashable, Iterator
from dataclasses import dataclass

import orjson

from bridge.importer.budget import BudgetExceeded, Budgets, Deadline
from bridge.importer.discriminator import select_branches
from bridge.importer.document import tokens
from bridge.importer.hidden import Hidden, Mode
from bridge.importer.keywords import (
    DROPPED,
    KEPT,
    NAMED,
    ONE,
    READERS,
    SEVERAL,
    UNPROMISED,
    WRONG,
    meant,
    pattern_cost,
    subschemas,
    types_of,
)  # fmt: skip
from bridge.importer.notes import Notes
from bridge.importer.refs import At, Dangling, Refs
from bridge.importer.text import clean, hides
from bridge.model import Json

LONGEST_DEFAULT = 200
MOST_WRITTEN_OUT = 10_000
"""Components repeated for one place each, in one document: where each holds two others, a few lines hold millions."""
MOST_PATTERN = 250_000
"""What compiling the different patterns of one document may cost (`pattern_cost`). Public documents: up to 50 000."""
_NOTHING: frozenset[str] = frozenset()
_SENT = frozenset({"enum", "const", "default", "pattern", "properties", "patternProperties"})


@dataclass(frozen=True, slots=True)
class Component:
    """A converted schema that others refer to. `size` is its own in bytes, `uses` the keys it refers to."""

    name: str
    schema: Json
    uses: tuple[str, ...]
    size: int


class Schemas:
    """Converts and remembers; `verbatim` keeps annotations that `portable` leaves out."""

    def __init__(
        self, refs: Refs, notes: Notes, budgets: Budgets, deadline: Deadline, *, verbatim: bool, siblings: bool
    ) -> None:
        """`siblings`: keywords beside a `$ref` count (3.1 and later); before, "any sibling elements are ignored"."""
        self.refs = refs
        self.notes = notes
        self.deadline = deadline
        self._all_of = self._budget = budgets.all_of
        self._source = deadline.source
        self._verbatim = verbatim
        self._siblings = siblings
        self._dropped = DROPPED - KEPT if verbatim else DROPPED
        self._places: dict[str, At] = {}
        self._components: dict[tuple[str, Mode], Component] = {}
        self.hidden = Hidden(refs)
        self._inlining: set[str] = set()  # so that a circle of allOf is written out once
        self._written_out = 0
        self._patterns: set[str] = set()
        self._pattern_cost = 0
        self.written: dict[tuple[Hashable, ...], tuple[Json, tuple[str, ...]]] = {}
        """Definitions as `defs` wrote them, for all tools that would say the same, with what they refer to."""
        self._most_bytes = self._bytes = budgets.schemas

    def convert(self, at: At, mode: Mode, hidden: frozenset[str] = _NOTHING) -> Json:
        """`hidden` are properties that a neighbour under `allOf` leaves out, so that nobody may require them."""
        value = at.value
        if isinstance(value, bool):
            return value
        if not isinstance(value, dict):
            self.notes.warn("schema-not-an-object", at, "this is no schema", lost="what the value may be")
            return {}
        if isinstance(value.get("$ref"), str):
            return self._reference(at, mode, hidden)
        hidden = hidden | self.hidden.names(at, mode)
        out: dict[str, Json] = {}
        for keyword, raw in value.items():
            if keyword in self._dropped or (mode is Mode.OUTPUT and keyword in UNPROMISED):
                continue
            self._keyword(out, keyword, raw, at, mode, hidden)
        self._settle(out, at, mode, hidden)
        return out

    def component(self, key: str, mode: Mode) -> Component:
        """The converted schema behind a `$ref` that `convert` left."""
        known = self._components.get((key, mode))
        if known is None:
            self.deadline.check()
            at = self._places[key]
            schema = self.convert(at, mode)
            name = (tokens(at.pointer) or ["root"])[-1]
            known = Component(name, schema, tuple(uses(schema)), len(orjson.dumps(schema)))
            self._components[key, mode] = known
        return known

    def charge(self, size: int) -> None:
        """Takes the bytes of a finished schema off the budget. Raises BudgetExceeded."""
        self._bytes -= size
        if self._bytes < 0:
            raise BudgetExceeded(self._source, "schemas", self._most_bytes)

    def prose(self, text: str) -> str:
        return text if self._verbatim else clean(text)

    def target(self, at: At) -> At:
        """Where the schema at `at` really stands. Raises Dangling."""
        return self.refs.follow(at) if isinstance(at.value, dict) and "$ref" in at.value else at

    def _reference(self, at: At, mode: Mode, hidden: frozenset[str]) -> Json:
        try:
            target = self.target(at)
        except Dangling as error:
            self.notes.warn(
                "dangling-reference", at, f"the reference {error}", lost="what the value may be",
                advice="point the reference at a schema that exists",
            )  # fmt: skip
            return {}
        if isinstance(target.value, bool):
            return target.value
        if target.key not in self._inlining and self._must_inline(target, mode, hidden) and self._may_inline(at):
            self._inlining.add(target.key)
            inside = self.convert(target, mode, hidden)
            self._inlining.discard(target.key)
            return inside
        self._places.setdefault(target.key, target)
        out: dict[str, Json] = {"$ref": target.key}
        # A description beside a reference says nothing that a value could break, whatever the version.
        siblings = {k: v for k, v in at.value.items() if k != "$ref" and (self._siblings or k == "description")}
        if siblings:
            beside = self.convert(At(siblings, at.doc, at.pointer), mode, hidden)
            out |= beside if isinstance(beside, dict) else {}
        return out

    def _must_inline(self, target: At, mode: Mode, hidden: frozenset[str]) -> bool:
        """A component must not require what its neighbour hides; then it is written out for this place alone."""
        if not hidden or not isinstance(target.value, dict):
            return False
        extra = hidden - self.hidden.names(target, mode)
        required = target.value.get("required")
        return isinstance(required, list) and any(isinstance(name, str) and name in extra for name in required)

    def _may_inline(self, at: At) -> bool:
        self._written_out += 1
        if self._written_out <= MOST_WRITTEN_OUT:
            return True
        self.notes.warn(
            "required-but-hidden", at, "too many schemas differ only in what they require",
            lost="that this schema must not require what its neighbour under allOf leaves out",
        )  # fmt: skip
        return False

    def _keyword(
        self, out: dict[str, Json], keyword: str, raw: Json, at: At, mode: Mode, hidden: frozenset[str]
    ) -> None:
        if keyword in READERS:
            self._plain(out, keyword, raw, at)
        elif keyword == "required":
            self._required(out, raw, at, hidden)
        elif keyword in NAMED:
            self._named(out, keyword, raw, at, mode)
        elif keyword in SEVERAL:
            self._several(out, keyword, raw, at, mode, hidden)
        elif keyword in ONE:
            out[keyword] = self.convert(at.child(keyword), mode)
        elif keyword == "items":
            self._items(out, raw, at, mode)
        elif keyword == "type":
            self._type(out, raw, at)
        elif keyword == "enum":
            self._enum(out, raw, at)

    def _plain(self, out: dict[str, Json], keyword: str, raw: Json, at: At) -> None:
        if isinstance(raw, bool) and keyword in {"exclusiveMinimum", "exclusiveMaximum"}:
            return  # draft 4's modifier, applied in _settle
        value = self._compiled(raw) if keyword == "pattern" else READERS[keyword](raw)
        self._check_seen(keyword, value, at)
        if value is WRONG:
            self.notes.warn(
                "keyword-dropped", at.child(keyword), f"{keyword!r} cannot be {_short(raw)}", lost="this restriction"
            )
        elif keyword == "description":
            out[keyword] = self.prose(value)
        elif keyword != "default" or len(orjson.dumps(value)) <= LONGEST_DEFAULT:
            out[keyword] = value

    def _compiled(self, pattern: Json) -> Json:
        """The pattern; WRONG for one that is none, or for which nothing is left of what patterns may cost."""
        if isinstance(pattern, str) and pattern not in self._patterns:
            self.deadline.check()
            cost = pattern_cost(pattern)
            if self._pattern_cost + cost > MOST_PATTERN:
                return WRONG
            self._pattern_cost += cost
            self._patterns.add(pattern)
        return READERS["pattern"](pattern)

    def _check_seen(self, keyword: str, value: Json, at: At) -> None:
        """These go to the model as they are, because changing them would change what is sent."""
        if keyword in _SENT and hides(value):
            self.notes.info(
                "hidden-characters", at.child(keyword),
                f"{keyword!r} holds characters that are not seen or steer what shows them",
                advice="see that nothing is hidden in them",
            )  # fmt: skip

    def _required(self, out: dict[str, Json], raw: Json, at: At, hidden: frozenset[str]) -> None:
        if isinstance(raw, bool):
            return  # draft 3's `required: true` on a property; the parameter or parent speaks for itself
        if not isinstance(raw, list):
            self.notes.warn("keyword-dropped", at, f"'required' cannot be {_short(raw)}", lost="which properties are")
            return
        names = list(dict.fromkeys(name for name in raw if isinstance(name, str) and name not in hidden))
        if names:
            out["required"] = names

    def _named(self, out: dict[str, Json], keyword: str, raw: Json, at: At, mode: Mode) -> None:
        if not isinstance(raw, dict):
            self.notes.warn("keyword-dropped", at, f"{keyword!r} cannot be {_short(raw)}", lost="these properties")
            return
        self._check_seen(keyword, list(raw), at)
        place = at.child(keyword)
        out[keyword] = {
            name: self.convert(child, mode)
            for name in raw
            if not self.hidden.holds(child := place.child(name), mode) and self._usable_key(keyword, name, child)
        }

    def _usable_key(self, keyword: str, name: str, at: At) -> bool:
        if keyword != "patternProperties" or self._compiled(name) is not WRONG:
            return True
        self.notes.warn("keyword-dropped", at, f"{_short(name)} is no pattern", lost="properties with such names")
        return False

    def _several(
        self, out: dict[str, Json], keyword: str, raw: Json, at: At, mode: Mode, hidden: frozenset[str]
    ) -> None:
        if not isinstance(raw, list) or not raw:
            if raw != []:
                self.notes.warn("keyword-dropped", at, f"{keyword!r} must be a list of schemas", lost="its schemas")
            return
        self.deadline.check()
        if keyword == "allOf":
            self._all_of -= len(raw)
            if self._all_of < 0:
                raise BudgetExceeded(self._source, "all_of", self._budget)
        passed = _NOTHING if keyword == "prefixItems" else hidden
        schemas = [self.convert(part, mode, passed) for part in _items(at, keyword)]
        if keyword == "oneOf" and mode is Mode.OUTPUT:
            keyword = "anyOf"  # branches stripped of what they require are no longer exclusive
        out[keyword] = [*out.get(keyword, ()), *schemas]

    def _items(self, out: dict[str, Json], raw: Json, at: At, mode: Mode) -> None:
        place = at.child("items")
        if not isinstance(raw, list):
            out["items"] = self.convert(place, mode)
            return
        # Draft 4's tuple: 2020-12 says prefixItems, and `items` for what follows.
        if raw:
            out["prefixItems"] = [self.convert(place.child(position), mode) for position in range(len(raw))]
        if "additionalItems" in at.value:
            out["items"] = self.convert(at.child("additionalItems"), mode)

    def _type(self, out: dict[str, Json], raw: Json, at: At) -> None:
        good, wrong = types_of(raw)
        if wrong:
            names = ", ".join(wrong)
            read = " or ".join(good) or "any type"
            self.notes.warn("unknown-type", at, f"{names!r} is no type; read as {read}", advice=meant(good, wrong))
        if good:
            out["type"] = good[0] if len(good) == 1 else good

    def _enum(self, out: dict[str, Json], raw: Json, at: At) -> None:
        if not isinstance(raw, list) or not raw:
            self.notes.warn("keyword-dropped", at, "'enum' must list at least one value", lost="this restriction")
            return
        self._check_seen("enum", raw, at)
        out["enum"] = raw

    def _settle(self, out: dict[str, Json], at: At, mode: Mode, hidden: frozenset[str]) -> None:
        """What takes more than one keyword to decide."""
        value = at.value
        for bound, exclusive in (("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")):
            if value.get(exclusive) is True and bound in out:
                out[exclusive] = out.pop(bound)
        if "enum" in out:
            out["enum"] = self._values(out, at)
        if "properties" in out and "required" in out and mode is Mode.INPUT:
            out["required"] = [name for name in out["required"] if name not in hidden]
        if value.get("nullable") is True or value.get("x-nullable") is True:
            self._nullable(out, mode)
        if out.get("type") == "array" and "items" not in out and "prefixItems" not in out and not self._verbatim:
            out["items"] = {}  # some providers refuse an array without
        if mode is Mode.INPUT and isinstance(value.get("discriminator"), dict | str):
            select_branches(self.refs, out, at)

    def _values(self, out: dict[str, Json], at: At) -> list[Json]:
        """Values once each, and as text where the type is text: YAML made numbers and booleans of some."""
        values = out["enum"]
        if out.get("type") == "string" and any(not isinstance(value, str | None.__class__) for value in values):
            self.notes.warn("enum-not-of-type", at, "the enum of a string holds other values; read as text")
            values = [value if isinstance(value, str | None.__class__) else _as_text(value) for value in values]
        if out.get("type") == "string" and None in values and at.value.get("nullable") is not True:
            values = [value for value in values if value is not None] or values
        return list({orjson.dumps(value): value for value in values}.values())

    def _nullable(self, out: dict[str, Json], mode: Mode) -> None:
        """Answers may be null wherever the document mentions it; inputs where its words allow it.

        OpenAPI 3.0.3: nullable adds "null" "only if type is explicitly defined within the same Schema Object", and
        "other Schema Object constraints ... may disallow the use of null", as an enum without it does. 3.1 has no such
        keyword.
        """
        kind = out.get("type")
        if mode is Mode.INPUT and (self._siblings or None not in out.get("enum", (None,))):
            return
        if kind is not None:
            types = kind if isinstance(kind, list) else [kind]
            out["type"] = list(dict.fromkeys([*types, "null"]))
            if "enum" in out and None not in out["enum"]:
                out["enum"] = [*out["enum"], None]
        elif mode is Mode.OUTPUT and out:
            described = {"description": out.pop("description")} if "description" in out else {}
            rest = dict(out)
            out.clear()
            out |= described | {"anyOf": [rest, {"type": "null"}]}


def uses(schema: Json) -> Iterator[str]:
    """The component keys that a converted schema refers to, repetitions included."""
    waiting = [schema]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            if "$ref" in value:
                yield value["$ref"]
            waiting.extend(subschemas(value))


def _items(at: At, keyword: str) -> Iterator[At]:
    raw = at.value.get(keyword)
    if isinstance(raw, list):
        place = at.child(keyword)
        yield from (place.child(position) for position in range(len(raw)))


def _as_text(value: Json) -> str:
    return orjson.dumps(value).decode()


def _short(value: Json) -> str:
    text = re.sub(r"\s+", " ", repr(value))
    return text if len(text) <= 60 else text[:57] + "..."
