"""What the gateway reads beside what its caller asked for: nobody approves that, and it uses up no approval."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import orjson
import pytest

from bridge.ingress.asgi import Message as Sent
from bridge.ingress.mcp.exchange import Sender, new_call
from bridge.ingress.mcp.news import Watched
from bridge.model import Endpoint, Json, Prompt, PromptArgument, PromptMessage, Resource
from bridge.pipeline.addresses import Locator
from bridge.pipeline.cases import Case, Decision, cases, decide
from bridge.pipeline.complete import Compiled
from bridge.pipeline.policy import Approvals
from bridge.pipeline.runtime import Holder, McpDoor
from bridge.pipeline.toolset import Offer
from tests.kit.agent import META, Agent, Answer, Connection
from tests.kit.person import ASKS
from tests.kit.runtime import NOTHING, Plan, World, endpoint, world
from tests.kit.session import Client
from tests.kit.upstream import plays

OPEN, GUARDED = "shop://open", "shop://guarded"
POLL = 0.02


def shop(*, guarded: bool = True) -> World:
    made = (endpoint("open"), endpoint("guarded", confirm=guarded))
    suggest = {("prompt", "embed", "x"): Compiled(endpoint=("orders", "guarded"), pick=lambda answer: ["one"])}
    argument = PromptArgument("x")
    prompts = tuple(
        Prompt(name, name, "", (argument,), (PromptMessage("user", "resource", uri=uri),))
        for name, uri in (("embed", GUARDED), ("harmless", OPEN))
    )
    plan = Plan(offer=offered(made, prompts, suggest), mcp=McpDoor(poll=POLL), approvals=Approvals(pending=3))
    return world(made, plan)


def offered(
    made: tuple[Endpoint, ...], prompts: tuple[Prompt, ...], suggest: dict[tuple[str, str, str], Compiled]
) -> Offer:
    resources = [Resource(f"shop://{one.operation.id}", "r", "", "", "orders", one.operation.id) for one in made]
    return Offer(
        resources=tuple(resources),
        readable={("orders", one.operation.id): one for one in made},
        locator=Locator([(one, NOTHING) for one in resources]),
        prompts=prompts,
        suggest=suggest,
    )


async def kept(shown: World) -> list[Case]:
    assert shown.rt.shared is not None
    return await cases(shown.rt.shared.store)


async def read(shown: World, uri: str = GUARDED) -> Answer:
    return await Agent(shown.rt).ask("resources/read", {"uri": uri}, mcp_name=uri)


@dataclass(slots=True)
class Stream(Connection):
    told: asyncio.Event = field(default_factory=asyncio.Event)

    async def send(self, message: Sent) -> None:
        await Connection.send(self, message)
        if message.get("body"):
            self.told.set()


@asynccontextmanager
async def listening(shown: World, *uris: str) -> AsyncIterator[Connection]:
    agent = Agent(shown.rt)
    message = agent.message("subscriptions/listen", {"notifications": {"resourceSubscriptions": list(uris)}})
    connection = Stream(orjson.dumps(message))
    async with asyncio.TaskGroup() as tasks:
        stream = tasks.create_task(agent.serve(connection, agent.mirrored(message)))
        await connection.told.wait()
        yield connection
        connection.leave.set()
        await asyncio.wait([stream])


def acknowledged(connection: Connection) -> Json:
    event = connection.answer().body.decode().partition("data: ")[2]
    return orjson.loads(event.partition("\n\n")[0])["params"]["notifications"]


async def test_what_needs_approval_is_not_watched_and_its_permission_waits_for_the_agent() -> None:
    shown = shop()
    async with listening(shown, OPEN, GUARDED) as connection:
        assert acknowledged(connection) == {"resourceSubscriptions": [OPEN]}
        assert "approval" in (await read(shown)).message
        (case,) = await kept(shown)
        assert shown.rt.shared is not None
        decision = Decision("approve", "ann", "", case.approval.created)
        await decide(shown.rt.shared.store, case.approval, decision, 60)
        await asyncio.sleep(5 * POLL)
        assert {wire.target for wire in shown.upstream.wires} == {"/open"}
        assert (await read(shown)).result["contents"]


async def test_a_look_for_news_opens_no_case_even_where_approval_came_to_be_needed_later() -> None:
    shown = shop()
    watched = Watched(new_call(Sender("192.0.2.7"), ""), "")
    watched.want([GUARDED])
    assert not await watched.changed(Holder(shown.rt))
    assert shown.records[-1].verdict == "approval_required"
    assert not await kept(shown)
    assert not shown.upstream.sent


@pytest.mark.parametrize("meta", [META, ASKS])
async def test_keystrokes_open_no_case_and_take_no_place(meta: Json) -> None:
    shown = shop()
    for typed in "abcdefgh":
        ref = {"type": "ref/prompt", "name": "embed"}
        params = {"ref": ref, "argument": {"name": "x", "value": typed}, "_meta": meta}
        answer = await Agent(shown.rt).ask("completion/complete", params)
        assert answer.result["completion"]["values"] == []
    assert not await kept(shown)
    assert not shown.upstream.sent


@pytest.mark.parametrize("meta", [META, ASKS])
async def test_a_prompt_that_embeds_what_needs_approval_says_what_to_read(meta: Json) -> None:
    shown = shop()
    answer = await Agent(shown.rt).ask("prompts/get", {"name": "embed", "_meta": meta})
    assert (answer.code, shown.records[-1].verdict) == (-32603, "approval_required")
    assert GUARDED in answer.message
    assert not await kept(shown)
    assert (await Agent(shown.rt).ask("prompts/get", {"name": "harmless", "_meta": meta})).result["messages"]


async def test_a_prompt_names_the_first_of_very_many_strange_arguments() -> None:
    given = {f"n{number:04}": "x" for number in range(5_000)}
    answer = await Agent(shop().rt).ask("prompts/get", {"name": "harmless", "arguments": given})
    assert "'n0009' is not known, nor are 4990 more" in answer.message
    assert len(answer.body) < 1_000
    one = await Agent(shop().rt).ask("prompts/get", {"name": "harmless", "arguments": {"n": "x"}})
    assert one.message.endswith("'n' is not known")


async def test_a_session_cannot_subscribe_to_what_needs_approval() -> None:
    shown = shop()
    shown.upstream.scripts[:] = [plays(b"{}")] * 10
    client = await Client(Holder(shown.rt)).begin()
    refused = await client.ask("resources/subscribe", {"uri": GUARDED})
    assert refused.code == -32603
    assert "cannot be subscribed to" in refused.message
    assert (await client.ask("resources/subscribe", {"uri": OPEN})).result == {}
    assert (await client.ask("resources/unsubscribe", {"uri": GUARDED})).result == {}
    assert not await kept(shown)
