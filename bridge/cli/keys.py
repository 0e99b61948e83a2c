"""`keys`: API keys of a configuration, made and taken back where its gateways keep them; none of these needs to run."""

import asyncio
import re
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Annotated, TypeAlias, TypeVar

import typer
from rich.markup import escape

from bridge.cli.failures import Fault, fail, telling
from bridge.cli.inputs import CONFIG, ConfigFile, Inputs, settings
from bridge.cli.output import Format, err, out, print_json, table
from bridge.compile.policy import key_ring
from bridge.compile.runtime import state
from bridge.config.problems import Unfit
from bridge.config.values import parse_days, parse_lifetime
from bridge.model import Json, PrincipalKind, StateUnavailable
from bridge.pipeline.identity.handles import KEY, parse
from bridge.pipeline.identity.keys import KeyEnded, KeyRing, NoSuchKey
from bridge.pipeline.identity.records import Holder, KeyOwner, KeyRecord

T = TypeVar("T")
app = typer.Typer(help="Make, list, replace and revoke API keys.", no_args_is_help=True)

KeyId: TypeAlias = Annotated[str, typer.Argument(metavar="ID", help="The key's id, between `dbk_` and the secret.")]
Output: TypeAlias = Annotated[Format, typer.Option("--output", "-o")]
_ID = re.compile(r"[0-9a-f]{16}")
_NO_KEYS = 'add identity: {api_keys: {pepper: "${API_KEY_PEPPER}"}}, a secret of at least 32 random characters'


@app.command()
@telling
def create(
    subject: Annotated[str, typer.Option("--subject", help="Whom the key speaks for.")],
    kind: Annotated[Holder, typer.Option("--kind", help="What that is.")] = Holder.SERVICE,
    tenant: Annotated[str, typer.Option("--tenant", help="The tenant it belongs to. Default: none.")] = "",
    group: Annotated[list[str] | None, typer.Option("--group", help="A group it is in; repeatable.")] = None,
    scope: Annotated[
        list[str] | None,
        typer.Option("--scope", help="A scope it has; repeatable. Default: scopes do not bound it."),
    ] = None,
    expires: Annotated[str, typer.Option("--expires", metavar="90d|12h|never", help="How long it is valid.")] = "90d",
    label: Annotated[str, typer.Option("--label", help="What it is for, in lists.")] = "",
    config: ConfigFile = None,
    output: Output = Format.TEXT,
) -> None:
    """Make a key. It is printed once, alone on standard output, and kept nowhere."""
    lasts = _duration("--expires", parse_lifetime, expires)
    scopes = frozenset(scope) if scope else None
    try:
        owner = KeyOwner(subject, PrincipalKind(kind.value), tenant, frozenset(group or ()), scopes, {}, label)
    except ValueError as error:
        fail(2, str(error))
    made, handle = _with_keys(config, lambda keys: keys.create(owner, lasts))
    _hand_over(made, handle.reveal(), output)


@app.command("list")
@telling
def list_keys(config: ConfigFile = None, output: Output = Format.TEXT) -> None:
    """List the keys, and those that ended in the last 30 days; never their secrets."""
    found = _with_keys(config, KeyRing.listed)
    if output is Format.JSON:
        print_json([key_json(one) for one in found])
        return
    shown = table("id", "subject", "kind", "tenant", "groups", "scopes", "status", "created", "expires", "label")
    for one in map(key_json, found):
        names = (" ".join(one["groups"]), "any" if one["scopes"] is None else " ".join(one["scopes"]))
        cells = (one["subject"], one["kind"], one["tenant"], *names, one["status"])
        shown.add_row(one["id"], *map(escape, cells), one["created"], one["expires"] or "never", escape(one["label"]))
    out().print(shown)


@app.command()
@telling
def rotate(
    id: KeyId,
    overlap: Annotated[
        str, typer.Option("--overlap", metavar="24h", help="How long the old key is still valid; up to 366d.")
    ] = "24h",
    config: ConfigFile = None,
    output: Output = Format.TEXT,
) -> None:
    """Make a key for the same owner; the old one is valid beside it for a while, so that nobody is locked out."""
    seconds = _duration("--overlap", parse_days, overlap)
    old = _id(id)
    made, handle = _with_keys(config, lambda keys: keys.rotate(old, seconds))
    _hand_over(made, handle.reveal(), output)
    err().print(f"{old} ends in {escape(overlap)} at the latest")


@app.command()
@telling
def revoke(id: KeyId, config: ConfigFile = None, output: Output = Format.TEXT) -> None:
    """End a key, within two seconds on every replica."""
    ended = _id(id)
    record = _with_keys(config, lambda keys: keys.revoke(ended))
    if output is Format.JSON:
        print_json(key_json(record))
    else:
        err().print(f"{ended} of {escape(record.subject)} is revoked")


def key_json(record: KeyRecord) -> Json:
    """Without its hash, which is nobody's business. Times as in RFC 3339."""
    return {
        "id": record.id,
        "subject": record.subject,
        "kind": record.kind.value,
        "tenant": record.tenant,
        "groups": sorted(record.groups),
        "scopes": None if record.scopes is None else sorted(record.scopes),
        "label": record.label,
        "status": record.status(time.time()).value,
        "created": _when(record.created),
        "expires": _when(record.expires),
        "revoked": _when(record.revoked),
        "replaces": record.replaces or None,
    }


def _when(time: float | None) -> str | None:
    return None if time is None else datetime.fromtimestamp(time, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _hand_over(made: KeyRecord, key: str, output: Format) -> None:
    if output is Format.JSON:
        print_json({"key": key, **key_json(made)})
        return
    typer.echo(key)
    ends = _when(made.expires)
    lasts = f"valid until {ends}" if ends else "valid until it is revoked"
    err().print(f"key {made.id} of {escape(made.subject)}, {lasts}; it is not shown again")


def _id(given: str) -> str:
    """A whole key will do, such as one that has leaked. What is neither is not quoted: it may be most of one."""
    handle = parse(given, KEY)
    found = handle.id if handle else given
    if not _ID.fullmatch(found):
        fail(2, "that is no id of an API key; `dualbridge keys list` has them")
    return found


def _duration(flag: str, parse: Callable[[Json], T], text: str) -> T:
    try:
        return parse(text)
    except Unfit as error:
        fail(2, f"{flag} {text!r} {error.what}; {error.advice}")


def _with_keys(config: ConfigFile, work: Callable[[KeyRing], Awaitable[T]]) -> T:
    """The result of `work` with the configuration's keys; what keeps them is opened and closed around it."""
    file = config or CONFIG
    if config is None and not CONFIG.is_file():
        raise typer.BadParameter(f"name a configuration with --config, or run this where a {CONFIG} is")
    wanted = settings(Inputs(specs=(), config=file))

    async def run() -> T:
        lasting = state(wanted)
        keys = key_ring(wanted, lasting.shared.durable)
        if keys is None:
            fail(3, Fault("is not set, so there are no API keys", str(file), path="identity.api_keys", advice=_NO_KEYS))
        try:
            return await work(keys)
        finally:
            await lasting.aclose()

    try:
        return asyncio.run(run())
    except NoSuchKey as error:
        fail(2, f"{error}; `dualbridge keys list` has them")
    except KeyEnded as error:
        fail(2, str(error))
    except StateUnavailable as error:
        fail(4, error.message)
