"""At body close: what the answer held is given back. Never changes the answer."""

from bridge.model import Outcome


async def settle(outcome: Outcome) -> None:
    if outcome.release is not None:
        await outcome.release()
