"""The record of the call, told to whoever listens. Neither raises nor awaits."""

import time

from bridge.model import Call, Decision, Grant, Outcome, Principal, PrincipalKind, Record
from bridge.pipeline.runtime import Runtime

_NOBODY = Principal("", PrincipalKind.ANONYMOUS, Grant(), "", method="")
_UNDECIDED = Decision(allowed=False, rule="")


def account(rt: Runtime, call: Call, outcome: Outcome, *, sent: int, gone: bool) -> None:
    record = _record(call, outcome, sent=sent, gone=gone)
    for tell in rt.accounts:
        tell(record)


def _verdict(outcome: Outcome) -> str:
    if outcome.refusal is not None:
        return outcome.refusal.verdict or outcome.refusal.code
    return "input_required" if outcome.questions is not None else "allowed"


def _record(call: Call, outcome: Outcome, *, sent: int, gone: bool) -> Record:
    operation = call.endpoint.operation if call.endpoint else None
    tool = call.endpoint.tool if call.endpoint else None
    who, decided = call.principal or _NOBODY, call.decision or _UNDECIDED
    return Record(
        id=call.id,
        door=call.door.value,
        principal=who.id,
        api=call.route.api if call.route else "",
        operation=operation.id if operation else "",
        tool=tool.name if tool else "",
        method=operation.method if operation else call.method,
        status=outcome.status,
        verdict=_verdict(outcome),
        rule=decided.rule,
        origin=outcome.origin.value,
        target=call.target.id if call.target else "",
        received=call.received,
        duration=time.perf_counter() - call.started,
        request_bytes=call.request_bytes,
        response_bytes=sent,
        tenant=who.tenant,
        client=who.client,
        actor=who.actor,
        identified=who.method,
        capability=who.capability,
        policy=decided.version,
        reason=decided.reason,
        truncated=outcome.truncated,
        gone=gone,
        reported=call.reported,
        cause=outcome.refusal.cause if outcome.refusal else "",
        broken=outcome.result is not None and outcome.result.broken,
    )
