"""`completion/complete`: suggestions for an argument of a prompt or a variable of a resource's address."""

import orjson

from bridge.ingress.mcp.exchange import ANSWERED, Exchange, Made, further
from bridge.ingress.mcp.refusals import InvalidParams
from bridge.model import Grant, Json
from bridge.pipeline.complete import Compiled
from bridge.pipeline.run import gate

MOST = 100
"""The schema's: "values: An array of completion values. Must not exceed 100 items"."""


async def complete(exchange: Exchange) -> Made:
    """Raises InvalidParams, ClientGone. What cannot be suggested is an empty list, not an error."""
    ref, name, typed = _understood(exchange)
    principal = await gate(exchange.rt, exchange.call)
    place = (*_subject(exchange, ref, principal.grant), name)
    source = exchange.toolset.offer.suggest.get(place)
    async with exchange.line.there():
        values = await _values(exchange, source, typed) if source is not None else []
    matching = _matching(values, typed)
    answer = {"values": matching[:MOST], "total": len(matching), "hasMore": len(matching) > MOST}
    return Made(ANSWERED, (b'"completion":', orjson.dumps(answer)))


def _understood(exchange: Exchange) -> tuple[dict[str, Json], str, str]:
    """The reference, the argument's name, and what was typed."""
    params = exchange.message.params
    ref, argument = params.get("ref"), params.get("argument")
    if not isinstance(ref, dict) or not isinstance(argument, dict):
        raise InvalidParams("params.ref and params.argument must be objects")
    name, value = argument.get("name"), argument.get("value")
    if not isinstance(name, str) or not isinstance(value, str):
        raise InvalidParams("params.argument must have a name and a value, both strings")
    return ref, name, value


def _subject(exchange: Exchange, ref: dict[str, Json], grant: Grant) -> tuple[str, str]:
    if ref.get("type") == "ref/prompt":
        name = ref.get("name")
        if not isinstance(name, str) or exchange.toolset.prompt(name, grant) is None:
            raise InvalidParams(f"unknown prompt: {str(name)[:100]!r}")
        return "prompt", name
    if ref.get("type") == "ref/resource" and isinstance(ref.get("uri"), str):
        return "resource", ref["uri"]
    raise InvalidParams("params.ref must be of the type ref/prompt with a name, or ref/resource with a uri")


async def _values(exchange: Exchange, source: Compiled, typed: str) -> list[str]:
    """An operation that lists them is called in the name of whoever types; if it fails, nothing is suggested."""
    endpoint = exchange.rt.endpoints.get(source.endpoint) if source.endpoint is not None else None
    if endpoint is None or source.pick is None:
        return list(source.values)
    arguments = {source.argument: typed} if source.argument and typed else {}
    outcome = await further(exchange.rt, exchange.call, endpoint, arguments)
    if outcome.refusal is not None or outcome.status >= 300 or not isinstance(outcome.body, bytes):
        return []
    try:
        return source.pick(orjson.loads(outcome.body))
    except ValueError:
        return []


def _matching(values: list[str], typed: str) -> list[str]:
    """Those that begin with what was typed come first, then those that hold it; no value twice."""
    wanted = typed.casefold()
    unique = dict.fromkeys(values)
    begin = [value for value in unique if value.casefold().startswith(wanted)]
    return begin + [value for value in unique if wanted in value.casefold() and value not in set(begin)]
