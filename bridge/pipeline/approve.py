"""A person's consent to exactly this call, where the operation wants it (`x-mcp: {confirm: true}`).

It fails closed: as long as nobody can be asked, an operation that wants consent is refused to agents. The REST door's
caller is the person.
"""

from bridge.model import ApprovalRequired, Call, Door


async def approve(call: Call) -> None:
    tool = call.endpoint.tool if call.endpoint else None
    if call.door is Door.MCP and tool is not None and tool.confirm:
        raise ApprovalRequired(f"{tool.name} needs a person's approval, and nobody can be asked here")
