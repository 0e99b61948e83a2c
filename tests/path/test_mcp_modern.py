"""Revision 2026-07-28, from bytes to bytes."""

import asyncio
from collections.abc import Mapping
from typing import Any

import orjson
import pytest

from bridge.ingress.asgi import Message
from bridge.ingress.mcp import cursor
from bridge.ingress.mcp.endpoint import serve
from bridge.model import BadArguments, Grant, Result, Text
from bridge.pipeline.runtime import Limits, McpDoor, Rate
from tests.kit import mcp_schema
from tests.kit.agent import META, MODERN, NONE, Agent, Connection, scope
from tests.kit.runtime import Badge, Plan, World, answering, endpoint, world
from tests.kit.upstream import Played, plays

ORDER = {"type": "object", "required": ["sku"], "properties": {"sku": {"type": "string"}}}
REGION = {"type": "object", "properties": {"region": {"type": "string", "x-mcp-header": "Region"}}}


def _world(**plan: Any) -> World:
    made = [
        endpoint("listOrders", path="/orders"),
        endpoint("createOrder", "POST", "/orders", schema=ORDER),
        endpoint("search", "POST", schema=REGION),
    ]
    return world(made, Plan(**plan))


async def test_discover_says_what_is_spoken_and_declares_only_what_is_served() -> None:
    answer = await Agent(_world(mcp=McpDoor(version="9", instructions="Be brief.")).rt).ask("server/discover")
    assert answer.status == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.result["supportedVersions"][0] == MODERN
    assert answer.result["capabilities"] == {"tools": {"listChanged": True}}
    assert answer.result["instructions"] == "Be brief."
    assert answer.result["cacheScope"] == "private"
    assert answer.result["_meta"]["io.modelcontextprotocol/serverInfo"] == {"name": "dualbridge", "version": "9"}


async def test_a_call_goes_upstream_once_and_its_answer_comes_back_as_it_was() -> None:
    made = _world()
    made.upstream.scripts[:] = [plays(b'{"id": 7, "price": 1.10}')]
    answer = await Agent(made.rt).ask("tools/call", {"name": "createOrder", "arguments": {"sku": "x"}}, id="call-1")
    assert answer.status == 200
    assert answer.json["id"] == "call-1"
    assert answer.result["resultType"] == "complete"
    assert answer.result["structuredContent"] == {"id": 7, "price": 1.10}
    assert b'"structuredContent":{"id": 7, "price": 1.10}' in answer.body
    assert [(wire.method, wire.target, wire.body) for wire in made.upstream.wires] == [
        ("POST", "/orders", b'{"sku":"x"}')
    ]
    assert made.upstream.open == 0


async def test_a_call_without_arguments_has_none() -> None:
    made = _world()
    assert (await Agent(made.rt).ask("tools/call", {"name": "listOrders"})).status == 200
    assert len(made.upstream.wires) == 1


async def test_an_upstream_failure_is_a_result_that_the_model_reads() -> None:
    made = _world()
    made.upstream.scripts[:] = [plays(b'{"error": "out of stock"}', status=409)]
    answer = await Agent(made.rt).ask("tools/call", {"name": "listOrders"})
    assert answer.status == 200
    assert answer.result["isError"] is True


async def test_bad_arguments_are_a_result_that_names_them_and_nothing_is_sent() -> None:
    made = _world()
    answer = await Agent(made.rt).ask("tools/call", {"name": "createOrder"})
    assert (answer.status, answer.result["isError"]) == (200, True)
    assert answer.result["content"] == [{"type": "text", "text": "missing: sku"}]
    assert made.upstream.wires == []


async def test_an_operation_that_wants_consent_is_refused_in_words() -> None:
    made = world([endpoint("pay", "POST", confirm=True)])
    answer = await Agent(made.rt).ask("tools/call", {"name": "pay"})
    assert answer.result["isError"] is True
    assert "approval" in answer.result["content"][0]["text"]


