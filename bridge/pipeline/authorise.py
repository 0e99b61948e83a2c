"""May they: the grant was computed when the caller was recognised, so this is one membership test.

What depends on a call's arguments is decided when these have been checked: `permit`.
"""

from bridge.model import Call, Clause, Decision, Grant, InsufficientScope, NotGranted, OperationRef, PrincipalKind
from bridge.pipeline.grants import allowed
from bridge.pipeline.resolve import missing
from bridge.pipeline.runtime import Runtime


def authorise(rt: Runtime, call: Call) -> Decision:
    """Raises NotGranted; InsufficientScope for what a better token would open, Unauthenticated for what an identity
    might. REST paths that no operation describes are judged by the API alone."""
    assert call.principal is not None
    grant = call.principal.grant
    ref = ref_of(call)
    if ref is None:
        assert call.route is not None
        if not _may_unlisted(grant, call.route.api):
            _refuse(rt, call, None)
        return allowed(grant.rule or "unlisted", grant.version)
    if grant.operations is not None and ref not in grant.operations:
        _refuse(rt, call, ref)
    return allowed(grant.rule, grant.version) if grant.clauses is None else grant.clauses(ref).decision


def _may_unlisted(grant: Grant, api: str) -> bool:
    return grant.operations is None if grant.unlisted is None else api in grant.unlisted


def ref_of(call: Call) -> OperationRef | None:
    """None for a path that no operation describes."""
    if call.endpoint is None:
        return None
    operation = call.endpoint.operation
    return operation.api, operation.id


def clause_of(call: Call) -> Clause | None:
    """What the rules say of the call's operation; None where there are no rules, or no operation."""
    assert call.principal is not None
    clauses, ref = call.principal.grant.clauses, ref_of(call)
    return None if clauses is None or ref is None else clauses(ref)


def _refuse(rt: Runtime, call: Call, ref: OperationRef | None) -> None:
    principal = call.principal
    assert principal is not None
    grant = principal.grant
    if ref is not None and ref in grant.lacking:
        scopes = grant.lacking[ref]
        call.decision = Decision(allowed=False, rule="", version=grant.version, reason="scope")
        raise InsufficientScope(
            f"this takes a token with the scopes {' '.join(scopes)}",
            headers=rt.protected.insufficient(call, scopes), detail={"scopes": list(scopes)},
        )  # fmt: skip
    denied = _denying(call, ref)
    call.decision = Decision(
        allowed=False, rule=denied, version=grant.version, reason="denied" if denied else "no rule"
    )
    if principal.kind is PrincipalKind.ANONYMOUS and rt.protected.demanding:
        raise rt.protected.unknown(call)
    raise NotGranted(missing(call))


def _denying(call: Call, ref: OperationRef | None) -> str:
    """The rule that says no, for the record; empty where none says yes."""
    assert call.principal is not None
    clauses = call.principal.grant.clauses
    deny = clauses(ref).deny if clauses is not None and ref is not None else ()
    return next((permit.rule for permit in deny if permit.holds is None), "")
