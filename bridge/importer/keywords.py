"""JSON Schema keywords, as OpenAPI's dialects write them and as 2020-12 wants them: rules in tables.

Swagger 2.0 and OpenAPI 3.0 use a dialect of draft 4, 3.1 and 3.2 are 2020-12; real documents mix them. Every keyword is
therefore read by what it holds, not by the version on the first line, and what no validator could accept is dropped.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from difflib import get_close_matches
from typing import TypeAlias

import jsonschema_rs
import orjson

from bridge.model import Json

TYPES = frozenset({"string", "number", "integer", "boolean", "array", "object", "null"})

# What documents write where a type belongs, and what they mean; None: any type.
MISTAKEN_TYPES: dict[str, str | None] = {
    "any": None, "mixed": None, "file": "string", "str": "string", "text": "string", "date": "string",
    "datetime": "string", "date-time": "string", "uuid": "string", "binary": "string", "enum": "string",
    "int": "integer", "int32": "integer", "int64": "integer", "long": "integer", "bigint": "integer",
    "float": "number", "double": "number", "decimal": "number", "numeric": "number",
    "bool": "boolean", "list": "array", "dict": "object", "map": "object", "hash": "object", "json": None,
}  # fmt: skip

# Keywords whose value is one schema, a list of schemas, or schemas by name.
ONE = frozenset({"additionalProperties", "not", "if", "then", "else", "contains", "propertyNames",
                 "unevaluatedItems", "unevaluatedProperties", "contentSchema"})  # fmt: skip
SEVERAL = frozenset({"allOf", "anyOf", "oneOf", "prefixItems"})
NAMED = frozenset({"properties", "patternProperties", "dependentSchemas"})

# Say nothing about the value, cost tokens, or have been used up by the conversion. `verbatim` keeps those in KEPT.
DROPPED = frozenset({"example", "examples", "externalDocs", "xml", "readOnly", "writeOnly", "nullable", "x-nullable",
                     "discriminator", "$schema", "$id", "$anchor", "$dynamicAnchor", "$comment", "$vocabulary",
                     "$defs", "definitions", "collectionFormat", "additionalItems", "allowEmptyValue", "in", "name",
                     "title"})  # fmt: skip
KEPT = frozenset({"$schema", "$anchor", "$comment", "examples", "title"})

# What an output schema need not promise: presence and ranges. A description of the answer is for reading, and an
# answer that breaks a range is still the answer; MCP clients refuse a result that breaks the schema.
UNPROMISED = frozenset({"required", "pattern", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum",
                        "multipleOf", "minLength", "maxLength", "minItems", "maxItems", "uniqueItems", "minContains",
                        "maxContains", "minProperties", "maxProperties", "dependentRequired", "not", "if", "then",
                        "else", "contains", "propertyNames", "unevaluatedItems", "unevaluatedProperties",
                        "dependentSchemas", "default", "contentSchema"})  # fmt: skip

Reader: TypeAlias = Callable[[Json], Json]
"""The value as 2020-12 has it, or WRONG."""
WRONG = object()


def _number(value: Json) -> Json:
    if isinstance(value, bool):
        return WRONG
    if isinstance(value, int | float):
        return value
    try:
        number = orjson.loads(value) if isinstance(value, str) else WRONG  # a number in quotes
    except orjson.JSONDecodeError:
        return WRONG
    return number if isinstance(number, int | float) and not isinstance(number, bool) else WRONG


def _count(value: Json) -> Json:
    number = _number(value)
    return int(number) if number is not WRONG and 0 <= number < 1 << 63 and number == int(number) else WRONG


def _positive(value: Json) -> Json:
    number = _number(value)
    return number if number is not WRONG and number > 0 else WRONG


def _text(value: Json) -> Json:
    return value if isinstance(value, str) else WRONG


def _flag(value: Json) -> Json:
    return value if isinstance(value, bool) else WRONG


def _anything(value: Json) -> Json:
    return value


def _names_by_name(value: Json) -> Json:
    good = isinstance(value, dict) and all(isinstance(names, list) for names in value.values())
    return {key: _names(names) for key, names in value.items()} if good else WRONG


def _names(value: Json) -> Json:
    return list(dict.fromkeys(name for name in value if isinstance(name, str)))


LARGEST_PATTERN = 4 << 20
"""Bytes of a compiled pattern: a few characters, `\\p{L}{1,1000}`, can ask for any number of them. Takes 12 ms."""
_PATTERNS: dict[str, bool] = {}
_REPEATED = re.compile(r"\{(\d{1,9})(?:,(\d{0,9}))?\}")


def pattern_cost(pattern: str) -> int:
    """Grows with what compiling takes: with the characters, classes of Unicode and repetitions in it."""
    repeated = sum(int(most or least) for least, most in _REPEATED.findall(pattern))
    return len(pattern) + repeated + 50 * pattern.lower().count("\\p")


def _pattern(value: Json) -> Json:
    if not isinstance(value, str):
        return WRONG
    good = _PATTERNS.get(value)
    if good is None:
        good = _compiles(value)
        if len(_PATTERNS) < 10_000:
            _PATTERNS[value] = good
    return value if good else WRONG


def _compiles(pattern: str) -> bool:
    options = jsonschema_rs.FancyRegexOptions(size_limit=LARGEST_PATTERN)
    try:
        jsonschema_rs.Draft202012Validator({"pattern": pattern}, pattern_options=options)
    except ValueError:
        return False
    return True


READERS: dict[str, Reader] = {
    "description": _text, "title": _text, "format": _text, "pattern": _pattern, "contentMediaType": _text,
    "contentEncoding": _text, "$schema": _text, "$anchor": _text, "$comment": _text,
    "minimum": _number, "maximum": _number, "exclusiveMinimum": _number, "exclusiveMaximum": _number,
    "multipleOf": _positive,
    "minLength": _count, "maxLength": _count, "minItems": _count, "maxItems": _count, "minContains": _count,
    "maxContains": _count, "minProperties": _count, "maxProperties": _count,
    "uniqueItems": _flag, "deprecated": _flag,
    "const": _anything, "default": _anything, "examples": _anything, "dependentRequired": _names_by_name,
}  # fmt: skip


def types_of(value: Json) -> tuple[list[str], list[str]]:
    """The types that `type` names, in 2020-12's words, and those that are none."""
    if value is None:
        return [], ["nothing"]
    listed = value if isinstance(value, list) else [value]
    good: list[str] = []
    wrong: list[str] = []
    for written in listed:
        name = "null" if written is None else str(written)  # YAML's bare null in a list of types
        plain = name.lower()
        known = plain if plain in TYPES else MISTAKEN_TYPES.get(plain, "")
        if known != name:
            wrong.append(name)
        if known:
            good.append(known)
        elif known is None:
            return [], wrong
    return list(dict.fromkeys(good)), wrong


def meant(good: Sequence[str], wrong: Sequence[str]) -> str:
    """What to write in place of types that are none."""
    near = good or [close for name in wrong for close in get_close_matches(name.lower(), sorted(TYPES), 1)]
    types = f"write one of {', '.join(sorted(TYPES))}"
    return f"{types}; did you mean {' or '.join(map(repr, near))}?" if near else f"{types}; leave it out for any type"


def subschemas(schema: dict[str, Json]) -> Iterator[Json]:
    """The schemas directly inside a converted schema; data (`enum`, `const`, `default`) is never taken for one."""
    for keyword, value in schema.items():
        if keyword in ONE or keyword == "items":
            yield value
        elif keyword in SEVERAL:
            yield from value
        elif keyword in NAMED:
            yield from value.values()
