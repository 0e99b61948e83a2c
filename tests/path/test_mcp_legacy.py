"""The revisions before 2026-07-28, served without sessions."""

import asyncio
from typing import Any

import orjson
import pytest

from bridge.ingress.mcp.endpoint import serve
from bridge.model import Json, Route
from bridge.pipeline.runtime import Legacy, McpDoor
from tests.kit import mcp_schema
from tests.kit.agent import Agent, Answer, Connection, scope
from tests.kit.runtime import Badge, Plan, World, endpoint, world
from tests.kit.upstream import Played, plays

REVISIONS = ["2025-11-25", "2025-06-18", "2025-03-26"]
OUTPUT = {"type": "object"}


def _world(**plan: Any) -> World:
    plan.setdefault("mcp", McpDoor(legacy=Legacy.SESSIONLESS))
    return world([endpoint("a", output=OUTPUT), endpoint("b", "POST", schema={"type": "object"})], Plan(**plan))


@pytest.fixture(params=REVISIONS)
def revision(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.mark.parametrize(
    ("asked", "spoken"),
    [
        *[(name, name) for name in REVISIONS],
        ("2024-11-05", "2024-11-05"),
        ("2026-07-28", "2025-11-25"),
        ("x", "2025-11-25"),
    ],
)
async def test_initialize_agrees_on_the_version_asked_for_or_offers_the_latest(asked: str, spoken: str) -> None:
    made = _world(mcp=McpDoor(version="9", instructions="Be brief.", legacy=Legacy.SESSIONLESS))
    params = {"protocolVersion": asked, "capabilities": {}, "clientInfo": {"name": "c", "version": "1"}}
    answer = await Agent(made.rt, spoken).ask("initialize", params)
    assert answer.status == 200
    assert answer.result == {
        "protocolVersion": spoken,
        "capabilities": {"tools": {}},
        "serverInfo": {"name": "dualbridge", "version": "9"},
        "instructions": "Be brief.",
    }
    assert "mcp-session-id" not in answer.headers


async def test_initialize_must_name_a_version(revision: str) -> None:
    answer = await Agent(_world().rt, revision).ask("initialize", {})
    assert (answer.status, answer.code) == (200, -32602)


async def test_ping_is_answered(revision: str) -> None:
    assert (await Agent(_world().rt, revision).ask("ping")).result == {}


async def test_tools_are_listed_as_the_revision_knows_them(revision: str) -> None:
    listed = (await Agent(_world().rt, revision).ask("tools/list")).result["tools"]
    assert [tool["name"] for tool in listed] == ["a", "b"]
    assert ("outputSchema" in listed[0]) == ("title" in listed[0]) == (revision != "2025-03-26")


async def test_a_call_is_answered_as_the_revision_knows_it(revision: str) -> None:
    made = _world()
    made.upstream.scripts[:] = [plays(b'{"id":7}')]
    result = (await Agent(made.rt, revision).ask("tools/call", {"name": "a"})).result
    assert result["content"] == [{"type": "text", "text": '{"id":7}'}]
    assert result.get("structuredContent") == (None if revision == "2025-03-26" else {"id": 7})


async def test_errors_of_requests_come_with_200(revision: str) -> None:
    agent = Agent(_world().rt, revision)
    for method, params, code in [
        ("nope", {}, -32601),
        ("server/discover", {}, -32601),
        ("tools/call", {"name": "x"}, -32602),
    ]:
        answer = await agent.ask(method, params)
        assert (answer.status, answer.code) == (200, code)


@pytest.mark.parametrize("body", [b"{", b'{"jsonrpc":"2.0","id":null,"method":"ping"}'])
async def test_what_is_no_request_is_a_bad_request(body: bytes, revision: str) -> None:
    agent = Agent(_world().rt, revision)
    answer = await agent.post(body, agent.mirrored(agent.message("ping")))
    assert answer.status == 400
    mcp_schema.check(answer.json, revision)


@pytest.mark.parametrize("method", ["notifications/initialized", "notifications/cancelled", "notifications/own"])
async def test_notifications_are_taken(method: str, revision: str) -> None:
    answer = await Agent(_world().rt, revision).notify(method)
    assert (answer.status, answer.body) == (202, b"")


async def test_a_request_that_names_no_version_speaks_the_oldest() -> None:
    answer = await Agent(_world().rt, "2025-03-26").ask("tools/list", mcp_protocol_version=None)
    assert "title" not in answer.result["tools"][0]


@pytest.mark.parametrize("version", ["2024-10-07", "1900-01-01", "latest", ""])
async def test_a_version_that_is_not_spoken_is_a_bad_request(version: str) -> None:
    answer = await Agent(_world().rt, "2025-11-25").ask("tools/list", mcp_protocol_version=version)
    assert (answer.status, answer.code) == (400, -32022)


async def test_routing_headers_and_sessions_mean_nothing_here(revision: str) -> None:
    answer = await Agent(_world().rt, revision).ask("ping", mcp_method="tools/call", mcp_session_id="gone")
    assert answer.status == 200


@pytest.mark.parametrize("accept", [None, "*/*", "application/json"])
async def test_clients_that_do_not_ask_for_streams_are_served(accept: str | None, revision: str) -> None:
    assert (await Agent(_world().rt, revision).ask("ping", accept=accept)).status == 200


async def test_a_stranger_is_challenged(revision: str) -> None:
    answer = await Agent(_world(authenticator=Badge(None)).rt, revision).ask("tools/list")
    assert (answer.status, answer.headers["www-authenticate"]) == (401, "Bearer")


async def test_a_client_that_leaves_has_not_cancelled() -> None:
    made, hold = _world(), asyncio.Event()
    made.upstream.scripts[:] = [Played(hold=hold)]
    agent = Agent(made.rt, "2025-11-25")
    message = agent.message("tools/call", {"name": "a"})
    connection = Connection(orjson.dumps(message))
    async with asyncio.TaskGroup() as group:
        group.create_task(agent.serve(connection, agent.mirrored(message)))
        await made.upstream.reached()
        connection.leave.set()
        await asyncio.sleep(0.01)
        hold.set()
    assert made.upstream.cancelled == 0
    assert [record.verdict for record in made.records] == ["allowed"]


# --- batches, which 2025-03-26 alone has ------------------------------------------------------------------------------


async def _batch(agent: Agent, entries: Json, **headers: str | None) -> Answer:
    return await agent.post(orjson.dumps(entries), agent.mirrored(agent.message("ping")), **headers)


def _request(id: Json, method: str = "ping", **params: Json) -> Json:
    return {"jsonrpc": "2.0", "id": id, "method": method, "params": params}


@pytest.mark.parametrize("version", ["2025-03-26", None])
async def test_each_entry_of_a_batch_is_answered_by_its_id(version: str | None) -> None:
    made = _world()
    agent = Agent(made.rt, "2025-03-26")
    entries = [
        _request(1, "tools/call", name="a"),
        {"jsonrpc": "2.0", "method": "notifications/x"},
        _request("two", "nope"),
        _request(3),
    ]
    answer = await _batch(agent, entries, mcp_protocol_version=version)
    assert answer.status == 200
    by_id = {entry["id"]: entry for entry in answer.json}
    assert set(by_id) == {1, "two", 3}
    for number, method in ((1, "tools/call"), ("two", ""), (3, "ping")):
        mcp_schema.check(by_id[number], "2025-03-26", method)
    assert by_id["two"]["error"]["code"] == -32601
    assert len(made.records) == 4


async def test_entries_of_a_batch_do_not_wait_for_each_other() -> None:
    made, hold = _world(), asyncio.Event()
    made.upstream.scripts[:] = [Played(hold=hold)]
    agent = Agent(made.rt, "2025-03-26")
    async with asyncio.TaskGroup() as group:
        batch = group.create_task(_batch(agent, [_request(number, "tools/call", name="a") for number in range(5)]))
        await made.upstream.reached(5)
        hold.set()
    assert len(batch.result().json) == 5


async def test_no_more_than_eight_of_a_batch_run_at_a_time() -> None:
    made, hold = _world(), asyncio.Event()
    made.upstream.scripts[:] = [Played(hold=hold)]
    agent = Agent(made.rt, "2025-03-26")
    async with asyncio.TaskGroup() as group:
        batch = group.create_task(_batch(agent, [_request(number, "tools/call", name="a") for number in range(20)]))
        await made.upstream.reached(8)
        await asyncio.sleep(0.02)
        assert len(made.upstream.sent) == 8
        hold.set()
    assert [entry["id"] for entry in batch.result().json] == list(range(20))


async def test_a_batch_whose_client_leaves_is_cancelled_and_all_of_it_accounted() -> None:
    made = _world()
    made.upstream.scripts[:] = [Played(hold=asyncio.Event())]
    entries = [_request(number, "tools/call", name="a") for number in range(10)]
    connection = Connection(orjson.dumps(entries))
    headers = [("host", "localhost"), ("content-type", "application/json"), ("accept", "application/json")]
    serving = asyncio.create_task(serve(made.rt, scope(headers), connection.receive, connection.send, ""))
    await made.upstream.reached(8)
    connection.leave.set()
    async with asyncio.timeout(2):
        await serving
    assert (made.upstream.cancelled, len(made.upstream.sent), made.rt.leases.in_flight()) == (8, 8, 0)
    assert [(record.verdict, record.gone) for record in made.records] == [("client_gone", True)] * 10


async def test_a_batch_of_notifications_has_no_answer() -> None:
    answer = await _batch(Agent(_world().rt, "2025-03-26"), [{"jsonrpc": "2.0", "method": "notifications/x"}] * 3)
    assert (answer.status, answer.body) == (202, b"")


@pytest.mark.parametrize(
    "spoilt",
    [
        [7],
        [{"jsonrpc": "2.0", "id": None, "method": "ping"}],
        [_request(1)],
        [_request(2, "initialize", protocolVersion="2025-03-26")],
        [{"jsonrpc": "2.0", "id": 9, "result": {}}],
        [[_request(2)]],
        [_request(number) for number in range(2, 60)],
    ],
)
async def test_nothing_of_a_spoilt_batch_is_carried_out(spoilt: list[Json]) -> None:
    made = _world()
    answer = await _batch(Agent(made.rt, "2025-03-26"), [_request(1, "tools/call", name="a"), *spoilt])
    assert (answer.status, answer.code) == (400, -32600)
    assert made.upstream.wires == []


async def test_an_empty_batch_is_a_bad_request() -> None:
    assert (await _batch(Agent(_world().rt, "2025-03-26"), [])).status == 400


@pytest.mark.parametrize("later", ["2025-06-18", "2025-11-25"])
async def test_later_revisions_have_no_batches(later: str) -> None:
    made = _world()
    answer = await _batch(Agent(made.rt, later), [_request(1, "tools/call", name="a")])
    assert (answer.status, answer.code) == (400, -32600)
    assert made.upstream.wires == []


async def test_one_challenge_answers_a_whole_batch() -> None:
    answer = await _batch(Agent(_world(authenticator=Badge(None)).rt, "2025-03-26"), [_request(1), _request(2)])
    assert (answer.status, answer.headers["www-authenticate"]) == (401, "Bearer")
    assert [entry["error"]["code"] for entry in answer.json] == [-32600, -32600]


async def test_a_call_without_an_address_is_told_so(revision: str) -> None:
    made = world([endpoint("lost", route=Route("orders", "", None, ()))])
    answer = await Agent(made.rt, revision).ask("tools/call", {"name": "lost"})
    assert answer.result["isError"] is True
    assert "no upstream address" in answer.result["content"][0]["text"]
