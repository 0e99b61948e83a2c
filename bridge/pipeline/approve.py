"""A person's consent to exactly this call, where its operation, or the policy for its effect, wants it.

It fails closed: where nobody can be asked and nothing can be kept, the call is refused. People at the REST door are
persons already: unless `approvals.people` says otherwise, they are not asked.
"""

from bridge.model import Call, Door
from bridge.pipeline.ask import can_ask
from bridge.pipeline.consent import consent
from bridge.pipeline.pending import awaited
from bridge.pipeline.runtime import Runtime


async def approve(rt: Runtime, call: Call) -> None:
    """Raises ApprovalRequired, ApprovalDenied, and what asking raises."""
    if call.endpoint is None or not rt.approvals.covers(call.endpoint.operation):
        return
    if call.door is Door.REST:
        if rt.approvals.people:
            await awaited(rt, call)
    elif can_ask(rt, call):
        await consent(rt, call)
    else:
        await awaited(rt, call)
