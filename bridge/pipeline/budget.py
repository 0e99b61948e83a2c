"""What rules and capabilities let a caller use, drawn on by each call that goes on, and by what it brought.

Calls are counted before they are made, bytes and tokens once they are known: of calls in flight at the same time the
last ones may go beyond, the next one is refused. What cannot be counted is not used.
"""

import logging

from bridge.model import Budget, BudgetSpent, Call, StateUnavailable
from bridge.pipeline.owning import identity_of
from bridge.pipeline.runtime import Runtime
from bridge.state.base import Meters

log = logging.getLogger(__name__)

BYTES_PER_TOKEN = 4
"""What models' tokenizers need for a token of English or of JSON, about."""
LASTING = 7 * 86_400.0
"""Seconds that the count of a budget without a window is kept, longer than whatever it belongs to."""


async def spend(rt: Runtime, call: Call) -> None:
    """Raises BudgetSpent, StateUnavailable."""
    assert call.decision is not None
    for budget in call.decision.budgets:
        most = (budget.calls, budget.bytes, budget.tokens)
        if not await _meters(rt).spend(_key(call, budget), 1, most, budget.window or LASTING):
            raise BudgetSpent("what you may use of this is used up; it does not come back by trying again")


async def debit(rt: Runtime, call: Call, sent: int) -> None:
    """`sent` bytes of an answer went out. Never raises: the call is over."""
    if call.decision is None or not call.decision.budgets or not sent:
        return
    try:
        for budget in call.decision.budgets:
            tokens = -(-sent // BYTES_PER_TOKEN)
            await _meters(rt).debit(_key(call, budget), sent, tokens, budget.window or LASTING)
    except StateUnavailable:
        log.warning("%d bytes of call %s are counted nowhere: what replicas share cannot be reached", sent, call.id)


def _meters(rt: Runtime) -> Meters:
    if rt.shared is None:
        raise StateUnavailable("nothing is counted here")
    return rt.shared.meters


def _key(call: Call, budget: Budget) -> str:
    """Of a rule's budget each caller has one, with however many capabilities."""
    assert call.principal is not None
    return f"{budget.key}:{identity_of(call.principal)}" if budget.per_caller else budget.key
