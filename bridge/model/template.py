"""URI templates (RFC 6570), written out and read back.

Section 1.4: a template can be used in reverse where its expressions are told apart by what stands around them;
`unreadable` says why one cannot. Reading takes time that grows with the address and the template alone: positions that
a part can reach are carried on together, never tried one after the other.
"""

import math
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import TypeAlias
from urllib.parse import quote, unquote_to_bytes

from bridge.model.expressions import (
    MOST_EXPRESSIONS,
    MOST_VARIABLES,
    RESERVED,
    UNRESERVED,
    Expression,
    Operator,
    Part,
    Variable,
    ascii_uri,
    parts,
)
from bridge.model.json import Json

Strings: TypeAlias = Mapping[str, str | list[str]]
"""What an address holds, by variable: text, or several texts where a list was written."""

LONGEST_URI = 8_192
_ENCODED = re.compile(r"%[0-9A-Fa-f]{2}")

# Which characters each operator's expansion may hold. More than its own output, because people write addresses too:
# whatever no other part of an address begins with.
_RUNS = {
    "": re.compile(r"[^/?#&;\x00-\x20\x7f]*+"),
    "+": re.compile(r"[^\x00-\x20\x7f]*+"),
    "#": re.compile(r"[^\x00-\x20\x7f]*+"),
    ".": re.compile(r"[^/?#&;\x00-\x20\x7f]*+"),
    "/": re.compile(r"[^?#&;\x00-\x20\x7f]*+"),
    ";": re.compile(r"[^/?#&\x00-\x20\x7f]*+"),
    "?": re.compile(r"[^#\x00-\x20\x7f]*+"),
    "&": re.compile(r"[^#\x00-\x20\x7f]*+"),
}


@dataclass(frozen=True)  # without slots: it remembers what is asked for more than once
class Template:
    """Made by `Template.parse`."""

    text: str
    parts: tuple[Part, ...]

    @staticmethod
    def parse(text: str) -> "Template":
        """Raises ValueError, which names the character (from 1) that is wrong."""
        found = tuple(parts(text))
        expressions = [one for one in found if isinstance(one, Expression)]
        variables = sum(len(one.variables) for one in expressions)
        if len(expressions) > MOST_EXPRESSIONS or variables > MOST_VARIABLES:
            raise ValueError(f"a template has at most {MOST_EXPRESSIONS} expressions and {MOST_VARIABLES} variables")
        return Template(text, found)

    @cached_property
    def expressions(self) -> tuple[Expression, ...]:
        return tuple(part for part in self.parts if isinstance(part, Expression))

    @cached_property
    def variables(self) -> tuple[str, ...]:
        """Names, each once, in the order of the template."""
        return tuple(dict.fromkeys(one.name for part in self.expressions for one in part.variables))

    @cached_property
    def unreadable(self) -> str:
        """Why addresses cannot be read back with this template; "" where they can."""
        seen: set[str] = set()
        for one in (one for part in self.expressions for one in part.variables):
            if one.name in seen:
                return f"{one.name!r} stands in it twice"
            if one.prefix:
                return f"of {one.name!r} only the first {one.prefix} characters are in the address"
            seen.add(one.name)
        for before, after in pairwise(self.parts):
            if isinstance(before, Expression) and isinstance(after, Expression) and not after.operator.first:
                return f"nothing stands between {before.variables[-1].name!r} and {after.variables[0].name!r}"
        return ""

    def expand(self, arguments: Mapping[str, Json]) -> str:
        """Missing arguments, None and empty lists are undefined (RFC 6570 section 2.3). Raises ValueError for a value
        that no address can hold: a list or an object within another."""
        return "".join(part if isinstance(part, str) else _expanded(part, arguments) for part in self.parts)

    def match(self, uri: str) -> dict[str, str | list[str]] | None:
        """The variables of an address that this template could have written; None for any other address."""
        if len(uri) > LONGEST_URI or self.unreadable:
            return None
        try:
            uri = ascii_uri(uri)
            pieces = _split(self.parts, uri)
            if pieces is None:
                return None
            found: dict[str, str | list[str]] = {}
            for part, piece in zip(self.parts, pieces, strict=True):
                if isinstance(part, Expression):
                    found |= _read(part, piece)
        except ValueError:  # no such variable, or what is no percent-encoded UTF-8
            return None
        return found

    @cached_property
    def shape(self) -> str:
        """Equal for templates that take the same addresses, whatever their variables are called."""
        return "".join(part if isinstance(part, str) else _shape(part) for part in self.parts)


def _shape(part: Expression) -> str:
    named = part.operator.named
    marks = [f"{one.name if named else ''}{'*' if one.explode else ''}" for one in part.variables]
    return f"{{{part.operator.sign}{','.join(sorted(marks) if named else marks)}}}"


# --- writing ----------------------------------------------------------------------------------------------------------


def _expanded(part: Expression, arguments: Mapping[str, Json]) -> str:
    """RFC 6570 section 3.2.1."""
    operator = part.operator
    written = [text for one in part.variables for text in _one(operator, one, arguments.get(one.name))]
    return operator.first + operator.separator.join(written) if written else ""


