"""Arguments that a call lacks, asked of the person behind a 2026-07-28 client: round by round, sealed in between."""

import asyncio
import json
from dataclasses import replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.ingress.mcp.asking import LONGEST_STATE
from bridge.model import AskFor, Completion, Grant, Json, Prompt, PromptArgument, PromptMessage
from bridge.pipeline.ask import EXPIRED, INVALID
from bridge.pipeline.policy import Approvals
from bridge.pipeline.runtime import Runtime
from bridge.pipeline.toolset import Offer
from tests.kit.agent import META, Agent
from tests.kit.doors import Gateway, gateway
from tests.kit.person import ASKS, Person, accept, asked, text
from tests.kit.runtime import Badge, Plan, World, endpoint, world

PLACES = ["Rome", "Oslo"]
DOCUMENT: Json = {
    "openapi": "3.1.0",
    "info": {"title": "Trips", "version": "1"},
    "servers": [{"url": "http://upstream.test"}],
    "paths": {
        "/trips": {
            "post": {
                "operationId": "book",
                "x-mcp": {
                    "ask": {
                        "who": {"message": "Who travels?", "arguments": ["name", "nickname"]},
                        "where": {"message": "Where to?", "arguments": ["place", "nights"]},
                    }
                },
                "requestBody": {
                    "required": True,
                    "content": {
                        "application/json": {
                            "schema": {
                                "type": "object",
                                "required": ["name", "place", "nights"],
                                "properties": {
                                    "name": {"type": "string", "minLength": 2},
                                    "nickname": {"type": "string"},
                                    "place": {"type": "string", "enum": PLACES},
                                    "nights": {"enum": [1, 2, 7]},
                                    "note": {"type": "string"},
                                },
                            }
                        }
                    },
                },
                "responses": {"200": {"description": "ok"}},
            }
        },
        "/cancel": {
            "post": {
                "operationId": "cancel",
                "x-mcp": {"ask": True},
                "parameters": [{"name": "trip", "in": "query", "required": True, "schema": {"type": "string"}}],
                "responses": {"200": {"description": "ok"}},
            }
        },
    },
}


@cache
def made_once() -> Gateway:
    with TemporaryDirectory() as folder:
        document = Path(folder, "trips.json")
        document.write_text(json.dumps(DOCUMENT))
        made = gateway(document)
    return replace(made, rt=replace(made.rt, mcp=replace(made.rt.mcp, hosts=None)))


@pytest.fixture
def gw() -> Gateway:
    made_once().upstream.sent.clear()
    return made_once()


def sent_body(gw: Gateway) -> Json:
    body = gw.upstream.wires[0].body
    assert isinstance(body, bytes)
    return json.loads(body)


def lasting(rt: Runtime, ttl: float) -> Runtime:
    return replace(rt, approvals=Approvals(ttl=ttl))


async def test_forms_are_asked_one_after_the_other_and_the_call_is_made_with_all_answers(gw: Gateway) -> None:
    person = Person(gw.rt)
    questions, first = asked(await person.call("book", {"note": "x"}))
    assert list(questions) == ["who"]
    assert questions["who"]["message"] == "Who travels?"
    assert questions["who"]["requestedSchema"]["required"] == ["name"]
    assert list(questions["who"]["requestedSchema"]["properties"]) == ["name", "nickname"]
    questions, second = asked(await person.call("book", {"note": "x"}, {"who": accept(name="Ann")}, first))
    assert list(questions) == ["where"]
    assert second != first
    assert not gw.upstream.sent
    answer = await person.call("book", {"note": "x"}, {"where": accept(place="Rome", nights="7")}, second)
    assert not answer.result.get("isError"), answer.body
    assert sent_body(gw) == {"name": "Ann", "place": "Rome", "nights": 7, "note": "x"}


async def test_a_round_of_questions_is_accounted_as_what_it_is(gw: Gateway) -> None:
    await Person(gw.rt).call("book", {})
    assert (gw.records[-1].verdict, gw.records[-1].origin, gw.records[-1].status) == ("input_required", "gateway", 200)


