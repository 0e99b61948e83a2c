"""At body close: what the answer held is given back, and what it brought is debited. Never changes the answer."""

from bridge.model import Call, Outcome
from bridge.pipeline.budget import debit
from bridge.pipeline.runtime import Runtime


async def settle(rt: Runtime, call: Call, outcome: Outcome, sent: int) -> None:
    try:
        if outcome.release is not None:
            await outcome.release()
    finally:
        await debit(rt, call, sent)
