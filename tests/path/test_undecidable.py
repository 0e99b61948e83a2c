"""Calls that need approval, where there is nowhere that somebody could decide about them."""

from dataclasses import replace

from bridge.egress.webhook import Destination, Message
from bridge.pipeline.policy import Approvals
from tests.kit.agent import Agent
from tests.kit.person import Person, accept, asked, text
from tests.kit.runtime import Plan, World, endpoint, world


def undecidable(told: list[tuple[Destination, Message]], *, people: bool = False) -> World:
    there = Destination("https://hooks.test", "/", b"k")
    made = endpoint("drop", "DELETE", "/orders")
    made = replace(made, operation=replace(made.operation, confirm=True))
    policy = Approvals(webhook=there, decidable=False, people=people)
    return world([made], Plan(approvals=policy, post=lambda where, message: told.append((where, message))))


async def test_a_call_that_nobody_can_decide_about_says_so_and_waits_for_nobody() -> None:
    told: list[tuple[Destination, Message]] = []
    shown = undecidable(told)
    for _ in range(2):
        answer = await Agent(shown.rt).ask("tools/call", {"name": "drop", "arguments": {}})
        assert answer.result["isError"]
        assert "this process has no admin port" in text(answer)
        assert "decide approval" not in text(answer)
    assert shown.records[-1].verdict == "approval_required"
    assert shown.rt.shared is not None
    assert not await shown.rt.shared.store.family("waiting")
    assert not told


async def test_a_client_that_can_ask_its_person_is_not_touched_by_that() -> None:
    shown = undecidable([])
    _, state = asked(await Person(shown.rt).call("drop", {}))
    answer = await Person(shown.rt).call("drop", {}, {"approval": accept()}, state)
    assert not answer.result.get("isError")
