"""2024-11-05's HTTP+SSE: a stream at one replica, POSTs at another."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

import orjson
import pytest

from bridge.ingress.traffic import Traffic
from bridge.model import Json
from bridge.pipeline.runtime import Holder, Limits, McpDoor, Rate
from bridge.state.base import Shared
from tests.kit import mcp_schema
from tests.kit.agent import BOTH, Answer
from tests.kit.runtime import Badge, Plan, World, endpoint, memory, world
from tests.kit.session import ELICITS, Exchange, scope
from tests.kit.upstream import Played

DOOR = McpDoor(sse=True)
HEADERS = {"host": "gw.test", "accept": "text/event-stream", "content-type": "application/json"}
CALL: Json = {"name": "a"}


@dataclass(slots=True)
class Gateway:
    """Two replicas; streams are opened at the first, messages are posted to the second."""

    streams: World
    posts: World
    shared: Shared

    @asynccontextmanager
    async def stream(self, path: str = "/mcp/sse") -> AsyncIterator["Conversation"]:
        exchange = Exchange()
        made = scope("GET", path, HEADERS)
        serving = asyncio.create_task(Traffic(Holder(self.streams.rt))(made, exchange.receive, exchange.send))
        try:
            async with asyncio.timeout(5):
                first = await exchange.next()
                assert first.name == "endpoint"
                yield Conversation(self, exchange, first.data)
        finally:
            exchange.leave.set()
            await asyncio.wait_for(serving, 5)

    async def send(self, method: str, target: str, message: Json = None, **changed: str) -> Answer:
        path, _, query = target.partition("?")
        exchange = Exchange(orjson.dumps(message))
        made = scope(method, path, {**HEADERS, **changed}, query)
        async with asyncio.timeout(5):
            await Traffic(Holder(self.posts.rt))(made, exchange.receive, exchange.send)
        return exchange.answer


@dataclass(slots=True)
class Conversation:
    gateway: Gateway
    exchange: Exchange
    target: str
    revision: str = "2024-11-05"

    async def post(self, message: Json) -> Answer:
        return await self.gateway.send("POST", self.target, message)

    async def ask(self, method: str, params: Json = None, *, id: Json = 1) -> Json:
        answer = await self.post({"jsonrpc": "2.0", "id": id, "method": method, "params": params or {}})
        assert (answer.status, answer.body) == (202, b"")
        return await self.told(method)

    async def told(self, method: str = "") -> Json:
        event = await self.exchange.next()
        assert event.name == "message"
        if "method" not in event.json:
            mcp_schema.check(event.json, self.revision, method)
        return event.json

    async def begin(self, revision: str = "2024-11-05", capabilities: Json = None) -> Json:
        self.revision = revision
        params = {
            "protocolVersion": revision,
            "capabilities": capabilities or {},
            "clientInfo": {"name": "c", "version": "1"},
        }
        answer = await self.ask("initialize", params)
        assert (await self.post({"jsonrpc": "2.0", "method": "notifications/initialized"})).status == 202
        return answer


def gateway(plan: Plan | None = None) -> Gateway:
    shared = memory()
    plan = replace(plan or Plan(mcp=DOOR), shared=shared)
    sure = endpoint("sure")
    endpoints = [endpoint("a"), replace(sure, operation=replace(sure.operation, confirm=True))]
    return Gateway(world(endpoints, plan), world(endpoints, plan), shared)


@pytest.mark.requirement("legacy.http-sse")
@pytest.mark.parametrize("revision", ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"])
async def test_a_whole_conversation_takes_place(revision: str) -> None:
    async with gateway().stream() as client:
        answer = await client.begin(revision)
        assert answer["result"]["protocolVersion"] == revision
        assert [tool["name"] for tool in (await client.ask("tools/list"))["result"]["tools"]] == ["a", "sure"]
        assert (await client.ask("tools/call", CALL, id="x"))["id"] == "x"
        assert (await client.ask("nope"))["error"]["code"] == -32601


async def test_a_toolset_has_a_stream_of_its_own() -> None:
    made = gateway(Plan(mcp=DOOR, toolsets={"few": ("a",)}))
    async with made.stream("/mcp/few/sse") as client:
        assert client.target.startswith("/mcp/few/messages?session_id=")
        await client.begin()
        assert [tool["name"] for tool in (await client.ask("tools/list"))["result"]["tools"]] == ["a"]
        elsewhere = client.target.replace("/few", "")
        assert (await made.send("POST", elsewhere, {"jsonrpc": "2.0", "id": 1, "method": "ping"})).status == 404


async def test_it_is_off_unless_configured() -> None:
    made = gateway(Plan())
    assert (await made.send("GET", "/mcp/sse")).status == 404
    assert (await made.send("POST", "/mcp/messages?session_id=x", {})).status == 404


async def test_messages_need_a_session_that_is_open() -> None:
    made = gateway()
    ping = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
    for query in (
        "",
        "session_id=",
        "session_id=x",
        "session_id=" + "x" * 32,
        "session_id=a&session_id=b",
        "a=1&" * 500,
    ):
        assert (await made.send("POST", f"/mcp/messages?{query}", ping)).status == 404
    async with made.stream() as client:
        target = client.target
    assert (await made.send("POST", target, ping)).status == 404


async def test_a_session_of_streamable_http_is_none_here_nor_the_other_way_round() -> None:
    made = gateway()
    async with made.stream() as client:
        headers = {"mcp-session-id": client.target.partition("=")[2], "accept": BOTH}
        answer = await made.send("POST", "/mcp", {"jsonrpc": "2.0", "id": 1, "method": "ping"}, **headers)
        assert answer.status == 404


@pytest.mark.parametrize(("headers", "status"), [({"origin": "https://evil.test"}, 403), ({"host": "a b"}, 400)])
async def test_pages_and_names_are_judged_as_at_the_endpoint(headers: dict[str, str], status: int) -> None:
    made = gateway()
    assert (await made.send("GET", "/mcp/sse", **headers)).status == status
    assert (await made.send("POST", "/mcp/messages?session_id=x", {}, **headers)).status == status


async def test_each_path_takes_one_method() -> None:
    made = gateway()
    assert (await made.send("POST", "/mcp/sse", {})).headers["allow"] == "GET"
    assert (await made.send("GET", "/mcp/messages")).headers["allow"] == "POST"
    assert (await made.send("DELETE", "/mcp/sse")).status == 405


async def test_a_stranger_is_challenged_on_both_paths() -> None:
    made = gateway(Plan(mcp=DOOR, authenticator=Badge(None)))
    assert (await made.send("GET", "/mcp/sse")).status == 401
    answer = await made.send("POST", "/mcp/messages?session_id=x", {"jsonrpc": "2.0", "id": 1, "method": "ping"})
    assert (answer.status, answer.headers["www-authenticate"]) == (401, "Bearer")


@pytest.mark.parametrize("body", [[], 7, {"jsonrpc": "2.0", "id": None, "method": "ping"}, {"id": 1}])
async def test_what_is_no_message_is_a_bad_request(body: Json) -> None:
    async with gateway().stream() as client:
        assert (await client.post(body)).status == 400


async def test_a_call_is_cancelled_by_name_and_not_answered() -> None:
    made = gateway()
    made.posts.upstream.scripts[:] = [Played(hold=asyncio.Event())]
    async with made.stream() as client, asyncio.TaskGroup() as tasks:
        await client.begin()
        message = {"jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": CALL}
        tasks.create_task(client.post(message))
        await made.posts.upstream.reached()
        await client.post({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 7}})
        assert (await client.ask("ping", id=8))["id"] == 8
    assert made.posts.upstream.cancelled == 1


async def test_calls_end_with_the_stream() -> None:
    made = gateway()
    made.posts.upstream.scripts[:] = [Played(hold=asyncio.Event())]
    async with asyncio.TaskGroup() as tasks, made.stream() as client:
        await client.begin()
        tasks.create_task(client.post({"jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": CALL}))
        await made.posts.upstream.reached()
    assert made.posts.upstream.cancelled == 1


async def test_a_person_is_asked_on_the_stream() -> None:
    made = gateway()
    async with made.stream() as client, asyncio.TaskGroup() as tasks:
        await client.begin("2025-06-18", ELICITS)
        message = {"jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": {"name": "sure"}}
        tasks.create_task(client.post(message))
        question = await client.told()
        mcp_schema.holds(question, "2025-06-18", "ElicitRequest")
        yes = {"jsonrpc": "2.0", "id": question["id"], "result": {"action": "accept", "content": {}}}
        assert (await client.post(yes)).status == 202
        assert "isError" not in (await client.told("tools/call"))["result"]


async def test_the_stream_tells_of_changed_lists() -> None:
    made = gateway()
    holder = Holder(made.streams.rt)
    exchange = Exchange()
    serving = asyncio.create_task(Traffic(holder)(scope("GET", "/mcp/sse", HEADERS), exchange.receive, exchange.send))
    client = Conversation(made, exchange, (await exchange.next()).data)
    await client.begin()
    other = world([endpoint("c")], Plan(mcp=DOOR, shared=made.shared)).rt
    holder.swap(replace(other, changes=holder.current.changes))
    assert (await client.told())["method"] == "notifications/tools/list_changed"
    exchange.leave.set()
    await asyncio.wait_for(serving, 5)


async def test_a_batch_is_answered_whole_where_the_revision_has_them() -> None:
    async with gateway().stream() as client:
        await client.begin("2025-03-26")
        entries = [{"jsonrpc": "2.0", "id": number, "method": "ping"} for number in (1, 2)]
        assert (await client.post(entries)).status == 202
        assert [entry["id"] for entry in (await client.exchange.next()).json] == [1, 2]


async def test_every_message_is_accounted() -> None:
    made = gateway()
    async with made.stream() as client:
        await client.begin()
        await client.ask("tools/call", CALL)
    assert [record.method for record in made.posts.records] == ["initialize", "notifications", "GET"]
    assert [record.verdict for record in made.streams.records] == ["allowed"]


async def test_limits_refuse_on_the_stream() -> None:
    made = gateway(Plan(mcp=DOOR, limits=Limits(requests=Rate(0.001, 2))))
    async with made.stream() as client:
        await client.begin()
        answer = await client.ask("tools/call", CALL)
        assert answer["result"]["isError"]
