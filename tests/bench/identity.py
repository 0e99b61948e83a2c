"""What it costs to know who calls and what they may: one caller and ten thousand, one rule and five hundred."""

import asyncio
import time
import tracemalloc
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import replace
from itertools import cycle
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeAlias

from bridge.config import load
from bridge.model import Call, Decision, Door, Grant, Json, Principal, PrincipalKind
from bridge.pipeline.authenticate import Anonymous, authenticate
from bridge.pipeline.authorise import authorise
from bridge.pipeline.identity.capabilities import Narrowing
from bridge.pipeline.identity.recognised import MOST, Memory, Recognised, digest_of
from bridge.pipeline.identity.records import KeyOwner
from bridge.pipeline.permit import permit
from bridge.pipeline.runtime import Runtime
from tests.bench import made
from tests.bench.figures import FLAT, Row, Timing, count_row, timed_row, value_row
from tests.bench.inprocess import InProcess
from tests.bench.timing import AsyncCall, empty_task, timed, timed_async, timed_awaited
from tests.kit import issuer as issuers
from tests.kit.agent import MODERN
from tests.kit.issuer import Issuer

PUBLIC = "https://gw.test"
CALLERS, RULES = 10_000, 500
WEIGHED = 1_000
"""Callers whose memory is measured."""
OPERATION = (made.NAME, "read3")
PATH, QUERY = made.path(3, "north-7", "4711"), "limit=20&sort=created&tags=new&tags=paid"
CALL: Json = {"name": "read3", "arguments": made.ARGUMENTS}
OF_ARGUMENTS = "args.limit <= 100 && args.shop.startsWith('north-')"
OF_BOTH = f"{OF_ARGUMENTS} && 'orders' in principal.groups"
_NOTHING: frozenset[bytes] = frozenset()

Stages: TypeAlias = Callable[[Runtime, Call], Awaitable[None]]


def rows(_: Path) -> Iterator[Row]:
    with TemporaryDirectory() as name, issuers.issuer(f"{PUBLIC}/mcp", alg="ES256") as corp:
        folder = Path(name)
        plain = InProcess.of(load(made.configured(folder, 10), {}))
        one = _gateway(folder, corp, _rules(1))
        many = _gateway(folder, corp, _rules(RULES))
        judging = _gateway(folder, corp, _conditional(OF_ARGUMENTS)).runtime
        of_both = _gateway(folder, corp, _conditional(OF_BOTH)).runtime
        token, key, capability = asyncio.run(_credentials(one.runtime, corp))
        yield from _stages(one.runtime, token, key, capability)
        yield from _growth(one.runtime, many.runtime, corp)
        yield from _judged(one.runtime, judging, of_both, token)
        yield from _whole(plain, one, token)


# --- gateways and their callers ---------------------------------------------------------------------------------------


def _gateway(folder: Path, corp: Issuer, rules: Json) -> InProcess:
    identity = {
        "issuers": {"corp": {"issuer": corp.url, "allow_private": True}},
        "api_keys": {"pepper": "p" * 32},
        "capabilities": {},
    }
    path = made.configured(folder, 10, identity=identity, grants=rules, public_url=PUBLIC)
    return InProcess.of(load(path, {}))


def _rules(count: int) -> dict[str, Json]:
    """The first is that of the group `orders`, to which every caller belongs; each of the others has its own."""
    groups = ("orders", *(f"group{n}" for n in range(1, count)))
    return {f"rule{n}": {"who": {"groups": [group]}, "may": ["effect:reads"]} for n, group in enumerate(groups)}


def _conditional(text: str) -> dict[str, Json]:
    return {name: rule | {"when": text} for name, rule in _rules(1).items()}


def _token(corp: Issuer, number: int = 0) -> str:
    return corp.token(sub=f"caller{number}", groups=["orders", f"group{number % RULES}"])


async def _key(rt: Runtime) -> str:
    assert rt.keys is not None
    owner = KeyOwner("ann", PrincipalKind.SERVICE, groups=frozenset({"orders"}))
    return (await rt.keys.create(owner))[1].reveal()


async def _credentials(rt: Runtime, corp: Issuer) -> tuple[str, str, str]:
    """A token, an API key, and a capability that the token was exchanged for."""
    assert rt.capabilities is not None
    key = await _key(rt)
    token = _token(corp)
    call = _call(rt, token)
    parent = await authenticate(rt, call)
    asked = Narrowing(operations=("effect:reads",), seconds=600.0)
    return token, key, (await rt.capabilities.mint(parent, call.subject, asked))[0]


