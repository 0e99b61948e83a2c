"""`grants`: what the rules say of a call, without making it."""

import secrets
import time
from collections.abc import Iterable, Mapping
from typing import Annotated

import orjson
import typer
from rich.markup import escape

from bridge.cli.arguments import arguments as read
from bridge.cli.failures import fail, telling
from bridge.cli.inputs import ConfigFile, Inputs, settings
from bridge.cli.output import Format, out, print_json
from bridge.compile import load_apis
from bridge.compile.grants import policy
from bridge.compile.runtime import compile_runtime, parts
from bridge.config.values import write_duration
from bridge.model import (
    BadArguments,
    Budget,
    Call,
    Door,
    Endpoint,
    Grant,
    InsufficientScope,
    Json,
    Principal,
    PrincipalKind,
    Refusal,
)
from bridge.pipeline.authorise import authorise, clause_of
from bridge.pipeline.grants import Policy
from bridge.pipeline.permit import permit
from bridge.pipeline.runtime import Runtime

app = typer.Typer(help="Explain what the rules say.", no_args_is_help=True)
_ONE = ("subject", "kind", "tenant", "issuer", "client", "method", "actor")
_SEVERAL = ("group", "scope")
_CLAIM = "claim."


@app.callback()
def _root() -> None:
    """A group with one command in it stays a group."""


@app.command()
@telling
def explain(
    arguments: Annotated[
        list[str] | None, typer.Argument(metavar="NAME=VALUE", help="Arguments of the call, as for `call`.")
    ] = None,
    caller: Annotated[
        list[str] | None,
        typer.Option(
            "--as",
            metavar="KEY=VALUE",
            help="Who calls: subject, kind, tenant, issuer, client, method, actor; group, scope (repeatable); "
            "claim.NAME. Default: an anonymous caller.",
        ),
    ] = None,
    called: Annotated[
        str, typer.Option("--call", metavar="OPERATION", help="A tool, an operationId or 'METHOD /path'.")
    ] = "",
    json: Annotated[str | None, typer.Option("--json", metavar="OBJECT", help="All arguments as one object.")] = None,
    config: ConfigFile = None,
    output: Annotated[Format, typer.Option("--output", "-o")] = Format.TEXT,
) -> None:
    """Say which rule allows or denies a call, and why; 1 when it is denied."""
    if not called:
        raise typer.BadParameter("name an operation: --call getOrder")
    wanted = settings(Inputs(specs=(), config=config))
    loaded = load_apis(wanted)
    rules, _ = policy(wanted, loaded.catalog)
    runtime = compile_runtime(wanted, loaded, parts())
    one = _operation(called, runtime)
    who = _principal(caller or [])
    told = _verdict(runtime, rules, one, who, read(one.operation.input_schema, arguments or [], json))
    if output is Format.JSON:
        print_json(told)
    else:
        _show(told)
    raise typer.Exit(0 if told["allowed"] else 1)


def _operation(name: str, runtime: Runtime) -> Endpoint:
    tool = runtime.toolsets[""].get(name)
    if tool is not None:
        return tool
    found = [
        one
        for one in runtime.endpoints.values()
        if name in {one.operation.id, one.operation.key, "/".join(one.operation.ref)}
    ]
    if len(found) != 1:
        what = "is no operation; `dualbridge tools` lists tools" if not found else "is several operations; write API/ID"
        fail(2, f"{name!r} {what}")
    return found[0]


def _principal(pairs: Iterable[str]) -> Principal:
    one: dict[str, str] = {}
    several: dict[str, list[str]] = {name: [] for name in _SEVERAL}
    claims: dict[str, Json] = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if equals and key in _ONE:
            one[key] = value
        elif equals and key in _SEVERAL:
            several[key].append(value)
        elif equals and key.startswith(_CLAIM):
            claims[key.removeprefix(_CLAIM)] = _claim(value)
        else:
            known = ", ".join((*_ONE, *_SEVERAL))
            fail(2, f"{pair!r} says nothing of a caller; write {known} or claim.NAME, = and a value")
    return _made(one, several, claims)


