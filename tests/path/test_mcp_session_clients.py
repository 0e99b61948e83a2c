"""The protocol's own client with a session: what it makes of our streams, questions and subscriptions."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace

import httpx2
import pytest
from mcp import Client, ClientSession
from mcp.client.sse import sse_client
from mcp.client.streamable_http import streamable_http_client
from mcp.types import ElicitResult

from bridge.ingress.traffic import Traffic
from bridge.model import Endpoint, Json, Resource, Result, Text
from bridge.pipeline.addresses import Locator
from bridge.pipeline.runtime import Holder, McpDoor
from bridge.pipeline.toolset import Offer
from tests.kit.gateway import serving
from tests.kit.runtime import NOTHING, Plan, World, answering, endpoint, memory, world
from tests.kit.upstream import Played, plays

# The client warns that 2026-07-28 has other means for it; these are the revisions before.
pytestmark = pytest.mark.filterwarnings("ignore::mcp.MCPDeprecationWarning")

OFFER = Offer(
    resources=(Resource("api://x", "b", "b", "", "orders", "b"),),
    readable={("orders", "b"): endpoint("b")},
    locator=Locator([(Resource("api://x", "b", "", "", "orders", "b"), NOTHING)]),
)
PLAN = Plan(offer=OFFER, mcp=McpDoor(sse=True, poll=0.02, long=0.05))


def endpoints() -> list[Endpoint]:
    sure = endpoint("sure")
    asks = replace(sure, operation=replace(sure.operation, confirm=True))
    return [answering(one, Result((Text("done"),))) for one in (endpoint("a"), endpoint("b"), asks)]


@dataclass(slots=True)
class Heard:
    """What the client was told, and asked."""

    notices: list[str] = field(default_factory=list)
    questions: list[str] = field(default_factory=list)
    grew: asyncio.Event = field(default_factory=asyncio.Event)

    async def message(self, message: object) -> None:
        method = getattr(getattr(message, "root", message), "method", "")
        self.notices.append(str(method))
        self.grew.set()

    async def question(self, context: object, params: Json) -> ElicitResult:
        self.questions.append(params.message)
        return ElicitResult(action="accept", content={})

    async def until(self, method: str) -> None:
        async with asyncio.timeout(5):
            while method not in self.notices:
                self.grew.clear()
                await self.grew.wait()


@asynccontextmanager
async def streamable(url: str, heard: Heard) -> AsyncIterator[Client]:
    async with httpx2.AsyncClient(timeout=10, trust_env=False) as http:
        transport = streamable_http_client(f"{url}/mcp", http_client=http)
        async with Client(
            transport, mode="legacy", message_handler=heard.message, elicitation_callback=heard.question
        ) as client:
            yield client


@pytest.fixture
def made() -> World:
    return world(endpoints(), replace(PLAN, shared=memory()))


async def test_the_client_is_told_of_changed_lists_and_resources(made: World) -> None:
    holder, heard = Holder(made.rt), Heard()
    async with serving(Traffic(holder)) as url, streamable(url, heard) as client:
        assert client.server_capabilities is not None
        assert client.server_capabilities.resources is not None
        assert client.server_capabilities.resources.subscribe
        await client.subscribe_resource("api://x")
        await made.upstream.reached()
        made.upstream.scripts[:] = [plays(b'{"other":1}')]
        await heard.until("notifications/resources/updated")
        await client.unsubscribe_resource("api://x")
        holder.swap(replace(world([endpoint("c")], replace(PLAN, shared=made.rt.shared)).rt, changes=made.rt.changes))
        await heard.until("notifications/tools/list_changed")
        assert [tool.name for tool in (await client.list_tools()).tools] == ["c"]


async def test_the_client_answers_a_question_while_its_call_waits(made: World) -> None:
    heard = Heard()
    async with serving(Traffic(Holder(made.rt))) as url, streamable(url, heard) as client:
        result = await client.call_tool("sure", {})
    assert not result.is_error
    assert len(heard.questions) == 1
    assert heard.questions[0].startswith("Do you approve")


async def test_an_answer_that_took_long_arrives(made: World) -> None:
    hold = asyncio.Event()
    made.upstream.scripts[:] = [Played(hold=hold)]
    async with (
        serving(Traffic(Holder(made.rt))) as url,
        streamable(url, Heard()) as client,
        asyncio.TaskGroup() as tasks,
    ):
        call = tasks.create_task(client.call_tool("a", {}))
        await made.upstream.reached()
        await asyncio.sleep(0.15)
        hold.set()
    assert not call.result().is_error


async def test_the_client_finds_its_answer_again_after_its_connection_was_cut(made: World) -> None:
    hold = asyncio.Event()
    made.upstream.scripts[:] = [Played(hold=hold)]
    traffic = Cutting(Traffic(Holder(made.rt)))
    async with serving(traffic) as url, streamable(url, Heard()) as client, asyncio.TaskGroup() as tasks:
        call = tasks.create_task(client.call_tool("a", {}))
        await made.upstream.reached()
        await asyncio.wait_for(traffic.cut.wait(), 5)
        hold.set()
        async with asyncio.timeout(10):
            assert not (await call).is_error
    assert len(made.upstream.sent) == 1


class Cutting:
    """Cuts the first stream that answers a call, right after its first event."""

    def __init__(self, app: Traffic) -> None:
        self._app = app
        self.cut = asyncio.Event()

    async def __call__(self, scope: Json, receive: Json, send: Json) -> None:
        streams = False

        async def sending(message: Json) -> None:
            nonlocal streams
            if message["type"] == "http.response.start" and scope["method"] == "POST":
                streams = (b"content-type", b"text/event-stream") in message["headers"]
            elif streams and not self.cut.is_set():
                await send({**message, "more_body": False})
                self.cut.set()
                return
            if not (streams and self.cut.is_set()):
                await send(message)

        await self._app(scope, receive, sending)


async def test_a_call_that_the_client_gives_up_is_cancelled(made: World) -> None:
    made.upstream.scripts[:] = [Played(hold=asyncio.Event())]
    async with serving(Traffic(Holder(made.rt))) as url, streamable(url, Heard()) as client:
        call = asyncio.create_task(client.call_tool("a", {}))
        await made.upstream.reached()
        call.cancel()
        async with asyncio.timeout(5):
            while not made.upstream.cancelled:  # noqa: ASYNC110 - the kit's upstream counts, and tells nobody
                await asyncio.sleep(0.01)


async def test_the_older_client_speaks_over_http_and_sse(made: World) -> None:
    heard, holder = Heard(), Holder(made.rt)
    async with serving(Traffic(holder)) as url, AsyncExitStack() as stack:
        streams = await stack.enter_async_context(sse_client(f"{url}/mcp/sse"))
        session = await stack.enter_async_context(
            ClientSession(streams[0], streams[1], message_handler=heard.message, elicitation_callback=heard.question)
        )
        await session.initialize()
        assert [tool.name for tool in (await session.list_tools()).tools] == ["a", "b", "sure"]
        assert not (await session.call_tool("a", {})).is_error
        assert not (await session.call_tool("sure", {})).is_error
        assert len(heard.questions) == 1
        await session.subscribe_resource("api://x")
        await made.upstream.reached(3)
        made.upstream.scripts[:] = [plays(b'{"other":1}')]
        await heard.until("notifications/resources/updated")
