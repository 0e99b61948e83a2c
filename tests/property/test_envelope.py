"""Whatever bytes come to the agents' door, over HTTP or on standard input: an answer of the protocol, or a 4xx.

Never a fault of ours (500, -32603), never an exception, never a hang; each message that goes out is what its revision's
schema says, and each call is accounted once. EXAMPLES=5000 looks further, from another seed each time.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field, replace

import orjson
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from bridge.ingress.mcp.stdio import Conversation
from bridge.ingress.traffic import Traffic
from bridge.model import Json
from bridge.pipeline.changes import Changes
from bridge.pipeline.runtime import Holder, Legacy, Runtime
from tests.conformance.asked import ASKED
from tests.conformance.exchanges import LANES, MODERN_LANE, Asked, Lane, belonging, encoded
from tests.kit.agent import MODERN, Answer, scope
from tests.kit.mcp_schema import LEGACY
from tests.kit.mutants import Post, bodies, fields, places, put
from tests.kit.session import Exchange
from tests.kit.transcript import Transcript, frames
from tests.kit.weather import Weather, weather

EXAMPLES = int(os.environ.get("EXAMPLES", "0"))
PATIENCE = 5.0
VERSION, SESSION = "mcp-protocol-version", "mcp-session-id"
CANCEL = b'{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":"one"}}'
"""The id that all valid requests have here."""
HELD = "the session"
"""Stands for the id of a session that is begun for the example."""


def looks(examples: int) -> settings:
    return settings(
        max_examples=EXAMPLES or examples,
        derandomize=not EXAMPLES,
        database=None,
        deadline=None,
        # Making an example small takes longer than a test may.
        phases=(Phase.generate, Phase.shrink) if EXAMPLES else (Phase.generate,),
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
    )


@pytest.fixture(scope="module")
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as made:
        yield made


@pytest.fixture(scope="module")
def worlds() -> dict[str, Weather]:
    """By the manner of a lane."""
    kept = weather()
    return {"modern": kept, "sessions": kept, "sessionless": weather(Legacy.SESSIONLESS)}


# --- over HTTP --------------------------------------------------------------------------------------------------------


def post_of(lane: Lane, asked: Asked) -> Post:
    session = HELD if lane.manner == "sessions" else None
    return Post(asked.verb, tuple(belonging(lane, asked, session)), encoded(lane, asked))


seeds = st.tuples(st.sampled_from(LANES), st.sampled_from(list(ASKED.values())))


@st.composite
def mutants(draw: st.DrawFn) -> tuple[Lane, Post]:
    (lane, asked), (elsewhere, other) = draw(seeds), draw(seeds)
    seed = post_of(lane, asked)
    body = draw(bodies(seed.body, encoded(elsewhere, other)))
    return lane, Post(seed.verb, draw(fields(seed.headers)), body)


@st.composite
def noise(draw: st.DrawFn) -> tuple[Lane, Post]:
    lane, asked = draw(seeds)
    return lane, replace(post_of(lane, asked), verb="POST", body=draw(st.binary(max_size=200)))


@looks(800)
@given(mutants())
def test_a_valid_message_made_wrong_is_answered(
    runner: asyncio.Runner, worlds: dict[str, Weather], sent: tuple[Lane, Post]
) -> None:
    lane, post = sent
    runner.run(check_post(worlds[lane.manner], lane, post))


@looks(400)
@given(noise())
def test_bytes_of_any_kind_are_answered(
    runner: asyncio.Runner, worlds: dict[str, Weather], sent: tuple[Lane, Post]
) -> None:
    lane, post = sent
    runner.run(check_post(worlds[lane.manner], lane, post))


MARCH = [lane for lane in LANES if lane.revision == "2025-03-26"]
SINGLE = [asked for asked in ASKED.values() if not isinstance(asked.body, bytes) and asked.verb == "POST"]


@st.composite
def batches(draw: st.DrawFn) -> tuple[Lane, Post]:
    """Of whatever may be in one, each request with an id of its own, and now and then of what may not."""
    lane, chosen = draw(st.sampled_from(MARCH)), draw(st.lists(st.sampled_from(SINGLE), min_size=1, max_size=6))
    made = [orjson.loads(encoded(lane, asked)) for asked in chosen]
    entries = [
        {**one, "id": at} if isinstance(one, dict) and "id" in one and draw(st.integers(0, 9)) else one
        for at, one in enumerate(made)
    ]
    return lane, replace(post_of(lane, ASKED["ping"]), body=orjson.dumps(entries))


@looks(200)
@given(batches())
def test_each_message_of_a_batch_is_answered(
    runner: asyncio.Runner, worlds: dict[str, Weather], sent: tuple[Lane, Post]
) -> None:
    lane, post = sent
    runner.run(check_post(worlds[lane.manner], lane, post))


WELL_FORMED = [asked for asked in ASKED.values() if asked.body is None and asked.verb == "POST"]
TYPES: tuple[Json, ...] = (None, True, 1.5, -1, "x", [], [1], {}, {"x": 1})


@pytest.mark.parametrize("lane", [MODERN_LANE, Lane("2025-11-25", "sessionless"), Lane("2024-11-05", "sessionless")])
def test_a_member_of_any_type_is_answered(runner: asyncio.Runner, worlds: dict[str, Weather], lane: Lane) -> None:
    """One after the other, each member of every message."""
    runner.run(check_members(worlds[lane.manner], lane))


async def check_members(world: Weather, lane: Lane) -> None:
    for asked in WELL_FORMED:
        post = post_of(lane, asked)
        message = orjson.loads(post.body)
        for place in places(message):
            for odd in TYPES:
                await check_post(world, lane, replace(post, body=orjson.dumps(put(message, place, odd))))


async def check_post(world: Weather, lane: Lane, post: Post) -> None:
    app = Traffic(Holder(world.rt))
    session = await begun(app, lane) if lane.manner == "sessions" else None
    if session is not None:
        post = replace(post, headers=tuple((name, value.replace(HELD, session)) for name, value in post.headers))
    before = len(world.records)
    answer = await answered(app, post)
    held = session is not None and dict(post.headers).get(SESSION) == session
    try:
        check_answer(post, answer, lane.revision if held else otherwise(post))
    except AssertionError as error:
        error.add_note(f"{lane}: {post}\n{answer}")
        raise
    made = len(world.records) - before
    wanted = accounted(post, answer)
    assert made == wanted, f"{made} calls accounted, not {wanted}: {post}"


async def begun(app: Traffic, lane: Lane) -> str:
    hello = ASKED["initialize"]
    params = {**hello.params, "protocolVersion": lane.revision}
    answer = await answered(app, post_of(lane, replace(hello, params=params)))
    return answer.headers[SESSION]


def otherwise(post: Post) -> str:
    """What is spoken without a session: what the header says, if it says it once."""
    said = [value.strip(" \t") for name, value in post.headers if name == VERSION]
    return said[0] if len(said) == 1 and said[0] in LEGACY else "2025-03-26"


async def answered(app: Traffic, post: Post) -> Answer:
    """The answer. A stream that stays open is left after its first event, as soon as it is there."""
    exchange = Exchange(post.body)
    serving = asyncio.create_task(app(scope(post.headers, post.verb), exchange.receive, exchange.send))
    async with asyncio.timeout(PATIENCE):
        while not serving.done():
            grown = asyncio.create_task(exchange.grew.wait())
            await asyncio.wait([serving, grown], return_when=asyncio.FIRST_COMPLETED)
            grown.cancel()
            exchange.grew.clear()
            if stays_open(post, exchange.answer):
                exchange.leave.set()
        await serving
    return exchange.answer


def stays_open(post: Post, answer: Answer) -> bool:
    stream = answer.headers.get("content-type", "").startswith("text/event-stream")
    return stream and (post.verb == "GET" or b"subscriptions/acknowledged" in answer.body)


def check_answer(post: Post, answer: Answer, revision: str) -> None:
    assert answer.status in {200, 202, 204} or 400 <= answer.status < 500, answer
    transcript = Transcript(revision)
    transcript.sent(post.body)
    transcript.answered(answer.headers.get("content-type", ""), answer.body)
    for message in messages(answer):
        assert "error" not in message or message["error"]["code"] != -32603, message
    if answer.status in {202, 204}:
        assert not answer.body


def messages(answer: Answer) -> list[Json]:
    if answer.headers.get("content-type") == "text/event-stream":
        return [orjson.loads(data) for data in frames(answer.body.decode())]
    whole = orjson.loads(answer.body) if answer.body else []
    return whole if isinstance(whole, list) else [whole]


def accounted(post: Post, answer: Answer) -> int:
    """One call to a message: a batch that is taken has several."""
    entries = entries_of(post.body)
    taken = answer.status == 202 or (answer.status == 200 and answer.body.startswith(b"["))
    return len(entries) if isinstance(entries, list) and taken else 1


def entries_of(body: bytes) -> Json:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return None


# --- on standard input ------------------------------------------------------------------------------------------------


@st.composite
def conversations(draw: st.DrawFn) -> "Pipe":
    lane = draw(st.sampled_from(LANES))
    made: list[bytes] = []
    for _ in range(draw(st.integers(1, 4))):
        mine, (elsewhere, other) = draw(st.sampled_from(list(ASKED.values()))), draw(seeds)
        body = draw(bodies(encoded(lane, mine), encoded(elsewhere, other)))
        made += draw(st.sampled_from([body, body, body, CANCEL, draw(st.binary(max_size=60))])).split(b"\n")
    return Pipe(made, draw(st.sampled_from([0, 50])))


@looks(400)
@given(conversations())
def test_a_conversation_of_any_frames_is_held_to_its_end(
    runner: asyncio.Runner, worlds: dict[str, Weather], pipe: "Pipe"
) -> None:
    runner.run(check_conversation(worlds["modern"], pipe))


@dataclass(slots=True)
class Pipe:
    """The conversation's other end. After each frame the gateway has so many `turns`, before the next one comes: none,
    or enough for an answer that waits for nobody."""

    sent: list[bytes]
    turns: int
    heard: list[bytes] = field(default_factory=list)

    async def frames(self) -> AsyncIterator[bytes | None]:
        for frame in self.sent:
            yield frame
            for _ in range(self.turns):
                await asyncio.sleep(0)

    async def write(self, frame: bytes) -> None:
        self.heard.append(frame)


async def check_conversation(world: Weather, pipe: Pipe) -> None:
    before, sent = len(world.records), pipe.sent
    rt: Runtime = replace(world.rt, changes=Changes())  # a conversation's end stops it
    conversation = Conversation(Holder(rt), pipe.write)
    async with asyncio.timeout(PATIENCE):
        await conversation.run(pipe.frames())
    for frame in pipe.heard:
        assert frame.endswith(b"\n")
        assert frame.count(b"\n") == 1
        check_frame(orjson.loads(frame), sent)
    assert not conversation.running
    made = len(world.records) - before
    wanted = sum(calls(frame, pipe.heard) for frame in sent)
    assert made == wanted, f"{made} calls accounted, not {wanted}"


def check_frame(message: Json, sent: list[bytes]) -> None:
    """In the words of one of the revisions that may be spoken, and no fault of ours."""
    assert not isinstance(message, dict) or message.get("error", {}).get("code") != -32603, message
    broken: list[AssertionError] = []
    for revision in (MODERN, *LEGACY):
        transcript = Transcript(revision)
        for frame in sent:
            transcript.sent(frame)
        transcript.revision = revision
        try:
            transcript.heard(message)
        except AssertionError as error:
            broken.append(error)
        else:
            return
    raise broken[0]


def calls(frame: bytes, heard: list[bytes]) -> int:
    """How many calls a frame makes: answers to questions and cancellations are none."""
    value = entries_of(frame)
    if not frame.strip():
        return 0
    if isinstance(value, dict) and "method" not in value and ("result" in value or "error" in value):
        return 0
    if isinstance(value, dict) and value.get("method") == "notifications/cancelled" and "id" not in value:
        return 0 if isinstance(value.get("params", {}), dict | None) and value.get("jsonrpc") == "2.0" else 1
    if isinstance(value, list) and any(one.startswith(b"[") for one in heard):
        return max(1, len(value))
    return 1
