"""Which types of values a schema may take, looking through references and alternatives."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from bridge.model.json import Json

MOST_LOOKED_AT = 200


@dataclass(frozen=True, slots=True)
class Kinds:
    """JSON Schema's names of types; none where anything goes. `items` is the schema of a list's items, `values` are
    those of enumerations, none where other values are taken too."""

    names: frozenset[str]
    items: Json
    values: tuple[Json, ...] = ()


def kinds(schema: Json, root: Json) -> Kinds:
    """`root` holds the definitions that `schema` refers to."""
    names: set[str] = set()
    items: Json = {}
    for one in alternatives(schema, root):
        names |= _named(one)
        items = items or one.get("items") or {}
    return Kinds(frozenset(names), items, tuple(_values(schema, root, _Looks()) or ()))


@dataclass(slots=True)
class _Looks:
    left: int = MOST_LOOKED_AT


def _values(schema: Json, root: Json, looks: _Looks) -> list[Json] | None:
    """All that may be taken; None where that is no enumeration."""
    looks.left -= 1
    if not isinstance(schema, Mapping) or looks.left < 0:
        return None
    if listed := _listed(schema):
        return listed
    if schema.get("type") == "null":
        return [None]
    for key in ("anyOf", "oneOf"):
        members = schema.get(key)
        if isinstance(members, list) and members:
            found = [_values(one, root, looks) for one in members]
            return None if None in found else [value for values in found for value in values or ()]
    further = [*(schema.get("allOf") or ()), _definition(schema.get("$ref"), root)]
    return next((values for one in further if (values := _values(one, root, looks)) is not None), None)


def alternatives(schema: Json, root: Json) -> Iterator[Mapping[str, Json]]:
    """The schema and, within bounds, all that it refers to or chooses from, in their order."""
    waiting, looked = [schema], 0
    while waiting and looked < MOST_LOOKED_AT:
        one = waiting.pop()
        looked += 1
        if not isinstance(one, Mapping):
            continue
        yield one
        for key in ("anyOf", "oneOf", "allOf"):
            members = one.get(key)
            waiting += reversed(members) if isinstance(members, list) else []
        target = _definition(one.get("$ref"), root)
        waiting += [target] if target is not None else []


def _definition(ref: Json, root: Json) -> Json:
    if not isinstance(ref, str) or not ref.startswith("#/$defs/"):
        return None
    return root.get("$defs", {}).get(ref[8:].replace("~1", "/").replace("~0", "~"))


_OF = {str: "string", bool: "boolean", int: "integer", float: "number", list: "array", dict: "object"}


def _named(schema: Mapping[str, Json]) -> set[str]:
    kind = schema.get("type")
    if isinstance(kind, str):
        return {kind}
    if isinstance(kind, list):
        return {one for one in kind if isinstance(one, str)}
    return {_OF.get(type(one), "null") for one in _listed(schema)}


def _listed(schema: Mapping[str, Json]) -> list[Json]:
    values = [schema["const"]] if "const" in schema else schema.get("enum")
    return values if isinstance(values, list) else []
