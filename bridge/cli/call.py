"""`call`: one tool, from the command line, through the same pipeline that serves agents."""

import asyncio
import base64
import secrets
import sys
import time
from collections.abc import Mapping
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated

import orjson
import typer
from rich.markup import escape

from bridge.app import StartFailed
from bridge.cli.arguments import arguments as read
from bridge.cli.failures import fail
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
from bridge.cli.output import Format, complain, err, print_json
from bridge.compile import load_apis
from bridge.compile.runtime import Parts, compile_runtime, parts
from bridge.egress.credentials import masked
from bridge.importer.naming import snake
from bridge.ingress.mcp.blocks import block_pieces, link_text
from bridge.ingress.mcp.eras import MODERN
from bridge.model import (
    Agent,
    ApprovalRequired,
    BadArguments,
    Block,
    Call,
    Catalog,
    Chunks,
    Door,
    Effect,
    Endpoint,
    Json,
    Link,
    Media,
    Outcome,
    Question,
    Result,
    Target,
    Text,
    Verbatim,
    Wire,
)
from bridge.pipeline.authenticate import Operator
from bridge.pipeline.peers import PIPE
from bridge.pipeline.run import finish, run
from bridge.pipeline.runtime import Runtime
from bridge.pipeline.toolset import Toolset

_SAME_VERB = 0.75
"""How alike two words are, as difflib counts: `creat` and `create` are one verb, `get` and `set` are two."""


def call(
    tool: Annotated[str, typer.Argument(help="The tool's name, as `tools` lists it.")],
    arguments: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="NAME=VALUE", help="Arguments; NAME=@FILE sends a file as base64, NAME=A NAME=B an array."
        ),
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
    save: Annotated[
        Path | None, typer.Option("--save", metavar="FILE", help="Write the answer's first image, sound or file here.")
    ] = None,
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
        fail(2, _unknown(tool, runtime.toolsets[""], runtime.catalog))
    given = read(endpoint.operation.input_schema, arguments or [], json)
    if dry_run:
        _show_wire(runtime, endpoint, given, output)
        return
    if not endpoint.route.targets:
        fail(4, f"there is nowhere to send calls of {endpoint.route.api!r}: give --upstream URL")
    outcome = asyncio.run(_call(runtime, lasting, endpoint, given))
    raise typer.Exit(_show(outcome, output, save))


def _unknown(name: str, offered: Toolset, catalog: Catalog) -> str:
    named = [one for one in catalog.resources if one.listed and name in (one.name, one.operation)]
    if named:
        return f"{name!r} is a resource, read at {named[0].uri}"
    # Whoever means to read is not led to what writes: that is named under nearly the same verb only.
    verb = _verb(name)
    safe = [
        known
        for known, one in offered.endpoints.items()
        if one.operation.effect is Effect.READS or get_close_matches(verb, [_verb(known)], 1, _SAME_VERB)
    ]
    close = get_close_matches(name, safe, 1)
    told = f"did you mean {close[0]!r}?" if close else "`dualbridge tools` lists them"
    return f"there is no tool {name!r}; {told}"


def _verb(name: str) -> str:
    """`creat` of `creatBook` and of `creat_book`."""
    return snake(name).partition("_")[0]


def _runtime(inputs: Inputs) -> tuple[Runtime, Parts]:
    wanted = settings(inputs)
    loaded = load_apis(wanted)
    lasting = replace(parts(), decidable=False)
    return replace(compile_runtime(wanted, loaded, lasting), authenticator=Operator()), lasting


async def _call(runtime: Runtime, lasting: Parts, endpoint: Endpoint, arguments: Mapping[str, Json]) -> Outcome:
    targets = endpoint.route.targets
    if endpoint.tool is not None:
        # Arguments have their place on the command line; what is asked for at the terminal is consent.
        endpoint = replace(endpoint, tool=replace(endpoint.tool, ask=()))
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
        peer=PIPE,
        tool=endpoint.tool.name if endpoint.tool else "",
        agent=Agent(elicits=True, ask=_asked) if sys.stdin.isatty() else None,
    )
    try:
        outcome = await run(runtime, call)
        await finish(runtime, call, outcome, sent=0)
    finally:
        await lasting.aclose()
    return outcome


async def _asked(question: Question) -> Json:
    """A person's answer at the terminal, as a client would send it; anything but a yes is a no."""
    err().print(f"{escape(question.message)}\n[y/N] ", end="")
    return {"action": "accept" if (await _line()).strip().lower() in {"y", "yes"} else "decline"}


async def _line() -> str:
    """The loop goes on meanwhile, so that an interrupt ends the wait."""
    loop = asyncio.get_running_loop()
    ready = asyncio.Event()
    loop.add_reader(sys.stdin, ready.set)
    try:
        await ready.wait()
        return sys.stdin.readline()
    finally:
        loop.remove_reader(sys.stdin)


