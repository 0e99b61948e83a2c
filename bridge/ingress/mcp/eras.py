"""The protocol revisions spoken here, as a table.

Two eras share one endpoint. A *modern* request carries its whole context in `_meta` and in headers; the *legacy*
revisions open with `initialize`, and may keep a session.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from bridge.ingress.mcp.refusals import InvalidRequest, UnsupportedVersion
from bridge.model import Json
from bridge.pipeline.listing import Form
from bridge.pipeline.runtime import Legacy, McpDoor

VERSION_KEY = "io.modelcontextprotocol/protocolVersion"


class Structured(StrEnum):
    """What a revision lets `structuredContent` be."""

    NONE = "none"
    OBJECT = "object"
    ANY = "any"


@dataclass(frozen=True, slots=True)
class Revision:
    name: str
    modern: bool
    form: Form
    structured: Structured


REVISIONS: Mapping[str, Revision] = {
    revision.name: revision
    for revision in (
        Revision("2026-07-28", modern=True, form=Form.FULL, structured=Structured.ANY),
        Revision("2025-11-25", modern=False, form=Form.FULL, structured=Structured.OBJECT),
        Revision("2025-06-18", modern=False, form=Form.FULL, structured=Structured.OBJECT),
        Revision("2025-03-26", modern=False, form=Form.BASIC, structured=Structured.NONE),
        Revision("2024-11-05", modern=False, form=Form.FIRST, structured=Structured.NONE),
    )
}
MODERN = REVISIONS["2026-07-28"]
LATEST_LEGACY = REVISIONS["2025-11-25"]
# 2026-07-28, Streamable HTTP, Protocol Version Header: a server that supports older clients "MAY treat a request that
# omits the header as protocol version 2025-03-26". It is also the one revision with batches.
UNNAMED = REVISIONS["2025-03-26"]


def supported(door: McpDoor) -> tuple[str, ...]:
    return tuple(name for name, one in REVISIONS.items() if one.modern or door.legacy is not Legacy.OFF)


def revision_of(door: McpDoor, header: str | None, value: Json) -> Revision:
    """The revision of a decoded body, by its `MCP-Protocol-Version` header and by what it says of itself.

    Raises InvalidRequest for a batch where there are none, UnsupportedVersion for a header that names no revision of
    ours on a body that names none either, and for all that is not modern where nothing else is served. Where both name
    one, comparing them is the modern ladder's business.
    """
    if door.legacy is Legacy.OFF and header != MODERN.name and not is_modern(value):
        raise unsupported(door, _requested(header, value))
    if isinstance(value, list):
        if header is None or header == UNNAMED.name:
            return UNNAMED
        raise InvalidRequest("the body must be a single JSON-RPC request or notification: there are no batches here")
    if is_modern(value):
        return MODERN
    if header is None:
        return UNNAMED
    revision = REVISIONS.get(header)
    if revision is None:
        raise unsupported(door, header)
    return revision


def unsupported(door: McpDoor, requested: str) -> UnsupportedVersion:
    detail: dict[str, Json] = {"supported": list(supported(door)), "requested": requested[:100]}
    return UnsupportedVersion("unsupported protocol version", detail=detail)


def _requested(header: str | None, value: Json) -> str:
    params = value.get("params") if isinstance(value, dict) else None
    asked = params.get("protocolVersion") if isinstance(params, dict) else None
    return asked if isinstance(asked, str) else header or UNNAMED.name


def is_modern(value: Json) -> bool:
    params = value.get("params") if isinstance(value, dict) else None
    meta = params.get("_meta") if isinstance(params, dict) else None
    return isinstance(meta, dict) and VERSION_KEY in meta
