"""The plain object behind a schema: its properties, through references and `allOf`, or the answer that it is not plain.

Only a plain object can be spread over a tool's root, where providers refuse combinators.
"""

from dataclasses import dataclass, field

from bridge.importer.hidden import Mode
from bridge.importer.refs import At
from bridge.importer.schema import Schemas
from bridge.model import Json

# Keywords that restrict the object as a whole: spread over the root they would be lost, or mean something else there.
_WHOLE = frozenset({"oneOf", "anyOf", "not", "if", "then", "else", "patternProperties", "propertyNames",
                    "dependentSchemas", "dependentRequired", "minProperties", "maxProperties", "const", "enum",
                    "unevaluatedProperties"})  # fmt: skip
DEEPEST = 64
MOST_PARTS = 1_000
"""Members of `allOf`, followed through references: where each refers twice to the next, a few lines hold millions."""


@dataclass(slots=True)
class PlainObject:
    """Each property with every schema that `allOf` gives it; `required` may name properties nobody describes."""

    properties: dict[str, list[At]] = field(default_factory=dict)
    required: list[str] = field(default_factory=list)
    open: bool = False
    """Properties beyond those named are asked for in so many words."""
    description: str = ""
    parts: int = 0


def plain_object(at: At, schemas: Schemas, mode: Mode) -> PlainObject | None:
    """None when the schema is no object, or more than one with properties. Raises Dangling."""
    found = PlainObject()
    try:
        good = _gather(at, schemas, found, frozenset())
    except _NotPlain:
        return None
    if not good or not (found.properties or found.required) or found.open:
        return None
    hidden = _hidden(found, schemas, mode)
    found.properties = {name: parts for name, parts in found.properties.items() if name not in hidden}
    found.required = [name for name in dict.fromkeys(found.required) if name not in hidden]
    return found


class _NotPlain(Exception):
    pass


def _hidden(found: PlainObject, schemas: Schemas, mode: Mode) -> set[str]:
    return {name for name, parts in found.properties.items() if any(schemas.hidden.holds(part, mode) for part in parts)}


def _gather(at: At, schemas: Schemas, found: PlainObject, above: frozenset[str]) -> bool:
    """Adds what `at` says; true when it says "object" somewhere."""
    target = schemas.target(at)
    value = target.value
    found.parts += 1
    if found.parts > MOST_PARTS:
        raise _NotPlain
    if not isinstance(value, dict) or target.key in above or len(above) > DEEPEST:
        raise _NotPlain
    if not _WHOLE.isdisjoint(value) or not _object(value):
        raise _NotPlain
    properties = value.get("properties")
    named = properties if isinstance(properties, dict) else {}
    place = target.child("properties") if named else target
    for name in named:
        found.properties.setdefault(name, []).append(place.child(name))
    required = value.get("required")
    found.required += [name for name in required if isinstance(name, str)] if isinstance(required, list) else []
    found.description = found.description or _text(at.value) or _text(value)
    _extra(value, found, above)
    parts = value.get("allOf")
    says = value.get("type") == "object" or bool(named) or isinstance(value.get("type"), list)
    for position in range(len(parts)) if isinstance(parts, list) else ():
        part = target.child("allOf").child(position)
        says = _gather(part, schemas, found, above | {target.key}) or says
    return says


def _extra(value: dict[str, Json], found: PlainObject, above: frozenset[str]) -> None:
    extra = value.get("additionalProperties")
    if extra is False and (above or value.get("allOf")):
        # Under allOf it forbids the neighbours' properties too; merged it would forbid nothing.
        raise _NotPlain
    if extra is True or isinstance(extra, dict):
        found.open = True


def _object(value: dict[str, Json]) -> bool:
    kind = value.get("type")
    if isinstance(kind, list):
        return "object" in kind and all(one in ("object", "null", None) for one in kind)
    return kind in (None, "object")


def _text(value: Json) -> str:
    text = value.get("description") if isinstance(value, dict) else None
    return text if isinstance(text, str) else ""


def combined(parts: list[At], schemas: Schemas, mode: Mode) -> Json:
    """One schema for a property that several members of `allOf` describe."""
    converted: list[Json] = []
    for part in parts:
        schema = schemas.convert(part, mode)
        if schema not in converted:
            converted.append(schema)
    return converted[0] if len(converted) == 1 else {"allOf": converted}
