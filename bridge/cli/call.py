"""`call`: one tool, from the command line, through the same pipeline that serves agents."""

import asyncio
import base64
import secrets
import time
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from types import NoneType
from typing import Annotated

import orjson
import typer

from bridge.app import StartFailed
from bridge.cli.inputs import (
    AllowPrivate,
    ConfigFile,
    Inputs,
    Overlays,
    ProfileName,
    UpstreamHeaders,
    UpstreamUrl,
    settings,
)
from bridge.cli.output import Format, complain, fail, print_json
from bridge.compile import Parts, compile_runtime, load_apis, parts
from bridge.model import BadArguments, Call, Door, Endpoint, Json, Media, Outcome, Result, Text, Wire
from bridge.pipeline.run import finish, run
from bridge.pipeline.runtime import Runtime

_KINDS: Mapping[type, str] = {
    dict: "object", list: "array", str: "string", int: "integer", float: "number", bool: "boolean", NoneType: "null",
}  # fmt: skip


def call(
    tool: Annotated[str, typer.Argument(help="The tool's name, as `tools` lists it.")],
    arguments: Annotated[
        list[str] | None,
        typer.Argument(metavar="NAME=VALUE", help="Arguments; NAME=@FILE sends a file as base64."),
    ] = None,
    spec: Annotated[
        list[str] | None,
        typer.Option("--spec", "-s", metavar="SPEC|CONFIG", help="An OpenAPI document, or a bridge.yaml."),
    ] = None,
    config: ConfigFile = None,
    upstream: UpstreamUrl = None,
    upstream_header: UpstreamHeaders = None,
    overlay: Overlays = None,
    allow_private: AllowPrivate = False,
    profile: ProfileName = None,
    json: Annotated[
        str | None, typer.Option("--json", metavar="OBJECT", help="All arguments as one JSON object.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the request instead of sending it.")] = False,
    output: Annotated[Format, typer.Option("--output", "-o")] = Format.TEXT,
) -> None:
    """Call one tool and print its result; 4 when the upstream refuses or fails."""
    inputs = Inputs(
        specs=tuple(spec or ()), config=config, upstream=upstream, upstream_headers=tuple(upstream_header or ()),
        overlays=tuple(overlay or ()), allow_private=allow_private, profile=profile,
    )  # fmt: skip
    runtime, lasting = _runtime(inputs)
    endpoint = runtime.toolsets[""].get(tool)
    if endpoint is None:
        close = "".join(
            f"; did you mean {name!r}?" for name in get_close_matches(tool, runtime.toolsets[""].endpoints, 1)
        )
        fail(2, f"there is no tool {tool!r}{close or '; `dualbridge tools` lists them'}")
    given = _arguments(endpoint, arguments or [], json)
    if dry_run:
        _show_wire(endpoint, given, output)
        return
    if not endpoint.route.targets:
        fail(4, f"there is nowhere to send calls of {endpoint.route.api!r}: give --upstream URL")
    outcome = asyncio.run(_call(runtime, lasting, endpoint, given))
    raise typer.Exit(_show(outcome, output))


def _runtime(inputs: Inputs) -> tuple[Runtime, Parts]:
    wanted = settings(inputs)
    loaded = load_apis(wanted)
    lasting = parts()
    return compile_runtime(wanted, loaded, lasting), lasting


def _arguments(endpoint: Endpoint, pairs: list[str], json: str | None) -> dict[str, Json]:
    given: Json = {}
    if json is not None:
        try:
            given = orjson.loads(json)
        except orjson.JSONDecodeError as error:
            fail(2, f"--json is not JSON: {error}")
        if not isinstance(given, dict):
            fail(2, "--json must be an object of arguments")
    properties = endpoint.operation.input_schema.get("properties", {})
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals:
            fail(2, f"{pair!r} is no argument; write NAME=VALUE")
        given[name] = _value(value, properties.get(name, {}))
    return dict(given)


