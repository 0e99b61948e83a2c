"""The parameter styles of OpenAPI, read from the raw text of a request.

Delimiters count only where they stand raw: `a%2Cb` in a comma-separated array is one value, "a,b". So everything
here splits first and percent-decodes afterwards, which no web framework's own parsing does. The result is text, lists
of text or text by key; what type the text stands for is the schema's matter (see `reading`).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal
from urllib.parse import unquote

Shape = Literal["primitive", "array", "object"]
Raw = str | list[str] | dict[str, str]
Pairs = Sequence[tuple[str, str]]
Decode = Callable[[str], str]


class StyleError(ValueError):
    """The text is not what a client following the style would send; the message says what would be."""


@dataclass(frozen=True, slots=True)
class Style:
    """How one value is written: `style` and `explode` of a parameter, the shape of its schema and an object's keys."""

    name: str
    style: str
    explode: bool
    shape: Shape
    keys: tuple[str, ...] = ()


def decode(text: str) -> str:
    """Percent-decode strictly UTF-8. A plus sign is itself: only forms write a space as "+"."""
    try:
        return unquote(text, errors="strict")
    except UnicodeDecodeError as error:
        raise StyleError(f"{text!r} is not percent-encoded UTF-8") from error


def decode_form(text: str) -> str:
    return decode(text.replace("+", " "))


def split_pairs(text: str, separator: str = "&") -> list[tuple[str, str]]:
    """Raw (name, value) pairs of a query, a form or a Cookie header; names and values stay encoded."""
    pieces = (piece.strip() if separator == ";" else piece for piece in text.split(separator))
    return [(name, value) for name, _, value in (piece.partition("=") for piece in pieces if piece)]


# RFC 6570 and the table of the Parameter Object. A label's values are joined by its own prefix when exploded.
_LABEL_SEPARATOR = {False: ",", True: "."}
# "%20" and "%7C" are how the delimiters of these two styles have to travel in a URI.
_DELIMITERS = {"form": (",",), "spaceDelimited": ("%20",), "pipeDelimited": ("|", "%7C", "%7c")}


def read_path(style: Style, segment: str) -> Raw:
    """One raw path segment in style simple, label or matrix."""
    readers: dict[str, Callable[[Style, str], Raw]] = {"simple": _simple, "label": _label, "matrix": _matrix}
    return readers[style.style](style, segment)


def read_header(style: Style, text: str) -> Raw:
    """A header's value in style simple; header values are not percent-encoded."""
    return _pieces(style, text, ",", lambda piece: piece.strip(" \t"))


def read_query(style: Style, pairs: Pairs, unescape: Decode = decode) -> tuple[Raw | None, set[str]]:
    """A value out of raw query or form pairs in any style, and the decoded names it used; None when it is absent."""
    named = [(unescape(name), value) for name, value in pairs]
    if style.style == "deepObject":
        return _deep(style, named, unescape)
    if style.shape == "object" and style.explode:
        found = [(name, value) for name, value in named if name in style.keys]
        return _unique([(name, unescape(value)) for name, value in found]) or None, {name for name, _ in found}
    values = [value for name, value in named if name == style.name]
    if not values:
        return None, set()
    if style.shape == "array" and style.explode:
        return [unescape(value) for value in values], {style.name}
    if len(values) > 1:
        raise StyleError("is given more than once")
    return _delimited(style, values[0], unescape), {style.name}


def _simple(style: Style, segment: str) -> Raw:
    return _pieces(style, segment, ",", decode)


def _label(style: Style, segment: str) -> Raw:
    if not segment.startswith("."):
        raise StyleError(f"{segment!r} does not start with the '.' of style label")
    return _pieces(style, segment[1:], _LABEL_SEPARATOR[style.explode], decode)


def _matrix(style: Style, segment: str) -> Raw:
    if not segment.startswith(";"):
        raise StyleError(f"{segment!r} does not start with the ';' of style matrix")
    pairs = [(decode(name), value) for name, value in split_pairs(segment[1:], ";")]
    if style.shape == "object" and style.explode:
        return _unique([(name, decode(value)) for name, value in pairs])
    if strange := [name for name, _ in pairs if name != style.name]:
        raise StyleError(f"{segment!r} names {strange[0]!r} where style matrix wants {style.name!r}")
    if style.shape == "array" and style.explode:
        return [decode(value) for _, value in pairs]
    if len(pairs) != 1:
        raise StyleError(f"{segment!r} is not one ';{style.name}=' and its value")
    return _pieces(style, pairs[0][1], ",", decode)


def _pieces(style: Style, text: str, separator: str, unescape: Decode) -> Raw:
    if style.shape == "primitive":
        return unescape(text)
    pieces = text.split(separator) if text else []
    if style.shape == "array":
        return [unescape(piece) for piece in pieces]
    if style.explode:
        return _unique([_assignment(piece, unescape) for piece in pieces])
    return _alternating([unescape(piece) for piece in pieces])


def _delimited(style: Style, text: str, unescape: Decode) -> Raw:
    separator, *spellings = _DELIMITERS[style.style]
    if style.shape != "primitive":
        for spelling in spellings:
            text = text.replace(spelling, separator)
    return _pieces(style, text, separator, unescape)


def _deep(style: Style, named: Pairs, unescape: Decode) -> tuple[Raw | None, set[str]]:
    found = [(name, value) for name, value in named if name.startswith(f"{style.name}[") and name.endswith("]")]
    keys = _unique([(name[len(style.name) + 1 : -1], unescape(value)) for name, value in found])
    return keys or None, {name for name, _ in found}


def _assignment(piece: str, unescape: Decode) -> tuple[str, str]:
    name, equals, value = piece.partition("=")
    if not equals:
        raise StyleError(f"{piece!r} is not of the form key=value")
    return unescape(name), unescape(value)


def _alternating(pieces: list[str]) -> dict[str, str]:
    if len(pieces) % 2:
        raise StyleError(f"{pieces!r} is not a list of a key and its value in turn")
    return _unique(list(zip(pieces[::2], pieces[1::2], strict=True)))


def _unique(pairs: Pairs) -> dict[str, str]:
    result: dict[str, str] = {}
    for name, value in pairs:
        if name in result:
            raise StyleError(f"{name!r} is given more than once")
        result[name] = value
    return result


def default_style(where: str, declared: Mapping[str, object]) -> tuple[str, bool]:
    """Style and explode as declared, else the defaults: "for query - form; path - simple; header - simple; cookie -
    form", and "when style is form, the default value is true; for all other styles false" (Parameter Object)."""
    style = str(declared.get("style", "form" if where in ("query", "cookie") else "simple"))
    return style, bool(declared.get("explode", style == "form"))
