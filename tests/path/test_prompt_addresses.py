"""Addresses that a prompt's arguments are put into."""

from bridge.model import Prompt, PromptArgument, PromptMessage
from bridge.pipeline.toolset import Offer
from tests.kit.agent import Agent
from tests.kit.runtime import Plan, world

PROMPT = Prompt(
    "about", "About", "", (PromptArgument("id"), PromptArgument("tone")),
    (PromptMessage("user", "text", "Be {{tone}}."), PromptMessage("user", "resource", uri="shop://orders/{{id}}")),
)  # fmt: skip


async def test_an_optional_argument_that_an_address_needs_is_missing_where_it_is_left_out() -> None:
    rt = world([], Plan(offer=Offer(prompts=(PROMPT,)))).rt
    left_out = await Agent(rt).ask("prompts/get", {"name": "about", "arguments": {}})
    assert (left_out.code, left_out.message) == (-32602, "arguments of 'about': 'id' is missing")
    given = await Agent(rt).ask("prompts/get", {"name": "about", "arguments": {"id": "7"}})
    assert "shop://orders/7" in given.body.decode()
