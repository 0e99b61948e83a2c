"""Operation → Endpoint: builders, checkers, decoders and inspectors, compiled once."""

import logging
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from typing import TypeAlias

from bridge.compile.routes import Routed
from bridge.egress.decode import compile_decoder
from bridge.egress.encode import compile_builder
from bridge.egress.inbound import declared
from bridge.model import (
    Arguments,
    BadArguments,
    Build,
    Catalog,
    Check,
    Effect,
    Endpoint,
    Json,
    Operation,
    Route,
    Target,
    Timeouts,
    Tool,
    Validate,
    Wire,
)
from bridge.model.endpoint import Address
from bridge.model.steps import Steps
from bridge.pipeline.addresses import Addressed
from bridge.pipeline.arguments import check_against, compile_check
from bridge.pipeline.inspect import compile_inspector
from bridge.pipeline.inspect.arguments import compile_reading

_log = logging.getLogger(__name__)

MOST_TOKENS = 2_000_000
"""Of tools whose checks are compiled at once, some 8 MB of schemas: compiled, they take fifteen times that. What comes
after it is compiled when it is called, which takes a millisecond, because few of so many tools ever are."""


Known: TypeAlias = Mapping[tuple[str, str], Endpoint]
"""What was compiled before: an operation that is still the same need not be compiled again."""


def endpoints(catalog: Catalog, routed: Routed, known: Known) -> Steps[dict[tuple[str, str], Endpoint]]:
    """One per operation of the APIs that have a route, whether or not it is a tool."""
    tools = {(tool.api, tool.operation): tool for tool in catalog.tools.values()}
    addresses = {(one.api, one.operation): one.uri for one in catalog.resources}
    made: dict[tuple[str, str], Endpoint] = {}
    shared: dict[tuple[str, tuple[Target, ...]], Route] = {}
    compiled = 0
    for key, operation in catalog.operations.items():
        route = routed.routes.get(operation.api)
        if route is not None:
            own = _own(route, routed.own[key], shared) if key in routed.own else route
            tool = tools.get(key)
            compiled += tool.tokens if tool is not None else 0
            before = known.get(key)
            address = Addressed(addresses[key], operation.input_schema) if key in addresses else None
            if before is None or not _same(before, operation, tool, _route(operation, own), address):
                before = endpoint(operation, tool, own, late=compiled > MOST_TOKENS, address=address)
            made[key] = before
            yield
    return made


def _own(route: Route, targets: tuple[Target, ...], shared: dict[tuple[str, tuple[Target, ...]], Route]) -> Route:
    """`route` with these targets: one for all operations that have the same."""
    made = shared.get((route.api, targets))
    if made is None:
        made = shared[route.api, targets] = replace(route, targets=targets)
    return made


def _same(
    before: Endpoint, operation: Operation, tool: Tool | None, route: Route, address: Address | None
) -> bool:  # fmt: skip
    return (
        before.operation == operation
        and before.tool == tool
        and before.route == route
        and before.address == address
    )  # fmt: skip


def endpoint(
    operation: Operation, tool: Tool | None, route: Route, *, late: bool = False, address: Address | None = None
) -> Endpoint:
    """`late`: arguments are compiled for with the first call, not before. `address` writes where it can be read."""
    inspected = route.validate is not Validate.OFF
    return Endpoint(
        operation=operation,
        tool=tool,
        route=_route(operation, route),
        build=_builder(operation, route),
        check=_check(operation, tool, late=late),
        decode=compile_decoder(operation, tool),
        inspect=compile_inspector(operation) if inspected else None,
        needs_body=inspected and operation.body is not None,
        read=compile_reading(operation),
        declared=declared(operation),
        address=address,
    )


def _check(operation: Operation, tool: Tool | None, *, late: bool) -> Check:
    """What only reads may be called without being a tool: as a resource, or for suggestions."""
    if tool is None:
        return _late(operation.input_schema, operation.id) if operation.effect is Effect.READS else _no_tool
    return _late(tool.input_schema, tool.name) if late else compile_check(tool)


def _builder(operation: Operation, route: Route) -> Build:
    """An upstream that expects the prefix in people's requests expects it in agents' too."""
    try:
        build = compile_builder(operation)
    except ValueError as error:
        # The importer lets through only what can be written. What it overlooks costs its own operation, when called.
        return _unwritable(operation, str(error))
    if route.rewrite.strip_prefix or not route.prefix:
        return build

    def prefixed(arguments: Arguments) -> Wire:
        wire = build(arguments)
        return replace(wire, target=route.prefix + wire.target)

    return prefixed


def _unwritable(operation: Operation, why: str) -> Build:
    _log.error("%s cannot be called: %s", operation.key, why)

    def build(arguments: Arguments) -> Wire:
        raise BadArguments(f"this operation cannot be called: {why}")

    return build


def _late(schema: Json, name: str) -> Check:
    compiled = cache(lambda: check_against(schema, name))

    def check(arguments: Arguments) -> None:
        compiled()(arguments)

    return check


def _no_tool(arguments: Arguments) -> None:
    raise BadArguments("this operation is no tool")


def _route(operation: Operation, route: Route) -> Route:
    """With the operation's own time-out."""
    total = operation.timeout
    if total is None:
        return route
    return replace(route, targets=tuple(replace(one, timeouts=_ending(one.timeouts, total)) for one in route.targets))


def _ending(timeouts: Timeouts, total: float) -> Timeouts:
    return replace(timeouts, total=total, read=min(timeouts.read, total))