async def test_answers_without_a_state_count_since_the_arguments_are_the_clients_anyway(gw: Gateway) -> None:
    answers = {"who": accept(name="Ann"), "where": accept(place="Oslo", nights="1"), "nobody": 17}
    assert not (await Person(gw.rt).call("book", {}, answers)).result.get("isError")
    assert len(gw.upstream.sent) == 1


async def test_what_the_model_gave_is_neither_asked_for_nor_replaced(gw: Gateway) -> None:
    given: Json = {"name": "Bob", "nights": 2}
    questions, state = asked(await Person(gw.rt).call("book", given))
    assert list(questions["where"]["requestedSchema"]["properties"]) == ["place"]
    await Person(gw.rt).call("book", given, {"where": accept(place="Rome", nights="7", name="Eve")}, state)
    assert sent_body(gw) == {"name": "Bob", "place": "Rome", "nights": 2}


async def test_null_for_what_cannot_be_null_is_missing(gw: Gateway) -> None:
    questions, state = asked(await Person(gw.rt).call("cancel", {"trip": None}))
    assert questions["arguments"]["requestedSchema"]["required"] == ["trip"]
    answer = await Person(gw.rt).call("cancel", {"trip": None}, {"arguments": accept(trip="t1")}, state)
    assert not answer.result.get("isError")
    assert gw.upstream.wires[0].target == "/cancel?trip=t1"


@pytest.mark.parametrize(
    "answer",
    [
        {"wrong": accept(name="Ann")},
        {"who": accept()},
        {"who": accept(name="A")},
        {"who": accept(name=5)},
        {"who": accept(name=["Ann"])},
        {"who": accept(name={"first": "Ann"})},
        {"who": {"action": "accept", "content": [1]}},
        {"who": {"action": "perhaps"}},
        {"who": {"roots": []}},
        {"who": accept(name="A" * 20_000)},
    ],
)
async def test_answers_that_do_not_fit_are_asked_for_again(gw: Gateway, answer: Json) -> None:
    _, state = asked(await Person(gw.rt).call("book", {}))
    questions, again = asked(await Person(gw.rt).call("book", {}, answer, state))
    assert list(questions) == ["who"]
    assert again != state


@pytest.mark.parametrize("depth", [50, 200, 500, 900])
async def test_however_deep_an_answer_is_it_is_only_wrong(gw: Gateway, depth: int) -> None:
    deep: Json = "x"
    for _ in range(depth):
        deep = [deep] if depth % 200 else {"a": deep}
    message = Agent(gw.rt).message("tools/call", {"name": "book", "arguments": {}, "_meta": ASKS})
    message["params"]["inputResponses"] = {"who": {"action": "accept", "content": {"name": deep}}}
    answer = await Agent(gw.rt).post(json.dumps(message).encode(), Agent(gw.rt).mirrored(message))
    assert answer.status in {200, 400}
    assert gw.records[-1].verdict in {"input_required", "parse_error", "invalid_request"}, gw.records[-1].verdict


@pytest.mark.parametrize("answer", [12345, "yes", None, [], True])
async def test_an_answer_that_is_no_object_is_an_error_of_the_protocol(gw: Gateway, answer: Json) -> None:
    refused = await Person(gw.rt).call("book", {}, {"who": answer})
    assert (refused.status, refused.code) == (400, -32602)
    assert gw.records[-1].verdict == "bad_answer"


@pytest.mark.parametrize("action", ["decline", "cancel"])
async def test_a_person_who_does_not_answer_ends_the_call_readably(gw: Gateway, action: str) -> None:
    answer = await Person(gw.rt).call("book", {}, {"who": {"action": action}})
    assert answer.result["isError"]
    assert "name" in text(answer)
    assert gw.records[-1].verdict == "cannot_ask"
    assert not gw.upstream.sent


