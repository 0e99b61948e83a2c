"""How request paths are read: what two spellings have in common, and which ones an upstream might read as another path.

Paths are compared by what they spell and forwarded as they came. Both doors judge by the rules here, so that what one
of them refuses cannot be had through the other.
"""

import re

_ESCAPE = re.compile(r"%([0-9A-Fa-f]{2})")
# RFC 3986 section 3.3, pchar. Those that are reserved differ from their encoded forms on paper alone: most servers
# decode a path before they look it up, and a route that `%40me` slips past would be authorised as another one.
_PLAIN = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~!$&'()*+,;=:@")
_DIVIDERS = re.compile(r"[/\\]")

unreadable = re.compile(r"[\\\x00-\x1f\x7f]|%(?:[01][0-9A-Fa-f]|7[Ff]|5[Cc])").search
"""Finds a backslash or a control character, plain or encoded: a server takes the first for a slash and may end the path
at the other, and no name of a resource needs them."""


def plain(path: str) -> str:
    """Decodes what a path may hold as it is; RFC 3986 section 6.2.2.1: hexadecimal digits in upper case."""
    return _ESCAPE.sub(_normal, path) if "%" in path else path


def _normal(escape: re.Match[str]) -> str:
    char = chr(int(escape[1], 16))
    return char if char in _PLAIN else escape[0].upper()


def split_open(path: str) -> str:
    """`path`, a plain one, as a server understands it that decodes `%2F` before it looks for slashes."""
    return path.replace("%2F", "/")


def within(path: str, prefix: str) -> bool:
    """Whether `path` is `prefix`, which ends without a slash, or below it."""
    return path.startswith(prefix) and (len(path) == len(prefix) or path[len(prefix)] == "/")


def climbs(segment: str) -> bool:
    """Whether a server may take a part of an encoded segment for `.` or `..`, and so leave the path it stands in.

    RFC 3986 section 5.2.4 removes dot segments; many servers decode `%2F` and `%5C` first, and some cut off path
    parameters (`..;x`). Decoded once only: what `%252e` stands for is the text `%2e`, and whoever decodes that a
    second time misreads every value with a percent sign in it.
    """
    if "." not in segment and "%2" not in segment:
        return False
    decoded = _ESCAPE.sub(_decoded, segment)
    return any(piece.partition(";")[0] in {".", ".."} for piece in _DIVIDERS.split(decoded))


def _decoded(escape: re.Match[str]) -> str:
    return chr(int(escape[1], 16))