def _call(rt: Runtime, credential: str = "", door: Door = Door.MCP) -> Call:
    said = {
        "host": "localhost",
        "user-agent": "bench/1",
        "accept": "application/json, text/event-stream",
        "content-type": "application/json",
        "mcp-protocol-version": MODERN,
        "mcp-method": "tools/call",
        "mcp-name": "read3",
        **({"authorization": f"Bearer {credential}"} if credential else {}),
    }
    lines = tuple(
        (name.encode(), value.encode()) for name, value in said.items() if credential or value[:6] != "Bearer"
    )
    found = rt.router.match("localhost", "GET", PATH, QUERY)
    assert found is not None
    return Call(
        "0", door, "GET", PATH, time.time(), 0.0, 0.0, rt.endpoints[OPERATION], found.route, below=PATH, query=QUERY,
        headers=lines, arguments=made.ARGUMENTS if door is Door.MCP else {}, peer="192.0.2.7", tool="read3",
    )  # fmt: skip


def _recognised(rt: Runtime, call: Call) -> AsyncCall:
    """Both stages, on a call that comes from its door."""

    async def recognise() -> None:
        call.withheld = _NOTHING
        await _seen(rt, call)

    return recognise


def _first(rt: Runtime, credential: str) -> AsyncCall:
    again = _recognised(rt, _call(rt, credential))

    async def recognise() -> None:
        rt.forget(credential)
        await again()

    return recognise


# --- one caller -------------------------------------------------------------------------------------------------------


def _stages(rt: Runtime, token: str, key: str, capability: str) -> Iterator[Row]:
    took = timed_awaited({
        "nothing": empty_task,
        "token": _recognised(rt, _call(rt, token)),
        "key": _recognised(rt, _call(rt, key)),
        "capability": _recognised(rt, _call(rt, capability)),
        "first token": _first(rt, token),
        "first key": _first(rt, key),
        "first capability": _first(rt, capability),
    })  # fmt: skip
    above = {name: timing.less(took["nothing"]) for name, timing in took.items()}
    yield timed_row("authenticated and authorised: a token (ES256)", above["token"], most=4)
    yield timed_row("the same: an API key", above["key"], most=4)
    yield timed_row("the same: a capability", above["capability"], most=4)
    yield timed_row("recognised for the first time: a token", above["first token"])
    yield timed_row("the same: an API key", above["first key"])
    yield timed_row("the same: a capability", above["first capability"])


# --- many callers, many rules -----------------------------------------------------------------------------------------


def _growth(one: Runtime, many: Runtime, corp: Issuer) -> Iterator[Row]:
    tokens = [_token(corp, number) for number in range(CALLERS)]
    yield value_row("memory of callers with a token: each", _weight(many, tokens[:WEIGHED]), "KB")
    yield count_row(f"callers remembered of {MOST + CALLERS:,}", _remembered(MOST + CALLERS), most=MOST)
    took = timed_awaited({
        "requests": _by_turns(one, tokens, _unseen),
        "one": _by_turns(one, tokens[:1], _seen),
        "one of many rules": _by_turns(many, tokens[:1], _seen),
        "many": _by_turns(many, tokens, _seen),
        "request": _by_turns(one, tokens[:1], _unseen),
        "key again": _first(many, asyncio.run(_key(many))),
        "nothing": empty_task,
    })  # fmt: skip
    above = {name: timing.less(took["request"]) for name, timing in took.items()}
    above["many"] = took["many"].less(took["requests"])
    yield timed_row(f"an API key looked up again, {RULES} rules", took["key again"].less(took["nothing"]))
    yield timed_row(f"one caller, {RULES} rules", above["one of many rules"])
    yield timed_row(f"{CALLERS:,} callers by turns, {RULES} rules", above["many"])
    growth = _ratio(above["one of many rules"], above["one"])
    yield value_row(f"{RULES} rules / 1 rule, one caller", growth, "×", most=FLAT)
    yield value_row(
        f"{CALLERS:,} callers and {RULES} rules / 1 and 1", _ratio(above["many"], above["one"]), "×", most=FLAT
    )


