"""The upstream call: build the request, put the credential on it, send it, wrap the response."""

from bridge.egress.forward import forward
from bridge.model import Call, Door, Outcome, Target, Wire
from bridge.pipeline.runtime import Runtime

UNAUTHORIZED = 401


async def send(rt: Runtime, call: Call, target: Target) -> Outcome:
    """Raises BadArguments, UpstreamUnreachable, UpstreamTimeout, UpstreamBroken, and what a credential raises."""
    wire = _wire(rt, call)
    # A key without its credential is no reason to send without one.
    credential = rt.credentials[target.credential] if target.credential else None
    if credential is not None:
        wire = await credential.attach(wire, call)
    response = await rt.upstream.send(wire, target, call.deadline)
    if credential is not None and response.status == UNAUTHORIZED:
        credential.rejected(wire, call)
    return Outcome(response.status, response.headers, response.chunks, release=response.aclose)


def _wire(rt: Runtime, call: Call) -> Wire:
    if call.door is Door.MCP:
        assert call.endpoint is not None
        return call.endpoint.build(call.arguments)
    return forward(call)