@pytest.mark.parametrize("name", ["nope", "__proto__", "", "a/../b", "x" * 10_000, "{user.__class__}", "\U0001f600"])
async def test_an_unknown_tool_is_a_protocol_error(name: str) -> None:
    made = _world()
    mirrored = name if name.isascii() else "=?base64?8J+YgA==?="
    answer = await Agent(made.rt).ask("tools/call", {"name": name}, mcp_name=mirrored)
    assert (answer.status, answer.code) == (400, -32602)
    assert len(answer.body) < 500


@pytest.mark.parametrize("params", [{}, {"name": 7}, {"name": None}, {"name": "listOrders", "arguments": [1]}])
async def test_a_call_that_is_not_made_like_one_is_a_protocol_error(params: dict[str, Any]) -> None:
    headers: Mapping[str, str] = {"mcp_name": "7"} if params.get("name") == 7 else {}
    answer = await Agent(_world().rt).ask("tools/call", params, **headers)
    assert answer.status == 400
    assert answer.code in {-32602, -32020}


@pytest.mark.parametrize(
    "method",
    ["nope", "initialize", "ping", "logging/setLevel", "resources/subscribe", "resources/unsubscribe", "roots/list"],
)
async def test_what_is_not_served_is_not_found(method: str) -> None:
    answer = await Agent(_world().rt).ask(method, {"uri": "x:y"}, mcp_name="x:y")
    assert (answer.status, answer.code) == (404, -32601)


async def test_notifications_are_taken_without_a_body() -> None:
    made = _world()
    answer = await Agent(made.rt).notify("notifications/cancelled", {"requestId": 1})
    assert (answer.status, answer.body) == (202, b"")
    assert [record.method for record in made.records] == ["notifications"]


async def test_a_request_without_an_id_is_not_carried_out() -> None:
    made = _world()
    answer = await Agent(made.rt).notify("tools/call", {"name": "listOrders"})
    assert (answer.status, answer.code) == (400, -32600)
    mcp_schema.check(answer.json, MODERN)
    assert made.upstream.wires == []


@pytest.mark.parametrize(
    ("changed", "status", "code"),
    [
        ({"mcp_protocol_version": None}, 400, -32020),
        ({"mcp_protocol_version": "2025-11-25"}, 400, -32020),
        ({"mcp_method": None}, 400, -32020),
        ({"mcp_method": "tools/list"}, 400, -32020),
        ({"mcp_name": None}, 400, -32020),
        ({"mcp_name": "createOrder"}, 400, -32020),
        ({"mcp_name": "=?base64?!?="}, 400, -32020),
        ({"mcp_name": "=?base64?bGlzdE9yZGVycw==?="}, 200, None),
        ({"mcp_name": "listOrders \t"}, 200, None),
        ({"accept": "application/json"}, 406, -32600),
        ({"content_type": "text/plain"}, 415, -32600),
        ({"origin": "https://evil.example"}, 403, -32600),
        ({"origin": "http://gw.test"}, 200, None),
        ({"mcp_session_id": "s", "last_event_id": "1", "x_unknown": "y"}, 200, None),
    ],
)
async def test_headers_must_say_what_the_body_says(changed: dict[str, str], status: int, code: int | None) -> None:
    made = _world()
    answer = await Agent(made.rt).ask("tools/call", {"name": "listOrders"}, **changed)
    assert (answer.status, answer.json.get("error", {}).get("code")) == (status, code)
    assert len(made.upstream.wires) == (status == 200)
    assert "mcp-session-id" not in answer.headers


async def test_another_version_is_told_which_ones_there_are() -> None:
    meta = {**META, "io.modelcontextprotocol/protocolVersion": "2030-01-01"}
    answer = await Agent(_world().rt).ask("tools/list", {"_meta": meta}, mcp_protocol_version="2030-01-01")
    assert (answer.status, answer.code) == (400, -32022)
    assert answer.json["error"]["data"]["requested"] == "2030-01-01"
    assert MODERN in answer.json["error"]["data"]["supported"]


