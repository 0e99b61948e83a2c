"""A person's consent to exactly this call, where its operation, or the policy for its effect, wants it.

It fails closed: where nobody can be asked and nothing can be kept, the call is refused. People at the REST door are
persons already: unless `approvals.people` says otherwise, they are not asked.
"""

from bridge.model import ApprovalRequired, Call, Door
from bridge.pipeline.ask import can_ask
from bridge.pipeline.consent import consent
from bridge.pipeline.pending import awaited
from bridge.pipeline.runtime import Runtime
from bridge.pipeline.shown import shown


async def approve(rt: Runtime, call: Call) -> None:
    """Raises ApprovalRequired, ApprovalDenied, BadArguments, and what asking raises."""
    if call.endpoint is None or not rt.approvals.covers(call.endpoint.operation):
        return
    if call.unasked:
        # Before anything is looked up: what nobody asked for opens no case, and takes no permission given to another.
        raise ApprovalRequired(
            "a person approves each call of this, so it is not made beside another; make it by itself"
        )
    if call.door is Door.REST:
        if rt.approvals.people:
            await awaited(rt, call)
    elif can_ask(rt, call) and (seen := shown(call)).form is not None:
        await consent(rt, call, seen.form)
    else:
        await awaited(rt, call)