def _show(outcome: Outcome, output: Format, save: Path | None) -> int:
    refusal = outcome.refusal
    if refusal is not None:
        if output is Format.JSON:
            print_json({"isError": True, "content": [{"type": "text", "text": refusal.message}]})
        complain(": ".join(part for part in (refusal.message, refusal.cause) if part))
        if isinstance(refusal, ApprovalRequired):
            complain("or make this call in a terminal, where it is asked for")
        return 2 if isinstance(refusal, BadArguments) else 4
    if outcome.result is None:
        raise StartFailed("the call gave no result")
    if output is Format.JSON:
        print_json(_result_json(outcome.result))
    else:
        for block in outcome.result.blocks:
            typer.echo(_block_text(block))
    unsaved = save is not None and not _saved(save, outcome.result, outcome.body)
    return 4 if outcome.result.error or unsaved else 0


def _saved(file: Path, result: Result, body: bytes | Chunks) -> bool:
    """Whether the first block that is no text is in the file now; a link stands for the answer that it was made of."""
    content = next((held for block in result.blocks if (held := _bytes(block, body)) is not None), None)
    if content is None:
        complain(f"nothing is saved to {file}: the answer is text alone")
        return False
    try:
        file.write_bytes(content)
    except OSError as error:
        complain(f"{file}: cannot be written: {error.strerror}")
        return False
    return True


def _bytes(block: Block, body: bytes | Chunks) -> bytes | None:
    if isinstance(block, Media):
        return base64.b64decode(block.data)
    if isinstance(block, Link):
        return body if isinstance(body, bytes) else None
    if isinstance(block, Verbatim):
        written = orjson.loads(block.json)
        data = written.get("data") or written.get("resource", {}).get("blob")
        return base64.b64decode(data) if data else None
    return None


def _result_json(result: Result) -> Json:
    structured = {} if result.structured is None else {"structuredContent": orjson.loads(result.structured)}
    return {
        "isError": result.error,
        "content": [_block_json(block, at) for at, block in enumerate(result.blocks)],
        **structured,
    }


def _block_text(block: Block) -> str:
    """Text as it is; of everything else, what it is."""
    if isinstance(block, Text):
        return block.text
    if isinstance(block, Media):
        return f"[{block.media_type}, {len(base64.b64decode(block.data))} bytes]"
    if isinstance(block, Link):
        return f"[{block.name}: {block.media_type}, {block.size} bytes, at {block.uri}]"
    return _written_text(block, orjson.loads(block.json))


def _written_text(block: Verbatim, written: Json) -> str:
    if block.kind == "text":
        return str(written["text"])
    if block.kind == "resource_link":
        return f"[{link_text(written)}]"
    resource = written.get("resource", {})
    if "text" in resource:
        return str(resource["text"])
    media_type = resource.get("mimeType", "bytes") if resource else written["mimeType"]
    return f"[{media_type}, {len(_bytes(block, b'') or b'')} bytes]"


def _block_json(block: Block, at: int) -> Json:
    return orjson.loads(b"".join(block_pieces(block, at, MODERN)))


def _show_wire(runtime: Runtime, endpoint: Endpoint, arguments: Mapping[str, Json], output: Format) -> None:
    """The request as it would go out, but for credentials, and the values of the operator's headers, which may be."""
    try:
        endpoint.check(arguments)
        wire = endpoint.build(arguments)
    except BadArguments as error:
        fail(2, error.message)
    target = next(iter(endpoint.route.targets), None)
    if target is not None and target.credential:
        wire = masked(wire, runtime.credentials[target.credential])
    url = f"{target.origin}{target.base}{wire.target}" if target else wire.target
    headers = _headers(wire, target)
    body = wire.body if isinstance(wire.body, bytes) else b""
    text = _as_text(body)
    if output is Format.JSON:
        sent = {"bodyBase64": base64.b64encode(body).decode()} if text is None else {"body": text}
        print_json({"method": wire.method, "url": url, "headers": headers, **sent})
        return
    typer.echo(f"{wire.method} {url}")
    for name, value in headers:
        typer.echo(f"{name}: {value}")
    if body:
        typer.echo("\n" + (f"<{len(body)} bytes>" if text is None else text))


def _headers(wire: Wire, target: Target | None) -> list[tuple[str, str]]:
    """The operator's replace those of the same name."""
    own = dict.fromkeys(name for name, _ in target.headers) if target else {}
    sent = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in wire.headers if name not in own]
    return sent + [(name.decode("latin-1"), "***") for name in own]


def _as_text(body: bytes) -> str | None:
    """None for what would garble a terminal."""
    try:
        text = body.decode()
    except UnicodeDecodeError:
        return None
    return text if all(char.isprintable() or char in "\r\n\t" for char in text) else None
