"""From a message to its answer, whatever carries them: the handler, its outcome, the outcome as JSON-RPC.

Every message makes one call, and every call is finished exactly once by whoever carries the answer, after it is out or
once nobody waits for it any more.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass

from bridge.ingress.mcp.asking import input_required
from bridge.ingress.mcp.eras import MODERN
from bridge.ingress.mcp.exchange import Exchange, Made, Standing
from bridge.ingress.mcp.methods import handler_of
from bridge.ingress.mcp.modern import climb
from bridge.ingress.mcp.refusals import Internal
from bridge.ingress.mcp.render import advice, asked, error, result, tool_members
from bridge.model import Call, ClientGone, Headers, Outcome, Refusal, SessionGone
from bridge.pipeline.run import refused

log = logging.getLogger(__name__)

# Refusals of the HTTP exchange keep their status whatever the message was; so does a fault of ours.
KEPT = frozenset({401, 403, 405, 406, 413, 415, 421, 429, 500, 501, 503})
# For all others the JSON-RPC code decides. 2026-07-28 gives each its status; before, an answered request is a 200 even
# if the answer is an error, and only what is no request at all is a 400.
STATUS: Mapping[bool, Mapping[int, int]] = {
    True: {-32700: 400, -32600: 400, -32602: 400, -32020: 400, -32021: 400, -32022: 400, -32601: 404},
    False: {-32700: 400, -32600: 400, -32022: 400},
}


@dataclass(frozen=True, slots=True)
class Reply:
    """`body` is empty for a notification that was taken, and where `standing` takes the answer's place."""

    call: Call
    outcome: Outcome
    status: int
    body: bytes
    headers: Headers = ()
    standing: Standing | None = None


async def dispatch(exchange: Exchange) -> Reply:
    """Never raises but for cancellation: a client that left is a reply as well, which nobody reads."""
    handler = handler_of(exchange)
    call = exchange.call
    try:
        if exchange.revision is MODERN:
            climb(exchange.rt.mcp, exchange.message, exchange.fields)
        made = await handler(exchange)
        status, body = _rendered(exchange, made)
    except ClientGone as left:
        return gone(call, left)
    except Refusal as refusal:
        made = Made(refused(refusal))
        status, body = _rendered(exchange, made)
    except Exception:
        log.exception("call %s failed", call.id)
        made = Made(refused(Internal(f"internal error; the operator's log names it {call.id}")))
        status, body = _rendered(exchange, made)
    return Reply(call, made.outcome, status, body, made.headers, made.standing)


def gone(call: Call, left: ClientGone | None = None) -> Reply:
    left = left or ClientGone("the client left before the answer was ready")
    return Reply(call, refused(left), 499, b"")


def _rendered(exchange: Exchange, made: Made) -> tuple[int, bytes]:
    message, refusal, revision = exchange.message, made.outcome.refusal, exchange.revision
    calling = message.method == "tools/call"
    if refusal is not None and not (calling and refusal.readable):
        return status_of(refusal, modern=revision.modern), error(message.id, refusal, modern=revision.modern)
    if message.id is None or made.standing is not None:
        return 202, b""
    name, version = exchange.rt.mcp.name, exchange.rt.mcp.version
    if made.outcome.questions is not None:
        return 200, asked(message.id, input_required(made.outcome.questions), name, version)
    members = made.members
    if calling:
        answered = advice(refusal) if refusal is not None else made.outcome.result
        assert answered is not None
        members = tool_members(answered, revision)
    return 200, result(message.id, members, revision, name, version)


def status_of(refusal: Refusal, *, modern: bool) -> int:
    kept = refusal.http in KEPT or isinstance(refusal, SessionGone)
    return refusal.http if kept else STATUS[modern].get(refusal.rpc, 200)
