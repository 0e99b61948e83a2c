"""Base64 text in an argument, and the bytes that it stands for.

Agents write base64 in either alphabet, with or without padding, or as a `data:` URI, which may say what it holds.
"""

import re
from base64 import b64decode
from binascii import Error
from typing import NamedTuple
from urllib.parse import unquote, unquote_to_bytes

from bridge.egress.encode.text import Unfit, kind
from bridge.model import Json
from bridge.model.media import valid

_URL_SAFE = str.maketrans("-_", "+/")
_WANTED = "send the bytes as base64 text (RFC 4648), or as a data: URI"


class Binary(NamedTuple):
    """`media_type` and `filename` are None unless a `data:` URI named them."""

    content: bytes
    media_type: str | None = None
    filename: str | None = None


def binary(value: Json) -> Binary:
    if type(value) is not str:
        raise Unfit(f"must be a string, not {kind(value)}; {_WANTED}")
    if value[:5].lower() == "data:":
        return _data_uri(value)
    return Binary(_decoded(value))


def _decoded(text: str) -> bytes:
    digits = text.rstrip("=")
    padding = len(text) - len(digits)
    if padding > 2 or (padding and len(text) % 4):
        raise Unfit(f"is not base64: its padding is wrong; {_WANTED}")
    try:
        return b64decode(digits.translate(_URL_SAFE) + "=" * (-len(digits) % 4), validate=True)
    except (Error, ValueError) as error:  # ValueError for text outside ASCII
        raise Unfit(f"is not base64; {_WANTED}") from error


_NAME = re.compile(r";\s*(?:file)?name=([^;]+)", re.IGNORECASE)


def _data_uri(text: str) -> Binary:
    """RFC 2397: data:[<mediatype>][;base64],<data>. Browsers' uploaders add a `name` parameter."""
    head, comma, data = text[5:].partition(",")
    if not comma:
        raise Unfit(f"is a data: URI without a comma; {_WANTED}")
    encoded = head.lower().endswith(";base64")
    head = head[:-7] if encoded else head
    content = _decoded(unquote(data)) if encoded else unquote_to_bytes(data)
    name = _NAME.search(head)
    media_type = _NAME.sub("", head).strip()
    return Binary(
        content,
        media_type if valid(media_type) else None,
        unquote(name[1].strip('" ')) if name else None,
    )
