"""What each stage decides, seen from `run`: the outcome, what the upstream heard of it, and what was given back."""

import asyncio
import gzip
import time
import tracemalloc
import zlib
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import NoReturn

import pytest

from bridge.egress.upstream import Response
from bridge.model import (
    Call,
    Door,
    Endpoint,
    Grant,
    Headers,
    Json,
    NotFound,
    Origin,
    Outcome,
    Refusal,
    Target,
    Unauthenticated,
    UpstreamBroken,
    UpstreamUnreachable,
    Wire,
)
from bridge.pipeline.run import admit_method, finish, run
from bridge.pipeline.runtime import Limits, Rate, Runtime
from tests.kit.runtime import ROUTE, TARGET, Badge, Plan, World, endpoint, world
from tests.kit.upstream import JSON, Played, ScriptedUpstream, plays

READ = endpoint("read")
WRITE = endpoint("write", "POST")
ENDLESS = endpoint("confirmed", "POST", confirm=True)
GZIP: Headers = (*JSON, (b"content-encoding", b"gzip"))


def call(one: Endpoint | None = READ, door: Door = Door.MCP, *, seconds: float = 5.0, peer: str = "192.0.2.1") -> Call:
    made = Call("c1", door, "GET", "/x", time.time(), time.perf_counter(), asyncio.get_running_loop().time() + seconds)
    made.endpoint, made.route, made.below, made.peer = one, one.route if one else ROUTE, "/x", peer
    return made


def refusal(outcome: Outcome) -> str:
    return outcome.refusal.code if outcome.refusal else ""


async def through(w: World, made: Call) -> Outcome:
    """Run and finished, with everything given back."""
    outcome = await run(w.rt, made)
    await finish(w.rt, made, outcome, sent=0)
    assert (w.rt.leases.in_flight(), w.upstream.open) == (0, 0)
    return outcome


# --- the order --------------------------------------------------------------------------------------------------------

STAGES = ("the body may hold", "who is it", "unknown tool", "not_granted", "the request limit", "missing: q",
          "it was made before", "approval", "it was stored", "no upstream address", "already in flight", "no record",
          "nobody there", "unasked")  # fmt: skip
"""What each stage says when it refuses, in the order in which they must be asked."""


class SaysNo(Refusal):
    pass


def saying(what: str) -> Callable[[Call], Awaitable[NoReturn]]:
    async def stage(made: Call) -> NoReturn:
        raise SaysNo(what)

    return stage


def broken_from(first: int) -> tuple[World, Endpoint]:
    """A runtime in which that stage and every later one refuses."""
    broken = {stage: number >= first for number, stage in enumerate(STAGES)}
    route = replace(ROUTE, targets=() if broken["no upstream address"] else (TARGET,))
    schema: Json = {"type": "object", "required": ["q"] if broken["missing: q"] else []}
    one = replace(endpoint("all", "POST", schema=schema, confirm=broken["approval"], route=route), needs_body=True)
    grant = None if broken["who is it"] else Grant(frozenset() if broken["not_granted"] else None)
    w = world([one], Plan(
        limits=Limits(
            requests=Rate(0.001, 1) if broken["the request limit"] else None,
            concurrent=0 if broken["already in flight"] else None,
            body_bytes=1 if broken["the body may hold"] else 100,
        ),
        authenticator=Badge(grant),
    ))  # fmt: skip
    w.upstream.scripts = [Played(headers=((b"content-encoding", b"br"),) if broken["unasked"] else ())]
    if broken["nobody there"]:
        w.upstream.scripts = [UpstreamUnreachable("nobody there")]
    rt = replace(
        w.rt,
        recalls=(saying("it was made before"),) if broken["it was made before"] else (),
        caches=(saying("it was stored"),) if broken["it was stored"] else (),
        journals=(saying("no record"),) if broken["no record"] else (),
    )
    return replace(w, rt=rt), one


