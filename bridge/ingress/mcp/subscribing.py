"""`resources/subscribe` and `resources/unsubscribe` of the revisions before 2026-07-28."""

from functools import partial

from bridge.ingress.mcp.exchange import ANSWERED, Exchange, Handler, Made
from bridge.ingress.mcp.news import can_watch
from bridge.ingress.mcp.refusals import UnknownMethod
from bridge.ingress.mcp.resources import not_found, uri_of
from bridge.model import ApprovalRequired
from bridge.pipeline.run import gate


async def _subscribe(exchange: Exchange, *, wanted: bool) -> Made:
    """Raises InvalidParams, ResourceNotFound; ApprovalRequired for what nobody may read unapproved; UnknownMethod where
    nothing can be told of later."""
    uri = uri_of(exchange)
    principal = await gate(exchange.rt, exchange.call)
    if exchange.subscribe is None:
        raise UnknownMethod("subscriptions need a session, which this request does not belong to")
    if wanted and not exchange.toolset.readable(uri, principal.grant):
        raise not_found(uri)
    if wanted and not can_watch(exchange.rt, exchange.toolset, uri, principal):
        raise ApprovalRequired(
            f"a person approves each read of {uri[:200]!r}, so it cannot be subscribed to; read it when it is needed"
        )
    await exchange.subscribe(uri, wanted)
    return Made(ANSWERED)


subscribe: Handler = partial(_subscribe, wanted=True)
unsubscribe: Handler = partial(_subscribe, wanted=False)