def _one(operator: Operator, variable: Variable, value: Json) -> Iterator[str]:
    if value is None or (isinstance(value, list | dict) and not value):
        return
    if isinstance(value, dict):
        pairs = [(_encoded(operator, _text(key)), _encoded(operator, _text(one))) for key, one in value.items()]
        if variable.explode:
            yield from (f"{key}={one}" if one or operator.empty else key for key, one in pairs)
        else:
            yield _named(operator, variable, ",".join(f"{key},{one}" for key, one in pairs))
    elif isinstance(value, list):
        texts = [_encoded(operator, _text(one)) for one in value]
        if variable.explode:
            yield from (_named(operator, variable, one) for one in texts)
        else:
            yield _named(operator, variable, ",".join(texts))
    else:
        text = _text(value)
        yield _named(operator, variable, _encoded(operator, text[: variable.prefix] if variable.prefix else text))


def _named(operator: Operator, variable: Variable, text: str) -> str:
    if not operator.named:
        return text
    name = quote(variable.name, safe=UNRESERVED)
    return f"{name}={text}" if text else f"{name}{operator.empty}"


def _text(value: Json) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int) or (isinstance(value, float) and math.isfinite(value)):
        return repr(value)
    raise ValueError(f"{type(value).__name__} cannot stand in an address")


def _encoded(operator: Operator, text: str) -> str:
    """Section 3.2.3: a reserved expansion keeps reserved characters and what is encoded already."""
    if not operator.reserved:
        return quote(text, safe=UNRESERVED)
    kept = RESERVED + UNRESERVED
    ends = [(match.start(), match.end()) for match in _ENCODED.finditer(text)]
    written, position = [], 0
    for start, end in ends:
        written += [quote(text[position:start], safe=kept), text[start:end]]
        position = end
    return "".join((*written, quote(text[position:], safe=kept)))


# --- reading ----------------------------------------------------------------------------------------------------------


def _split(template: tuple[Part, ...], uri: str) -> list[str] | None:
    """The piece of the address for each part. Among several ways, later parts take as little as they can."""
    ways: list[dict[int, int]] = []
    starts = [0]
    for part in template:
        way = _literal_ends(part, uri, starts) if isinstance(part, str) else _run_ends(part, uri, starts)
        if not way:
            return None
        ways.append(way)
        starts = sorted(way)
    end = len(uri)
    if template and end not in ways[-1]:
        return None
    pieces: list[str] = []
    for way in reversed(ways):
        pieces.append(uri[way[end] : end])
        end = way[end]
    return pieces[::-1] if end == 0 and (template or not uri) else None


def _literal_ends(literal: str, uri: str, starts: Iterable[int]) -> dict[int, int]:
    return {start + len(literal): start for start in starts if uri.startswith(literal, start)}


def _run_ends(part: Expression, uri: str, starts: list[int]) -> dict[int, int]:
    """End → start of what the expression may stand for: the last start for each end, so each end is met once."""
    first, run = part.operator.first, _RUNS[part.operator.sign]
    usable = [start for start in starts if uri.startswith(first, start)] if first else starts
    ends: dict[int, int] = {}
    after, stop = len(uri), -1
    for start in reversed(usable):
        reached = run.match(uri, start, after).end()  # type: ignore[union-attr] # it matches nothing at least
        stop = stop if reached == after and stop >= 0 else reached
        for end in range(start + 1, stop + 1):
            if end in ends:
                break
            ends[end] = start
        after = start
    if first:  # nothing is written for undefined variables
        for start in starts:
            ends.setdefault(start, start)
    return ends


def _read(part: Expression, piece: str) -> dict[str, str | list[str]]:
    """Raises ValueError where the piece is not what the expression writes."""
    if not piece:
        return {}
    text = piece[len(part.operator.first) :]
    texts = text.split(part.operator.separator)
    if part.operator.named:
        return _read_named(part, texts)
    if len(part.variables) == 1:
        return _read_single(part, text)
    return _read_several(part.variables, texts)


def _read_named(part: Expression, texts: list[str]) -> dict[str, str | list[str]]:
    """In any order: a query is read by its names."""
    known = {one.name: one for one in part.variables}
    found: dict[str, list[str]] = {}
    for text in texts:
        name, _, value = text.partition("=")
        variable = known.get(_decoded(name))
        if variable is None or (variable.name in found and not variable.explode):
            raise ValueError(text)
        found.setdefault(variable.name, []).extend([value] if variable.explode else value.split(","))
    return {name: _listed(values, explode=known[name].explode) for name, values in found.items()}


def _read_single(part: Expression, text: str) -> dict[str, str | list[str]]:
    (variable,) = part.variables
    if part.operator.reserved and not variable.explode:
        return {variable.name: _decoded(text)}
    texts = text.split(part.operator.separator if variable.explode else ",")
    return {variable.name: _listed(texts, explode=variable.explode)}


def _read_several(variables: tuple[Variable, ...], texts: list[str]) -> dict[str, str | list[str]]:
    """One text each; the last takes the rest where it is exploded."""
    *others, last = variables
    if len(texts) > len(variables) and not last.explode:
        raise ValueError(texts)
    found: dict[str, str | list[str]] = {}
    for variable, text in zip(others, texts, strict=False):
        found[variable.name] = _decoded(text)
    rest = texts[len(others) :]
    return found | ({last.name: _listed(rest, explode=last.explode)} if rest else {})


def _listed(texts: list[str], *, explode: bool) -> str | list[str]:
    decoded = [_decoded(text) for text in texts]
    return decoded if explode or len(decoded) != 1 else decoded[0]


def _decoded(text: str) -> str:
    """Raises ValueError for a percent sign that begins no triplet, and for what is not UTF-8."""
    if "%" not in text:
        return text
    if text.count("%") != len(_ENCODED.findall(text)):
        raise ValueError(text)
    return unquote_to_bytes(text).decode()