@pytest.mark.parametrize("number", range(len(STAGES)))
async def test_stages_are_asked_in_this_order_and_a_refusal_ends_the_call(number: int) -> None:
    w, one = broken_from(number)
    made = call(one)
    made.headers = ((b"content-length", b"50"),)
    made.known = STAGES.index("unknown tool") < number
    if STAGES.index("the request limit") >= number:
        assert await w.rt.buckets.take(f"key:{made.peer}", 0.001, 1) == 0
    outcome = await through(w, made)
    assert outcome.refusal is not None
    assert STAGES[number] in f"{outcome.refusal.message} {outcome.refusal.verdict}"
    reached = STAGES.index("nobody there")
    assert len(w.upstream.sent) == (1 if number >= reached else 0)
    assert [record.verdict for record in w.records] == [outcome.refusal.verdict or outcome.refusal.code]


async def test_where_no_stage_refuses_the_upstream_is_called() -> None:
    w, one = broken_from(len(STAGES))
    outcome = await through(w, call(one))
    assert (outcome.status, outcome.origin, refusal(outcome)) == (200, Origin.UPSTREAM, "")
    assert len(w.upstream.sent) == 1


async def test_what_the_gateway_answers_itself_goes_through_the_same_gate() -> None:
    answers: list[str] = []

    def answer(principal: object) -> Outcome:
        answers.append("given")
        return Outcome(200, origin=Origin.GATEWAY)

    stranger = world([READ], Plan(authenticator=Badge(None)))
    assert refusal(await admit_method(stranger.rt, call(None), answer)) == Unauthenticated.code
    limited = world([READ], Plan(limits=Limits(requests=Rate(0.001, 1))))
    assert refusal(await admit_method(limited.rt, call(None), answer)) == ""
    assert refusal(await admit_method(limited.rt, call(None), answer)) == "limit_exceeded"
    assert answers == ["given"]


@pytest.mark.parametrize("length", [b"8", b"9", b"", b"-1", "٩".encode(), b"nine"])
async def test_a_declared_length_refuses_only_what_has_to_be_read_whole(length: bytes) -> None:
    whole = replace(WRITE, needs_body=True)
    w = world([WRITE], Plan(limits=Limits(body_bytes=8)))
    for one in (WRITE, whole):
        made = call(one, Door.REST)
        made.headers = ((b"content-length", length),)
        wanted = "too_large" if one is whole and length == b"9" else ""
        assert refusal(await through(w, made)) == wanted


async def test_an_unknown_path_is_not_found_and_a_known_one_says_its_methods() -> None:
    w = world([READ])
    unknown = call(None, Door.REST)
    unknown.known = False
    assert refusal(await through(w, unknown)) == NotFound.code
    other = call(None, Door.REST)
    other.known, other.others = False, (("GET", READ.operation.ref),)
    outcome = await through(w, other)
    assert (outcome.status, outcome.headers) == (405, ((b"allow", b"GET, HEAD"),))


async def test_a_grant_says_what_may_be_called_and_leaves_its_rule_in_the_record() -> None:
    some = Grant(frozenset({("orders", "read")}), "readers")
    w = world([READ, WRITE], Plan(authenticator=Badge(some)))
    assert refusal(await through(w, call(READ))) == ""
    assert refusal(await through(w, call(WRITE))) == NotFound.code
    assert refusal(await through(w, call(None, Door.REST))) == NotFound.code, "no operation, so none that is granted"
    assert [(record.rule, record.verdict) for record in w.records] == [
        ("readers", "allowed"),
        ("", "not_granted"),
        ("", "not_granted"),
    ]


async def test_of_the_methods_on_a_path_a_caller_is_told_those_that_it_may_use() -> None:
    w = world([READ, WRITE], Plan(authenticator=Badge(Grant(frozenset({("orders", "read")}), "readers"))))
    for known, status in ((("GET", READ.operation.ref), 405), (("POST", WRITE.operation.ref), 404)):
        other = call(None, Door.REST)
        other.known, other.others = False, (known,)
        assert (await through(w, other)).status == status


# --- how much ---------------------------------------------------------------------------------------------------------


async def test_beyond_the_rate_a_caller_is_told_when_to_come_back_and_others_are_not() -> None:
    w = world([READ], Plan(limits=Limits(requests=Rate(0.4, 2))))
    assert [refusal(await through(w, call())) for _ in range(3)] == ["", "", "limit_exceeded"]
    outcome = await through(w, call(door=Door.REST))
    assert outcome.status == 429
    assert dict(outcome.headers)[b"retry-after"] == b"3", "2.5 s, in whole seconds"
    assert outcome.refusal is not None
    assert outcome.refusal.detail == {"retryAfter": 3}
    assert refusal(await through(w, call(peer="192.0.2.2"))) == ""
    assert len(w.upstream.sent) == 3


