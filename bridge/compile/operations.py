"""Operation → Endpoint: builders, checkers, decoders and inspectors, compiled once."""

from collections.abc import Mapping
from dataclasses import replace

from bridge.egress.decode import compile_decoder
from bridge.egress.encode import compile_builder
from bridge.model import (
    Arguments,
    BadArguments,
    Build,
    Catalog,
    Endpoint,
    Operation,
    Route,
    Target,
    Timeouts,
    Tool,
    Validate,
    Wire,
)
from bridge.pipeline.arguments import compile_check
from bridge.pipeline.inspect import compile_inspector


def endpoints(catalog: Catalog, routes: Mapping[str, Route]) -> dict[tuple[str, str], Endpoint]:
    """One per operation of the APIs that have a route, whether or not it is a tool."""
    tools = {(tool.api, tool.operation): tool for tool in catalog.tools.values()}
    return {
        key: endpoint(operation, tools.get(key), routes[operation.api])
        for key, operation in catalog.operations.items()
        if operation.api in routes
    }


def endpoint(operation: Operation, tool: Tool | None, route: Route) -> Endpoint:
    inspected = route.validate is not Validate.OFF
    return Endpoint(
        operation=operation,
        tool=tool,
        route=_route(operation, route),
        build=_builder(operation, route),
        check=compile_check(tool) if tool is not None else _no_tool,
        decode=compile_decoder(operation, tool),
        inspect=compile_inspector(operation) if inspected else None,
        needs_body=inspected and operation.body is not None,
    )


def _builder(operation: Operation, route: Route) -> Build:
    """An upstream that expects the prefix in people's requests expects it in agents' too."""
    build = compile_builder(operation)
    if route.rewrite.strip_prefix or not route.prefix:
        return build

    def prefixed(arguments: Arguments) -> Wire:
        wire = build(arguments)
        return replace(wire, target=route.prefix + wire.target)

    return prefixed


def _no_tool(arguments: Arguments) -> None:
    raise BadArguments("this operation is no tool")


def _route(operation: Operation, route: Route) -> Route:
    """With the operation's own time-out, and its own server where the document gives it one and nobody overrode it."""
    targets = route.targets
    if operation.own_server and not route.configured:
        targets = tuple(_at(target, url) for target in targets[:1] for url in operation.servers[:1])
    if operation.timeout is not None:
        targets = tuple(replace(target, timeouts=_ending(target.timeouts, operation.timeout)) for target in targets)
    return route if targets is route.targets else replace(route, targets=targets)


def _at(target: Target, url: str) -> Target:
    from_url = split(url)
    if from_url is None:
        return target
    origin, base = from_url
    # The operator's headers hold a credential, and it was given for the document's own server.
    return replace(target, origin=origin, base=base, headers=target.headers if origin == target.origin else ())


def split(url: str) -> tuple[str, str] | None:
    """Origin and base path without a trailing slash; None for what is no absolute http(s) URL."""
    scheme, separator, rest = url.partition("://")
    if not separator or scheme not in {"http", "https"}:
        return None
    host, slash, path = rest.partition("/")
    return f"{scheme}://{host}", f"/{path}".rstrip("/") if slash else ""


def _ending(timeouts: Timeouts, total: float) -> Timeouts:
    return replace(timeouts, total=total, read=min(timeouts.read, total))
