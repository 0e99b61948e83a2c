"""Says *not found*. The door has looked already, so that limits and records can name what was asked for."""

from bridge.model import Call, Door, MethodNotAllowed, NotFound, PrincipalKind
from bridge.pipeline.runtime import Runtime


def resolve(rt: Runtime, call: Call) -> None:
    """Raises NotFound, MethodNotAllowed. Whoever has not said who they are, where one could, is asked to: a stranger
    does not learn what there is."""
    if call.known:
        return
    assert call.principal is not None
    if call.principal.kind is PrincipalKind.ANONYMOUS and rt.protected.demanding:
        raise rt.protected.unknown(call)
    methods = _methods(call)
    if methods:
        allow = ", ".join(methods)
        raise MethodNotAllowed(f"this path takes {allow}", headers=((b"allow", allow.encode()),))
    raise NotFound(missing(call))


def missing(call: Call) -> str:
    """The same words for what is not there and for what is not there for this caller."""
    return f"unknown tool: {call.tool[:100]!r}" if call.door is Door.MCP else "no operation has this path"


def _methods(call: Call) -> list[str]:
    """Of the operations on the path, those that the caller may know of. RFC 9110 section 9.3.2: HEAD is answered
    wherever GET is."""
    assert call.principal is not None
    grant = call.principal.grant
    known = {
        method
        for method, ref in call.others
        if grant.operations is None or ref in grant.operations or ref in grant.lacking
    }
    return sorted(known | {"HEAD"} if "GET" in known else known)
