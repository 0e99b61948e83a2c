"""Bytes as text for a model: the charset that was declared, else UTF-8, and never an error."""

import codecs
import encodings
import re
from encodings.aliases import aliases
from pkgutil import iter_modules

from bridge.egress.decode.answer import Answer
from bridge.model.media import is_json, is_xml

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
    charset = _codec(match[1]) if match else None
    if charset is not None:
        return answer.body.decode(charset, "replace")
    text = utf8(answer)
    return answer.body.decode("latin-1") if text is None else text


# Python knows codecs that are no charset (`idna`, `unicode_escape`) and would let an answer choose one.
_FAMILIES = ("ascii", "big5", "cp", "euc", "gb", "iso", "koi8", "latin", "mac", "shift", "tis", "utf_16", "utf_32")
_CODECS = frozenset(one.name for one in iter_modules(encodings.__path__) if one.name.startswith(_FAMILIES))
_LONGEST_NAME = 40


def _codec(charset: str) -> str | None:
    """The codec for one of the world's charsets other than UTF-8, which is the default.

    Found in a list: to `codecs.lookup`, any word is the name of a module to import, and is remembered for good.
    """
    if len(charset) > _LONGEST_NAME:
        return None
    name = encodings.normalize_encoding(charset).lower()
    codec = aliases.get(name, name)
    return codec if codec in _CODECS else None


def clipped(text: str, limit: int) -> str:
    if len(text) <= limit:
        return text
    return f"{text[:limit]}\n[cut: {limit} of {len(text)} characters are shown]"
