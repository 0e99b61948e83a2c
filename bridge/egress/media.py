"""Media types: what a name says about how bytes are written, and what the Accept header asks for."""

import re
from collections.abc import Iterable

# RFC 9110 sections 5.6.2 to 5.6.4 and 8.3.1. Nothing gives back what it took, so the time is that of one reading.
_WORD = r"[!#$%&'*+.^_`|~0-9A-Za-z-]++"
_QUOTED = r'"(?:[ !#-\[\]-~]|\\[ -~])*+"'
_MEDIA_TYPE = re.compile(rf"{_WORD}/{_WORD}(?:[ \t]*+;[ \t]*+{_WORD}=(?:{_WORD}|{_QUOTED}))*+").fullmatch
_LONGEST = 255


def essence(media_type: str) -> str:
    """Type and subtype in lower case, without parameters."""
    return media_type.partition(";")[0].strip().lower()


def is_json(media_type: str) -> bool:
    """RFC 6839 section 3.1: `+json` names what can be read as JSON."""
    name = essence(media_type)
    return name in ("application/json", "text/json") or name.endswith("+json")


def is_xml(media_type: str) -> bool:
    name = essence(media_type)
    return name in ("application/xml", "text/xml") or name.endswith("+xml")


def is_range(media_type: str) -> bool:
    return "*" in essence(media_type)


def valid(media_type: str) -> bool:
    return len(media_type) <= _LONGEST and _MEDIA_TYPE(media_type.strip(" \t")) is not None


def accept(media_types: Iterable[str]) -> bytes:
    """JSON before anything else that the document promises, and anything at all rather than an error."""
    promised = [one.strip() for one in media_types if valid(one) and essence(one) != "*/*"]
    json = [one for one in promised if is_json(one)]
    rest = [f"{one};q=0.9" if json else one for one in promised if one not in json]
    if not promised:
        json = ["application/json"]
    return ", ".join(dict.fromkeys([*json, *rest, "*/*;q=0.1"])).encode("ascii")
