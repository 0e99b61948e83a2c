"""A fresh stored answer. Nothing is stored unless the runtime has a cache."""

from bridge.model import Call, Outcome
from bridge.pipeline.runtime import Runtime


async def cached(rt: Runtime, call: Call) -> Outcome | None:
    for look_up in rt.caches:
        outcome = await look_up(call)
        if outcome is not None:
            return outcome
    return None
