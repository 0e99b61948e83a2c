"""Values as text, and text as part of a URL.

Everything here may raise `Unfit`, which knows what is wrong with a value but not whose it is; whoever knows the
argument turns it into BadArguments with `refused`. Text without anything to encode is returned as it is: a regular
expression decides that in a fraction of what a quoting function costs.
"""

import json
import re
from collections.abc import Callable
from decimal import Decimal
from math import isfinite
from typing import TypeAlias

import orjson

from bridge.model import BadArguments, Json

Quote: TypeAlias = Callable[[str], str]


class Unfit(ValueError):
    """A value that cannot be written where it should go. The message reads on after the argument's name."""


UNFIT = (Unfit, UnicodeEncodeError)


def refused(argument: str, error: Exception) -> BadArguments:
    surrogate = "holds half of a surrogate pair, which is no character; send valid Unicode text"
    message = surrogate if isinstance(error, UnicodeEncodeError) else str(error)
    return BadArguments(f"{argument}: {message}", detail={"errors": [{"argument": argument, "message": message}]})


def missing(argument: str) -> BadArguments:
    return refused(argument, Unfit("is missing, but required"))


# --- scalars ----------------------------------------------------------------------------------------------------------


def _same(value: str) -> str:
    return value


def _boolean(value: bool) -> str:  # noqa: FBT001
    return "true" if value else "false"


def _integer(value: int) -> str:
    try:
        return str(value)
    except ValueError as error:  # Python refuses to write integers of more than 4 300 digits
        raise Unfit("is too large a number; send one that fits in 64 bits") from error


def _float(value: float) -> str:
    """The shortest digits that give the same number back, never with an exponent.

    JSON Schema 2020-12 section 4.2.1 knows one kind of number, so 5.0 is 5, and 5 is what an upstream that expects
    an integer can read.
    """
    if not isfinite(value):
        raise Unfit("is not a finite number")
    digits = repr(value)
    if "e" in digits:
        digits = format(Decimal(digits), "f")
    return digits.removesuffix(".0")


_SCALARS: dict[type, Callable[[Json], str]] = {str: _same, bool: _boolean, int: _integer, float: _float}


def scalar(value: Json) -> str:
    write = _SCALARS.get(type(value))
    if write is None:
        raise Unfit(f"must be a string, a number or a boolean here, not {kind(value)}")
    return write(value)


def item(value: Json) -> str:
    """A member of an array or object: text, or JSON text where the styles define no nesting."""
    write = _SCALARS.get(type(value))
    return json_text(value) if write is None else write(value)


_KINDS = {
    dict: "an object",
    list: "an array",
    str: "a string",
    bool: "a boolean",
    int: "an integer",
    float: "a number",
    type(None): "null",
}


def kind(value: Json) -> str:
    return _KINDS.get(type(value), "something that is not JSON")


# --- JSON -------------------------------------------------------------------------------------------------------------


def json_bytes(value: Json) -> bytes:
    try:
        return orjson.dumps(value)
    except TypeError:  # integers beyond 64 bits, which JSON allows; or something that is no JSON
        return _slow_json(value).encode()


def json_text(value: Json) -> str:
    return json_bytes(value).decode()


def ascii_json(value: Json) -> str:
    """JSON text for a header: everything outside ASCII as an escape, which means the same."""
    return _slow_json(value, ascii_only=True)


def _slow_json(value: Json, *, ascii_only: bool = False) -> str:
    try:
        return json.dumps(value, ensure_ascii=ascii_only, separators=(",", ":"), allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise Unfit("cannot be written as JSON: too large a number, too deep, or no JSON value") from error


# --- percent-encoding -------------------------------------------------------------------------------------------------

_UNRESERVED_BYTES = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")


def _table(safe: bytes, space: str = "%20") -> tuple[str, ...]:
    """What each byte becomes: about twice as fast as `urllib.parse.quote` on the short values of a request."""
    written = [chr(byte) if byte in _UNRESERVED_BYTES or byte in safe else f"%{byte:02X}" for byte in range(256)]
    written[0x20] = space
    return tuple(written)


_STRICT = _table(b"")
_FORM = (*_table(b"", space="+")[:0x7E], "%7E", *_STRICT[0x7F:])  # 0x7E is the tilde

# RFC 3986 section 2.3: unreserved = ALPHA / DIGIT / "-" / "." / "_" / "~"
_UNRESERVED = re.compile(r"[A-Za-z0-9._~-]*").fullmatch
_FORM_SAFE = re.compile(r"[A-Za-z0-9._-]*").fullmatch
_TRIPLE = re.compile(r"(%[0-9A-Fa-f]{2})")


def strict(text: str) -> str:
    """All but unreserved characters encoded."""
    return text if _UNRESERVED(text) else "".join([_STRICT[byte] for byte in text.encode()])


def form(text: str) -> str:
    """For application/x-www-form-urlencoded bodies.

    OpenAPI 3.2: “for `form-urlencoded` to also percent-encode the tilde character”; the WHATWG's serializer writes
    a space as `+`.
    """
    return text if _FORM_SAFE(text) else "".join([_FORM[byte] for byte in text.encode()])


def raw(text: str) -> str:
    """Not encoded at all: parts of a multipart body, headers, OpenAPI 3.2's cookies."""
    return text


def reserved(safe: str) -> Quote:
    """RFC 6570 section 3.2.3, reserved expansion, with `safe` as what the place allows of the reserved characters.

    OpenAPI 3.2: “which allows RFC3986's reserved character set, as well as percent-encoded triples, to pass through
    unchanged, while still percent-encoding all other disallowed characters […] Applications are still responsible for
    percent-encoding reserved characters that are not allowed by the rules of the `in` destination or media type”.
    The gateway is that application: an argument must not be able to end the value it stands in.
    """
    table = _table(safe.encode())

    def write(text: str) -> str:
        if _UNRESERVED(text):
            return text
        pieces = _TRIPLE.split(text)  # one group: the triples stand at odd places
        pieces[::2] = ["".join([table[byte] for byte in piece.encode()]) for piece in pieces[::2]]
        return "".join(pieces)

    return write


# `/ ? #` end a path segment, and “the value for these path parameters MUST NOT contain any unescaped "generic syntax"
# characters described by RFC3986: forward slashes (/), question marks (?), or hashes (#)”; brackets are no pchar.
path_reserved = reserved("!$&'()*+,;=:@")
# `#` ends a query and brackets are not allowed in one; `&` would start another parameter and `+` is read as a space.
query_reserved = reserved("!$'()*,;=:@/?")
# A cookie's value ends at `;`; RFC 6265 section 4.1.1 excludes the comma too, which is the delimiter of arrays.
cookie_reserved = reserved("!#$&'()*+/:=?@[]")