def _made(one: Mapping[str, str], several: Mapping[str, list[str]], claims: Mapping[str, Json]) -> Principal:
    unnamed = PrincipalKind.PERSON if one or claims or any(several.values()) else PrincipalKind.ANONYMOUS
    kind = one.get("kind", unnamed.value)
    if kind not in set(PrincipalKind):
        fail(2, f"{kind!r} is no kind of caller; write {', '.join(PrincipalKind)}")
    return Principal(
        id=one.get("subject", "anonymous"),
        kind=PrincipalKind(kind),
        grant=Grant(),
        limit_key="",
        tenant=one.get("tenant", ""),
        issuer=one.get("issuer", ""),
        client=one.get("client", ""),
        groups=frozenset(several["group"]),
        scopes=frozenset(several["scope"]) if several["scope"] else None,
        claims=claims,
        actor=one.get("actor", ""),
        method=one.get("method", "anonymous" if kind == PrincipalKind.ANONYMOUS else ""),
    )


def _claim(text: str) -> Json:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return text


def _verdict(
    runtime: Runtime, rules: Policy, one: Endpoint, who: Principal, arguments: Mapping[str, Json]
) -> dict[str, Json]:
    """By the very stages that decide about calls."""
    grant = rules.grant(who)
    call = Call(
        id=secrets.token_hex(16), door=Door.MCP, method=one.operation.method, path=one.operation.path,
        received=time.time(), started=time.perf_counter(), deadline=0.0, endpoint=one, route=one.route,
        arguments=arguments, tool=one.tool.name if one.tool else "",
        principal=Principal(**{name: getattr(who, name) for name in who.__slots__} | {"grant": grant}),
    )  # fmt: skip
    refusal = _refusal(runtime, call, one, arguments)
    decision = call.decision
    clause = clause_of(call)
    return {
        "operation": "/".join(one.operation.ref),
        "allowed": refusal is None,
        "verdict": "allowed" if refusal is None else refusal.verdict or refusal.code,
        "rule": decision.rule if decision else "",
        "version": rules.version,
        "reason": decision.reason if decision else "",
        "message": refusal.message if refusal else "",
        "budget": next(map(_budget, decision.budgets if decision else ()), None),
        "scopes": {"needed": list(rules.wanted(one.operation.ref)), "missing": isinstance(refusal, InsufficientScope)},
        "matching": [] if rules.rules is None else list(dict.fromkeys(r.name for r in rules.rules if r.matches(who))),
        "allow": [] if clause is None else [permit.rule for permit in clause.allow],
        "deny": [] if clause is None else [permit.rule for permit in clause.deny],
    }


def _budget(one: Budget) -> Json:
    """What the caller has of the rule that decides, used or not; its window in seconds."""
    return {"calls": one.calls, "bytes": one.bytes, "tokens": one.tokens, "per": one.window}


def _refusal(runtime: Runtime, call: Call, one: Endpoint, arguments: Mapping[str, Json]) -> Refusal | None:
    try:
        call.decision = authorise(runtime, call)
        one.check(arguments)
        permit(call)
    except BadArguments as refusal:
        # Whether they fit the rules cannot be said of arguments that no call could have.
        return refusal if clause_of(call) is not None and not _settled(call) else None
    except Refusal as refusal:
        return refusal
    return None


def _settled(call: Call) -> bool:
    clause = clause_of(call)
    return clause is None or clause.settled


def _show(told: Mapping[str, Json]) -> None:
    console = out()
    colour = "green" if told["allowed"] else "red"
    console.print(f"[{colour}]{told['verdict']}[/] {escape(told['operation'])}")
    for name in ("rule", "reason", "message", "version"):
        if told[name]:
            console.print(f"  {name:9} {escape(told[name])}")
    if told["budget"]:
        console.print(f"  {'budget':9} {_within(told['budget'])}")
    for name in ("matching", "allow", "deny"):
        console.print(f"  {name:9} {escape(', '.join(told[name])) or 'none'}")
    needed = told["scopes"]["needed"]
    if needed:
        missing = ", of which the caller lacks some" if told["scopes"]["missing"] else ""
        console.print(f"  {'scopes':9} {escape(' '.join(needed))}{missing}")


def _within(budget: Mapping[str, Json]) -> str:
    amounts = [f"{budget[name]} {name}" for name in ("calls", "bytes", "tokens") if budget[name] is not None]
    return f"{', '.join(amounts)} per {write_duration(budget['per'])}"
