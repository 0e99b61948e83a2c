"""Bytes as text for a model: the charset that was declared, else UTF-8, and never an error."""

import codecs
import re

from bridge.egress.decode.answer import Answer
from bridge.egress.media import is_json, is_xml

_CHARSET = re.compile(r";\s*charset\s*=\s*\"?([^\s\";]+)", re.IGNORECASE)

# Text by any name. `image/svg+xml` counts: a model reads it better than it sees it.
_TEXTUAL = frozenset(
    {
        "application/ecmascript",
        "application/graphql",
        "application/javascript",
        "application/sdp",
        "application/sql",
        "application/toml",
        "application/x-sh",
        "application/x-www-form-urlencoded",
        "application/x-yaml",
        "application/yaml",
    }
)


def is_textual(media_type: str) -> bool:
    return (
        media_type.startswith("text/")
        or media_type in _TEXTUAL
        or media_type.endswith("+yaml")
        or is_json(media_type)
        or is_xml(media_type)
    )


def is_binary(answer: Answer) -> bool:
    """An answer of an unknown type is looked at, as RFC 9110 section 8.3 allows: it is text if it reads as UTF-8."""
    if answer.media_type:
        return not is_textual(answer.media_type)
    return utf8(answer) is None


def utf8(answer: Answer) -> str | None:
    """The body as UTF-8 text, or None; what was cut may end inside a character."""
    try:
        text = codecs.getincrementaldecoder("utf-8-sig")().decode(answer.body, final=not answer.cut)
    except UnicodeDecodeError:
        return None
    return None if "\0" in text else text


def text_of(answer: Answer) -> str:
    match = _CHARSET.search(answer.content_type)
    charset = match[1].lower() if match else "utf-8"
    if _is_character_set(charset):
        return answer.body.decode(charset, "replace")
    text = utf8(answer)
    return answer.body.decode("latin-1") if text is None else text


# Python knows codecs that are no charset (`idna`, `unicode_escape`) and would let an answer choose one.
_FAMILIES = ("ascii", "big5", "cp", "euc", "gb", "iso", "koi8", "mac", "shift", "tis", "utf-16", "utf-32")


def _is_character_set(name: str) -> bool:
    """One of the world's charsets other than UTF-8, which is the default."""
    try:
        return codecs.lookup(name).name.startswith(_FAMILIES)
    except (LookupError, ValueError):  # ValueError for a name with NUL
        return False


def clipped(text: str, limit: int) -> str:
    if len(text) <= limit:
        return text
    return f"{text[:limit]}\n[cut: {limit} of {len(text)} characters are shown]"
