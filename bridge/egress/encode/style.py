"""RFC 6570 expansion as OpenAPI's styles use it, compiled per parameter.

Two families. `expander` writes into a path or header value; `pairs` makes name-value pairs, from which queries, forms,
multipart bodies and cookies are put together. Both drop null: RFC 6570 section 2.3 counts it, and a list or object
without members, as undefined, and undefined members are left out.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple, TypeAlias

from bridge.egress.encode.text import Quote, Unfit, item, kind, scalar
from bridge.model import Json, Style

Expand: TypeAlias = Callable[[Json], str | None]
"""None for an undefined value."""
Pairs: TypeAlias = Callable[[Json], list[tuple[str, str]]]


class _Operator(NamedTuple):
    """A row of RFC 6570 appendix A, with the separator of values that are not exploded beside the exploded one's."""

    first: str
    exploded: str
    plain: str
    named: bool


_OPERATORS = {
    Style.SIMPLE: _Operator("", ",", ",", named=False),
    Style.LABEL: _Operator(".", ".", ",", named=False),
    Style.MATRIX: _Operator(";", ";", ",", named=True),
}


# Swagger 2.0 allows its collection formats in paths and headers too.
_COLLECTIONS = frozenset({Style.SPACE, Style.PIPE, Style.TABS})


def expander(name: str, style: Style, quote: Quote, shapes: frozenset[type], *, explode: bool) -> Expand:
    """How a value is written into a path segment or a header; `shapes` says which of list and dict are welcome."""
    operator = _OPERATORS.get(style)
    if operator is None:
        if style not in _COLLECTIONS:
            raise ValueError(f"style {style} of {name!r} is not defined here; simple, label and matrix are")
        delimiter = quote(_DELIMITERS[style])
        operator = _Operator("", delimiter, delimiter, named=False)
    key = quote(name)
    separator = operator.exploded if explode else operator.plain

    def named(text: str) -> str:
        if not operator.named:
            return text
        return f"{key}={text}" if text else key  # RFC 6570 section 3.2.7: an empty value has no "="

    def members(value: Json) -> list[str]:
        if type(value) is list:
            texts = [quote(item(member)) for member in value if member is not None]
            return [named(text) for text in texts] if explode else texts
        return _object_members(value, quote, explode=explode)

    def expand(value: Json) -> str | None:
        if type(value) not in (list, dict):
            return operator.first + named(quote(scalar(value)))
        parts = members(welcome(value, shapes))
        if not parts:
            return None
        joined = separator.join(parts)
        return operator.first + (joined if explode else named(joined))

    return expand


def _object_members(value: dict[str, Json], quote: Quote, *, explode: bool) -> list[str]:
    entries = [(quote(key), quote(item(member))) for key, member in value.items() if member is not None]
    if explode:
        return [f"{key}={text}" for key, text in entries]
    return [text for entry in entries for text in entry]


def welcome(value: Json, shapes: frozenset[type]) -> Json:
    """An object where a string is expected would become parameters of its own choosing."""
    if type(value) in shapes:
        return value
    raise Unfit(f"must not be {kind(value)}")


# Swagger 2.0's `tsv` is `TABS`. OpenAPI 3.2's style table writes the space as %20 and the pipe as %7C.
_DELIMITERS = {
    Style.FORM: ",",
    Style.SPACE: " ",
    Style.PIPE: "|",
    Style.TABS: "\t",
}


def pairs(name: str, style: Style, quote: Quote, key_quote: Quote, shapes: frozenset[type], *, explode: bool) -> Pairs:
    """How a value becomes name-value pairs, already quoted, to be joined by whatever the place joins with."""
    if style is Style.DEEP:
        return deep(name, quote, key_quote, shapes)
    if style not in _DELIMITERS:
        raise ValueError(f"style {style} of {name!r} makes no name-value pairs")
    key = key_quote(name)
    comma = _DELIMITERS[style]
    delimiter = comma if comma == "," else key_quote(comma)

    def arrays(value: list[Json]) -> list[tuple[str, str]]:
        texts = [quote(item(member)) for member in value if member is not None]
        if explode:
            return [(key, text) for text in texts]
        return [(key, delimiter.join(texts))] if texts else []

    def objects(value: dict[str, Json]) -> list[tuple[str, str]]:
        entries = [(key_quote(member), quote(item(inner))) for member, inner in value.items() if inner is not None]
        if explode:
            return entries
        return [(key, delimiter.join(text for entry in entries for text in entry))] if entries else []

    def write(value: Json) -> list[tuple[str, str]]:
        if type(value) is list:
            return arrays(welcome(value, shapes))
        if type(value) is dict:
            return objects(welcome(value, shapes))
        return [(key, quote(scalar(value)))]

    return write


def deep(name: str, quote: Quote, key_quote: Quote, shapes: frozenset[type]) -> Pairs:
    """`id[role]=admin`; deeper levels and arrays by position, `id[roles][0]=admin`.

    OpenAPI 3.2: “The representation of array or object properties is not defined”. Positions are what `qs`, PHP and
    the APIs that declare nested deepObject forms read, and the only spelling that keeps an array of objects apart.
    """

    def write(value: Json) -> list[tuple[str, str]]:
        if type(value) in (list, dict):
            welcome(value, shapes)
        return [(key_quote(key), quote(text)) for key, text in _leaves(name, value)]

    return write


def _leaves(name: str, value: Json, depth: int = 0) -> Iterator[tuple[str, str]]:
    if depth > _DEPTH:
        raise Unfit(f"is nested more than {_DEPTH} levels deep")
    if type(value) is dict:
        for key, member in value.items():
            yield from _leaves(f"{name}[{key}]", member, depth + 1)
    elif type(value) is list:
        for position, member in enumerate(value):
            yield from _leaves(f"{name}[{position}]", member, depth + 1)
    elif value is not None:
        yield name, scalar(value)


_DEPTH = 64
_CONTAINERS = frozenset({list, dict})
_BY_TYPE = {"array": list, "object": dict}


def shapes_of(schema: Json) -> frozenset[type]:
    """Which containers a schema may let through; a schema that cannot be judged by itself lets both."""
    if not isinstance(schema, dict):
        return _CONTAINERS
    declared = schema.get("type")
    if isinstance(declared, str):
        declared = [declared]
    if isinstance(declared, list):
        return frozenset(_BY_TYPE[one] for one in declared if one in _BY_TYPE)
    if isinstance(schema.get("enum"), list):
        return frozenset(type(one) for one in schema["enum"]) & _CONTAINERS
    branches = schema.get("anyOf") or schema.get("oneOf")
    if isinstance(branches, list) and branches:
        return frozenset[type]().union(*(shapes_of(branch) for branch in branches))
    return _CONTAINERS
