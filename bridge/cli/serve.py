"""`serve`: from a document or a configuration to both doors."""

import sys
from collections.abc import Iterator
from dataclasses import replace
from typing import Annotated
from urllib.parse import urlsplit, urlunsplit

import orjson
import typer
from rich.markup import escape

from bridge import app
from bridge.cli.inputs import (
    AllowPrivate,
    ConfigFile,
    Exclude,
    Include,
    Inputs,
    Overlays,
    ProfileName,
    Specs,
    UpstreamHeaders,
    UpstreamUrl,
    given,
    settings,
)
from bridge.cli.output import Format, counted, err, print_findings, print_json
from bridge.compile.attempt import World
from bridge.config import Settings
from bridge.ingress.mcp.eras import MODERN
from bridge.model import Endpoint, Json, Severity
from bridge.pipeline.runtime import Legacy, Runtime
from bridge.telemetry.log import set_up

ListenOption = Annotated[
    str | None, typer.Option("--listen", metavar="HOST:PORT", help="Where people and agents call.")
]
AdminOption = Annotated[str | None, typer.Option("--admin", metavar="HOST:PORT", help="The admin API, or off.")]
HealthOption = Annotated[str | None, typer.Option("--health", metavar="HOST:PORT", help="Health and metrics, or off.")]


def serve(
    specs: Specs = None,
    config: ConfigFile = None,
    upstream: UpstreamUrl = None,
    upstream_header: UpstreamHeaders = None,
    overlay: Overlays = None,
    allow_private: AllowPrivate = False,
    profile: ProfileName = None,
    include: Include = None,
    exclude: Exclude = None,
    listen: ListenOption = None,
    admin: AdminOption = None,
    health: HealthOption = None,
    output: Annotated[Format, typer.Option("--output", "-o", help="How the addresses are told.")] = Format.TEXT,
) -> None:
    """Serve people at the API's own paths, and agents at /mcp."""
    inputs = Inputs(
        specs=tuple(specs or ()), config=config, upstream=upstream, upstream_headers=tuple(upstream_header or ()),
        overlays=tuple(overlay or ()), allow_private=allow_private, profile=profile, include=tuple(include or ()),
        exclude=tuple(exclude or ()), overrides=listeners(listen, admin, health),
    )  # fmt: skip
    wanted = settings(inputs)
    run(wanted, output, given(inputs))


def listeners(listen: str | None, admin: str | None, health: str | None) -> dict[str, Json]:
    """Flags as settings: `off` switches a port off, an address is its `listen`."""
    chosen: dict[str, Json] = {"listen": listen}
    for name, value in (("admin", admin), ("health", health)):
        if value is not None:
            chosen[name if value == "off" else f"{name}.listen"] = value
    return chosen


def run(wanted: Settings, output: Format, source: app.Given) -> None:
    """Serves until a signal comes; ends the process with the exit code."""
    _log(wanted)

    def announce(world: World, runtime: Runtime, addresses: app.Addresses) -> None:
        told = _told(world, runtime, addresses)
        if output is Format.JSON:
            print_json(told)
        else:
            _tell(world.settings, runtime, told)

    raise typer.Exit(app.serve(wanted, replace(source, applied=_log), announce))


def _log(wanted: Settings) -> None:
    json = wanted.log.format == "json" or (wanted.log.format == "auto" and not sys.stderr.isatty())
    set_up(wanted.log.level.value, as_json=json)


def _told(world: World, runtime: Runtime, addresses: app.Addresses) -> Json:
    wanted = world.settings
    base = wanted.public_url or addresses.traffic
    return {
        "rest": {
            api.name: f"{_base(wanted, api.name, base)}{_prefix(wanted, api.name)}" for api in runtime.catalog.apis
        },
        "mcp": f"{base}{runtime.mcp.path}",
        "toolsets": {name: f"{base}{runtime.mcp.path}/{name}" for name in runtime.toolsets if name},
        "registered": [api.name for api in runtime.catalog.apis if api.name in world.registered],
        "admin": addresses.admin,
        "health": addresses.health,
        "operations": len(runtime.catalog.operations),
        "tools": len(runtime.catalog.tools),
        "tokens": runtime.catalog.tokens,
        "findings": len(runtime.catalog.findings),
    }


