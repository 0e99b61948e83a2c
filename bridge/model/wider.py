"""Whether a schema takes every value that an older one took.

Only what is certain counts: a keyword that is not in the tables must be the same in both, and where the answer would
need more thought than a comparison keyword by keyword, it is no.
"""

import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from types import NoneType
from typing import TypeAlias

from bridge.model.json import Json

DEEPEST = 40
STEPS = 20_000

PROSE = frozenset({"title", "description", "default", "example", "examples", "deprecated", "$comment", "$defs",
                   "readOnly", "writeOnly"})  # fmt: skip
"""Keywords that refuse no value."""

_TYPES: Mapping[type, str] = {
    dict: "object", list: "array", str: "string", int: "integer", float: "number", bool: "boolean", NoneType: "null",
}  # fmt: skip
_KINDS: Mapping[str, Collection[str]] = {
    name: kinds
    for kinds, names in (
        (("number", "integer"), ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf")),
        (("string",), ("minLength", "maxLength", "pattern")),
        (("array",), ("minItems", "maxItems", "uniqueItems", "items", "prefixItems", "contains")),
        (("object",), ("minProperties", "maxProperties", "required", "properties", "additionalProperties",
                       "patternProperties", "propertyNames", "dependentRequired")),
    )
    for name in names
}  # fmt: skip
"""The types of value that a keyword says something about; it lets values of all other types through."""


def accepts(old: Json, new: Json, old_root: Json, new_root: Json) -> bool:
    """True only if `new` certainly takes every value that `old` took; the roots hold the `$defs` of each."""
    return _Comparison(_definitions(old_root), _definitions(new_root)).wider(old, new)


def types(schema: Json) -> set[str] | None:
    """The types that the schema's own keywords leave; None: any."""
    if "type" in schema:
        named = schema["type"]
        return {named} if isinstance(named, str) else set(named)
    values = _values(schema)
    return {_TYPES[type(value)] for value in values} if values is not None else None


def _definitions(root: Json) -> Mapping[str, Json]:
    held = root.get("$defs", {}) if isinstance(root, dict) else {}
    return {f"#/$defs/{_escaped(name)}": schema for name, schema in held.items()}


def _escaped(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")


def _values(schema: Json) -> list[Json] | None:
    """The values that the schema lists; None where it lists none."""
    if "const" in schema:
        return [schema["const"]]
    return schema.get("enum")  # type: ignore[no-any-return]


def _plain(schema: Json) -> Json:
    """`{}` for true, `false` for what takes nothing, else the schema without its prose."""
    if not isinstance(schema, dict):
        return {} if schema is True else False
    return {name: value for name, value in schema.items() if name not in PROSE}


_Rule: TypeAlias = Callable[["_Comparison", Json, Json], bool]
"""Both schemas, the newer one with the keyword: whether this keyword refuses nothing that the older schema took."""


@dataclass(slots=True)
class _Comparison:
    """`assumed` holds the pairs of references under comparison: one that is met again within itself holds if the rest
    of it does, which is how recursive schemas come to an end."""

    old: Mapping[str, Json]
    new: Mapping[str, Json]
    steps: int = 0
    depth: int = 0
    assumed: list[tuple[str, str]] = field(default_factory=list)

    def wider(self, old: Json, new: Json) -> bool:
        old, new = _plain(old), _plain(new)
        if old is False or new == {}:
            return True
        if new is False or self.steps >= STEPS or self.depth >= DEEPEST:
            return False
        self.steps += 1
        self.depth += 1
        try:
            return self._followed(old, new) if "$ref" in old or "$ref" in new else self._held(old, new)
        finally:
            self.depth -= 1

    def _followed(self, old: Json, new: Json) -> bool:
        pair = (old.get("$ref", ""), new.get("$ref", ""))
        if pair in self.assumed and len(old) == len(new) == 1:
            return True
        before, after = _target(old, self.old), _target(new, self.new)
        if before is None or after is None:
            return False
        if not all(pair):
            return self.wider(before, after)
        self.assumed.append(pair)
        try:
            return self.wider(before, after)
        finally:
            self.assumed.pop()

    def _held(self, old: Json, new: Json) -> bool:
        if all(self._keyword(name, old, new) for name in new):
            return True
        # What takes one of several schemas is taken where each of them is.
        return any(name in old and all(self.wider(one, new) for one in old[name]) for name in ("anyOf", "oneOf"))

    def _keyword(self, name: str, old: Json, new: Json) -> bool:
        kinds = types(old)
        if kinds is not None and name in _KINDS and kinds.isdisjoint(_KINDS[name]):
            return True
        rule = _RULES.get(name)
        return rule(self, old, new) if rule else name in old and self.same(old[name], new[name])

    def same(self, old: Json, new: Json) -> bool:
        """Word for word, and so is what they refer to."""
        written = json.dumps(new, sort_keys=True)
        return json.dumps(old, sort_keys=True) == written and ('"$ref"' not in written or self.old == self.new)


def _target(schema: Json, definitions: Mapping[str, Json]) -> Json | None:
    """The schema itself, or what it refers to; None where that is elsewhere or keywords stand beside the reference."""
    if "$ref" not in schema:
        return schema
    return definitions.get(schema["$ref"]) if len(schema) == 1 else None


def _type(_: _Comparison, old: Json, new: Json) -> bool:
    before, after = types(old), types(new) or set()
    return before is not None and before <= (after | {"integer"} if "number" in after else after)


def _listed(_: _Comparison, old: Json, new: Json) -> bool:
    before, after = _values(old), _values(new) or []
    # As JSON text: to Python, 1 is True.
    taken = {json.dumps(value, sort_keys=True) for value in after}
    return before is not None and all(json.dumps(value, sort_keys=True) in taken for value in before)


def _above(_: _Comparison, old: Json, new: Json) -> bool:
    """Both lower bounds at once: what is above 5 is also at least 5, and what is at least 6 above 5."""
    least, over = new.get("minimum"), new.get("exclusiveMinimum")
    was_least, was_over = old.get("minimum"), old.get("exclusiveMinimum")
    return (least is None or _at_least(was_least, least) or _at_least(was_over, least)) and (
        over is None or _at_least(was_over, over) or (was_least is not None and was_least > over)
    )


def _below(_: _Comparison, old: Json, new: Json) -> bool:
    most, under = new.get("maximum"), new.get("exclusiveMaximum")
    was_most, was_under = old.get("maximum"), old.get("exclusiveMaximum")
    return (most is None or _at_least(most, was_most) or _at_least(most, was_under)) and (
        under is None or _at_least(under, was_under) or (was_most is not None and was_most < under)
    )


def _at_least(high: float | None, low: float | None) -> bool:
    return high is not None and low is not None and high >= low


def _shortest(name: str) -> _Rule:
    return lambda _, old, new: old.get(name, 0) >= new[name]


def _longest(name: str) -> _Rule:
    return lambda _, old, new: name in old and old[name] <= new[name]


def _multiple(_: _Comparison, old: Json, new: Json) -> bool:
    steps = old.get("multipleOf"), new["multipleOf"]
    return all(isinstance(step, int) for step in steps) and steps[0] % steps[1] == 0


def _required(_: _Comparison, old: Json, new: Json) -> bool:
    return set(new["required"]) <= set(old.get("required", ()))


def _properties(held: _Comparison, old: Json, new: Json) -> bool:
    before, others = old.get("properties", {}), old.get("additionalProperties", True)
    if "patternProperties" in old and new["properties"].keys() - before.keys():
        return False
    return all(held.wider(before.get(name, others), schema) for name, schema in new["properties"].items())


def _additional(held: _Comparison, old: Json, new: Json) -> bool:
    unnamed = [schema for name, schema in old.get("properties", {}).items() if name not in new.get("properties", {})]
    if "patternProperties" not in new:
        unnamed += old.get("patternProperties", {}).values()
    unnamed.append(old.get("additionalProperties", True))
    return all(held.wider(schema, new["additionalProperties"]) for schema in unnamed)


def _items(held: _Comparison, old: Json, new: Json) -> bool:
    same = held.same(old.get("prefixItems"), new.get("prefixItems"))
    return same and held.wider(old.get("items", True), new["items"])


def _any_of(held: _Comparison, old: Json, new: Json) -> bool:
    return all(any(held.wider(one, other) for other in new["anyOf"]) for one in old.get("anyOf", [_without(old)]))


def _without(schema: Json) -> Json:
    return {name: value for name, value in schema.items() if name != "anyOf"}


def _all_of(held: _Comparison, old: Json, new: Json) -> bool:
    return all(any(held.wider(one, other) for one in (*old.get("allOf", ()), _plainly(old))) for other in new["allOf"])


def _plainly(schema: Json) -> Json:
    """What the schema says itself, which is less than it says with its combinators."""
    return {name: value for name, value in schema.items() if name != "allOf"}


_RULES: Mapping[str, _Rule] = {
    "type": _type, "enum": _listed, "const": _listed,
    "minimum": _above, "exclusiveMinimum": _above, "maximum": _below, "exclusiveMaximum": _below,
    **{name: _shortest(name) for name in ("minLength", "minItems", "minProperties")},
    **{name: _longest(name) for name in ("maxLength", "maxItems", "maxProperties")},
    "multipleOf": _multiple, "uniqueItems": lambda _, old, new: not new["uniqueItems"] or old.get("uniqueItems", False),
    "required": _required, "properties": _properties, "additionalProperties": _additional, "items": _items,
    "anyOf": _any_of, "allOf": _all_of,
}  # fmt: skip
