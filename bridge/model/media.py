"""Media types: what may be one, and what its name says about how bytes are written."""

import re

# RFC 9110 sections 5.6.2 to 5.6.4 and 8.3.1. Nothing gives back what it took, so the time is that of one reading.
_WORD = r"[!#$%&'*+.^_`|~0-9A-Za-z-]++"
_QUOTED = r'"(?:[ !#-\[\]-~]|\\[ -~])*+"'
_MEDIA_TYPE = re.compile(rf"{_WORD}/{_WORD}(?:[ \t]*+;[ \t]*+{_WORD}=(?:{_WORD}|{_QUOTED}))*+").fullmatch
_LONGEST = 255

STREAMS = frozenset(
    {
        "application/geo+json-seq",
        "application/json-lines",
        "application/json-seq",
        "application/jsonl",
        "application/jsonlines",
        "application/ndjson",
        "application/stream+json",
        "application/x-json-stream",
        "application/x-jsonlines",
        "application/x-ndjson",
        "text/event-stream",
    }
)
"""Sequences of items: server-sent events, JSON lines, JSON text sequences (RFC 7464)."""

MCP_CONTENT = "application/vnd.mcp.content+json"
"""An array of MCP content blocks: what an upstream answers that knows whom it is talking to."""


def valid(media_type: str) -> bool:
    """Whether it can stand in a Content-Type or Accept header; ranges such as `image/*` can."""
    return len(media_type) <= _LONGEST and _MEDIA_TYPE(media_type.strip(" \t")) is not None


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


def is_stream(media_type: str) -> bool:
    return essence(media_type) in STREAMS
