"""What each era can be asked: one table per era, from method to handler.

A handler returns the outcome and, where the gateway itself answers, the members of the result object; a call's result
is rendered from its outcome. It raises a Refusal or returns one; both are answered alike.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeAlias

import orjson

from bridge.ingress.asgi import Receive
from bridge.ingress.body import Upload, WhileThere
from bridge.ingress.mcp import cursor, legacy
from bridge.ingress.mcp.envelope import Message
from bridge.ingress.mcp.eras import SUPPORTED, Revision
from bridge.ingress.mcp.mirror import Mirror, check_mirrors, mirrors
from bridge.ingress.mcp.refusals import InvalidParams, InvalidRequest, UnknownMethod
from bridge.ingress.mcp.render import Pieces, server_info
from bridge.model import Arguments, Call, Endpoint, Origin, Outcome, Principal
from bridge.pipeline.listing import Toolset
from bridge.pipeline.run import admit_method, run
from bridge.pipeline.runtime import Runtime

# Resources, prompts and change notifications are not served, so they are not declared.
CAPABILITIES = b'"capabilities":{"tools":{}}'
PATIENCE = 60.0
"""Seconds for a call whose operation and route say nothing."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """One message and everything its handler may need."""

    rt: Runtime
    toolset: Toolset
    revision: Revision
    fields: dict[bytes, bytes]
    receive: Receive
    message: Message
    call: Call


Handler: TypeAlias = Callable[[Exchange], Awaitable[tuple[Outcome, Pieces]]]
Build: TypeAlias = Callable[[Exchange, Principal], Pieces]


def answered(build: Build) -> Handler:
    """A handler for what the gateway answers itself, behind the same gate as a call."""

    async def handle(exchange: Exchange) -> tuple[Outcome, Pieces]:
        members: Pieces = ()

        def answer(principal: Principal) -> Outcome:
            nonlocal members
            members = build(exchange, principal)
            return Outcome(200, origin=Origin.GATEWAY)

        outcome = await admit_method(exchange.rt, exchange.call, answer)
        return outcome, members

    return handle


def discover(exchange: Exchange, principal: Principal) -> Pieces:
    versions = b'"supportedVersions":%s,' % orjson.dumps(SUPPORTED)
    return versions, CAPABILITIES, *_instructions(exchange), _freshness(exchange)


def initialize(exchange: Exchange, principal: Principal) -> Pieces:
    version = legacy.negotiate(exchange.message.params).encode()
    info = server_info(exchange.rt.mcp.name, exchange.rt.mcp.version)
    return b'"protocolVersion":"%s","serverInfo":%s,' % (version, info), CAPABILITIES, *_instructions(exchange)


def ping(exchange: Exchange, principal: Principal) -> Pieces:
    return ()


def list_tools(exchange: Exchange, principal: Principal) -> Pieces:
    toolset, digest = exchange.toolset, exchange.rt.catalog.digest
    given = exchange.message.params.get("cursor")
    start = 0 if given is None else cursor.read(given, toolset.name, digest)
    if not toolset.begins_page(start):
        raise InvalidParams("the cursor is not one of this endpoint; list again without one")
    page, following = toolset.page(exchange.revision.form, principal.grant, start)
    members = [b'"tools":', page]
    if following is not None:
        members.append(b',"nextCursor":"%s"' % cursor.write(following, toolset.name, digest).encode())
    if exchange.revision.modern:
        members.append(_freshness(exchange))
    return members


def _instructions(exchange: Exchange) -> tuple[bytes, ...]:
    text = exchange.toolset.instructions or exchange.rt.mcp.instructions
    return (b',"instructions":', orjson.dumps(text)) if text else ()


def _freshness(exchange: Exchange) -> bytes:
    # What is listed depends on who asks, so no cache may share it: "cacheScope: private".
    return b',"ttlMs":%d,"cacheScope":"private"' % exchange.rt.mcp.ttl_ms


async def call_tool(exchange: Exchange) -> tuple[Outcome, Pieces]:
    """Raises InvalidParams, ClientGone.

    Streamable HTTP 2026-07-28: a client that closes the response stream has cancelled. For the legacy revisions
    "disconnection SHOULD NOT be interpreted as the client cancelling its request", so there the call runs to its end,
    bounded by its deadline, though nobody will read the answer. Batches are another matter: `endpoint` cancels them.
    """
    _address(exchange)
    if not exchange.revision.modern:
        return await run(exchange.rt, exchange.call), ()
    connection = Upload(exchange.receive)
    connection.leave_unread()
    async with WhileThere(connection):
        return await run(exchange.rt, exchange.call), ()


def _address(exchange: Exchange) -> None:
    """Fills in what the call is about. An unknown tool stays unknown until the pipeline has seen who asks."""
    params, call = exchange.message.params, exchange.call
    name, arguments = params.get("name"), params.get("arguments")
    if not isinstance(name, str):
        raise InvalidParams("params.name must be a string: the name of a tool")
    if arguments is not None and not isinstance(arguments, dict):
        raise InvalidParams("params.arguments must be an object")
    endpoint = exchange.toolset.get(name)
    call.tool, call.arguments, call.known = name, arguments or {}, endpoint is not None
    if endpoint is not None:
        _aim(exchange, endpoint)


def _aim(exchange: Exchange, endpoint: Endpoint) -> None:
    call, operation, targets = exchange.call, endpoint.operation, endpoint.route.targets
    call.endpoint, call.route = endpoint, endpoint.route
    call.method, call.path = operation.method, operation.path
    patience = operation.timeout or (targets[0].timeouts.total if targets else PATIENCE)
    call.deadline = asyncio.get_running_loop().time() + patience
    wanted = mirrors(exchange.toolset, endpoint) if exchange.revision.modern else ()
    if wanted:
        # Checked where arguments are checked, so that a stranger learns nothing about tools from it.
        call.endpoint = replace(endpoint, check=partial(_check_both, endpoint, wanted, exchange.fields))


def _check_both(
    endpoint: Endpoint, wanted: tuple[Mirror, ...], fields: dict[bytes, bytes], arguments: Arguments
) -> None:
    check_mirrors(wanted, arguments, fields)
    endpoint.check(arguments)


def _unknown(exchange: Exchange, principal: Principal) -> Pieces:
    raise UnknownMethod(f"unknown method: {exchange.message.method[:100]!r}")


def _taken(exchange: Exchange, principal: Principal) -> Pieces:
    """Notifications are taken and dropped: between requests nothing is kept that one could change."""
    if not exchange.message.method.startswith("notifications/"):
        raise InvalidRequest(f"{exchange.message.method[:100]!r} is a request and needs an id")
    return ()


MODERN: Mapping[str, Handler] = {
    "server/discover": answered(discover),
    "tools/list": answered(list_tools),
    "tools/call": call_tool,
}
LEGACY: Mapping[str, Handler] = {
    "initialize": answered(initialize),
    "ping": answered(ping),
    "tools/list": answered(list_tools),
    "tools/call": call_tool,
}
_UNKNOWN, _TAKEN = answered(_unknown), answered(_taken)


def looked_up(message: Message, *, modern: bool) -> tuple[str, Handler]:
    """The handler, and a name for records, which a stranger's inventions must not fill."""
    if message.id is None:
        return "notifications", _TAKEN
    handler = (MODERN if modern else LEGACY).get(message.method)
    return (message.method, handler) if handler else ("unknown", _UNKNOWN)
