"""What a header field's value may hold, and which fields end at this connection.

A value that breaks the syntax is refused while the request is built: a client library would notice only when it
sends, and then a bad argument looks like a broken upstream.
"""

import re

from bridge.model import Headers
from bridge.model.headers import HOP_BY_HOP

_VALUE = re.compile(r"[\t\x20-\x7e]*").fullmatch  # RFC 9110 section 5.5, without obs-text


def field_value(text: str) -> bytes:
    """`text` as the value of a header field. Raises ValueError where it is none.

    RFC 9110 section 5.5: “Field values containing CR, LF, or NUL characters are invalid and dangerous”, and “A field
    value does not include leading or trailing whitespace”: a receiver would drop it, so it is dropped here.
    """
    if _VALUE(text) is None:
        what = "a line break" if "\r" in text or "\n" in text else "a control character or a letter outside ASCII"
        raise ValueError(f"holds {what}, which a header cannot carry; use visible ASCII characters")
    return text.strip(" \t").encode("ascii")


def connection_names(headers: Headers) -> frozenset[bytes]:
    """The names that the message's Connection fields declare as belonging to this connection."""
    return frozenset(
        option.strip().lower()
        for name, value in headers
        if name == b"connection"
        for option in value.split(b",")
        if option.strip()
    )


def end_to_end(headers: Headers, keep: frozenset[bytes] = frozenset()) -> Headers:
    """The fields that travel on; `keep` are names that a Connection field cannot talk anyone into dropping."""
    drop = HOP_BY_HOP | (connection_names(headers) - keep)
    return tuple(field for field in headers if field[0] not in drop)
