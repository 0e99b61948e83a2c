"""The lists of tools, resources, templates and prompts, page by page."""

from functools import partial

from bridge.ingress.mcp import cursor
from bridge.ingress.mcp.discover import freshness
from bridge.ingress.mcp.exchange import Exchange, Handler, answered
from bridge.ingress.mcp.refusals import InvalidParams
from bridge.ingress.mcp.render import Pieces


def _page(member: bytes, kind: str, exchange: Exchange) -> Pieces:
    """Raises InvalidParams."""
    listing, principal = exchange.toolset.listings[kind], exchange.call.principal
    assert principal is not None
    place = f"{exchange.toolset.name}/{kind}"
    given = exchange.message.params.get("cursor")
    start = 0 if given is None else cursor.read(given, place, listing.digest)
    if not listing.begins_page(start):
        raise InvalidParams("the cursor is not one of this endpoint; list again without one")
    page, following = listing.page(exchange.revision.form, principal.grant, start)
    members = [b'"%s":' % member, page]
    if following is not None:
        members.append(b',"nextCursor":"%s"' % cursor.write(following, place, listing.digest).encode())
    if exchange.revision.modern:
        members.append(freshness(exchange))
    return members


def _listing(member: bytes, kind: str) -> Handler:
    return answered(partial(_page, member, kind))


list_tools = _listing(b"tools", "tools")
list_resources = _listing(b"resources", "resources")
list_templates = _listing(b"resourceTemplates", "templates")
list_prompts = _listing(b"prompts", "prompts")
