"""Places in a request that can hold a credential, and putting one there in place of what a caller sent.

What counts as the same place is what an upstream may take for it: header names with `_` for `-` (CGI), parameters in
another case, behind a semicolon or percent-encoded otherwise.
"""

import re
from collections.abc import Container
from dataclasses import dataclass
from urllib.parse import quote, unquote_plus

from bridge.model import Headers, Where, Wire
from bridge.model.headers import dashed

AUTHORIZATION = b"authorization"
_SEPARATOR = re.compile("([&;])")
_UNRESERVED = "*"  # stays readable where a value is masked


@dataclass(frozen=True, slots=True)
class Place:
    """`where` is header, query or cookie; a header's `name` is in lower case."""

    where: Where
    name: str

    def put(self, wire: Wire, value: bytes) -> Wire:
        match self.where:
            case Where.QUERY:
                return Wire(wire.method, _with_parameter(wire.target, self.name, value), wire.headers, wire.body)
            case Where.COOKIE:
                return Wire(wire.method, wire.target, _with_cookie(wire.headers, self.name.encode(), value), wire.body)
            case _:
                return Wire(wire.method, wire.target, _with_field(wire.headers, self.name.encode(), value), wire.body)


BEARER = Place(Where.HEADER, AUTHORIZATION.decode())


def _with_field(headers: Headers, name: bytes, value: bytes) -> Headers:
    twin = dashed(name)
    return (*(field for field in headers if dashed(field[0]) != twin), (name, value))


def _with_cookie(headers: Headers, name: bytes, value: bytes) -> Headers:
    """RFC 9112 section 5.2 knows one Cookie field: all that there are become one."""
    pairs = [
        pair.strip()
        for key, line in headers
        if key == b"cookie"
        for pair in line.split(b";")
        if pair.strip() and pair.partition(b"=")[0].strip() != name
    ]
    others = tuple(field for field in headers if field[0] != b"cookie")
    return (*others, (b"cookie", b"; ".join([*pairs, name + b"=" + value])))


def _with_parameter(target: str, name: str, value: bytes) -> str:
    path, _, query = target.partition("?")
    kept = without_parameters(query, {name.lower()})
    pair = f"{quote(name, safe='')}={quote(value, safe=_UNRESERVED)}"
    return f"{path}?{kept}&{pair}" if kept else f"{path}?{pair}"


def without_parameters(query: str, names: Container[str]) -> str:
    """The raw query less the parameters of these names, in lower case; what stays is not touched."""
    pieces = _SEPARATOR.split(query)
    kept = [
        (before, pair) for before, pair in zip(["", *pieces[1::2]], pieces[::2], strict=True) if not _named(pair, names)
    ]
    return "".join(before + pair for before, pair in kept)[len(kept[0][0]) if kept else 0 :]


def _named(pair: str, names: Container[str]) -> bool:
    return unquote_plus(pair.partition("=")[0]).strip().lower() in names
