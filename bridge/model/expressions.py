"""The grammar of URI templates (RFC 6570): what stands between the braces, and how each operator writes it.

A name that the grammar has no letters for is written with percent-encoded ones, `{per%2Dpage}`, and read as `per-page`.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias
from urllib.parse import quote, unquote

UNRESERVED = "-._~"
"""RFC 3986 section 2.3, beside letters and digits."""
RESERVED = ":/?#[]@!$&'()*+,;="
LONGEST = 4_096
MOST_EXPRESSIONS = 64
MOST_VARIABLES = 256


@dataclass(frozen=True, slots=True)
class Operator:
    """One row of RFC 6570's table in appendix A. `empty` follows the name of an empty value."""

    sign: str
    first: str = ""
    separator: str = ","
    named: bool = False
    empty: str = ""
    reserved: bool = False


OPERATORS = {
    one.sign: one
    for one in (
        Operator(""),
        Operator("+", reserved=True),
        Operator("#", "#", reserved=True),
        Operator(".", ".", "."),
        Operator("/", "/", "/"),
        Operator(";", ";", ";", named=True),
        Operator("?", "?", "&", named=True, empty="="),
        Operator("&", "&", "&", named=True, empty="="),
    )
}


@dataclass(frozen=True, slots=True)
class Variable:
    """`prefix` is the most characters of the value that are written, 0 for all of them."""

    name: str
    explode: bool = False
    prefix: int = 0


@dataclass(frozen=True, slots=True)
class Expression:
    operator: Operator
    variables: tuple[Variable, ...]


Part: TypeAlias = str | Expression
"""A literal, made ASCII, or an expression."""

# RFC 6570 section 2.3: varname = varchar *( ["."] varchar ), and section 2.4 for what may follow it.
_CHAR = r"(?:[A-Za-z0-9_]|%[0-9A-Fa-f]{2})"
_VARIABLE = re.compile(rf"({_CHAR}+(?:\.{_CHAR}+)*+)(\*|:([1-9][0-9]{{0,3}}))?")
# Section 2.1: characters that no literal may hold.
_FORBIDDEN = re.compile(r"""[\x00-\x20"'<>\\^`{|}\x7f-\x9f\ud800-\udfff]|%(?![0-9A-Fa-f]{2})""")


def parts(text: str) -> Iterator[Part]:
    """Raises ValueError, which names the character (counted from 1) where the template ends to be one."""
    if len(text) > LONGEST:
        raise ValueError(f"a template has at most {LONGEST} characters")
    position = 0
    while position < len(text):
        start = text.find("{", position)
        end = start if start >= 0 else len(text)
        if end > position:
            yield _literal(text, position, end)
        if start < 0:
            return
        close = text.find("}", start)
        if close < 0:
            raise ValueError(f"character {start + 1}: this brace is not closed")
        yield _expression(text[start + 1 : close], start + 2)
        position = close + 1


def _literal(text: str, start: int, end: int) -> str:
    wrong = _FORBIDDEN.search(text, start, end)
    # An apostrophe is forbidden by the RFC's grammar alone (erratum 6937 lets it be), and addresses hold it.
    while wrong is not None and wrong[0] == "'":
        wrong = _FORBIDDEN.search(text, wrong.end(), end)
    if wrong is not None:
        raise ValueError(f"character {wrong.start() + 1}: {wrong[0]!r} must be percent-encoded")
    return ascii_uri(text[start:end])


def _expression(inside: str, position: int) -> Expression:
    sign = inside[:1] if inside[:1] and inside[0] in "+#./;?&" else ""
    if inside[:1] and inside[0] in "=,!@|":
        raise ValueError(f"character {position}: the operator {inside[0]!r} is reserved; use one of + # . / ; ? &")
    found: list[Variable] = []
    place = position + len(sign)
    for written in inside[len(sign) :].split(","):
        found.append(_variable(written, place))
        place += len(written) + 1
    return Expression(OPERATORS[sign], tuple(found))


def _variable(written: str, position: int) -> Variable:
    match = _VARIABLE.fullmatch(written)
    if match is None:
        name = written.rstrip("*")
        hint = f"; write {variable_name(name)!r}" if name and name != variable_name(name) else ""
        raise ValueError(f"character {position}: {written!r} is no variable{hint}")
    try:
        name = unquote(match[1], errors="strict")
    except UnicodeDecodeError:
        raise ValueError(f"character {position}: {written!r} is not UTF-8") from None
    return Variable(name, match[2] == "*", int(match[3] or 0))


def variable_name(name: str) -> str:
    """As it stands in a template; dots may only stand between other characters."""
    written = quote(name, safe=".").replace("-", "%2D").replace("~", "%7E")
    return re.sub(r"^\.|\.(?=\.|$)", "%2E", written)


def ascii_uri(text: str) -> str:
    """RFC 6570 section 3.1, RFC 3987 section 3.1: what is not ASCII becomes percent-encoded UTF-8.

    Raises UnicodeEncodeError for half a surrogate pair.
    """
    return text if text.isascii() else "".join(one if one.isascii() else quote(one, safe="") for one in text)
