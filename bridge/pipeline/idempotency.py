"""A call that was already made: the answer that was given then. Nothing remembers unless the runtime has a recall."""

from bridge.model import Call, Outcome
from bridge.pipeline.runtime import Runtime


async def recall(rt: Runtime, call: Call) -> Outcome | None:
    for look_up in rt.recalls:
        outcome = await look_up(call)
        if outcome is not None:
            return outcome
    return None
