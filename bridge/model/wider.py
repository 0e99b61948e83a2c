"""Whether a schema takes every value that an older one took.

Only what is certain counts: a keyword that is not in the tables must be the same in both, and where the answer would need
more thought than a comparison keyword by keyword, it is no.
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
    """`assumed` holds the pairs of references that are being compared: a pair that is met again within itself holds if
    everything else does."""

    old: Mapping[str, Json]
    new: Mapping[str, Json]
    steps: int = 0
    assumed: list[tuple[str, str]] = field(default_factory=list)

    def wider(self, old: Json, new: Json) -> bool:
        self.steps += 1
        old, new = _plain(old), _plain(new)
        if old is False or new == {}:
            return True
        if new is False or self.steps > STEPS or self.steps_in > DEEPEST:
            return False
        references = (old.get("$ref", ""), new.get("$ref", ""))
        if any(references):
            return self._followed(old, new, references)
        self.steps_in += 1
        try:
            return self._by_keyword(old, new) or self._by_branch(old, new)
        finally:
            self.steps_in -= 1