@pytest.mark.parametrize("missing", list(META))
async def test_required_meta_must_be_there(missing: str) -> None:
    meta = {key: value for key, value in META.items() if key != missing}
    answer = await Agent(_world().rt).ask("tools/list", {"_meta": meta})
    assert (answer.status, answer.code) == (400, -32602)
    assert missing in answer.message


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", -32700),
        (b"{}{}", -32700),
        (b"[]", -32600),
        (b'[{"jsonrpc":"2.0","id":1,"method":"tools/list"}]', -32600),
        (b'{"jsonrpc":"2.0","id":1,"result":{}}', -32600),
        (b'{"jsonrpc":"2.0","id":null,"method":"tools/list"}', -32600),
        (b'{"jsonrpc":"2.0","id":1,"method":"a","method":"tools/list"}', -32600),
        (b'{"a":' * 900 + b"1" + b"}" * 900, -32600),
    ],
)
async def test_what_is_no_message_is_a_bad_request(body: bytes, code: int) -> None:
    agent = Agent(_world().rt)
    answer = await agent.post(body, agent.mirrored(agent.message("tools/list")))
    assert (answer.status, answer.code) == (400, code)
    mcp_schema.check(answer.json, MODERN)


async def test_an_error_echoes_the_id_if_there_was_one() -> None:
    agent = Agent(_world().rt)
    answer = await agent.post(b'{"jsonrpc":"1.0","id":"a","method":"x"}', agent.mirrored(agent.message("x")))
    assert answer.json["id"] == "a"


async def test_a_body_beyond_the_bound_is_too_large_whether_or_not_it_says_so() -> None:
    agent = Agent(_world(mcp=McpDoor(body_bytes=500)).rt)
    headers = agent.mirrored(agent.message("tools/list"))
    for length in (None, "501"):
        answer = await agent.post(b" " * 501, headers, content_length=length)
        assert (answer.status, answer.code) == (413, -32600)


@pytest.mark.parametrize("method", ["GET", "DELETE"])
async def test_only_post_is_served(method: str) -> None:
    connection = Connection(b"")
    await serve(_world().rt, scope([("host", "gw.test")], method), connection.receive, connection.send, "")
    answer = connection.answer()
    assert (answer.status, answer.headers["allow"]) == (405, "POST")


# --- tools/list -------------------------------------------------------------------------------------------------------


async def test_pages_lead_through_the_whole_list_in_order() -> None:
    made = world([endpoint(f"t{number}") for number in range(7)], Plan(page=3))
    agent, names, params = Agent(made.rt), list[str](), dict[str, Any]()
    for _ in range(3):
        result = (await agent.ask("tools/list", params)).result
        assert (result["ttlMs"], result["cacheScope"]) == (60_000, "private")
        names += [tool["name"] for tool in result["tools"]]
        params = {"cursor": result.get("nextCursor")}
    assert names == [f"t{number}" for number in range(7)]
    assert params == {"cursor": None}


async def test_a_cursor_of_another_list_is_invalid() -> None:
    plan = Plan(page=2, toolsets={"few": ("t1",)})
    before, after = (world([endpoint(f"t{number}") for number in range(count)], plan).rt for count in (5, 6))
    given_out = (await Agent(before).ask("tools/list")).result["nextCursor"]
    for agent, given in [(Agent(after), given_out), (Agent(before, toolset="few"), given_out), (Agent(before), "")]:
        answer = await agent.ask("tools/list", {"cursor": given})
        assert (answer.status, answer.code) == (400, -32602)


@pytest.mark.parametrize("start", [1, 3, 6, 999_999_998])
async def test_a_made_up_cursor_that_begins_no_page_is_invalid(start: int) -> None:
    rt = world([endpoint(f"t{number}") for number in range(5)], Plan(page=2)).rt
    tools = rt.toolsets[""].listings["tools"]
    answer = await Agent(rt).ask("tools/list", {"cursor": cursor.write(start, "/tools", tools.digest)})
    assert (answer.status, answer.code) == (400, -32602)
    assert tools.remembered == 0