async def test_nobody_is_asked_while_something_else_is_wrong(gw: Gateway) -> None:
    answer = await Person(gw.rt).call("book", {"place": "Paris", "extra": 1})
    assert answer.result["isError"]
    assert gw.records[-1].verdict == "bad_arguments"


async def test_a_client_that_cannot_ask_is_told_what_is_missing(gw: Gateway) -> None:
    for meta in (META, {**META, "io.modelcontextprotocol/clientCapabilities": {"elicitation": {"url": {}}}}):
        answer = await Person(gw.rt).call("book", {}, meta=meta)
        assert answer.result["isError"]
        assert "name" in text(answer)


# --- the state --------------------------------------------------------------------------------------------------------


@pytest.mark.statement("A21")
async def test_a_state_that_was_changed_anywhere_is_refused(gw: Gateway) -> None:
    _, state = asked(await Person(gw.rt).call("cancel", {}))
    for at in range(0, len(state), 7):
        other = "A" if state[at] != "A" else "B"
        for changed in (state[:at] + other + state[at + 1 :], state[:at], state + "-TAMPERED", state + "="):
            answer = await Person(gw.rt).call("cancel", {}, {"arguments": accept(trip="t")}, changed)
            assert (answer.status, answer.code, answer.message) == (400, -32602, INVALID)
    assert not gw.upstream.sent


@pytest.mark.statement("A21")
async def test_a_state_is_for_one_tool_and_one_set_of_arguments(gw: Gateway) -> None:
    _, state = asked(await Person(gw.rt).call("book", {"note": "x"}))
    for name, arguments in (("book", {"note": "y"}), ("book", {}), ("cancel", {"note": "x"}), ("cancel", {})):
        answer = await Person(gw.rt).call(name, arguments, {"who": accept(name="Ann")}, state)
        assert (answer.code, answer.message) == (-32602, INVALID)
    assert gw.records[-1].verdict == "bad_state"


async def test_the_order_of_arguments_does_not_matter_to_a_state(gw: Gateway) -> None:
    _, state = asked(await Person(gw.rt).call("book", {"note": "x", "nickname": "y"}))
    asked(await Person(gw.rt).call("book", {"nickname": "y", "note": "x"}, {"who": accept(name="Ann")}, state))


async def test_a_state_is_refused_even_where_nothing_has_to_be_asked(gw: Gateway) -> None:
    answer = await Person(gw.rt).call("cancel", {"trip": "t"}, {}, "made-up")
    assert answer.code == -32602


@pytest.mark.statement("A21")
async def test_a_state_of_another_caller_is_refused(gw: Gateway) -> None:
    _, state = asked(await Person(gw.rt).call("book", {}))
    other = replace(gw.rt, authenticator=Badge(Grant()))
    assert (await Person(other).call("book", {}, {"who": accept(name="Ann")}, state)).message == INVALID


async def test_a_state_expires_and_says_so(gw: Gateway) -> None:
    _, state = asked(await Person(lasting(gw.rt, -1)).call("book", {}))
    answer = await Person(gw.rt).call("book", {}, {"who": accept(name="Ann")}, state)
    assert (answer.code, answer.message) == (-32602, EXPIRED)


async def test_a_state_without_its_key_is_refused(gw: Gateway) -> None:
    _, state = asked(await Person(gw.rt).call("book", {}))
    secret = replace(gw.rt, approvals=Approvals(secret=b"k" * 32))
    assert (await Person(secret).call("book", {}, {}, state)).message == INVALID


async def test_replicas_that_share_a_store_open_each_others_states() -> None:
    first = asking_world()
    second = asking_world(Plan(shared=first.rt.shared))
    _, state = asked(await Person(first.rt).call("one", {}))
    answer = await Person(second.rt).call("one", {}, {"arguments": accept(a="x")}, state)
    assert not answer.result.get("isError")
    assert len(second.upstream.sent) == 1
    elsewhere = asking_world()
    assert (await Person(elsewhere.rt).call("one", {}, {"arguments": accept(a="x")}, state)).message == INVALID