async def test_bad_arguments_cost_quota() -> None:
    one = endpoint("strict", schema={"type": "object", "required": ["q"]})
    w = world([one], Plan(limits=Limits(requests=Rate(0.001, 1))))
    assert [refusal(await through(w, call(one))) for _ in range(2)] == ["bad_arguments", "limit_exceeded"]


async def test_places_are_taken_by_calls_in_flight_and_given_back() -> None:
    w = world([READ], Plan(limits=Limits(concurrent=1)))
    gate = asyncio.Event()
    w.upstream.scripts = [Played(hold=gate), Played()]
    first = asyncio.create_task(run(w.rt, call()))
    await w.upstream.reached()
    second = await run(w.rt, call())
    assert (second.status, dict(second.headers)[b"retry-after"]) == (429, b"1")
    assert refusal(await run(w.rt, call(peer="192.0.2.2"))) == "", "another caller has places of their own"
    gate.set()
    assert refusal(await first) == ""
    assert refusal(await run(w.rt, call())) == ""


async def test_a_streamed_answer_holds_its_place_until_it_is_finished() -> None:
    w = world([READ])
    made = call(door=Door.REST)
    outcome = await run(w.rt, made)
    assert (w.rt.leases.in_flight(), w.upstream.open) == (1, 1)
    await finish(w.rt, made, outcome, sent=2)
    assert (w.rt.leases.in_flight(), w.upstream.open) == (0, 0)


@pytest.mark.parametrize(
    "script",
    [plays(b"{}"), plays(b"no", status=500), UpstreamUnreachable("nobody there"), RuntimeError("a fault of ours"),
     Played(pieces=(b"{",), breaks=UpstreamBroken("broke off")), plays(b"no gzip", headers=GZIP)],
)  # fmt: skip
@pytest.mark.parametrize("door", Door)
async def test_a_place_is_given_back_however_the_call_ends(door: Door, script: Played | Exception) -> None:
    w = world([READ])
    w.upstream.scripts = [script]
    made = call(door=door)
    try:
        outcome = await run(w.rt, made)
    except RuntimeError:
        assert isinstance(script, RuntimeError)
    else:
        await finish(w.rt, made, outcome, sent=0)
    assert (w.rt.leases.in_flight(), w.upstream.open) == (0, 0)


@pytest.mark.parametrize("door", Door)
async def test_a_cancelled_call_gives_its_place_back_and_cancels_the_upstream(door: Door) -> None:
    w = world([READ])
    w.upstream.scripts = [Played(hold=asyncio.Event())]
    task = asyncio.create_task(run(w.rt, call(door=door)))
    await w.upstream.reached()
    assert w.rt.leases.in_flight() == 1
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (w.rt.leases.in_flight(), w.upstream.open, w.upstream.cancelled) == (0, 0, 1)


# --- consent, memory, record ------------------------------------------------------------------------------------------


async def test_without_anybody_to_ask_what_wants_consent_is_refused_to_agents_alone() -> None:
    w = world([ENDLESS])
    assert refusal(await through(w, call(ENDLESS))) == "approval_required"
    assert w.upstream.sent == []
    assert refusal(await through(w, call(ENDLESS, Door.REST))) == ""


STORED = Outcome(201, JSON, b'{"made": "before"}', Origin.CACHE)


def remembering(answer: Outcome | None) -> Callable[[Call], Awaitable[Outcome | None]]:
    async def look_up(made: Call) -> Outcome | None:
        return answer

    return look_up


async def test_a_call_made_before_gets_the_same_answer_without_another_consent() -> None:
    w = world([ENDLESS])
    rt = replace(w.rt, recalls=(remembering(None), remembering(STORED)), journals=(saying("no record"),))
    outcome = await through(replace(w, rt=rt), call(ENDLESS))
    assert (outcome.status, outcome.origin, refusal(outcome)) == (201, Origin.CACHE, "")
    assert outcome.result is not None
    assert outcome.result.structured == b'{"made": "before"}', "an agent gets the stored answer in its own form"
    assert w.upstream.sent == []
    assert w.records[-1].origin == "cache"


