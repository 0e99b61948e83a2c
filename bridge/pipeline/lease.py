"""Concurrency, per caller: held from before the upstream is called until the answer's body is closed."""

from collections.abc import Callable
from functools import partial

from bridge.model import Call, LimitExceeded
from bridge.pipeline.runtime import Runtime


def lease(rt: Runtime, call: Call) -> Callable[[], None]:
    """Returns what gives the place back, to be called exactly once."""
    assert call.principal is not None
    key = call.principal.limit_key
    if not rt.leases.acquire(key, rt.limits.concurrent):
        raise LimitExceeded(
            f"{rt.limits.concurrent} calls are already in flight; wait for one to end",
            headers=((b"retry-after", b"1"),),
            detail={"retryAfter": 1},
        )
    return partial(rt.leases.release, key)
