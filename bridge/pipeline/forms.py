"""A form for a person, made of schemas: MCP's restricted kind, flat and primitive.

Everything that a schema says beyond that is left to the check of the completed arguments. What a form can show as a
choice of texts only (a choice of numbers, say) is turned back into the value that it stands for.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from bridge.model import Json, Question
from bridge.model.kinds import alternatives, kinds
from bridge.pipeline.validators import compiled

_FORMATS = frozenset({"date", "date-time", "email", "uri"})
_LONGEST_TEXT = 500
_MOST_CHOICES = 500
_LIMITS: Mapping[str, tuple[str, ...]] = {
    "string": ("minLength", "maxLength"),
    "number": ("minimum", "maximum"),
    "integer": ("minimum", "maximum"),
}
_OF: Mapping[str, type | tuple[type, ...]] = {"string": str, "boolean": bool, "number": (int, float), "integer": int}
Choices: TypeAlias = Mapping[str, Json]
Fits: TypeAlias = Callable[[Json], bool]


@dataclass(frozen=True, slots=True)
class Form:
    """`choices` are, by argument, the values behind the texts that can be chosen."""

    key: str
    question: Question
    choices: Mapping[str, Choices] = field(default_factory=dict)

    def values(self, content: Mapping[str, Json]) -> dict[str, Json] | None:
        """What a filled-in form says of its arguments; None where it does not fit. Other members are left out."""
        properties = self.question.schema["properties"]
        read = {
            name: _listed(content[name], properties[name])
            for name in properties
            if content.get(name) is not None and name in content
        }
        try:
            if not compiled(self.question.schema, self.key).is_valid(read):
                return None
        except ValueError:  # half a surrogate pair
            return None
        return {name: self._meant(name, value) for name, value in read.items()}

    def _meant(self, name: str, value: Json) -> Json:
        choices = self.choices.get(name)
        if choices is None:
            return value
        return [choices[one] for one in value] if isinstance(value, list) else choices[value]


def form(key: str, message: str, fields: Mapping[str, Json], required: Iterable[str], root: Json) -> Form:
    """`fields` are schemas by argument; `root` holds the definitions that they refer to."""
    properties: dict[str, Json] = {}
    choices: dict[str, Choices] = {}
    for name, schema in fields.items():
        properties[name], chosen = _field(schema, root)
        if chosen:
            choices[name] = chosen
    schema = {"type": "object", "properties": properties}
    wanted = [name for name in fields if name in set(required)]
    return Form(key, Question(message, schema | ({"required": wanted} if wanted else {})), choices)


def may_be_null(schema: Json, root: Json) -> bool:
    taken = kinds(schema, root).names
    return not taken or "null" in taken


def _field(schema: Json, root: Json) -> tuple[dict[str, Json], Choices]:
    taken = kinds(schema, root)
    about = _about(schema, root)
    items = kinds(taken.items, root).values if "array" in taken.names else ()
    values = items or taken.values
    if values and len(values) <= _MOST_CHOICES:
        return _choice(schema, root, values, about, many=bool(items))
    kind = _kind(taken.names)
    said = {"type": kind} | about | _limits(schema, root, kind)
    return said | _default(schema, root, lambda value: _fits(value, kind)), {}


def _kind(names: frozenset[str]) -> str:
    """Where several types are taken, the one that can hold what the others say."""
    for kind in ("string", "number", "integer", "boolean"):
        if kind in names:
            return kind
    return "string"


def _choice(
    schema: Json, root: Json, values: tuple[Json, ...], about: dict[str, Json], *, many: bool
) -> tuple[dict[str, Json], Choices]:
    chosen = {_text(value): value for value in values if value is not None}
    titles = _titles(kinds(schema, root).items if many else schema, root)
    titled = [{"const": text, "title": titles.get(text, text)} for text in chosen]
    plain = {"type": "string", "enum": list(chosen)}
    said: dict[str, Json]
    if not many:
        said = {"type": "string", "oneOf": titled} if titles else plain
        return said | about | _default(schema, root, lambda value: value in chosen), chosen
    most = _said(schema, root, ("minItems", "maxItems"), int)
    said = {"type": "array", "items": {"anyOf": titled} if titles else plain}
    return said | about | most | _default(schema, root, lambda value: _all_in(value, chosen)), chosen


def _text(value: Json) -> str:
    return value if isinstance(value, str) else str(value).lower() if isinstance(value, bool) else str(value)


def _titles(schema: Json, root: Json) -> dict[str, str]:
    """Of the form `oneOf: [{const, title}]`."""
    return {
        _text(one["const"]): one["title"]
        for one in alternatives(schema, root)
        if "const" in one and isinstance(one.get("title"), str)
    }


def _about(schema: Json, root: Json) -> dict[str, Json]:
    """The title and description nearest to the argument itself."""
    told: dict[str, Json] = {}
    for one in alternatives(schema, root):
        for key in ("title", "description"):
            if "const" not in one and isinstance(one.get(key), str) and one[key]:
                told.setdefault(key, one[key][:_LONGEST_TEXT])
    return told


def _limits(schema: Json, root: Json, kind: str) -> dict[str, Json]:
    number = kind in {"integer", "number"}
    found = _said(schema, root, _LIMITS.get(kind, ()), (int, float) if number else int)
    formats = _said(schema, root, ("format",), str) if kind == "string" else {}
    return found | (formats if formats.get("format") in _FORMATS else {})


def _said(schema: Json, root: Json, keys: Iterable[str], kind: type | tuple[type, ...]) -> dict[str, Json]:
    """What exactly one of the alternatives says, and only where there is no choice between types."""
    if len(kinds(schema, root).names - {"null"}) > 1:
        return {}
    told = list(alternatives(schema, root))
    found = {key: [one[key] for one in told if key in one] for key in keys}
    return {
        key: values[0]
        for key, values in found.items()
        if len(values) == 1 and isinstance(values[0], kind) and not isinstance(values[0], bool)
    }


def _default(schema: Json, root: Json, fits: Fits) -> dict[str, Json]:
    found = [one["default"] for one in alternatives(schema, root) if "default" in one]
    return {"default": found[0]} if len(found) == 1 and fits(found[0]) else {}


def _fits(value: Json, kind: str) -> bool:
    return isinstance(value, _OF[kind]) and (kind == "boolean" or not isinstance(value, bool))


def _all_in(value: Json, chosen: Choices) -> bool:
    return isinstance(value, list) and all(isinstance(one, str) and one in chosen for one in value)


def _listed(value: Json, schema: Json) -> Json:
    """A list that was typed as one text, where the form could show no list."""
    if schema["type"] == "array" and isinstance(value, str):
        return [one.strip() for one in value.split(",") if one.strip()]
    return value


def older(schema: Json) -> Json:
    """The same form as 2025-06-18 has it: no lists, choices with `enumNames`, defaults for booleans alone."""
    return {**schema, "properties": {name: _older(one) for name, one in schema["properties"].items()}}


def _older(one: Json) -> Json:
    kept = {key: value for key, value in one.items() if key in {"title", "description"}}
    if one["type"] == "array":
        texts = one["items"].get("enum") or [choice["const"] for choice in one["items"]["anyOf"]]
        told = f"Separated by commas, any of: {', '.join(texts)}"
        return {"type": "string", **kept, "description": f"{kept.get('description', '')} {told}".strip()}
    if "oneOf" in one:
        names = {"enum": [choice["const"] for choice in one["oneOf"]]}
        return {"type": "string", **kept, **names, "enumNames": [choice["title"] for choice in one["oneOf"]]}
    return {key: value for key, value in one.items() if key != "default" or one["type"] == "boolean"}