async def test_a_stored_answer_wants_consent_and_spares_the_upstream() -> None:
    w = world([READ, ENDLESS])
    rt = replace(w.rt, caches=(remembering(STORED),))
    assert refusal(await run(rt, call(ENDLESS))) == "approval_required"
    assert (await run(rt, call(READ, Door.REST))).body == STORED.body
    assert w.upstream.sent == []


async def test_a_call_with_effects_is_written_down_before_it_is_made() -> None:
    w = world([READ, WRITE])
    heard: list[tuple[str, int]] = []

    async def write(made: Call) -> None:
        assert made.endpoint is not None
        heard.append((made.endpoint.operation.id, len(w.upstream.sent)))

    rt = replace(w.rt, journals=(write,))
    for one in (READ, WRITE):
        await run(rt, call(one))
    assert heard == [("write", 1)], "after the read was sent, before the write was"


async def test_without_a_record_there_is_no_effect() -> None:
    w = world([WRITE])
    outcome = await through(replace(w, rt=replace(w.rt, journals=(saying("the disk is full"),))), call(WRITE))
    assert (refusal(outcome), w.upstream.sent) == (SaysNo.code, [])


# --- where to ---------------------------------------------------------------------------------------------------------


async def test_targets_are_chosen_by_weight() -> None:
    targets = (replace(TARGET, id="three", weight=3), replace(TARGET, id="one", weight=1))
    one = endpoint("spread", route=replace(ROUTE, targets=targets))
    w = world([one])
    for _ in range(600):
        await run(w.rt, call(one))
    counted = Counter(sent.target.id for sent in w.upstream.sent)
    assert 380 < counted["three"] < 520, "six standard deviations around 450"
    assert counted.total() == 600


async def test_the_target_is_in_the_record_even_if_nobody_was_there() -> None:
    w = world([READ])
    w.upstream.scripts = [UpstreamUnreachable("nobody there")]
    await through(w, call())
    assert (w.records[-1].target, w.records[-1].status) == ("t1", 502)


# --- what an agent gets -----------------------------------------------------------------------------------------------


async def shaped(script: Played, *, cap: int = 1000) -> Outcome:
    w = world([READ], Plan(limits=Limits(result_bytes=cap)))
    w.upstream.scripts = [script]
    outcome = await through(w, call())
    assert w.records[-1].truncated == outcome.truncated
    return outcome


@pytest.mark.parametrize(("cap", "cut"), [(24, True), (29, True), (30, False), (1000, False)])
async def test_an_answer_is_cut_at_the_cap_and_says_so(cap: int, cut: bool) -> None:
    outcome = await shaped(Played(pieces=(b"x" * 10,) * 3), cap=cap)
    assert (outcome.body, outcome.truncated) == (b"x" * min(cap, 30), cut)
    assert outcome.result is not None
    assert (outcome.result.structured is None) == cut


CONTENT = b'{"a": "' + b"abc" * 50 + b'"}'


