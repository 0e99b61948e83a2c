"""What a schema says about a text before anything is validated: which types it may become, which members it may have.

References, `allOf` and unions are unfolded into views: each view is one way of fitting the schema, as the plain schemas
that hold together then. Reading guided by a view is a guess; the validator has the last word.
"""

from collections.abc import Iterable, Mapping
from itertools import product
from typing import TypeAlias

from bridge.model import Json

View: TypeAlias = tuple[Mapping[str, Json], ...]

ALL_TYPES = frozenset({"array", "boolean", "integer", "null", "number", "object", "string"})
_MOST_VIEWS = 256
_DEEPEST = 32


class TooWide(ValueError):
    """More ways of fitting the schema than can be tried."""


def views(schema: Json, defs: Mapping[str, Json], depth: int = 0) -> list[View]:
    """Raises TooWide. `false` has no views; what runs in a circle adds nothing."""
    if not isinstance(schema, Mapping):
        return [] if schema is False else [()]
    if depth > _DEEPEST:
        return [()]
    factors: list[list[View]] = [[(schema,)]]
    if isinstance(schema.get("$ref"), str):
        factors.append(views(_target(schema["$ref"], defs), defs, depth + 1))
    factors += [views(part, defs, depth + 1) for part in _list(schema, "allOf")]
    for union in ("anyOf", "oneOf"):
        if schema.get(union):
            factors.append([view for branch in _list(schema, union) for view in views(branch, defs, depth + 1)])
    return _combined(factors)


def _combined(factors: list[list[View]]) -> list[View]:
    count = 1
    for factor in factors:
        count *= len(factor)
    if count > _MOST_VIEWS:
        raise TooWide
    return [sum(combination, ()) for combination in product(*factors)]


def _target(reference: str, defs: Mapping[str, Json]) -> Json:
    name = reference.removeprefix("#/$defs/")
    return defs.get(name.replace("~1", "/").replace("~0", "~"), True)


def _list(schema: Mapping[str, Json], keyword: str) -> list[Json]:
    value = schema.get(keyword)
    return value if isinstance(value, list) else []


# --- what a view says -------------------------------------------------------------------------------------------------


def types(view: View) -> frozenset[str]:
    return ALL_TYPES.intersection(*(_types(schema) for schema in view))


def _types(schema: Mapping[str, Json]) -> frozenset[str]:
    declared = schema.get("type")
    if isinstance(declared, str):
        declared = [declared]
    if isinstance(declared, list):
        named = frozenset(declared)
        return named | {"integer"} if "number" in named else named
    return ALL_TYPES


def member(view: View, name: str) -> Json:
    """The schema of an object's member."""
    return _all(_member(schema, name) for schema in view)


def _member(schema: Mapping[str, Json], name: str) -> Json:
    named = schema.get("properties")
    if isinstance(named, Mapping) and name in named:
        return named[name]
    return True if schema.get("patternProperties") else schema.get("additionalProperties", True)


def element(view: View, position: int) -> Json:
    """The schema of an array's item."""
    return _all(_element(schema, position) for schema in view)


def _element(schema: Mapping[str, Json], position: int) -> Json:
    first = _list(schema, "prefixItems")
    return first[position] if position < len(first) else schema.get("items", True)


_UNNAMED = -1


def slot(view: View, key: str | int) -> str | int:
    """The same for all members that have the same schema: what a request names or counts is without bound."""
    if isinstance(key, int):
        return min(key, max((len(_list(schema, "prefixItems")) for schema in view), default=0))
    return key if key in names(view) else _UNNAMED


def _all(schemas: Iterable[Json]) -> Json:
    """`false` forbids a member by name; its value is read as if anything went, and the validator objects."""
    said = [schema for schema in schemas if isinstance(schema, Mapping) and schema]
    if not said:
        return True
    return said[0] if len(said) == 1 else {"allOf": said}


def names(view: View) -> frozenset[str]:
    found = [schema.get("properties") for schema in view]
    return frozenset[str]().union(*(named for named in found if isinstance(named, Mapping)))


def closed(view: View) -> bool:
    """Whether members beyond the named ones are forbidden."""
    return any(
        (schema.get("additionalProperties") is False and not schema.get("patternProperties"))
        or schema.get("unevaluatedProperties") is False
        for schema in view
    )


def required(view: View) -> list[str]:
    return list(dict.fromkeys(name for schema in view for name in _list(schema, "required") if isinstance(name, str)))


# --- bodies -----------------------------------------------------------------------------------------------------------

_NAMED = frozenset({"$defs", "dependentSchemas", "patternProperties", "properties"})
_NOT_WEAKENED = frozenset({"const", "default", "enum", "example", "examples", "if", "not"})
_CLOSING = frozenset({"additionalProperties", "unevaluatedProperties"})


def opened(schema: Json) -> Json:
    """The schema of a body, weakened to what can be said about people's requests.

    readOnly properties are gone from it, but people send back what they got: OpenAPI says that such a property “SHOULD
    NOT be sent as part of the request”, not that it must not. So no object is closed, and of exclusive forms, which may
    differ in nothing else, several may fit. Below `not` and `if` weaker would be stricter, so these stay.
    """
    if isinstance(schema, list):
        return [opened(part) for part in schema]
    if not isinstance(schema, Mapping):
        return schema
    weak: dict[str, Json] = {}
    for keyword, value in schema.items():
        if keyword in _NOT_WEAKENED:
            weak[keyword] = value
        elif keyword in _NAMED and isinstance(value, Mapping):
            weak[keyword] = {name: opened(part) for name, part in value.items()}
        elif keyword != "oneOf" and not (keyword in _CLOSING and value is False):
            weak[keyword] = opened(value)
    if "oneOf" in schema:
        either = {"anyOf": opened(schema["oneOf"])}
        weak |= {"allOf": [*weak.get("allOf", []), either]} if "anyOf" in weak else either
    return weak
