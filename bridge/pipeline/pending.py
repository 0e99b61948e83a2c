"""Calls that wait for somebody elsewhere to decide: asked for by repeating the call, decided through the admin API.

A record never changes. Beside it stand, each written once, the decision, the permission that it gives (taken by the one
call that it lets through) and the use that was made of it; so replicas need no lock, and whatever gets lost refuses.
"""

import logging
import secrets
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass

import orjson

from bridge.egress.webhook import Message
from bridge.model import ApprovalDenied, ApprovalRequired, Call, Json
from bridge.pipeline.ask import owner
from bridge.pipeline.consent import fingerprint_of
from bridge.pipeline.runtime import Runtime
from bridge.pipeline.shown import shown
from bridge.state.base import Store

log = logging.getLogger(__name__)

RECENT = 3600.0
"""Seconds that a record is kept after it has ended."""
_RECORD, _DECISION, _PERMIT, _USE = "approval", "approval-decision", "approval-permit", "approval-use"


@dataclass(frozen=True, slots=True)
class Approval:
    """`place` is where the call that waits finds it again; times are Unix times."""

    id: str
    place: str
    principal: str
    door: str
    api: str
    operation: str
    tool: str
    method: str
    path: str
    arguments: tuple[tuple[str, str], ...]
    created: float
    expires: float


@dataclass(frozen=True, slots=True)
class Decision:
    """`verdict` is approve or deny."""

    verdict: str
    by: str
    reason: str
    at: float


@dataclass(frozen=True, slots=True)
class Case:
    """`status` is pending, approved, denied, used or expired."""

    approval: Approval
    status: str
    decision: Decision | None = None
    used: float | None = None


class Decided(Exception):
    """There is a decision already, or it has become too late for one."""


async def awaited(rt: Runtime, call: Call) -> None:
    """Returns where somebody approved exactly this call, once. Raises ApprovalRequired, ApprovalDenied, BadArguments,
    StateUnavailable."""
    assert call.principal is not None
    if rt.shared is None:
        raise ApprovalRequired("this call needs a person's approval, and nobody can be asked here")
    store = rt.shared.store
    place = f"waiting-{owner(call.principal)}:{fingerprint_of(call)}"
    case = await _at(store, place)
    if case is None or case.status in {"used", "expired"}:
        raise _required(await _opened(rt, store, call, place, case))
    if case.status == "pending":
        raise _required(case.approval)
    if case.status == "denied":
        raise _denied(case)
    if await store.take(f"{_PERMIT}:{case.approval.id}") is None:
        raise _required(await _opened(rt, store, call, place, case))
    await _use(store, case.approval, call)


async def cases(store: Store) -> list[Case]:
    """All that are kept, the latest first. Raises StateUnavailable."""
    decisions, uses = await _family(store, _DECISION), await _family(store, _USE)
    found = [_read(value) for _, value in await store.family(_RECORD)]
    return sorted(
        (_case(one, decisions.get(one.id), uses.get(one.id)) for one in found), key=lambda case: -case.approval.created
    )


async def case_of(store: Store, id: str) -> Case | None:
    """Raises StateUnavailable."""
    value = await store.get(f"{_RECORD}:{id}")
    if value is None:
        return None
    decision, use = await store.get(f"{_DECISION}:{id}"), await store.get(f"{_USE}:{id}")
    return _case(_read(value), decision, use)


async def decide(store: Store, approval: Approval, decision: Decision, ttl: float) -> None:
    """The call may be made within `ttl` seconds from now, once. Raises Decided, StateUnavailable."""
    if approval.expires <= decision.at:
        raise Decided("it has expired")
    written = orjson.dumps(asdict(decision))
    if not await store.put(f"{_DECISION}:{approval.id}", written, ttl + RECENT, fresh=True):
        raise Decided("it is decided already")
    log.info("approval %s: %s by %r", approval.id, decision.verdict, decision.by)
    # So that call and record find the decision for as long as it holds.
    await store.put(f"{_RECORD}:{approval.id}", orjson.dumps(asdict(approval)), ttl + RECENT)
    await store.put(approval.place, approval.id.encode(), ttl)
    if decision.verdict == "approve":
        await store.put(f"{_PERMIT}:{approval.id}", b"1", ttl)


async def _opened(rt: Runtime, store: Store, call: Call, place: str, before: Case | None) -> Approval:
    """A new case at `place`, unless another request has just opened one there."""
    approval, ttl = _approval(rt, call, place), rt.approvals.ttl
    # The record first: whoever finds the id at the place finds the record as well.
    await store.put(f"{_RECORD}:{approval.id}", orjson.dumps(asdict(approval)), ttl + RECENT)
    if before is not None:
        await _clear(store, place, before.approval.id, ttl)
    if not await store.put(place, approval.id.encode(), ttl, fresh=True):
        await store.take(f"{_RECORD}:{approval.id}")
        return await _other(store, place)
    await _check_number(rt, store, approval)
    asked = approval.principal, approval.operation, call.id
    log.info("approval %s: asked for by %r for %s, in call %s", approval.id, *asked)
    _announce(rt, call, approval)
    return approval


async def _other(store: Store, place: str) -> Approval:
    case = await _at(store, place)
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
        await store.take(f"{_RECORD}:{approval.id}")
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
        principal=call.principal.id,
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


async def _use(store: Store, approval: Approval, call: Call) -> None:
    log.info("approval %s: used by call %s", approval.id, call.id)
    used = orjson.dumps({"at": time.time(), "call": call.id})
    await store.put(f"{_USE}:{approval.id}", used, RECENT)


def _announce(rt: Runtime, call: Call, approval: Approval) -> None:
    """Without the arguments: they are read where the decision is made."""
    if rt.approvals.webhook is None:
        return
    assert call.endpoint is not None
    told: dict[str, Json] = {
        "type": "approval.pending",
        "timestamp": approval.created,
        "data": {
            "id": approval.id,
            "summary": f"{approval.tool} of {approval.api}: {call.endpoint.operation.key}",
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


async def _at(store: Store, place: str) -> Case | None:
    held = await store.get(place)
    return await case_of(store, held.decode()) if held is not None else None


def _read(value: bytes) -> Approval:
    known = orjson.loads(value)
    return Approval(**known | {"arguments": tuple((name, written) for name, written in known["arguments"])})


def _case(approval: Approval, decision: bytes | None, use: bytes | None) -> Case:
    made = Decision(**orjson.loads(decision)) if decision is not None else None
    if made is None:
        return Case(approval, "pending" if approval.expires > time.time() else "expired")
    if use is not None:
        return Case(approval, "used", made, orjson.loads(use)["at"])
    return Case(approval, "approved" if made.verdict == "approve" else "denied", made)


async def _family(store: Store, name: str) -> Mapping[str, bytes]:
    return {key.partition(":")[2]: value for key, value in await store.family(name)}