def raw_deflate(content: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(content) + packer.flush()


PACKED: Mapping[str, tuple[bytes, bytes]] = {
    "gzip": (b"gzip", gzip.compress(CONTENT)),
    "x-gzip": (b"X-GZip ", gzip.compress(CONTENT)),
    "gzip in two members": (b"gzip", gzip.compress(CONTENT[:20]) + gzip.compress(CONTENT[20:])),
    "deflate": (b"deflate", zlib.compress(CONTENT)),
    "deflate without its wrapper": (b"deflate", raw_deflate(CONTENT)),
    "identity": (b"identity", CONTENT),
}


@pytest.mark.parametrize("step", [1, 7, 10_000])
@pytest.mark.parametrize("name", PACKED)
async def test_a_compressed_answer_is_unpacked(name: str, step: int) -> None:
    coding, packed = PACKED[name]
    pieces = tuple(packed[at : at + step] for at in range(0, len(packed), step))
    outcome = await shaped(Played(headers=(*JSON, (b"content-encoding", coding)), pieces=(b"", *pieces)))
    assert (outcome.body, outcome.truncated) == (CONTENT, False)


@pytest.mark.parametrize(
    ("coding", "body"),
    [(b"gzip", b"no gzip"), (b"gzip", gzip.compress(CONTENT, mtime=0)[:-9]), (b"deflate", b"\x78\x9cno"), (b"br", b"x"),
     (b"gzip, gzip", b"x"), (b"gzip", gzip.compress(CONTENT, mtime=0) + b"behind it")],
)  # fmt: skip
async def test_an_answer_that_is_not_what_it_says_is_broken(coding: bytes, body: bytes) -> None:
    outcome = await shaped(Played(headers=((b"content-encoding", coding),), pieces=(body,)))
    assert (refusal(outcome), outcome.status) == ("upstream_broken", 502)


async def test_an_empty_answer_is_empty_in_every_coding() -> None:
    assert (await shaped(Played(204, GZIP, ()))).body == b""


async def test_a_small_answer_cannot_become_a_large_one() -> None:
    bomb = gzip.compress(bytes(20 << 20))
    tracemalloc.start()
    outcome = await shaped(Played(headers=GZIP, pieces=(bomb,)), cap=10_000)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (outcome.body, outcome.truncated) == (bytes(10_000), True)
    assert peak < 2 << 20


@dataclass
class Stalling:
    """Answers with some events and then no more."""

    media_type: bytes
    closed: int = 0
    sent: list[Wire] = field(default_factory=list)

    async def send(self, wire: Wire, target: Target, deadline: float) -> Response:
        self.sent.append(wire)
        return Response(200, ((b"content-type", self.media_type),), self._events(), self._close)

    async def _events(self) -> AsyncIterator[bytes]:
        yield b"data: 1\n\n"
        await asyncio.Event().wait()

    async def _close(self) -> None:
        self.closed += 1

    async def aclose(self) -> None:
        pass


async def stalled(media_type: bytes) -> tuple[Outcome, Stalling, Runtime]:
    upstream = Stalling(media_type)
    w = world([READ], Plan(upstream=upstream))
    made = call(seconds=0.05)
    outcome = await run(w.rt, made)
    await finish(w.rt, made, outcome, sent=0)
    return outcome, upstream, w.rt


@pytest.mark.parametrize("media_type", [b"text/event-stream", b"Application/X-NDJSON; a=b", b"application/json-seq"])
async def test_a_stream_that_runs_on_is_cut_at_the_deadline(media_type: bytes) -> None:
    outcome, upstream, rt = await stalled(media_type)
    assert (outcome.body, outcome.truncated, refusal(outcome)) == (b"data: 1\n\n", True, "")
    assert (upstream.closed, rt.leases.in_flight()) == (1, 0)


async def test_any_other_answer_that_is_late_is_a_timeout() -> None:
    outcome, upstream, rt = await stalled(b"application/json")
    assert (refusal(outcome), outcome.status) == ("upstream_timeout", 504)
    assert (upstream.closed, rt.leases.in_flight()) == (1, 0)


# --- the end ----------------------------------------------------------------------------------------------------------


async def test_a_finished_call_is_told_once_to_everybody_with_all_that_is_known() -> None:
    w = world([WRITE])
    others: list[str] = []
    rt = replace(w.rt, accounts=(*w.rt.accounts, lambda record: others.append(record.id)))
    made = call(WRITE, Door.REST)
    made.request_bytes = 7
    outcome = await run(rt, made)
    await finish(rt, made, outcome, sent=11, gone=True)
    (record,) = w.records
    assert others == ["c1"]
    assert (record.door, record.principal, record.api, record.operation, record.tool, record.method) == (
        "rest", "anonymous", "orders", "write", "write", "POST",
    )  # fmt: skip
    assert (record.status, record.verdict, record.rule, record.origin) == (200, "allowed", "allow-all", "upstream")
    assert (record.request_bytes, record.response_bytes, record.gone, record.truncated) == (7, 11, True, False)
    assert record.duration > 0


async def test_a_call_is_accounted_and_its_place_free_even_if_closing_the_answer_fails() -> None:
    class Sticking(ScriptedUpstream):
        async def _close(self) -> None:
            raise OSError("it sticks")

    w = world([READ], Plan(upstream=Sticking()))
    made = call(door=Door.REST)
    outcome = await run(w.rt, made)
    with pytest.raises(OSError, match="it sticks"):
        await finish(w.rt, made, outcome, sent=0)
    assert (w.rt.leases.in_flight(), len(w.records)) == (0, 1)
