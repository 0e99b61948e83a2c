"""Agents only: the whole answer, read up to a cap, becomes what the model gets."""

from dataclasses import replace

from bridge.egress.collect import collect
from bridge.model import Call, Endpoint, Headers, Link, Outcome, Result, Text
from bridge.pipeline.runtime import Runtime


async def shape(rt: Runtime, call: Call, outcome: Outcome) -> Outcome:
    """Raises UpstreamTimeout, UpstreamBroken. The outcome it returns holds nothing that wants releasing."""
    endpoint = call.endpoint
    assert endpoint is not None
    if isinstance(outcome.body, bytes):
        return replace(
            outcome, result=_decoded(endpoint, call, outcome.status, outcome.headers, outcome.body, cut=False)
        )
    # How far a failure has come is nobody's concern.
    report = call.agent.report if call.agent is not None and outcome.status < 300 else None
    try:
        body, cut = await collect(outcome.headers, outcome.body, rt.limits.result_bytes, call.deadline, report)
    finally:
        if outcome.release is not None:
            await outcome.release()
    result = _decoded(endpoint, call, outcome.status, outcome.headers, body, cut=cut)
    # Written out, for speed: every member but `release`, which was called.
    return Outcome(outcome.status, outcome.headers, body, outcome.origin, outcome.refusal, result, truncated=cut)


def _decoded(endpoint: Endpoint, call: Call, status: int, headers: Headers, body: bytes, *, cut: bool) -> Result:
    result = endpoint.decode(status, headers, body, cut)
    first = result.blocks[0] if result.blocks else None
    return _addressed(endpoint, call, result, first) if isinstance(first, Link) and not first.uri else result


def _addressed(endpoint: Endpoint, call: Call, result: Result, link: Link) -> Result:
    """A link to an answer that is too large to be in the result, or what the link says where it has no address."""
    uri = endpoint.address(call.arguments) if endpoint.address is not None else None
    told = f"[{link.media_type}, {link.size} bytes: {link.description}]"
    return replace(result, blocks=(replace(link, uri=uri) if uri else Text(told), *result.blocks[1:]))
