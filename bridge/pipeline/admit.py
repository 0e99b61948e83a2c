"""Before anything is known about the caller: may this request be looked at at all?"""

from bridge.model import Call, Door, TooLarge
from bridge.pipeline.runtime import Runtime


def admit(rt: Runtime, call: Call) -> None:
    """Refuses a body whose declared length is already too much for whoever has to read it whole. Raises Forbidden,
    TooLarge."""
    arrive(rt, call)
    endpoint = call.endpoint
    if endpoint is None:
        return
    consented = call.door is Door.REST and rt.approvals.reads_body(endpoint.operation)
    if not endpoint.needs_body and not consented:
        return
    declared = next((value for name, value in call.headers if name == b"content-length"), b"")
    if declared.isdigit() and int(declared) > rt.limits.body_bytes:
        raise TooLarge(f"the body may hold {rt.limits.body_bytes} bytes")


def arrive(rt: Runtime, call: Call) -> None:
    """Finds out which address calls, and refuses those that may not. A door asks first of all, so that strangers are
    not even told what is wrong with their request; asking again changes nothing. Raises Forbidden."""
    if rt.addresses.matter:
        rt.addresses.place(call)