def asking_world(plan: Plan | None = None) -> World:
    schema = {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}
    made = endpoint("one", "POST", schema=schema)
    assert made.tool is not None
    return world([replace(made, tool=replace(made.tool, ask=(AskFor("arguments", ("a",)),)))], plan)


async def test_answers_too_long_to_be_carried_are_refused_readably(gw: Gateway) -> None:
    answers = {key: accept(**dict.fromkeys(names, "n" * 15000)) for key, names in LONG.items()}
    del answers["fourth"]
    answer = await Person(long_world().rt).call("one", {}, answers)
    assert answer.result["isError"]
    assert "too long" in text(answer)
    del answers["third"]
    _, state = asked(await Person(long_world().rt).call("one", {}, answers))
    assert len(state) < LONGEST_STATE


LONG = {"first": ["a"], "second": ["b"], "third": ["c"], "fourth": ["d"]}


def long_world() -> World:
    names = [name for one in LONG.values() for name in one]
    schema = {"type": "object", "properties": {name: {"type": "string"} for name in names}, "required": names}
    made = endpoint("one", "POST", schema=schema)
    assert made.tool is not None
    forms = tuple(AskFor(key, tuple(names)) for key, names in LONG.items())
    return world([replace(made, tool=replace(made.tool, ask=forms))])


# --- prompts ----------------------------------------------------------------------------------------------------------

PROMPT = Prompt(
    "greet", "Greet", "",
    (
        PromptArgument("who", "Who", "Whom to greet", required=True),
        PromptArgument("tone", required=True, completion=Completion(("warm", "cool"))),
        PromptArgument("note"),
    ),
    (PromptMessage("user", "text", "Greet {{who}}, {{tone}}ly{{note}}"),),
    ask=True,
)  # fmt: skip


async def test_a_prompt_asks_for_what_it_lacks() -> None:
    person = Person(world([], Plan(offer=Offer(prompts=(PROMPT,)))).rt, "prompts/get")
    questions, state = asked(await person.call("greet", {"tone": "warm"}))
    schema = questions["arguments"]["requestedSchema"]
    assert schema["required"] == ["who"]
    assert schema["properties"] == {
        "who": {"type": "string", "title": "Who", "description": "Whom to greet"},
        "note": {"type": "string"},
    }
    answer = await person.call("greet", {"tone": "warm"}, {"arguments": accept(who="Ann")}, state)
    assert answer.result["messages"][0]["content"]["text"] == "Greet Ann, warmly"
    assert (await person.call("greet", {"tone": "cool"}, {"arguments": accept(who="Ann")}, state)).message == INVALID


async def test_a_prompt_whose_client_cannot_ask_is_refused_as_before() -> None:
    rt = world([], Plan(offer=Offer(prompts=(PROMPT,)))).rt
    answer = await Agent(rt).ask("prompts/get", {"name": "greet", "arguments": {}})
    assert answer.code == -32602
    assert "'who' is missing" in answer.message


# --- whatever a client may send ---------------------------------------------------------------------------------------

NUMBERS = st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False, allow_infinity=False)
JSON = st.recursive(
    st.none() | st.booleans() | NUMBERS | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
ANSWER = st.fixed_dictionaries(
    {"action": st.sampled_from(["accept", "decline", "cancel"]) | JSON}, optional={"content": JSON}
)


@settings(max_examples=150, deadline=None)
@given(
    answers=st.dictionaries(st.sampled_from(["who", "where", "approval"]), ANSWER | JSON) | JSON,
    state=st.none() | st.just("good") | JSON,
)
def test_no_answer_and_no_state_makes_the_gateway_fail(answers: Json, state: Json) -> None:
    gw = made_once()

    async def tried() -> None:
        person = Person(gw.rt)
        _, opened = asked(await person.call("book", {}))
        answer = await person.call("book", {}, answers, opened if state == "good" else state)
        assert answer.status in {200, 400}
        told = gw.records[-1].verdict
        assert told in {"input_required", "cannot_ask", "bad_answer", "bad_state", "invalid_params"}, told

    asyncio.run(tried())
