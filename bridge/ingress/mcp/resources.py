"""`resources/read`: an operation that only reads, called by its address."""

from base64 import b64encode
from dataclasses import replace

import orjson

from bridge.egress.decode.whole import whole
from bridge.ingress.mcp.asking import agent_of
from bridge.ingress.mcp.discover import freshness
from bridge.ingress.mcp.exchange import Exchange, Made, aim
from bridge.ingress.mcp.refusals import InvalidParams, ResourceFailed, ResourceNotFound, ResourceNotGranted
from bridge.model import Json, NotGranted, Outcome
from bridge.pipeline.run import gate, refused, run

_MISSING = frozenset({404, 410})


async def read_resource(exchange: Exchange) -> Made:
    """Raises InvalidParams, ResourceNotFound, ClientGone."""
    uri, call = uri_of(exchange), exchange.call
    call.agent = agent_of(exchange)
    located = exchange.toolset.locate(uri)
    if located is None:
        await gate(exchange.rt, call)
        raise not_found(uri)
    aim(call, *located)
    async with exchange.line.there():
        outcome = await run(exchange.rt, call)
    if isinstance(outcome.refusal, NotGranted):
        return Made(refused(not_found(uri, ResourceNotGranted)))
    if outcome.refusal is not None or outcome.questions is not None:
        return Made(outcome)
    refusal = failure(uri, outcome)
    if refusal is not None:
        return Made(replace(outcome, refusal=refusal))
    members = [b'"contents":', orjson.dumps([contents(uri, outcome)])]
    return Made(outcome, [*members, freshness(exchange)] if exchange.revision.modern else members)


def uri_of(exchange: Exchange) -> str:
    uri = exchange.message.params.get("uri")
    if not isinstance(uri, str):
        raise InvalidParams("params.uri must be a string: the address of a resource")
    return uri


def not_found(uri: str, kind: type[ResourceNotFound] = ResourceNotFound) -> ResourceNotFound:
    return kind(f"there is no resource {uri[:200]!r}", detail={"uri": uri[:1000]})


def failure(uri: str, outcome: Outcome) -> ResourceNotFound | ResourceFailed | None:
    """Why an answer is no content of a resource. What is missing upstream is missing here."""
    if outcome.status in _MISSING:
        return not_found(uri)
    if outcome.status >= 300:
        return ResourceFailed(f"the upstream answered {outcome.status} for {uri[:200]!r}")
    if outcome.truncated:
        return ResourceFailed(f"{uri[:200]!r} is larger than an answer may be; read a part of it")
    return None


def contents(uri: str, outcome: Outcome) -> dict[str, Json]:
    """TextResourceContents, or BlobResourceContents with base64."""
    assert isinstance(outcome.body, bytes)
    media_type, text = whole(outcome.headers, outcome.body)
    about = {"uri": uri, "mimeType": media_type} if media_type else {"uri": uri}
    return about | ({"text": text} if text is not None else {"blob": b64encode(outcome.body).decode("ascii")})
