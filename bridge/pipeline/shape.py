"""Agents only: the whole answer, read up to a cap, becomes what the model gets."""

from dataclasses import replace

from bridge.egress.collect import collect
from bridge.model import Block, Call, Endpoint, Headers, Link, Media, Outcome, Result, Text
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
    if not isinstance(first, Link | Media) or (isinstance(first, Media) and first.kind != "blob"):
        return result
    return replace(result, blocks=(_addressed(endpoint, call, first), *result.blocks[1:]))


def _addressed(endpoint: Endpoint, call: Call, block: Link | Media) -> Block:
    """Bytes with the address that they can be read at again; a link without one says what it would lead to."""
    uri = endpoint.address(call.arguments) if endpoint.address is not None else None
    if uri is not None:
        return replace(block, uri=uri)
    return Text(f"[{block.media_type}, {block.size} bytes: {block.description}]") if isinstance(block, Link) else block
