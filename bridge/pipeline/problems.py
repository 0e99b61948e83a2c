"""What is wrong with arguments, in words that an agent can act on: which one, what came, what would be right."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from difflib import get_close_matches
from typing import NamedTuple

import orjson
from jsonschema_rs import ValidationError, ValidationErrorKind

from bridge.model import Json

_KNOWN = 30
_CHOICES = 20
_WIDTH = 80


class Problem(NamedTuple):
    """`argument` is a path like `filter.tags[0]`; empty where the arguments as a whole are wrong."""

    argument: str
    message: str


def problems(errors: Iterable[ValidationError], schema: Json, limit: int) -> list[Problem]:
    """At most `limit`, each once: branches of a union often object to the same thing."""
    found: dict[Problem, None] = {}
    for problem in (problem for error in errors for problem in _explained(error, schema)):
        found[problem] = None
        if len(found) >= limit:
            break
    return list(found)


def _explained(error: ValidationError, schema: Json) -> Iterator[Problem]:
    explain = _EXPLAIN.get(error.kind.name)
    if explain is None:
        yield Problem(_dotted(error.instance_path), _short(error.message, 3 * _WIDTH))
    else:
        yield from explain(error, schema)


def _dotted(path: Iterable[str | int], name: str | None = None) -> str:
    steps = [*path, *([] if name is None else [name])]
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps).removeprefix(".")


def _short(text: str, width: int = _WIDTH) -> str:
    return text if len(text) <= width else f"{text[: width - 1]}…"


def _shown(value: Json) -> str:
    try:
        return _short(orjson.dumps(value).decode())
    except TypeError:
        return _short(str(value)) if isinstance(value, int | float) else "a value that is no JSON"


# --- names ------------------------------------------------------------------------------------------------------------


def _missing(error: ValidationError, schema: Json) -> Iterator[Problem]:
    name = str(error.kind.value)
    described = describe(_properties(error, schema).get(name))
    yield Problem(_dotted(error.instance_path, name), f"is missing, but required{described and f': {described}'}")


def _unknown(error: ValidationError, schema: Json) -> Iterator[Problem]:
    names = list(_properties(error, schema))
    known = "; known: " + (", ".join(names[:_KNOWN]) + (", …" if len(names) > _KNOWN else "") or "none")
    for name in error.kind.value:
        close = get_close_matches(name, names, n=1)
        hint = f"; did you mean '{close[0]}'?" if close else ""
        yield Problem(_short(_dotted(error.instance_path, name)), f"unknown argument '{_short(name)}'{hint}{known}")
        known = ""  # said once


def _properties(error: ValidationError, schema: Json) -> Mapping[str, Json]:
    """The properties beside the keyword that failed; its path names the place in `$defs` that a reference led to."""
    node: Json = schema
    for step in list(error.schema_path)[:-1]:
        node = _step(node, step)
    properties = node.get("properties") if isinstance(node, Mapping) else None
    return properties if isinstance(properties, Mapping) else {}


def _step(node: Json, step: str | int) -> Json:
    if isinstance(node, Mapping):
        return node.get(str(step), {})
    return node[step] if isinstance(node, list) and isinstance(step, int) and step < len(node) else {}


# --- values -----------------------------------------------------------------------------------------------------------

_ARTICLES = {
    "array": "an array",
    "boolean": "true or false",
    "integer": "an integer",
    "null": "null",
    "number": "a number",
    "object": "an object",
    "string": "a string",
}


def describe(schema: Json) -> str:
    """What a property wants, in a few words; empty where that takes more."""
    if not isinstance(schema, Mapping):
        return ""
    if isinstance(schema.get("enum"), list):
        return f"one of {_choices(schema['enum'])}"
    declared = schema.get("type")
    types = [declared] if isinstance(declared, str) else declared if isinstance(declared, list) else []
    return " or ".join(_ARTICLES.get(one, str(one)) for one in types)


def _choices(options: Iterable[Json]) -> str:
    texts = [_shown(option) for option in options]
    return ", ".join(texts[:_CHOICES]) + (f", … ({len(texts)} in all)" if len(texts) > _CHOICES else "")


def _must(wanted: Callable[[Json], str]) -> Callable[[ValidationError, Json], Iterator[Problem]]:
    """An explanation `must …, not …` out of the keyword's value."""

    def explain(error: ValidationError, schema: Json) -> Iterator[Problem]:
        received = _shown(error.instance)
        yield Problem(_dotted(error.instance_path), f"must {wanted(error.kind.value)}, not {received}")

    return explain