def _value(text: str, schema: Json) -> Json:
    """JSON where the schema takes what the text says as JSON; the text as it is where it takes text."""
    if text.startswith("@"):
        return _file(text[1:])
    kinds = _kinds(schema)
    try:
        said = orjson.loads(text)
    except orjson.JSONDecodeError:
        return text
    kind = _KINDS[type(said)]
    fits = kind != "string" and (kind in kinds or (kind == "integer" and "number" in kinds))
    return text if "string" in kinds and not fits else said


def _file(name: str) -> str:
    try:
        return base64.b64encode(Path(name).read_bytes()).decode()
    except OSError as error:
        fail(2, f"{name}: {error.strerror}")


def _kinds(schema: Json) -> list[str]:
    """The types that a schema names; none where it leaves them to others."""
    named = schema.get("type", []) if isinstance(schema, dict) else []
    return [named] if isinstance(named, str) else named


async def _call(runtime: Runtime, lasting: Parts, endpoint: Endpoint, arguments: Mapping[str, Json]) -> Outcome:
    targets = endpoint.route.targets
    call = Call(
        id=secrets.token_hex(16),
        door=Door.MCP,
        method=endpoint.operation.method,
        path=endpoint.operation.path,
        received=time.time(),
        started=time.perf_counter(),
        deadline=asyncio.get_running_loop().time() + (targets[0].timeouts.total if targets else 60),
        endpoint=endpoint,
        route=endpoint.route,
        arguments=arguments,
        peer="127.0.0.1",
        tool=endpoint.tool.name if endpoint.tool else "",
    )
    try:
        outcome = await run(runtime, call)
        await finish(runtime, call, outcome, sent=0)
    finally:
        await lasting.upstream.aclose()
    return outcome


def _show(outcome: Outcome, output: Format) -> int:
    refusal = outcome.refusal
    if refusal is not None:
        if output is Format.JSON:
            print_json({"isError": True, "content": [{"type": "text", "text": refusal.message}]})
        else:
            complain(refusal.message)
        return 2 if isinstance(refusal, BadArguments) else 4
    if outcome.result is None:
        raise StartFailed("the call gave no result")
    if output is Format.JSON:
        print_json(_result_json(outcome.result))
    else:
        for block in outcome.result.blocks:
            typer.echo(block.text if isinstance(block, Text) else f"[{block.media_type}, base64] {block.data}")
    return 4 if outcome.result.error else 0


def _result_json(result: Result) -> Json:
    structured = {} if result.structured is None else {"structuredContent": orjson.loads(result.structured)}
    return {"isError": result.error, "content": [_block_json(block) for block in result.blocks], **structured}


def _block_json(block: Text | Media) -> Json:
    if isinstance(block, Text):
        return {"type": "text", "text": block.text}
    return {"type": block.kind, "mimeType": block.media_type, "data": block.data}


def _show_wire(endpoint: Endpoint, arguments: Mapping[str, Json], output: Format) -> None:
    """The request as it would go out, the operator's headers left out: they hold credentials."""
    try:
        endpoint.check(arguments)
        wire = endpoint.build(arguments)
    except BadArguments as error:
        fail(2, error.message)
    target = next(iter(endpoint.route.targets), None)
    url = f"{target.origin}{target.base}{wire.target}" if target else wire.target
    if output is Format.JSON:
        print_json({"method": wire.method, "url": url, "headers": _headers(wire), "body": _body(wire)})
        return
    typer.echo(f"{wire.method} {url}")
    for name, value in _headers(wire):
        typer.echo(f"{name}: {value}")
    if wire.body:
        typer.echo("\n" + _body(wire))


def _headers(wire: Wire) -> list[tuple[str, str]]:
    return [(name.decode("latin-1"), value.decode("latin-1")) for name, value in wire.headers]


def _body(wire: Wire) -> str:
    return wire.body.decode("utf-8", "replace") if isinstance(wire.body, bytes) else ""