def _base(wanted: Settings, api: str, base: str) -> str:
    """The gateway's address under the API's own host, where it has one."""
    host, parts = wanted.apis[api].host, urlsplit(base)
    if host is None:
        return base
    named = f"[{host}]" if ":" in host else host
    return urlunsplit(parts._replace(netloc=f"{named}:{parts.port}" if parts.port else named))


def _prefix(wanted: Settings, api: str) -> str:
    return wanted.apis[api].prefix.rstrip("/") or "/"


def _tell(wanted: Settings, runtime: Runtime, told: Json) -> None:
    catalog = runtime.catalog
    console = err()
    print_findings(console, catalog.findings, least=Severity.WARNING)
    console.print(
        f"[bold]dualbridge[/bold] {len(catalog.operations)} operations, {len(catalog.tools)} tools "
        f"(about {catalog.tokens:,} tokens to list), {counted(catalog.findings)}"
    )
    for api, url in told["rest"].items():
        origin = ", registered at the admin port" if api in told["registered"] else ""
        console.print(f"  REST    {escape(url)}  ({escape(api)}{origin})")
    console.print(f"  MCP     {escape(told['mcp'])}")
    for url in told["toolsets"].values():
        console.print(f"          {escape(url)}")
    console.print(f"  admin   {told['admin'] + '/admin/apis' if told['admin'] else 'off'}")
    console.print(f"  health  {told['health'] + '/readyz' if told['health'] else 'off'}")
    for line in _examples(wanted, runtime, told):
        console.print(f"  {escape(line)}")


def _examples(wanted: Settings, runtime: Runtime, told: Json) -> Iterator[str]:
    """One line to try each door with the same harmless operation, and one that connects a client."""
    easy = [one for one in runtime.toolsets[""].endpoints.values() if _easy(one)]
    # Under a host of its own an API is found by name, which need not lead here yet.
    one = min(easy, key=lambda one: wanted.apis[one.operation.api].host is not None, default=None)
    if one is not None and one.tool is not None:
        api = wanted.apis[one.operation.api]
        host = f" -H 'Host: {api.host}'" if api.host else ""
        base = told["mcp"].removesuffix(runtime.mcp.path) + api.prefix.rstrip("/")
        yield f"try     curl -s '{base}{one.operation.path}'{host}"
        yield f"try     {_request(told['mcp'], one.tool.name, modern=runtime.mcp.legacy is Legacy.OFF)}"
    name = next(iter(wanted.apis)) if len(wanted.apis) == 1 else "dualbridge"
    yield f"connect claude mcp add --transport http {name} {told['mcp']}"


def _request(url: str, tool: str, *, modern: bool) -> str:
    """A call without arguments. Older revisions take less to write: `modern` is for where nothing else is served."""
    params: dict[str, Json] = {"name": tool, "arguments": {}}
    headers = ["Content-Type: application/json", "Accept: application/json, text/event-stream"]
    if modern:
        prefix = "io.modelcontextprotocol/"
        params["_meta"] = {f"{prefix}protocolVersion": MODERN.name, f"{prefix}clientCapabilities": {}}
        headers += [f"MCP-Protocol-Version: {MODERN.name}", "Mcp-Method: tools/call", f"Mcp-Name: {tool}"]
    call = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}
    fields = " ".join(f"-H '{header}'" for header in headers)
    return f"curl -s '{url}' {fields} -d '{orjson.dumps(call).decode()}'"


def _easy(one: Endpoint) -> bool:
    """Reads, takes no required argument, and answers JSON."""
    required = one.operation.input_schema.get("required")
    json = any(kind.startswith("application/json") for kind in one.operation.output.media_types)
    return one.operation.method == "GET" and not required and json and "?" not in one.operation.path
