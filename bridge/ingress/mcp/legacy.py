"""What only the revisions before 2026-07-28 do: agree on a version, and send several messages at once.

Served without sessions: no `Mcp-Session-Id` is given out and one that is sent is ignored, so `initialize` promises
nothing that a later request would have to remember.
"""

from bridge.ingress.mcp.envelope import Message, read
from bridge.ingress.mcp.eras import LATEST_LEGACY, REVISIONS
from bridge.ingress.mcp.refusals import InvalidParams, InvalidRequest
from bridge.model import Json

MOST_IN_BATCH = 50
MOST_AT_ONCE = 8
"""Messages of one batch that are handled at the same time."""


def negotiate(params: dict[str, Json]) -> str:
    """ "If the server supports the requested protocol version, it MUST respond with the same version. Otherwise, the
    server MUST respond with another protocol version it supports" (Lifecycle, Version Negotiation).
    """
    wanted = params.get("protocolVersion")
    if not isinstance(wanted, str):
        raise InvalidParams("params.protocolVersion must be a string")
    revision = REVISIONS.get(wanted, LATEST_LEGACY)
    return LATEST_LEGACY.name if revision.modern else revision.name


def batch(entries: list[Json]) -> list[Message]:
    """Raises InvalidRequest when any entry is wrong, before any is carried out."""
    if not 0 < len(entries) <= MOST_IN_BATCH:
        raise InvalidRequest(f"a batch must hold 1 to {MOST_IN_BATCH} messages")
    messages = [read(entry) for entry in entries]
    if any(message.method == "initialize" for message in messages):
        # 2025-03-26, Lifecycle: "The initialize request MUST NOT be part of a JSON-RPC batch".
        raise InvalidRequest("initialize must not be part of a batch")
    ids = [message.id for message in messages if message.id is not None]
    if len(set(ids)) != len(ids):
        raise InvalidRequest("the requests of a batch must have different ids")
    return messages
