"""The upstream call: build the request, send it, wrap the response."""

from bridge.egress.forward import forward
from bridge.model import Call, Door, Outcome, Target, Wire
from bridge.pipeline.runtime import Runtime


async def send(rt: Runtime, call: Call, target: Target) -> Outcome:
    """Raises BadArguments, UpstreamUnreachable, UpstreamTimeout, UpstreamBroken."""
    response = await rt.upstream.send(_wire(rt, call), target, call.deadline)
    return Outcome(response.status, response.headers, response.chunks, release=response.aclose)


def _wire(rt: Runtime, call: Call) -> Wire:
    if call.door is Door.MCP:
        assert call.endpoint is not None
        return call.endpoint.build(call.arguments)
    return forward(call)
