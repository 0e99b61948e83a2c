"""Agents' arguments against the tool's schema, and people's requests against the document where the route asks.

Arguments that are missing may be asked for: what a person then gives is checked like all others.
"""

import asyncio

from bridge.model import BadArguments, Call, Door, Endpoint, RequestTimeout, TooLarge, Validate
from bridge.pipeline.arguments import compile_check
from bridge.pipeline.fill import fill, may_fill, resume
from bridge.pipeline.permit import judged
from bridge.pipeline.runtime import Runtime

__all__ = ["check", "compile_check"]


async def check(rt: Runtime, call: Call) -> None:
    """Raises BadArguments, TooLarge, RequestTimeout, and what `fill` does. A REST body is read whole where the
    endpoint, or consent, asks for it."""
    endpoint = call.endpoint
    if endpoint is None:
        return
    if call.door is Door.MCP:
        await _arguments(rt, call, endpoint)
        return
    if endpoint.needs_body or rt.approvals.reads_body(endpoint.operation) or judged(call):
        call.body = await _whole(call, rt.limits.body_bytes)
    if endpoint.route.validate is not Validate.OFF:
        _inspect(call, endpoint)


async def _arguments(rt: Runtime, call: Call, endpoint: Endpoint) -> None:
    if call.agent is not None and call.agent.state is not None:
        await resume(rt, call)
    try:
        endpoint.check(call.arguments)
    except BadArguments as refusal:
        if not may_fill(rt, call, refusal):
            raise
    else:
        return
    await fill(rt, call)
    endpoint.check(call.arguments)


def _inspect(call: Call, endpoint: Endpoint) -> None:
    if endpoint.inspect is None:
        return
    body = call.body if isinstance(call.body, bytes) else b""
    found = endpoint.inspect(call.below, call.query, call.headers, body)
    if found and endpoint.route.validate is Validate.ENFORCE:
        raise BadArguments("; ".join(found), detail={"errors": list(found)})
    call.reported = found


async def _whole(call: Call, most: int) -> bytes | None:
    if call.body is None or isinstance(call.body, bytes):
        return call.body
    parts: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout_at(call.deadline):
            async for chunk in call.body:
                size += len(chunk)
                if size > most:
                    raise TooLarge(f"the body may hold {most} bytes")
                parts.append(chunk)
    except TimeoutError:
        raise RequestTimeout("the request's body did not arrive in time") from None
    return b"".join(parts)