def _types(value: Json) -> str:
    names = value if isinstance(value, list) else [value]
    return "be " + " or ".join(_ARTICLES.get(name, str(name)) for name in names)


def _plural(count: Json, noun: str) -> str:
    return f"{count} {noun}" + ("" if count == 1 else "s")


# --- unions -----------------------------------------------------------------------------------------------------------


def _union(error: ValidationError, schema: Json) -> Iterator[Problem]:
    """The problems of the branch that comes closest; where none even has the right type, what types there are."""
    if isinstance(error.kind, ValidationErrorKind.OneOfMultipleValid):
        yield _several(error)
        return
    branches: list[list[ValidationError]] = error.kind.value
    here = len(list(error.instance_path))
    near = [branch for branch in branches if branch and not any(_is_other_type(one, here) for one in branch)]
    argument = _dotted(error.instance_path)
    if not near:
        yield Problem(argument, f"must {_either(branches, here)}, not {_shown(error.instance)}")
        return
    same = [branch for branch in near if not _other_kinds(branch, here)]
    if not same:
        yield from _kinds(near, here)
        return
    for one in min(same, key=len):
        yield from _explained(one, schema)


def _is_other_type(error: ValidationError, depth: int) -> bool:
    return error.kind.name in ("type", "enum", "const") and len(list(error.instance_path)) == depth


def _other_kinds(branch: list[ValidationError], depth: int) -> list[ValidationError]:
    """The value names another branch: its discriminator, a constant one level down, does not fit."""
    return [one for one in branch if one.kind.name in ("const", "enum") and len(list(one.instance_path)) == depth + 1]


def _kinds(branches: list[list[ValidationError]], depth: int) -> Iterator[Problem]:
    """No branch knows the discriminator's value, so all that they know are told together."""
    members: dict[str, list[ValidationError]] = {}
    for branch in branches:
        for one in _other_kinds(branch, depth):
            members.setdefault(_dotted(one.instance_path), []).append(one)
    for argument, errors in members.items():
        yield Problem(argument, f"must {_either([errors], depth + 1)}, not {_shown(errors[0].instance)}")


def _either(branches: list[list[ValidationError]], depth: int) -> str:
    wanted = dict.fromkeys(
        _WANTED[one.kind.name](one.kind.value) for branch in branches for one in branch if _is_other_type(one, depth)
    )
    return " or ".join(wanted).replace(" or be ", " or ") or "fit one of the forms that the schema offers"


def _several(error: ValidationError) -> Problem:
    shown = _shown(error.instance)
    message = f"fits more than one of the forms that exclude each other; send what only one of them has, not {shown}"
    return Problem(_dotted(error.instance_path), message)


_WANTED: Mapping[str, Callable[[Json], str]] = {
    "const": lambda value: f"be {_shown(value)}",
    "enum": lambda value: f"be one of {_choices(value)}",
    "exclusiveMaximum": lambda value: f"be below {value}",
    "exclusiveMinimum": lambda value: f"be above {value}",
    "maxItems": lambda value: f"have at most {_plural(value, 'item')}",
    "maxLength": lambda value: f"have at most {_plural(value, 'character')}",
    "maxProperties": lambda value: f"have at most {_plural(value, 'member')}",
    "maximum": lambda value: f"be at most {value}",
    "minItems": lambda value: f"have at least {_plural(value, 'item')}",
    "minLength": lambda value: f"have at least {_plural(value, 'character')}",
    "minProperties": lambda value: f"have at least {_plural(value, 'member')}",
    "minimum": lambda value: f"be at least {value}",
    "multipleOf": lambda value: f"be a multiple of {value}",
    "pattern": lambda value: f"match the pattern {_short(str(value))}",
    "type": _types,
    "uniqueItems": lambda value: "have no item twice",
}

_EXPLAIN: Mapping[str, Callable[[ValidationError, Json], Iterator[Problem]]] = {
    **{keyword: _must(wanted) for keyword, wanted in _WANTED.items()},
    "additionalProperties": _unknown,
    "anyOf": _union,
    "oneOf": _union,
    "required": _missing,
    "unevaluatedProperties": _unknown,
}
