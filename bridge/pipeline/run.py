"""What happens to a call: the only place that orders the stages, the same for both doors.

A stage returns or raises a `Refusal`; it is `async` only where it does I/O. `run` never raises a Refusal: it becomes
the outcome. Whoever ran a call must `finish` it once the answer is out, or once the client is gone.
"""

from collections.abc import Awaitable, Callable

from bridge.model import Call, Door, Origin, Outcome, Principal, Refusal
from bridge.pipeline.account import account
from bridge.pipeline.admit import admit
from bridge.pipeline.approve import approve
from bridge.pipeline.ask import InputNeeded
from bridge.pipeline.authenticate import authenticate
from bridge.pipeline.authorise import authorise
from bridge.pipeline.budget import spend
from bridge.pipeline.cache import cached
from bridge.pipeline.check import check
from bridge.pipeline.idempotency import recall
from bridge.pipeline.journal import journal
from bridge.pipeline.lease import lease
from bridge.pipeline.limit import limit
from bridge.pipeline.permit import permit
from bridge.pipeline.resolve import resolve
from bridge.pipeline.route import route
from bridge.pipeline.runtime import Runtime
from bridge.pipeline.send import send
from bridge.pipeline.settle import settle
from bridge.pipeline.shape import shape


async def run(rt: Runtime, call: Call) -> Outcome:
    try:
        return await _stages(rt, call)
    except InputNeeded as asked:
        return asked.outcome
    except Refusal as refusal:
        return refused(refusal)


async def _stages(rt: Runtime, call: Call) -> Outcome:
    admit(rt, call)
    call.principal = await authenticate(rt, call)
    resolve(rt, call)
    call.decision = authorise(rt, call)
    await limit(rt, call)
    await check(rt, call)
    permit(call)
    outcome = await recall(rt, call)
    if outcome is None:
        await approve(rt, call)
        await spend(rt, call)
        outcome = await cached(rt, call) or await _upstream(rt, call)
    return await shape(rt, call, outcome) if call.door is Door.MCP else outcome


async def _upstream(rt: Runtime, call: Call) -> Outcome:
    call.target = route(call)
    release = lease(rt, call)
    try:
        await journal(rt, call)
        sent = await send(rt, call, call.target)
    except BaseException:
        release()
        raise
    # Written out, as in `shape`: `dataclasses.replace` takes twice the time, in every call.
    return Outcome(sent.status, sent.headers, sent.body, release=_both(sent.release, release))


def _both(first: Callable[[], Awaitable[None]] | None, then: Callable[[], None]) -> Callable[[], Awaitable[None]]:
    async def release() -> None:
        try:
            if first is not None:
                await first()
        finally:
            then()

    return release


async def admit_method(rt: Runtime, call: Call, answer: Callable[[Principal], Outcome]) -> Outcome:
    """The same gate for what the gateway answers itself: lists, discover. The caller still has to `finish`."""
    try:
        return answer(await gate(rt, call))
    except Refusal as refusal:
        return refused(refusal)


async def gate(rt: Runtime, call: Call) -> Principal:
    """`admit_method` for an answer that takes more than a function. Raises a Refusal."""
    admit(rt, call)
    call.principal = await authenticate(rt, call)
    await limit(rt, call)
    return call.principal


def refused(refusal: Refusal) -> Outcome:
    return Outcome(refusal.http, refusal.headers, origin=Origin.GATEWAY, refusal=refusal)


async def finish(rt: Runtime, call: Call, outcome: Outcome, *, sent: int, gone: bool = False) -> None:
    """Closes the call: `sent` bytes of the answer's body went out; `gone` if the client did not wait for the rest."""
    try:
        await settle(rt, call, outcome, sent)
    finally:
        account(rt, call, outcome, sent=sent, gone=gone)
