"""A call that waits for somebody elsewhere to decide: refused with an id, until it is repeated and may pass, once."""

import logging
import secrets
import time
from datetime import UTC, datetime

import orjson

from bridge.egress.webhook import Message
from bridge.model import ApprovalDenied, ApprovalRequired, Call, Json
from bridge.pipeline.ask import owner_digest
from bridge.pipeline.cases import Approval, Case, case_at, forget, keep, permitted
from bridge.pipeline.consent import fingerprint_of
from bridge.pipeline.runtime import Runtime
from bridge.pipeline.shown import shown
from bridge.pipeline.visible import visible
from bridge.state.base import Store

log = logging.getLogger(__name__)


async def awaited(rt: Runtime, call: Call) -> None:
    """Returns where somebody approved exactly this call, once. Raises ApprovalRequired, ApprovalDenied, BadArguments,
    StateUnavailable."""
    assert call.principal is not None
    if rt.shared is None:
        raise ApprovalRequired("this call needs a person's approval, and nobody can be asked here")
    if not rt.approvals.decidable:
        raise ApprovalRequired(
            "this call needs a person's approval, and nobody else can be asked here: this process has no admin port. "
            "Make it from a client that can ask its person, shorter if it was too long to show, or through a gateway "
            "that has one"
        )
    store = rt.shared.store
    place = f"waiting-{owner_digest(call.principal)}:{fingerprint_of(call)}"
    case = await case_at(store, place)
    if case is None or case.status in {"used", "expired"}:
        raise _required(await _opened(rt, store, call, place, case))
    if case.status == "pending":
        raise _required(case.approval)
    if case.status == "denied":
        raise _denied(case)
    if not await permitted(store, case.approval, call.id):
        raise _required(await _opened(rt, store, call, place, case))


async def _opened(rt: Runtime, store: Store, call: Call, place: str, before: Case | None) -> Approval:
    """A new case at `place`, unless another request has just opened one there."""
    approval, ttl = _approval(rt, call, place), rt.approvals.ttl
    # The record first: whoever finds the id at the place finds the record as well.
    await keep(store, approval, ttl)
    if before is not None:
        await _clear(store, place, before.approval.id, ttl)
    if not await store.put(place, approval.id.encode(), ttl, fresh=True):
        await forget(store, approval)
        return await _other(store, place)
    await _check_number(rt, store, approval)
    asked = approval.principal, approval.operation, call.id
    log.info("approval %s: asked for by %r for %s, in call %s", approval.id, *asked)
    _announce(rt, call, approval)
    return approval


async def _other(store: Store, place: str) -> Approval:
    case = await case_at(store, place)
    if case is None:
        # An id whose record is gone leads nowhere.
        await store.take(place)
        raise ApprovalRequired("this call needs a person's approval; make it again for the id to ask for it by")
    return case.approval


async def _clear(store: Store, place: str, id: str, ttl: float) -> None:
    """Takes away what has ended; what somebody else has put there since is put back."""
    taken = await store.take(place)
    if taken is not None and taken != id.encode():
        await store.put(place, taken, ttl, fresh=True)


async def _check_number(rt: Runtime, store: Store, approval: Approval) -> None:
    """Counted with the new one in its place: of many that come together none too many stays."""
    waiting = await store.family(approval.place.partition(":")[0])
    if len(waiting) > rt.approvals.pending:
        await store.take(approval.place)
        await forget(store, approval)
        raise ApprovalRequired(
            f"this call needs a person's approval, and {rt.approvals.pending} calls wait for one already; "
            "have those decided first"
        )


def _approval(rt: Runtime, call: Call, place: str) -> Approval:
    assert call.endpoint is not None
    assert call.principal is not None
    seen = shown(call)
    now = time.time()
    return Approval(
        id=secrets.token_hex(16),
        place=place,
        principal=visible(call.principal.id),
        door=call.door.value,
        api=seen.api,
        operation=call.endpoint.operation.id,
        tool=seen.what,
        method=seen.method,
        path=seen.path,
        arguments=seen.arguments,
        created=now,
        expires=now + rt.approvals.ttl,
    )


def _announce(rt: Runtime, call: Call, approval: Approval) -> None:
    """Without the arguments: they are read where the decision is made."""
    if rt.approvals.webhook is None:
        return
    assert call.endpoint is not None
    told: dict[str, Json] = {
        "type": "approval.pending",
        "timestamp": datetime.fromtimestamp(approval.created, UTC).isoformat(),
        "data": {
            "id": approval.id,
            "summary": visible(f"{approval.tool} of {approval.api}: {call.endpoint.operation.key}"),
            "principal": approval.principal,
            "door": approval.door,
            "expires": approval.expires,
            "link": f"/admin/approvals/{approval.id}",
        },
    }
    rt.post(rt.approvals.webhook, Message(approval.id, orjson.dumps(told)))


def _required(approval: Approval) -> ApprovalRequired:
    left = max(int(approval.expires - time.time()), 0)
    return ApprovalRequired(
        f"this call needs a person's approval. Ask a person to decide approval {approval.id} within {left} s; then "
        "repeat exactly this call",
        detail={"approval": approval.id, "expires": approval.expires},
    )


def _denied(case: Case) -> ApprovalDenied:
    reason = f": {case.decision.reason}" if case.decision is not None and case.decision.reason else ""
    return ApprovalDenied(f"a person denied this call{reason}; do not repeat it", detail={"approval": case.approval.id})
