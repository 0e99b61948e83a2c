"""What a session's client posts without waiting for an answer: that it gives a request up, and what it was asked."""

import orjson

from bridge.ingress.mcp.envelope import id_of
from bridge.ingress.mcp.exchange import ANSWERED, Exchange, Made
from bridge.ingress.mcp.sessions.words import ANSWER, CANCEL, say
from bridge.model import Json
from bridge.pipeline.run import gate

LARGEST = 64 << 10
"""Bytes of an answer to a question. A larger one is none."""


async def cancelled(exchange: Exchange) -> Made:
    """2025-11-25, Cancellation: notifications for unknown or completed requests may be ignored. `initialize` runs in no
    session, so nothing can name it. Raises StateUnavailable."""
    identity = id_of({"id": exchange.message.params.get("requestId")})
    if identity is not None:
        await _told(exchange, CANCEL, identity.decode())
    else:
        await gate(exchange.rt, exchange.call)
    return Made(ANSWERED)


async def responded(exchange: Exchange) -> Made:
    """Nobody waits for an answer that came too late, or twice: it is taken all the same. Raises StateUnavailable."""
    identity = exchange.message.params.get("id")
    small = len(orjson.dumps(exchange.message.params)) <= LARGEST
    await _told(
        exchange, ANSWER, identity if isinstance(identity, str) else "", exchange.message.params if small else {}
    )
    return Made(ANSWERED)


async def _told(exchange: Exchange, kind: str, about: str, content: Json = None) -> None:
    await gate(exchange.rt, exchange.call)
    shared, session = exchange.rt.shared, exchange.session
    if shared is not None and session is not None:
        await say(shared, session.id, kind, about, content)
