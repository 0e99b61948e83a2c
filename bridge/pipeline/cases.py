"""What is kept of calls that wait for somebody elsewhere to decide.

A record never changes. Beside it stand, each written once, the decision, the permission that it gives (taken by the one
call that it lets through) and the use that was made of it; so replicas need no lock, and whatever gets lost refuses.
"""

import logging
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass

import orjson

from bridge.state.base import Store

log = logging.getLogger(__name__)

RECENT = 3600.0
"""Seconds that a record is kept after it has ended."""
_RECORD, _DECISION, _PERMIT, _USE = "approval", "approval-decision", "approval-permit", "approval-use"


@dataclass(frozen=True, slots=True)
class Approval:
    """`place` is where the call that waits finds it again; `arguments` are as `shown` has them, whole; times are Unix
    times."""

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
    """`verdict` is approve or deny; `by` is what whoever decided calls itself, `token` how it is known here."""

    verdict: str
    by: str
    reason: str
    at: float
    token: str = ""


@dataclass(frozen=True, slots=True)
class Case:
    """`status` is pending, approved, denied, used or expired."""

    approval: Approval
    status: str
    decision: Decision | None = None
    used: float | None = None


class Decided(Exception):
    """There is a decision already, or it has become too late for one."""


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
    log.info("approval %s: %s by %r (%s)", approval.id, decision.verdict, decision.by, decision.token or "unknown")
    # So that call and record find the decision for as long as it holds.
    await keep(store, approval, ttl)
    await store.put(approval.place, approval.id.encode(), ttl)
    if decision.verdict == "approve":
        await store.put(f"{_PERMIT}:{approval.id}", b"1", ttl)


async def keep(store: Store, approval: Approval, ttl: float) -> None:
    """Raises StateUnavailable."""
    await store.put(f"{_RECORD}:{approval.id}", orjson.dumps(asdict(approval)), ttl + RECENT)


async def forget(store: Store, approval: Approval) -> None:
    """Raises StateUnavailable."""
    await store.take(f"{_RECORD}:{approval.id}")


async def permitted(store: Store, approval: Approval, call: str) -> bool:
    """Whether the call of that id may be made: of all that ask, one may. Raises StateUnavailable."""
    if await store.take(f"{_PERMIT}:{approval.id}") is None:
        return False
    log.info("approval %s: used by call %s", approval.id, call)
    await store.put(f"{_USE}:{approval.id}", orjson.dumps({"at": time.time(), "call": call}), RECENT)
    return True


async def case_at(store: Store, place: str) -> Case | None:
    """The one whose call waits at `place`. Raises StateUnavailable."""
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
