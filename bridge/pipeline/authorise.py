"""May they: the grant was computed when the runtime was compiled, so this is one membership test."""

from bridge.model import Call, Decision, Forbidden


def authorise(call: Call) -> Decision:
    """Raises Forbidden. REST paths that no operation describes are judged by the route alone."""
    assert call.principal is not None
    grant = call.principal.grant
    allowed = grant.operations is None or (
        call.endpoint is not None and (call.endpoint.operation.api, call.endpoint.operation.id) in grant.operations
    )
    if not allowed:
        raise Forbidden("not granted")
    return Decision(allowed=True, rule=grant.rule)
