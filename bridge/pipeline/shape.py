"""Agents only: the whole answer, read up to a cap, becomes what the model gets."""

from dataclasses import replace

from bridge.egress.collect import collect
from bridge.model import Call, Outcome
from bridge.pipeline.runtime import Runtime


async def shape(rt: Runtime, call: Call, outcome: Outcome) -> Outcome:
    """Raises UpstreamTimeout, UpstreamBroken. The outcome it returns holds nothing that wants releasing."""
    assert call.endpoint is not None
    if isinstance(outcome.body, bytes):
        return replace(outcome, result=call.endpoint.decode(outcome.status, outcome.headers, outcome.body, False))
    try:
        body, cut = await collect(outcome.headers, outcome.body, rt.limits.result_bytes, call.deadline)
    finally:
        if outcome.release is not None:
            await outcome.release()
    result = call.endpoint.decode(outcome.status, outcome.headers, body, cut)
    # Written out, for speed: every member but `release`, which was called.
    return Outcome(outcome.status, outcome.headers, body, outcome.origin, outcome.refusal, result, truncated=cut)
