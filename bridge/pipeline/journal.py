"""The intent record of a call with effects: written before it is made, so that a crash leaves the truth behind."""

from bridge.model import Call, Effect
from bridge.pipeline.runtime import Runtime


async def journal(rt: Runtime, call: Call) -> None:
    if call.endpoint is not None and call.endpoint.operation.effect is Effect.READS:
        return
    for write in rt.journals:
        await write(call)
