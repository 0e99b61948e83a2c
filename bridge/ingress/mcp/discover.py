"""What the gateway says of itself: `server/discover` for 2026-07-28, `initialize` for the revisions before."""

import orjson

from bridge.ingress.mcp.eras import supported
from bridge.ingress.mcp.exchange import Exchange
from bridge.ingress.mcp.render import Pieces, server_info
from bridge.model import Json


def discover(exchange: Exchange) -> Pieces:
    versions = b'"supportedVersions":%s,' % orjson.dumps(supported(exchange.rt.mcp))
    return versions, capabilities(exchange, live=True), *instructions(exchange), freshness(exchange)


def introduction(exchange: Exchange, version: str, *, live: bool) -> Pieces:
    """The members of an InitializeResult. `live`: the client keeps a session, so it can be told of changes."""
    info = server_info(exchange.rt.mcp.name, exchange.rt.mcp.version)
    head = b'"protocolVersion":"%s","serverInfo":%s,' % (version.encode(), info)
    return head, capabilities(exchange, live=live), *instructions(exchange)


def capabilities(exchange: Exchange, *, live: bool) -> bytes:
    """What is there is declared; what could come with the next configuration is found out then."""
    toolset = exchange.toolset
    told: Json = {"listChanged": True} if live else {}
    declared: dict[str, Json] = {"tools": told}
    if toolset.offer.readable:
        declared["resources"] = {**told, "subscribe": True} if live else told
    if toolset.prompts:
        declared["prompts"] = told
    if toolset.offer.suggest and exchange.revision.name > "2024-11-05":
        declared["completions"] = {}
    return b'"capabilities":' + orjson.dumps(declared)


def instructions(exchange: Exchange) -> Pieces:
    text = exchange.toolset.instructions or exchange.rt.mcp.instructions
    return (b',"instructions":', orjson.dumps(text)) if text else ()


def freshness(exchange: Exchange) -> bytes:
    # What is listed depends on who asks, so no cache may share it: "cacheScope: private".
    return b',"ttlMs":%d,"cacheScope":"private"' % exchange.rt.mcp.ttl_ms
