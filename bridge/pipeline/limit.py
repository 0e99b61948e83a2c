"""How much: requests per caller, whatever they ask for and through whichever door."""

import math

from bridge.model import Call, LimitExceeded
from bridge.pipeline.runtime import Runtime


async def limit(rt: Runtime, call: Call) -> None:
    rate = rt.limits.requests
    if rate is None:
        return
    assert call.principal is not None
    wait = await rt.buckets.take(call.principal.limit_key, rate.per_second, rate.burst)
    if wait:
        # RFC 9110 section 10.2.3: delay-seconds is a whole number.
        seconds = math.ceil(wait)
        raise LimitExceeded(
            f"the request limit is reached; try again in {seconds} s",
            headers=((b"retry-after", str(seconds).encode()),),
            detail={"retryAfter": seconds},
        )