async def test_a_toolset_lists_and_calls_its_own_tools_only() -> None:
    agent = Agent(_world(toolsets={"read": ("listOrders",)}).rt, toolset="read")
    assert [tool["name"] for tool in (await agent.ask("tools/list")).result["tools"]] == ["listOrders"]
    assert (await agent.ask("tools/call", {"name": "listOrders"})).status == 200
    assert (await agent.ask("tools/call", {"name": "createOrder"})).code == -32602


# --- who, may, how much -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["server/discover", "tools/list", "tools/call", "nope"])
async def test_a_stranger_is_challenged_before_anything_is_told(method: str) -> None:
    made = _world(authenticator=Badge(None))
    answer = await Agent(made.rt).ask(method, {"name": "no-such-tool"})
    assert (answer.status, answer.headers["www-authenticate"]) == (401, "Bearer")
    assert [record.verdict for record in made.records] == ["unauthenticated"]


async def test_a_stranger_is_challenged_on_a_notification_too() -> None:
    answer = await Agent(_world(authenticator=Badge(None)).rt).notify("notifications/cancelled")
    assert answer.status == 401


async def test_what_is_not_granted_is_neither_listed_nor_callable() -> None:
    agent = Agent(_world(authenticator=Badge(Grant(frozenset({("orders", "listOrders")}), "few"))).rt)
    assert [tool["name"] for tool in (await agent.ask("tools/list")).result["tools"]] == ["listOrders"]
    answer = await agent.ask("tools/call", {"name": "createOrder", "arguments": {"sku": "x"}})
    unknown = await agent.ask("tools/call", {"name": "createOrders", "arguments": {"sku": "x"}})
    assert (answer.status, answer.code) == (unknown.status, unknown.code)
    assert answer.message == unknown.message.replace("createOrders", "createOrder")


async def test_a_limit_is_told_to_the_model_on_calls_and_to_the_client_on_lists() -> None:
    agent = Agent(_world(limits=Limits(requests=Rate(0.01, 1))).rt)
    await agent.ask("tools/list")
    listed = await agent.ask("tools/list")
    assert (listed.status, listed.code) == (429, -32603)
    assert int(listed.headers["retry-after"]) > 0
    called = await agent.ask("tools/call", {"name": "listOrders"})
    assert (called.status, called.result["isError"]) == (200, True)
    assert "try again" in called.result["content"][0]["text"]


async def test_mirrored_arguments_are_compared() -> None:
    made = _world()
    agent, params = Agent(made.rt), {"name": "search", "arguments": {"region": "eu"}}
    assert (await agent.ask("tools/call", params, mcp_param_region="eu")).status == 200
    for sent in (None, "us"):
        answer = await agent.ask("tools/call", params, mcp_param_region=sent)
        assert (answer.status, answer.code) == (400, -32020)
    assert len(made.upstream.wires) == 1


async def test_a_stranger_learns_nothing_from_mirrored_headers() -> None:
    agent = Agent(_world(authenticator=Badge(None)).rt)
    assert (await agent.ask("tools/call", {"name": "search", "arguments": {"region": "eu"}})).status == 401


# --- faults and departures --------------------------------------------------------------------------------------------


async def test_a_fault_of_ours_says_nothing_but_which_call_it_was(caplog: pytest.LogCaptureFixture) -> None:
    made = world([answering(endpoint("broken"), Result((Text("\ud800"),)))])
    answer = await Agent(made.rt).ask("tools/call", {"name": "broken"})
    assert (answer.status, answer.code) == (500, -32603)
    assert "surrogate" not in answer.message
    assert made.records[0].id in answer.message
    assert made.records[0].id in caplog.text
    assert "surrogate" in caplog.text


