"""May they with these arguments: conditions of rules and of capabilities, which hold for both doors alike.

It comes after `check`, because only then the arguments are what will be sent: a person may have filled some in, and a
REST request has been read. What cannot be judged is not permitted.
"""

from collections.abc import Iterable

from bridge.model import Call, Decision, Door, Facts, Holds, Json, NotPermitted, Permit
from bridge.pipeline.authorise import clause_of
from bridge.pipeline.inspect.arguments import Unreadable


def judged(call: Call) -> bool:
    """Whether the arguments decide: then a person's body is read whole."""
    clause = clause_of(call)
    assert call.principal is not None
    rules = () if clause is None else (*clause.allow, *clause.deny)
    return any(permit.holds is not None for permit in (*rules, *call.principal.grant.layers))


def permit(call: Call) -> None:
    """Raises NotPermitted. Sets the decision's rule, and the budgets that the call draws on."""
    assert call.principal is not None
    assert call.decision is not None
    clause, layers = clause_of(call), call.principal.grant.layers
    if (clause is None or clause.settled) and not layers:
        return
    facts = _facts(call) if judged(call) else {}
    chosen = Permit(call.decision.rule)
    if clause is not None and not clause.settled:
        _deny(call, clause.deny, facts)
        chosen = _allowing(call, clause.allow, facts)
    _narrow(call, layers, facts)
    budgets = tuple(one.budget for one in (chosen, *layers) if one.budget is not None)
    call.decision = Decision(allowed=True, rule=chosen.rule, version=call.decision.version, budgets=budgets)


def _deny(call: Call, rules: Iterable[Permit], facts: Facts) -> None:
    """A denial that cannot be judged denies."""
    for rule in rules:
        if rule.holds is None or _holds(rule.holds, facts) is not False:
            raise _refused(call, rule, "denied")


def _allowing(call: Call, rules: tuple[Permit, ...], facts: Facts) -> Permit:
    for rule in rules:
        if rule.holds is None or _holds(rule.holds, facts):
            return rule
    raise _refused(call, rules[0], "condition")


def _narrow(call: Call, layers: Iterable[Permit], facts: Facts) -> None:
    for layer in layers:
        if layer.holds is not None and not _holds(layer.holds, facts):
            raise _refused(call, layer, "condition of a capability")


def _holds(holds: Holds, facts: Facts) -> bool | None:
    """None where it cannot be judged."""
    try:
        return holds(facts)
    except ValueError:
        return None


def _refused(call: Call, rule: Permit, reason: str) -> NotPermitted:
    assert call.decision is not None
    call.decision = Decision(allowed=False, rule=rule.rule, version=call.decision.version, reason=reason)
    return NotPermitted(rule.message or "this is granted, but not with these arguments")


def _facts(call: Call) -> Facts:
    """Raises NotPermitted where a person's request cannot be read in one way only."""
    assert call.principal is not None
    assert call.endpoint is not None
    operation = call.endpoint.operation
    about: dict[str, Json] = {
        "id": operation.id,
        "api": operation.api,
        "method": operation.method,
        "path": operation.path,
        "effect": operation.effect.value,
        "tags": list(operation.tags),
    }
    return {"args": _arguments(call), "principal": call.principal.facts, "operation": about}


def _arguments(call: Call) -> Json:
    if call.door is Door.MCP:
        return dict(call.arguments)
    assert call.endpoint is not None
    body = call.body if isinstance(call.body, bytes) else b""
    try:
        return call.endpoint.read(call.below, call.query, call.headers, body)
    except Unreadable as error:
        assert call.decision is not None
        call.decision = Decision(allowed=False, rule="", version=call.decision.version, reason="unreadable")
        raise NotPermitted(f"what this may be called with depends on its arguments, and {error}") from error
