"""2026-07-28 over HTTP: the endpoint, what may be posted to it, and what its answers are sent in."""

import asyncio

import orjson
import pytest

from bridge.config import Settings
from bridge.ingress.mcp.endpoint import serve
from bridge.pipeline.runtime import McpDoor
from tests.conformance.worlds import shop
from tests.kit import mcp_schema
from tests.kit.agent import MODERN, NONE, Agent, Connection, scope
from tests.kit.upstream import Played

LIST = b'{"jsonrpc":"2.0","id":1,"method":"tools/list"}'


@pytest.mark.requirement("modern.transport.single-endpoint")
@pytest.mark.parametrize("method", ["GET", "DELETE", "PUT", "HEAD"])
async def test_the_endpoint_takes_post_alone(method: str) -> None:
    connection = Connection(b"")
    headers = [("host", "gw.test"), ("accept", "text/event-stream"), ("mcp-protocol-version", MODERN)]
    await serve(shop().rt, scope(headers, method), connection.receive, connection.send, "")
    assert connection.answer().status == 405


@pytest.mark.requirement("modern.transport.no-sessions", "modern.stateless")
async def test_a_request_stands_for_itself_whatever_session_it_names() -> None:
    agent = Agent(shop().rt)
    alone = await agent.ask("tools/call", {"name": "listOrders"})
    named = await agent.ask("tools/call", {"name": "listOrders"}, mcp_session_id="s", last_event_id="7")
    assert (alone.status, alone.result) == (named.status, named.result)
    assert not {"mcp-session-id", "last-event-id"} & named.headers.keys()


@pytest.mark.requirement("modern.transport.origin")
@pytest.mark.parametrize("revision", ["2026-07-28", "2025-11-25"])
@pytest.mark.parametrize(
    ("origin", "status"),
    [(None, 200), ("http://gw.test", 200), ("https://evil.example", 403), ("null", 403), ("http://gw.test.evil", 403)],
)
@pytest.mark.statement("A19")
async def test_only_the_endpoints_own_pages_may_call_it(origin: str | None, status: int, revision: str) -> None:
    answer = await Agent(shop().rt, revision).ask("tools/list", origin=origin)
    assert answer.status == status


@pytest.mark.requirement("modern.transport.host")
@pytest.mark.parametrize("revision", ["2026-07-28", "2025-11-25"])
@pytest.mark.parametrize(("host", "status"), [("gw.test", 200), ("gw.test:8080", 200), ("evil.example", 421)])
@pytest.mark.statement("A19")
async def test_a_name_that_is_not_ours_is_served_by_nobody(host: str, status: int, revision: str) -> None:
    made = shop(mcp=McpDoor(hosts=frozenset({"gw.test"})))
    assert (await Agent(made.rt, revision).ask("tools/list", host=host)).status == status


@pytest.mark.requirement("modern.transport.loopback")
def test_nobody_else_is_listened_to_unless_it_is_configured() -> None:
    assert Settings().listen.host == "127.0.0.1"


@pytest.mark.requirement("modern.transport.one-message")
@pytest.mark.parametrize(
    "body", [b"[]", b"[" + LIST + b"]", b'{"jsonrpc":"2.0","id":1,"result":{}}', b'{"jsonrpc":"2.0","id":1,"error":{}}']
)
async def test_a_body_is_one_request_or_notification(body: bytes) -> None:
    agent = Agent(shop().rt)
    answer = await agent.post(body, agent.mirrored(agent.message("tools/list")))
    assert (answer.status, answer.code) == (400, -32600)
    mcp_schema.check(answer.json, agent.revision)


@pytest.mark.requirement("modern.transport.notifications")
@pytest.mark.parametrize("method", ["notifications/cancelled", "notifications/of-our-own"])
async def test_a_notification_is_taken_in_silence(method: str) -> None:
    answer = await Agent(shop().rt).notify(method, {"requestId": 1})
    assert (answer.status, answer.body) == (202, b"")


@pytest.mark.requirement("modern.transport.accept")
@pytest.mark.parametrize(
    ("accept", "status"),
    [
        ("application/json, text/event-stream", 200),
        ("text/event-stream;q=0.5, application/json", 200),
        ("application/json", 406),
        ("text/event-stream", 406),
        ("text/html", 406),
    ],
)
async def test_a_client_has_to_take_json_and_streams(accept: str, status: int) -> None:
    assert (await Agent(shop().rt).ask("tools/list", accept=accept)).status == status


@pytest.mark.requirement("modern.transport.content-type")
@pytest.mark.parametrize("revision", ["2026-07-28", "2025-11-25"])
@pytest.mark.parametrize(
    ("kind", "status"),
    [("application/json; charset=utf-8", 200), ("Application/JSON", 200), ("text/plain", 415), (None, 415)],
)
async def test_a_message_says_that_it_is_json(kind: str | None, status: int, revision: str) -> None:
    assert (await Agent(shop().rt, revision).ask("tools/list", content_type=kind)).status == status


@pytest.mark.requirement("modern.transport.body-limit")
@pytest.mark.parametrize("length", [None, "501"])
async def test_a_body_beyond_the_limit_is_not_read(length: str | None) -> None:
    agent = Agent(shop(mcp=McpDoor(body_bytes=500)).rt)
    headers = agent.mirrored(agent.message("tools/list"))
    assert (await agent.post(b" " * 501, headers, content_length=length)).status == 413


@pytest.mark.requirement("modern.transport.json-or-stream")
async def test_an_answer_on_which_nothing_happens_is_json() -> None:
    for method, params in (("tools/list", {}), ("tools/call", {"name": "listOrders"})):
        answer = await Agent(shop().rt).ask(method, params)
        assert answer.headers["content-type"] == "application/json"


@pytest.mark.requirement("modern.cancel.disconnect")
async def test_a_client_that_closes_its_connection_has_cancelled() -> None:
    made = shop()
    made.upstream.scripts[:] = [Played(hold=asyncio.Event())]
    agent = Agent(made.rt)
    message = agent.message("tools/call", {"name": "listOrders"})
    connection = Connection(orjson.dumps(message))
    async with asyncio.timeout(5), asyncio.TaskGroup() as group:
        group.create_task(agent.serve(connection, agent.mirrored(message)))
        await made.upstream.reached()
        connection.leave.set()
    assert connection.answer() == NONE
    assert made.upstream.cancelled == 1
