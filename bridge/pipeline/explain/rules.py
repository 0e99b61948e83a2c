"""The keywords of JSON Schema that look at a value alone: each a rule that says whether the value breaks it.

Patterns, multiples and repeated items are the validator's, whose engine needs linear time and whose numbers are exact.
"""

from collections.abc import Callable, Mapping, Sized
from functools import lru_cache
from typing import TypeAlias

from bridge.model import Json
from bridge.pipeline.validators import compiled, is_linear

Broken: TypeAlias = Callable[[Json, Json], bool]
"""Value and the keyword's value → whether it is broken. A keyword binds values of its own kind only."""


def _is_number(value: Json) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


_IS: Mapping[str, Callable[[Json], bool]] = {
    "array": lambda value: isinstance(value, list),
    "boolean": lambda value: isinstance(value, bool),
    # JSON Schema 2020-12 section 6.1.1: “"integer" which matches any number with a zero fractional part”
    "integer": lambda value: _is_number(value) and (isinstance(value, int) or value.is_integer()),
    "null": lambda value: value is None,
    "number": _is_number,
    "object": lambda value: isinstance(value, dict),
    "string": lambda value: isinstance(value, str),
}


def _is_of_other_type(value: Json, wanted: Json) -> bool:
    return not any(_IS[name](value) for name in ([wanted] if isinstance(wanted, str) else wanted))


def _is_none_of(value: Json, options: Json) -> bool:
    return value not in options or not any(_same(value, option) for option in options)


def _same(one: Json, other: Json) -> bool:
    """Equality as JSON has it: 1 is 1.0, but not true."""
    if one != other:
        return False
    if isinstance(one, dict):
        return all(_same(value, other[name]) for name, value in one.items())
    if isinstance(one, list):
        return all(map(_same, one, other))
    return isinstance(one, bool) == isinstance(other, bool)


@lru_cache(1024)
def _rule(keyword: str, wanted: Json) -> Callable[[Json], bool]:
    return compiled({keyword: wanted}, "").is_valid


def matches(name: str, pattern: str) -> bool:
    """Whether a member's name does; none matches a pattern that needs more than linear time."""
    return _rule("pattern", pattern)(name) and is_linear(pattern)


def _judged(keyword: str) -> Broken:
    return lambda value, wanted: not _rule(keyword, wanted)(value)


def _measured(kind: type[Sized], breaks: Callable[[int, Json], bool]) -> Broken:
    return lambda value, wanted: isinstance(value, kind) and breaks(len(value), wanted)


def _compared(breaks: Callable[[Json, Json], bool]) -> Broken:
    return lambda value, wanted: _is_number(value) and breaks(value, wanted)


BROKEN: Mapping[str, Broken] = {
    "const": lambda value, wanted: not _same(value, wanted),
    "enum": _is_none_of,
    "exclusiveMaximum": _compared(lambda number, bound: number >= bound),
    "exclusiveMinimum": _compared(lambda number, bound: number <= bound),
    "maxItems": _measured(list, lambda count, most: count > most),
    "maxLength": _measured(str, lambda count, most: count > most),
    "maxProperties": _measured(dict, lambda count, most: count > most),
    "maximum": _compared(lambda number, bound: number > bound),
    "minItems": _measured(list, lambda count, least: count < least),
    "minLength": _measured(str, lambda count, least: count < least),
    "minProperties": _measured(dict, lambda count, least: count < least),
    "minimum": _compared(lambda number, bound: number < bound),
    "multipleOf": _judged("multipleOf"),
    "pattern": _judged("pattern"),
    "type": _is_of_other_type,
    "uniqueItems": _judged("uniqueItems"),
}


def effort(keyword: str, value: Json, wanted: Json) -> int:
    """How many steps more than one the rule takes."""
    weigh = _EFFORT.get(keyword)
    return weigh(value, wanted) if weigh is not None else 0


_EFFORT: Mapping[str, Callable[[Json, Json], int]] = {
    "enum": lambda value, wanted: len(wanted) // 32,
    "pattern": lambda value, wanted: len(value) // 256 if isinstance(value, str) else 0,
    "uniqueItems": lambda value, wanted: len(value) // 8 if isinstance(value, list) else 0,
}
