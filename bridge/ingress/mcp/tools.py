"""`tools/call`."""

from dataclasses import replace
from functools import partial

from bridge.ingress.mcp.asking import agent_of
from bridge.ingress.mcp.exchange import Exchange, Made, aim
from bridge.ingress.mcp.mirror import check_mirrors
from bridge.ingress.mcp.refusals import InvalidParams
from bridge.model import Arguments, Endpoint
from bridge.pipeline.mirror import Mirror
from bridge.pipeline.run import run


async def call_tool(exchange: Exchange) -> Made:
    """Raises InvalidParams, ClientGone."""
    _understand(exchange)
    async with exchange.line.there():
        return Made(await run(exchange.rt, exchange.call))


def _understand(exchange: Exchange) -> None:
    call, params = exchange.call, exchange.message.params
    name, arguments = params.get("name"), params.get("arguments")
    if not isinstance(name, str):
        raise InvalidParams("params.name must be a string: the name of a tool")
    if arguments is not None and not isinstance(arguments, dict):
        raise InvalidParams("params.arguments must be an object")
    call.agent = agent_of(exchange)
    endpoint = exchange.toolset.get(name)
    call.tool, call.arguments, call.known = name, arguments or {}, endpoint is not None
    if endpoint is not None:
        aim(call, endpoint, call.arguments)
        fields = exchange.fields if exchange.revision.modern else None
        wanted = exchange.toolset.mirrors(name) if fields is not None else ()
        if wanted and fields is not None:
            # Checked where arguments are checked, so that a stranger learns nothing about tools from it.
            call.endpoint = replace(endpoint, check=partial(_check_both, endpoint, wanted, fields, call.arguments))


def _check_both(
    endpoint: Endpoint, wanted: tuple[Mirror, ...], fields: dict[bytes, bytes], sent: Arguments, arguments: Arguments
) -> None:
    """Headers repeat what the client sent; `arguments` hold what a person added to it as well."""
    check_mirrors(wanted, sent, fields)
    endpoint.check(arguments)
