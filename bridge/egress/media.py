"""Media types: what a name says about how bytes are written, and what the Accept header asks for."""

from collections.abc import Iterable

from bridge.model.media import valid


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


def accept(media_types: Iterable[str]) -> bytes:
    """JSON before anything else that the document promises, and anything at all rather than an error."""
    promised = [one.strip() for one in media_types if valid(one) and essence(one) != "*/*"]
    json = [one for one in promised if is_json(one)]
    rest = [f"{one};q=0.9" if json else one for one in promised if one not in json]
    if not promised:
        json = ["application/json"]
    return ", ".join(dict.fromkeys([*json, *rest, "*/*;q=0.1"])).encode("ascii")
