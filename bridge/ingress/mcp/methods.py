"""What each era can be asked: one table per era, from method to handler.

A handler returns what it made, or raises a Refusal; a call's result is rendered from its outcome.
"""

from collections.abc import Mapping

from bridge.ingress.mcp.completion import complete
from bridge.ingress.mcp.discover import discover
from bridge.ingress.mcp.envelope import RESPONSE, Message
from bridge.ingress.mcp.exchange import Exchange, Handler, answered
from bridge.ingress.mcp.legacy import initialize
from bridge.ingress.mcp.listen import listen
from bridge.ingress.mcp.lists import list_prompts, list_resources, list_templates, list_tools
from bridge.ingress.mcp.prompts import get_prompt
from bridge.ingress.mcp.refusals import InvalidRequest, UnknownMethod
from bridge.ingress.mcp.render import Pieces
from bridge.ingress.mcp.resources import read_resource
from bridge.ingress.mcp.sessions.notices import cancelled, responded
from bridge.ingress.mcp.subscribing import subscribe, unsubscribe
from bridge.ingress.mcp.tools import call_tool


def _nothing(exchange: Exchange) -> Pieces:
    return ()


def _unknown(exchange: Exchange) -> Pieces:
    raise UnknownMethod(f"unknown method: {exchange.message.method[:100]!r}")


def _taken(exchange: Exchange) -> Pieces:
    """Notifications that nothing here waits for are taken and dropped."""
    if not exchange.message.method.startswith("notifications/"):
        raise InvalidRequest(f"{exchange.message.method[:100]!r} is a request and needs an id")
    return ()


_BOTH: Mapping[str, Handler] = {
    "tools/list": list_tools,
    "tools/call": call_tool,
    "resources/list": list_resources,
    "resources/templates/list": list_templates,
    "resources/read": read_resource,
    "prompts/list": list_prompts,
    "prompts/get": get_prompt,
    "completion/complete": complete,
}
MODERN: Mapping[str, Handler] = {
    "server/discover": answered(discover),
    **_BOTH,
    "subscriptions/listen": listen,
}
LEGACY: Mapping[str, Handler] = {
    "initialize": initialize,
    "ping": answered(_nothing),
    "resources/subscribe": subscribe,
    "resources/unsubscribe": unsubscribe,
    **_BOTH,
}
NOTIFIED: Mapping[str, Handler] = {"notifications/cancelled": cancelled, RESPONSE: responded}
"""What is not answered and yet has an effect: with sessions, which only the revisions before 2026-07-28 have."""
_UNKNOWN, _TAKEN = answered(_unknown), answered(_taken)


def handler_of(exchange: Exchange) -> Handler:
    """What is not offered is not declared, and what is not declared is an unknown method."""
    message, toolset = exchange.message, exchange.toolset
    kind = message.method.partition("/")[0]
    missing = (
        (kind == "prompts" and not toolset.prompts)
        or (kind == "resources" and not toolset.offer.readable)
        or (kind == "completion" and not toolset.offer.suggest)
    )
    return _UNKNOWN if missing else looked_up(message, modern=exchange.revision.modern)[1]


def looked_up(message: Message, *, modern: bool) -> tuple[str, Handler]:
    """The handler, and a name for records, which a stranger's inventions must not fill."""
    if message.id is None:
        return "notifications", _TAKEN if modern else NOTIFIED.get(message.method, _TAKEN)
    handler = (MODERN if modern else LEGACY).get(message.method)
    return (message.method, handler) if handler else ("unknown", _UNKNOWN)
