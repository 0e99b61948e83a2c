"""Says *not found*. The door has looked already, so that limits and records can name what was asked for."""

from bridge.model import Call, Door, MethodNotAllowed, NotFound


def resolve(call: Call) -> None:
    if call.known:
        return
    if call.door is Door.MCP:
        raise NotFound(f"unknown tool: {call.tool[:100]!r}")
    if call.allowed_methods:
        allow = ", ".join(call.allowed_methods)
        raise MethodNotAllowed(f"this path takes {allow}", headers=((b"allow", allow.encode()),))
    raise NotFound("no operation has this path")
