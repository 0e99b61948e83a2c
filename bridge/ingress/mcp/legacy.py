"""What only the revisions before 2026-07-28 do: agree on a version, and send several messages at once."""

from bridge.ingress.mcp.discover import introduction
from bridge.ingress.mcp.envelope import Message, read
from bridge.ingress.mcp.eras import LATEST_LEGACY, REVISIONS
from bridge.ingress.mcp.exchange import ANSWERED, Exchange, Made
from bridge.ingress.mcp.refusals import InvalidParams, InvalidRequest
from bridge.model import Json
from bridge.pipeline.run import gate

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


async def initialize(exchange: Exchange) -> Made:
    """Raises InvalidParams, StateUnavailable. A session begins where one can be kept."""
    version = negotiate(exchange.message.params)
    await gate(exchange.rt, exchange.call)
    open_session = exchange.open_session
    headers = await open_session(exchange, version) if open_session is not None else ()
    return Made(ANSWERED, introduction(exchange, version, live=open_session is not None), headers)


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
