"""URI templates (RFC 6570), written out and read back.

Section 1.4: a template can be used in reverse where its expressions are told apart by what stands around them;
`unreadable` says why one cannot.
"""

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from urllib.parse import quote

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
from bridge.model.template_match import Read, read_back

LONGEST_URI = 8_192
_ENCODED = re.compile(r"%[0-9A-Fa-f]{2}")


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

    def match(self, uri: str) -> Read | None:
        """The variables of an address that this template could have written; None for any other address."""
        if len(uri) > LONGEST_URI or self.unreadable:
            return None
        try:
            return read_back(self.parts, ascii_uri(uri))
        except ValueError:  # an unknown name, too many values, or what is no percent-encoded UTF-8
            return None

    @cached_property
    def shape(self) -> str:
        """Equal for templates that take the same addresses, whatever their variables are called."""
        return "".join(part if isinstance(part, str) else _shape(part) for part in self.parts)


def _shape(part: Expression) -> str:
    named = part.operator.named
    marks = [f"{one.name if named else ''}{'*' if one.explode else ''}" for one in part.variables]
    return f"{{{part.operator.sign}{','.join(sorted(marks) if named else marks)}}}"


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
