"""`stdio`: the agents' door over standard input and output, for clients that start their servers themselves."""

import asyncio
import os
import signal
from collections.abc import Coroutine

import typer

from bridge import app
from bridge.cli.failures import Fault, fail
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
from bridge.cli.output import counted, err, print_findings
from bridge.compile.live import Live
from bridge.compile.runtime import Parts
from bridge.config import Settings
from bridge.ingress.mcp.exchange import Sender, new_call
from bridge.ingress.mcp.pipes import claimed, frames, writer
from bridge.ingress.mcp.stdio import Conversation
from bridge.model import BadRequest, Headers, PrincipalKind, Refusal, Severity, Unauthenticated
from bridge.pipeline.peers import PIPE
from bridge.pipeline.runtime import Holder, Runtime
from bridge.telemetry.log import set_up

CREDENTIAL = "DUALBRIDGE_CREDENTIAL"
"""The environment variable that says who the client is."""
_MEND = "set it to an API key (`dualbridge keys create`), or to an access token for this gateway that has not expired"


def stdio(
    specs: Specs = None,
    config: ConfigFile = None,
    upstream: UpstreamUrl = None,
    upstream_header: UpstreamHeaders = None,
    overlay: Overlays = None,
    allow_private: AllowPrivate = False,
    profile: ProfileName = None,
    include: Include = None,
    exclude: Exclude = None,
    toolset: str = typer.Option("", "--toolset", metavar="NAME", help="Serve this subset of the tools."),
) -> None:
    """Serve one agent on standard input and output. Logs go to standard error."""
    inputs = Inputs(
        specs=tuple(specs or ()), config=config, upstream=upstream, upstream_headers=tuple(upstream_header or ()),
        overlays=tuple(overlay or ()), allow_private=allow_private, profile=profile, include=tuple(include or ()),
        exclude=tuple(exclude or ()),
    )  # fmt: skip
    wanted = settings(inputs)
    reading, writing = claimed()
    set_up(wanted.log.level.value, as_json=wanted.log.format == "json")
    raise typer.Exit(_serve(wanted, given(inputs), toolset, reading, writing))


def _credential(wanted: Settings) -> Headers:
    """MCP, Authorization: implementations over stdio "SHOULD NOT follow this specification, and instead retrieve
    credentials from the environment"."""
    given, identity = os.environ.get(CREDENTIAL, ""), wanted.identity
    if given:
        return ((b"authorization", f"Bearer {given}".encode("latin-1", "replace")),)
    if identity is not None and not identity.anonymous:
        fail(3, Fault(f"callers have to say who they are, and {CREDENTIAL} is not set; {_MEND}", "identity"))
    return ()


def _serve(wanted: Settings, source: app.Given, toolset: str, reading: int, writing: int) -> int:
    """Raises StartFailed, NothingLoaded, ImportFailed."""
    credential = _credential(wanted)
    started, holder, live = app.prepared(wanted, source, admin=False)
    runtime, lasting = started.runtime, started.parts
    if toolset not in runtime.toolsets:
        known = ", ".join(name for name in runtime.toolsets if name) or "none"
        raise app.StartFailed(f"there is no toolset {toolset!r}; configured: {known}")
    catalog = runtime.catalog
    print_findings(err(), catalog.findings, least=Severity.ERROR)
    err().print(f"dualbridge {len(catalog.tools)} tools on standard input and output, {counted(catalog.findings)}")
    registered = [api.name for api in catalog.apis if api.name in started.world.registered]
    if registered:
        err().print(f"  registered at the admin port: {', '.join(registered)}")
    with asyncio.Runner(loop_factory=app.loop_factory()) as runner:
        return runner.run(_converse(_talk(holder, toolset, credential, reading, writing), lasting, live))


async def _converse(talk: Coroutine[None, None, None], lasting: Parts, live: Live) -> int:
    """Until the client closes its end, or a signal comes: both are an ordinary end."""
    caught: list[int] = []
    talking = asyncio.create_task(talk)
    beside = [asyncio.create_task(live.run()), asyncio.create_task(lasting.webhooks.run())]

    def stop(number: int) -> None:
        caught.append(number)
        talking.cancel()

    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop, number)
    await asyncio.wait([talking])
    for task in beside:
        task.cancel()
    await asyncio.wait(beside)
    await lasting.aclose()
    if not talking.cancelled():
        talking.result()
    return 130 if signal.SIGINT in caught else 0


async def _check(rt: Runtime, sender: Sender) -> None:
    """Whoever set it learns now what is wrong with it: clients of their own show nobody what each call is answered.

    What cannot be said now is left to the calls. Raises Failed.
    """
    try:
        principal = await rt.authenticator.authenticate(new_call(sender, ""))
    except (Unauthenticated, BadRequest):
        good = False
    except Refusal:
        good = True
    else:
        good = principal.kind is not PrincipalKind.ANONYMOUS or not rt.protected.demanding
    if not good:
        fail(3, Fault(f"{CREDENTIAL} is not valid here; {_MEND}", "identity"))


async def _talk(holder: Holder, toolset: str, credential: Headers, reading: int, writing: int) -> None:
    """Raises Failed for a credential that is none here."""
    if credential:
        await _check(holder.current, Sender(PIPE, toolset, credential))
    write = await writer(writing)
    try:
        await Conversation(holder, write, toolset, credential).run(frames(reading, holder.current.mcp.body_bytes))
    except* OSError:
        pass  # nobody reads the answers any more, so nobody waits for them either