def _ratio(one: Timing, other: Timing) -> float:
    return one.least / other.least


def _by_turns(rt: Runtime, tokens: Sequence[str], stages: Stages) -> AsyncCall:
    """Each with its request's own copy of the token, as a server has read it a moment ago. All have been seen."""
    call = _call(rt)
    common, given = call.headers, cycle([token.encode() for token in tokens])

    async def called() -> None:
        call.headers = (*common, (b"authorization", b"Bearer " + next(given)))
        call.withheld = _NOTHING
        await stages(rt, call)

    asyncio.run(_times(len(tokens), called))
    return called


async def _times(count: int, case: AsyncCall) -> None:
    for _ in range(count):
        await case()


async def _seen(rt: Runtime, call: Call) -> None:
    call.principal = await authenticate(rt, call)
    call.decision = authorise(rt, call)


async def _unseen(rt: Runtime, call: Call) -> None:
    """Nobody looks."""


def _weight(rt: Runtime, tokens: Sequence[str]) -> float:
    """Kilobytes that stay for each, its request gone."""

    async def seen() -> None:
        for token in tokens:
            await authenticate(rt, _call(rt, token))

    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        asyncio.run(seen())
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    return (after - before) / len(tokens) / 1024


def _remembered(count: int) -> int:
    memory = Memory()
    nobody = Principal("nobody", PrincipalKind.PERSON, Grant(), "")
    found = Recognised(nobody, time.time() + 60)
    for number in range(count):
        memory.keep(digest_of(b"%d" % number), found)
    return len(memory)


# --- conditions -------------------------------------------------------------------------------------------------------


def _judged(one: Runtime, judging: Runtime, of_both: Runtime, token: str) -> Iterator[Row]:
    took = timed({
        "nothing": _decided(_authorised(one, token), lambda call: None),
        "without rules": _decided(_authorised(replace(one, authenticator=Anonymous()), ""), permit),
        "settled": _decided(_authorised(one, token), permit),
        "agent": _decided(_authorised(judging, token), permit),
        "both": _decided(_authorised(of_both, token), permit),
        "person": _decided(_authorised(judging, token, Door.REST), permit),
    })  # fmt: skip
    above = {name: timing.less(took["nothing"]) for name, timing in took.items()}
    yield timed_row("a condition on an agent's arguments", above["agent"], most=100)
    yield timed_row("the same, and on the caller", above["both"], most=100)
    yield timed_row("a condition on arguments, read from a person's request", above["person"], most=100)
    yield timed_row("the same stage, rules without conditions", above["settled"], most=1)
    yield timed_row("the same stage, no rules", above["without rules"])


def _authorised(rt: Runtime, token: str, door: Door = Door.MCP) -> Call:
    call = _call(rt, token, door)
    asyncio.run(_recognised(rt, call)())
    return call


def _decided(call: Call, stage: Callable[[Call], None]) -> Callable[[], object]:
    decision: Decision | None = call.decision

    def decide() -> None:
        call.decision = decision
        stage(call)

    return decide


# --- whole requests ---------------------------------------------------------------------------------------------------


def _whole(plain: InProcess, one: InProcess, token: str) -> Iterator[Row]:
    """Less the same request by nobody: of a gateway that knows of no identities, and of this one, were it to ask for
    none. The first of a round finds the processor's caches cold, and so does the first at the other door."""
    bearing = {"authorization": f"Bearer {token}"}
    nobody = InProcess.over(replace(one.runtime, authenticator=Anonymous()))
    took = timed_async({
        "first": one.person(PATH, QUERY, bearing),
        "get": plain.person(PATH, QUERY),
        "get by nobody": nobody.person(PATH, QUERY),
        "get by somebody": one.person(PATH, QUERY, bearing),
        "first call": one.agent(MODERN, "tools/call", CALL, bearing),
        "call": plain.agent(MODERN, "tools/call", CALL),
        "call by nobody": nobody.agent(MODERN, "tools/call", CALL),
        "call by somebody": one.agent(MODERN, "tools/call", CALL, bearing),
    })  # fmt: skip
    for name, door in (("get", "REST GET"), ("call", "tools/call")):
        somebody = took[f"{name} by somebody"]
        yield timed_row(f"a token and rules add to a {door}", somebody.less(took[name]))
        yield timed_row("of it, whose it is and what they may", somebody.less(took[f"{name} by nobody"]))