async def test_a_client_that_leaves_cancels_its_call() -> None:
    made = _world()
    made.upstream.scripts[:] = [Played(hold=asyncio.Event())]
    agent = Agent(made.rt)
    message = agent.message("tools/call", {"name": "listOrders"})
    connection = Connection(orjson.dumps(message))
    async with asyncio.TaskGroup() as group:
        group.create_task(agent.serve(connection, agent.mirrored(message)))
        await made.upstream.reached()
        connection.leave.set()
    assert connection.answer() == NONE
    assert made.upstream.cancelled == 1
    assert made.rt.leases.in_flight() == 0
    assert [(record.verdict, record.gone) for record in made.records] == [("client_gone", True)]


class Closed(Connection):
    """The client closed its connection before the answer, and the server says so when it is written."""

    async def send(self, message: Message) -> None:
        raise BrokenPipeError


async def test_an_answer_that_nobody_took_is_accounted_as_such() -> None:
    made = _world()
    agent = Agent(made.rt)
    message = agent.message("tools/call", {"name": "listOrders"})
    await agent.serve(Closed(orjson.dumps(message)), agent.mirrored(message))
    assert [(record.verdict, record.gone, record.response_bytes) for record in made.records] == [("allowed", True, 0)]


async def test_a_shutdown_leaves_nothing_behind() -> None:
    made = _world()
    made.upstream.scripts[:] = [Played(hold=asyncio.Event())]
    agent, before = Agent(made.rt), asyncio.all_tasks()
    message = agent.message("tools/call", {"name": "listOrders"})
    serving = asyncio.create_task(agent.serve(Connection(orjson.dumps(message)), agent.mirrored(message)))
    await made.upstream.reached()
    serving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await serving
    await asyncio.sleep(0)
    assert asyncio.all_tasks() == before
    assert (made.upstream.cancelled, made.rt.leases.in_flight(), len(made.records)) == (1, 0, 1)


async def test_every_message_is_accounted_once_with_what_was_sent() -> None:
    made = _world()
    agent = Agent(made.rt)
    answers = [
        await agent.ask("tools/list"),
        await agent.ask("tools/call", {"name": "createOrder", "arguments": {"sku": "x"}}),
        await agent.ask("tools/call", {"name": "nope"}),
        await agent.ask("no/such\nmethod", mcp_method="no/such"),
        await agent.post(b"{", agent.mirrored(agent.message("tools/list"))),
    ]
    assert [(record.method, record.operation, record.verdict) for record in made.records] == [
        ("tools/list", "", "allowed"),
        ("POST", "createOrder", "allowed"),
        ("tools/call", "", "not_found"),
        ("unknown", "", "header_mismatch"),
        ("", "", "parse_error"),
    ]
    assert [record.response_bytes for record in made.records] == [len(answer.body) for answer in answers]


async def test_a_call_may_take_as_long_as_its_operation_says() -> None:
    made = world([endpoint("slow", timeout=5.0), endpoint("plain")])
    agent = Agent(made.rt)
    for name in ("slow", "plain"):
        await agent.ask("tools/call", {"name": name})
    now = asyncio.get_running_loop().time()
    slow, plain = (sent.deadline - now for sent in made.upstream.sent)
    assert slow == pytest.approx(5.0, abs=1)
    assert plain == pytest.approx(60.0, abs=1)


async def test_an_upstream_that_is_late_is_a_result_that_says_so() -> None:
    made = world([endpoint("slow", timeout=0.01)])
    made.upstream.scripts[:] = [Played(hold=asyncio.Event())]
    answer = await Agent(made.rt).ask("tools/call", {"name": "slow"})
    assert answer.result["isError"] is True
    assert made.records[0].verdict == "upstream_timeout"


async def test_a_refusal_by_the_builder_is_a_result_too() -> None:
    made = _world()
    made.upstream.scripts[:] = [BadArguments("sku: no line breaks")]
    answer = await Agent(made.rt).ask("tools/call", {"name": "createOrder", "arguments": {"sku": "a\nb"}})
    assert answer.result["content"][0]["text"] == "sku: no line breaks"
