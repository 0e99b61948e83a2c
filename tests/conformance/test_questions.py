"""2026-07-28: results that ask for input, and the requests that bring it."""

import pytest

from bridge.model import Json
from tests.conformance.wire import Wire

GREET = {"name": "test_input_required_result_elicitation"}
ROUNDS = {"name": "test_input_required_result_multi_round"}
DELETE: Json = {"name": "test_confirmed_deletion", "arguments": {"id": 7}}
NAME = {"user_name": {"action": "accept", "content": {"name": "Ada"}}}


async def call(person: Wire, params: Json, asked: Json = None, answers: Json = None, *, id: Json = 1) -> Json:
    """The same request again, with the state of what was `asked` and with `answers`."""
    more = {} if asked is None else {"requestState": asked["requestState"]}
    given = {} if answers is None else {"inputResponses": answers}
    return await person.result("tools/call", {**params, **more, **given}, id=id)


def yes(asked: Json) -> Json:
    """Consent, in whatever the form has."""
    ((key, question),) = asked["inputRequests"].items()
    wanted = question["params"]["requestedSchema"]["properties"]
    return {key: {"action": "accept", "content": {name: _yes(schema) for name, schema in wanted.items()}}}


def _yes(schema: Json) -> Json:
    return True if schema["type"] == "boolean" else schema["enum"][0]


@pytest.mark.requirement("modern.questions.form", "modern.cache.questions")
async def test_what_is_missing_is_asked_for_in_a_form(person: Wire) -> None:
    asked = await call(person, GREET)
    assert asked["resultType"] == "input_required"
    assert not {"ttlMs", "cacheScope", "content"} & asked.keys()
    ((key, question),) = asked["inputRequests"].items()
    assert (key, question["method"]) == ("user_name", "elicitation/create")
    assert question["params"]["message"] == "What is your name?"
    assert question["params"]["requestedSchema"]["required"] == ["name"]
    assert isinstance(asked["requestState"], str)


@pytest.mark.requirement("modern.questions.retry")
async def test_the_request_with_the_answers_is_carried_out(person: Wire) -> None:
    asked = await call(person, GREET)
    done = await call(person, GREET, asked, NAME, id=2)
    assert done["resultType"] == "complete"
    assert "Hello, Ada!" in done["content"][0]["text"]


@pytest.mark.requirement("modern.questions.rounds")
async def test_one_round_follows_another(person: Wire) -> None:
    first = await call(person, ROUNDS)
    assert list(first["inputRequests"]) == ["step1"]
    second = await call(person, ROUNDS, first, {"step1": {"action": "accept", "content": {"name": "Ada"}}})
    assert list(second["inputRequests"]) == ["step2"]
    assert second["requestState"] != first["requestState"]
    done = await call(person, ROUNDS, second, {"step2": {"action": "accept", "content": {"color": "blue"}}})
    assert done["structuredContent"] == {"received": {"name": "Ada", "color": "blue"}}


@pytest.mark.requirement("modern.questions.again")
@pytest.mark.parametrize(
    "answers",
    [None, {}, {"wrong": NAME["user_name"]}, {"user_name": {"action": "accept", "content": {}}}],
)
async def test_what_was_not_answered_is_asked_for_again(person: Wire, answers: Json) -> None:
    asked = await call(person, GREET)
    again = await call(person, GREET, asked, answers)
    assert (again["resultType"], list(again["inputRequests"])) == ("input_required", ["user_name"])


@pytest.mark.requirement("modern.questions.again")
@pytest.mark.parametrize("answers", [{"user_name": 12345}, {"user_name": {"action": "accept", "content": {"name": 7}}}])
async def test_an_answer_that_makes_no_sense_is_not_taken(person: Wire, answers: Json) -> None:
    answer = await person.ask("tools/call", {**GREET, "inputResponses": answers})
    assert "error" in answer.json() or answer.json()["result"]["resultType"] == "input_required"


@pytest.mark.requirement("modern.questions.again")
@pytest.mark.parametrize("action", ["decline", "cancel"])
async def test_who_does_not_answer_stops_the_call(person: Wire, action: str) -> None:
    asked = await call(person, GREET)
    ended = await call(person, GREET, asked, {"user_name": {"action": action}})
    assert ended["isError"] is True


