"""What a YAML scalar means: the core schema of YAML 1.2.2, section 10.3.2, less what JSON has no value for."""

import math
import re

from bridge.model import Json

_WORDS: dict[str, Json] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
# A sign or a digit followed by zeros (`010`, `+007`) is text here: YAML 1.1 and 1.2 read two different numbers.
_INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9]*)")
_RADIX = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*|(?=[eE])))(?:[eE][-+]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
_NUMERIC = frozenset("+-.0123456789")
# What a JSON number can carry exactly here; beyond it, the nearest float, as orjson reads the same digits.
_INTEGERS = range(-(1 << 63), 1 << 64)
_DIGITS = 20

_TAG = "tag:yaml.org,2002:"


class Unreadable(Exception):
    """A scalar that is no JSON value; the message is for the document's author."""


def resolve(text: str, tag: str | None, *, is_plain: bool) -> Json:
    """Raises Unreadable."""
    if tag is None:
        return _untagged(text) if is_plain else text
    if tag in {"!", _TAG + "str"}:
        return text
    kind = _KINDS.get(tag)
    if kind is None:
        raise Unreadable(f"the tag {shown(tag)} is not JSON: remove it, and quote the value if it is text")
    value = _untagged(text)
    if kind is float and value.__class__ is int:
        return float(value)
    if value.__class__ is not kind:
        raise Unreadable(f"{text!r} is not what its tag {shown(tag)} says")
    return value


_KINDS: dict[str, type] = {
    _TAG + "int": int,
    _TAG + "float": float,
    _TAG + "bool": bool,
    _TAG + "null": type(None),
}


def _untagged(text: str) -> Json:
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in _NUMERIC:
        return text
    if _INTEGER.fullmatch(text):
        return _integer(text)
    if _RADIX.fullmatch(text):
        return _radix(text)
    if _NOT_FINITE.fullmatch(text):
        raise Unreadable(f"{text} is no JSON number: quote it if it is text")
    if _FLOAT.fullmatch(text):
        return _float(text)
    return text


def _integer(digits: str) -> Json:
    if len(digits) > _DIGITS:  # also keeps int() off thousands of digits
        return _float(digits)
    value = int(digits)
    return value if value in _INTEGERS else float(value)


def _radix(text: str) -> Json:
    """Text again where it has more than 128 bits, as to `ryaml`: most are digests, and some are beyond any number."""
    value = int(text[2:], 8 if text[1] == "o" else 16)
    if value.bit_length() > 128:
        return text
    return value if value in _INTEGERS else float(value)


def _float(text: str) -> Json:
    value = float(text)
    return text if math.isinf(value) else value  # `1e400` is text to ryaml too: no number can hold it


def shown(tag: str) -> str:
    """A tag as it is written in documents."""
    return tag.replace(_TAG, "!!")
