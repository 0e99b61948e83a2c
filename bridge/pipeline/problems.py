"""What is wrong with arguments, in words that an agent can act on: which one, what came, what would be right."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from difflib import get_close_matches
from itertools import islice
from typing import NamedTuple

import orjson

from bridge.model import Json
from bridge.pipeline.explain import Budget, Fault, Spent, faults

_KNOWN = 30
_CHOICES = 20
_WIDTH = 80
_MOST_COMPARED = 100
_LONGEST_COMPARED = 32


class Problem(NamedTuple):
    """`argument` is a path like `filter.tags[0]`; empty where the arguments as a whole are wrong."""

    argument: str
    message: str


def explained(value: Json, schema: Json, limit: int, budget: Budget | None = None) -> list[Problem]:
    """Why a value does not fit: at most `limit` problems, each once, and at least one.

    Raises ValueError for what is no JSON.
    """
    found: dict[Problem, None] = {}
    general = "does not fit what is described, in a way that cannot be told in a sentence"
    try:
        for problem in _problems(value, schema, budget or Budget()):
            found[problem] = None
            if len(found) >= limit:
                break
    except Spent:
        general = "does not fit what is described, and is too large or too deep to say where; send less to learn more"
    return list(found) or [Problem("", general)]


def _problems(value: Json, schema: Json, budget: Budget) -> Iterator[Problem]:
    for fault in faults(value, schema, budget):
        yield from _TOLD.get(fault.keyword, _other)(fault)


def _other(fault: Fault) -> Iterator[Problem]:
    yield _told(fault, f"must fit what '{fault.keyword}' demands here, but does not: {_shown(fault.value)}")


def _told(fault: Fault, message: str) -> Problem:
    return Problem(_dotted(fault.path), message)


def _dotted(path: Iterable[str | int]) -> str:
    steps = (f"[{step}]" if isinstance(step, int) else f".{_short(step)}" for step in path)
    return "".join(steps).removeprefix(".")


def _short(text: str, width: int = _WIDTH) -> str:
    return text if len(text) <= width else f"{text[: width - 1]}…"


def _shown(value: Json) -> str:
    """The beginning of a value as JSON, at a cost that does not grow with the value."""
    text = ""
    for piece in _written(value):
        text += piece
        if len(text) > _WIDTH:
            break
    return _short(text)


def _written(value: Json) -> Iterator[str]:
    if isinstance(value, dict):
        yield "{"
        for at, (name, inner) in enumerate(value.items()):
            if not isinstance(name, str):
                raise ValueError("a member's name is no text")
            yield f"{',' if at else ''}{_scalar(name)}:"
            yield from _written(inner)
        yield "}"
    elif isinstance(value, list):
        yield "["
        for at, inner in enumerate(value):
            yield "," if at else ""
            yield from _written(inner)
        yield "]"
    else:
        yield _scalar(value)


def _scalar(value: Json) -> str:
    try:
        return orjson.dumps(value[: _WIDTH + 1] if isinstance(value, str) else value).decode()
    except TypeError:  # an integer beyond 64 bits
        return str(value)


# --- names ------------------------------------------------------------------------------------------------------------


def _missing(fault: Fault) -> Iterator[Problem]:
    described = describe(_properties(fault).get(fault.wanted))
    message = f"is missing, but required{described and f': {described}'}"
    yield Problem(_dotted((*fault.path, fault.wanted)), message)


def _unknown(fault: Fault) -> Iterator[Problem]:
    properties = _properties(fault)
    names = list(islice(properties, _KNOWN))
    known = "; known: " + (", ".join(names) + (", …" if len(properties) > _KNOWN else "") or "none")
    alike = [name for name in islice(properties, _MOST_COMPARED) if len(name) <= _LONGEST_COMPARED]
    for name in fault.wanted:
        close = get_close_matches(name, alike, n=1) if len(name) <= _LONGEST_COMPARED else []
        hint = f"; did you mean '{close[0]}'?" if close else ""
        yield Problem(_dotted((*fault.path, name)), f"unknown argument '{_short(name)}'{hint}{known}")
        known = ""  # said once


def _properties(fault: Fault) -> Mapping[str, Json]:
    """The properties beside the keyword that failed."""
    properties = fault.schema.get("properties")
    return properties if isinstance(properties, Mapping) else {}


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


def _choices(options: list[Json]) -> str:
    texts = ", ".join(_shown(option) for option in options[:_CHOICES])
    return texts + (f", … ({len(options)} in all)" if len(options) > _CHOICES else "")


def _must(wanted: Callable[[Json], str]) -> Callable[[Fault], Iterator[Problem]]:
    """An explanation `must …, not …` out of the keyword's value."""

    def tell(fault: Fault) -> Iterator[Problem]:
        yield _told(fault, f"must {wanted(fault.wanted)}, not {_shown(fault.value)}")

    return tell


def _excluded(fault: Fault) -> Iterator[Problem]:
    yield _told(fault, f"must not be what the schema excludes here, as {_shown(fault.value)} is")


def _forbidden(fault: Fault) -> Iterator[Problem]:
    yield _told(fault, "must not be given: nothing fits here")


def _types(value: Json) -> str:
    names = value if isinstance(value, list) else [value]
    return "be " + " or ".join(_ARTICLES.get(name, str(name)) for name in names)


def _plural(count: Json, noun: str) -> str:
    return f"{count} {noun}" + ("" if count == 1 else "s")


# --- unions -----------------------------------------------------------------------------------------------------------


def _union(fault: Fault) -> Iterator[Problem]:
    texts = [_WANTED[keyword](wanted) for keyword, wanted in fault.wanted[:_CHOICES]]
    if len(fault.wanted) > _CHOICES:
        texts.append("…")
    wanted = " or ".join(dict.fromkeys(texts)).replace(" or be ", " or ")
    yield _told(fault, f"must {wanted or 'fit one of the forms that the schema offers'}, not {_shown(fault.value)}")


def _several(fault: Fault) -> Iterator[Problem]:
    received = _shown(fault.value)
    exclusive = "fits more than one of the forms that exclude each other"
    yield _told(fault, f"{exclusive}; send what only one of them has, not {received}")


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

_TOLD: Mapping[str, Callable[[Fault], Iterator[Problem]]] = {
    **{keyword: _must(wanted) for keyword, wanted in _WANTED.items()},
    "additionalProperties": _unknown,
    "false": _forbidden,
    "not": _excluded,
    "required": _missing,
    "several": _several,
    "unevaluatedProperties": _unknown,
    "union": _union,
}
