"""Asking while the call waits, as the sessions of older clients do."""

import asyncio
from dataclasses import dataclass, field, replace

import pytest

from bridge.model import Agent, AskFor, Call, CannotAsk, Door, Json, Outcome, Question
from bridge.pipeline.policy import Approvals
from bridge.pipeline.run import run
from tests.kit.person import accept
from tests.kit.runtime import Plan, World, endpoint, world

SCHEMA: Json = {
    "type": "object",
    "properties": {"a": {"type": "string"}, "b": {"type": "string"}},
    "required": ["a", "b"],
}


@dataclass(slots=True)
class Client:
    """Gives its answers in their order; an exception is raised."""

    answers: list[Json | Exception]
    asked: list[Question] = field(default_factory=list)
    takes: float = 0.0

    async def ask(self, question: Question) -> Json:
        self.asked.append(question)
        await asyncio.sleep(self.takes)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def shop(*, confirm: bool = False, ttl: float = 900) -> World:
    made = endpoint("one", "POST", schema=SCHEMA, confirm=confirm)
    assert made.tool is not None
    tool = replace(made.tool, ask=(AskFor("first", ("a",)), AskFor("second", ("b",))))
    return world([replace(made, tool=tool)], Plan(approvals=Approvals(ttl=ttl)))


async def called(shown: World, client: Client, given: Json, *, seconds: float = 30.0) -> tuple[Outcome, Call]:
    one = shown.rt.toolsets[""].endpoints["one"]
    loop = asyncio.get_running_loop()
    call = Call(
        "c1", Door.MCP, "POST", "/one", 0.0, 0.0, loop.time() + seconds, endpoint=one, route=one.route,
        arguments=given, tool="one", agent=Agent(elicits=True, ask=client.ask),
    )  # fmt: skip
    return await run(shown.rt, call), call


async def test_what_is_missing_is_asked_for_form_by_form() -> None:
    shown, client = shop(), Client([accept(a="x"), accept(b="y")])
    outcome, call = await called(shown, client, {})
    assert outcome.refusal is None
    assert [list(question.schema["properties"]) for question in client.asked] == [["a"], ["b"]]
    assert call.arguments == {"a": "x", "b": "y"}


async def test_an_answer_that_does_not_fit_is_asked_for_again_but_not_for_ever() -> None:
    shown, client = shop(), Client([{"action": "accept"}, 17, accept(a=5), accept(a="x")])
    outcome, _ = await called(shown, client, {"b": "y"})
    assert isinstance(outcome.refusal, CannotAsk)
    assert len(client.asked) == 3
    client = Client([{"action": "accept"}, 17, accept(a="x")])
    assert (await called(shown, client, {"b": "y"}))[0].refusal is None


async def test_consent_is_asked_for_after_the_arguments_and_shows_them() -> None:
    shown, client = shop(confirm=True), Client([accept(a="x"), accept(b="y"), accept()])
    assert (await called(shown, client, {}))[0].refusal is None
    assert 'a: "x"' in client.asked[-1].message
    assert len(shown.upstream.sent) == 1


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ({"action": "decline"}, "approval_denied"),
        ({"action": "cancel"}, "approval_denied"),
        (CannotAsk("nobody is there"), "cannot_ask"),
    ],
)
async def test_without_consent_nothing_is_sent(answer: Json, code: str) -> None:
    shown = shop(confirm=True)
    outcome, _ = await called(shown, Client([answer]), {"a": "x", "b": "y"})
    assert outcome.refusal is not None
    assert outcome.refusal.code == code
    assert not shown.upstream.sent


async def test_nonsense_is_no_consent() -> None:
    shown = shop(confirm=True)
    outcome, _ = await called(shown, Client([None, {"action": "yes"}, []]), {"a": "x", "b": "y"})
    assert isinstance(outcome.refusal, CannotAsk)
    assert not shown.upstream.sent


async def test_a_persons_time_is_not_the_calls() -> None:
    shown, client = shop(), Client([accept(a="x")], takes=0.1)
    began = asyncio.get_running_loop().time()
    outcome, call = await called(shown, client, {"b": "y"}, seconds=0.05)
    assert outcome.refusal is None
    assert shown.upstream.sent[0].deadline == call.deadline >= began + 0.05 + 0.09


async def test_a_person_who_never_answers_ends_the_wait() -> None:
    outcome, _ = await called(shop(ttl=0.01), Client([accept(a="x")], takes=5), {"b": "y"})
    assert isinstance(outcome.refusal, CannotAsk)
    assert "in time" in outcome.refusal.message