@pytest.mark.requirement("modern.questions.extra")
async def test_answers_that_nobody_asked_for_are_ignored(person: Wire) -> None:
    asked = await call(person, GREET)
    extra = {"other": {"action": "accept", "content": {"name": "Eve"}}}
    assert "Ada" in (await call(person, GREET, asked, NAME | extra))["content"][0]["text"]


@pytest.mark.requirement("modern.questions.declared")
@pytest.mark.parametrize("capabilities", [{}, {"sampling": {}}, {"elicitation": {"url": {}}}])
async def test_a_client_that_cannot_ask_gets_no_questions(client: Wire, capabilities: Json) -> None:
    unable = Wire(client.url, client.http, capabilities=capabilities)
    for params in (GREET, DELETE):
        answer = (await unable.ask("tools/call", params)).json()
        assert "inputRequests" not in answer.get("result", {})
        assert "error" in answer or answer["result"]["isError"] is True


@pytest.mark.requirement("modern.questions.methods")
async def test_prompts_ask_and_lists_do_not(person: Wire) -> None:
    params = {"name": "test_input_required_result_prompt"}
    asked = await person.result("prompts/get", params)
    assert asked["resultType"] == "input_required"
    ((key, _),) = asked["inputRequests"].items()
    answers = {key: {"action": "accept", "content": {"context": "tea"}}}
    more = {"inputResponses": answers, "requestState": asked["requestState"]}
    (message,) = (await person.result("prompts/get", {**params, **more}))["messages"]
    assert message["content"]["text"] == "Use this context: tea"
    for method in ("tools/list", "prompts/list", "resources/list", "server/discover"):
        assert (await person.result(method))["resultType"] == "complete"


# --- consent ----------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("modern.questions.retry")
async def test_consent_is_asked_for_with_the_very_call(person: Wire) -> None:
    asked = await call(person, DELETE)
    ((_, question),) = asked["inputRequests"].items()
    assert "7" in question["params"]["message"]
    done = await call(person, DELETE, asked, yes(asked))
    assert (done["resultType"], done.get("isError", False)) == ("complete", False)


@pytest.mark.requirement("modern.questions.sealed")
@pytest.mark.parametrize("spoil", ["longer", "shorter", "another", "empty"])
async def test_a_state_that_was_changed_is_refused(person: Wire, spoil: str) -> None:
    asked = await call(person, DELETE)
    state = asked["requestState"]
    middle = len(state) // 2
    flipped = state[:middle] + ("A" if state[middle] != "A" else "B") + state[middle + 1 :]
    spoilt = {"longer": f"{state}-TAMPERED", "shorter": state[:-4], "another": flipped, "empty": ""}[spoil]
    answer = await person.ask("tools/call", {**DELETE, "requestState": spoilt, "inputResponses": yes(asked)})
    assert answer.json()["error"]["code"] == -32602


@pytest.mark.requirement("modern.questions.bound")
@pytest.mark.parametrize("changed", [{**DELETE, "arguments": {"id": 8}}, {**GREET, "arguments": {}}])
async def test_consent_to_one_call_is_none_to_another(person: Wire, changed: Json) -> None:
    asked = await call(person, DELETE)
    params = {**changed, "requestState": asked["requestState"], "inputResponses": yes(asked)}
    answer = (await person.ask("tools/call", params)).json()
    assert "error" in answer or answer["result"]["resultType"] == "input_required" or answer["result"]["isError"]


@pytest.mark.requirement("modern.questions.bound")
async def test_consent_is_used_once(person: Wire) -> None:
    asked = await call(person, DELETE)
    assert not (await call(person, DELETE, asked, yes(asked))).get("isError", False)
    params = {**DELETE, "requestState": asked["requestState"], "inputResponses": yes(asked)}
    answer = (await person.ask("tools/call", params)).json()
    assert "error" in answer or answer["result"]["resultType"] == "input_required" or answer["result"]["isError"]
