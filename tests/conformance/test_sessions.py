"""The revisions before 2026-07-28, to clients that hold a session."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import httpx
import pytest

from bridge.model import Json
from tests.conformance.wire import PATIENCE, Event, Wire, events, open_calls
from tests.kit import mcp_schema
from tests.kit.agent import BOTH
from tests.kit.command import Running
from tests.kit.transcript import Transcript

REVISIONS = ["2025-11-25", "2025-06-18", "2025-03-26"]
PROGRESS = {"name": "test_tool_with_progress"}
ID = "mcp-session-id"


@asynccontextmanager
async def session(
    running: Running, http: httpx.AsyncClient, revision: str = "2025-11-25", capabilities: Json = None
) -> AsyncIterator[Wire]:
    plain = Wire(running.mcp, http, revision)
    client = {"name": "c", "version": "1"}
    params = {"protocolVersion": revision, "capabilities": capabilities or {}, "clientInfo": client}
    begun = await plain.ask("initialize", params)
    assert begun.status_code == 200, begun.text
    held = replace(plain, headers={ID: begun.headers[ID]})
    assert (await say(held, {"jsonrpc": "2.0", "method": "notifications/initialized"})).status_code == 202
    try:
        yield held
    finally:
        await http.delete(held.url, headers={**held.headers, "mcp-protocol-version": revision})


async def say(client: Wire, message: Json) -> httpx.Response:
    """Posts a notification or a response."""
    headers = {**client.headers, "accept": BOTH, "mcp-protocol-version": client.revision}
    return await client.http.post(client.url, json=message, headers=headers)


@asynccontextmanager
async def news(client: Wire, last: str = "", **asked: str) -> AsyncIterator[AsyncIterator[Event]]:
    """The session's own stream, or what was missed after the event `last` of what was `asked`, a method by its id."""
    headers = {**client.headers, "accept": "text/event-stream", "mcp-protocol-version": client.revision}
    if last:
        headers["last-event-id"] = last
    async with asyncio.timeout(PATIENCE), client.http.stream("GET", client.url, headers=headers) as answer:
        assert answer.status_code == 200, (await answer.aread()).decode()
        assert answer.headers["content-type"].startswith("text/event-stream")
        methods = {f'"{identity}"': [method] for identity, method in asked.items()}
        yield said(events(answer, Transcript(client.revision, methods)))


async def said(coming: AsyncIterator[Event]) -> AsyncIterator[Event]:
    """Events that hold a message: no comments, nothing that only gives a place."""
    async for event in coming:
        if event.fields.get("data"):
            yield event


@pytest.fixture(params=REVISIONS)
async def held(request: pytest.FixtureRequest, running: Running, http: httpx.AsyncClient) -> AsyncIterator[Wire]:
    async with session(running, http, request.param, {"elicitation": {}}) as made:
        yield made


# --- sessions ---------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("legacy.sessions.id")
@pytest.mark.statement("A20")
async def test_the_id_is_visible_ascii_and_nobodys_guess(running: Running, http: httpx.AsyncClient) -> None:
    async with session(running, http) as one, session(running, http) as other:
        ids = {one.headers[ID], other.headers[ID]}
    assert len(ids) == 2
    assert all(0x21 <= ord(char) <= 0x7E for char in "".join(ids))
    assert min(map(len, ids)) >= 22  # 128 bits in base64


@pytest.mark.requirement("legacy.sessions.unknown")
@pytest.mark.parametrize("method", ["POST", "GET", "DELETE"])
async def test_a_session_that_is_not_known_is_not_found(held: Wire, method: str) -> None:
    stranger = replace(held, headers={ID: "no-such-session"})
    if method == "POST":
        assert (await stranger.ask("ping")).status_code == 404
        return
    headers = {**stranger.headers, "accept": "text/event-stream", "mcp-protocol-version": held.revision}
    assert (await held.http.request(method, held.url, headers=headers)).status_code == 404


@pytest.mark.requirement("legacy.sessions.delete", "legacy.sessions.unknown")
async def test_a_session_that_was_ended_is_not_found(held: Wire) -> None:
    assert (await held.ask("ping")).status_code == 200
    headers = {**held.headers, "mcp-protocol-version": held.revision}
    assert (await held.http.delete(held.url, headers=headers)).is_success
    assert (await held.ask("ping")).status_code == 404


@pytest.mark.requirement("legacy.sessions.missing", "legacy.get")
@pytest.mark.parametrize("method", ["GET", "DELETE"])
async def test_what_needs_a_session_is_refused_without_one(held: Wire, method: str) -> None:
    headers = {"accept": "text/event-stream", "mcp-protocol-version": held.revision}
    assert (await held.http.request(method, held.url, headers=headers)).status_code in {400, 405}


@pytest.mark.requirement("legacy.get", "legacy.changes")
async def test_changes_of_the_catalogue_come_on_the_sessions_stream(held: Wire) -> None:
    async with news(held) as coming:
        assert "isError" not in await held.result("tools/call", {"name": "test_trigger_tool_change"})
        assert (await anext(coming)).message["method"] == "notifications/tools/list_changed"
        assert "isError" not in await held.result("tools/call", {"name": "test_trigger_prompt_change"})
        assert (await anext(coming)).message["method"] == "notifications/prompts/list_changed"


@pytest.mark.requirement("legacy.stream.one")
async def test_what_is_said_on_one_stream_is_not_said_on_another(held: Wire) -> None:
    async with news(held) as coming:
        told = await held.events("tools/call", PROGRESS, meta={"progressToken": "p"})
        assert sum(bool(event.fields.get("data")) for event in told) == 4
        await held.result("tools/call", {"name": "test_trigger_tool_change"})
        assert (await anext(coming)).message["method"] == "notifications/tools/list_changed"


@pytest.mark.requirement("legacy.stream.priming", "legacy.stream.retry")
async def test_a_stream_begins_with_a_place_to_come_back_to(running: Running, http: httpx.AsyncClient) -> None:
    async with session(running, http) as held:
        first, *_ = await held.events("tools/call", PROGRESS, meta={"progressToken": "p"})
    assert first.fields["id"]
    assert first.fields.get("data", "") == ""
    assert int(first.fields["retry"]) > 0


@pytest.mark.requirement("legacy.stream.resumption")
async def test_what_was_missed_is_sent_again_once(held: Wire) -> None:
    async with held.stream("tools/call", PROGRESS, id="lost", meta={"progressToken": "p"}) as (_, coming):
        first = await anext(said(coming))
    assert first.message["params"]["progress"] == 0
    async with news(held, first.fields["id"], lost="tools/call") as coming:
        missed = [(await anext(coming)).message for _ in range(3)]
    assert [one["params"]["progress"] for one in missed[:-1]] == [50, 100]
    assert missed[-1]["id"] == "lost"
    assert missed[-1]["result"]["content"]


@pytest.mark.requirement("legacy.cancel")
async def test_a_disconnect_is_no_cancellation_and_a_cancellation_is_one(held: Wire) -> None:
    params = {"name": "test_endless"}
    async with held.stream("tools/call", params, id="endless", meta={"progressToken": "p"}) as (_, coming):
        await anext(said(coming))
    await asyncio.sleep(0.3)  # as long as a cancellation would take
    assert await open_calls(held, 1) == 1
    note = {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": "endless"}}
    assert (await say(held, note)).status_code == 202
    assert await open_calls(held, 0) == 0


@pytest.mark.requirement("legacy.resources.subscribe")
async def test_resources_are_subscribed_to_and_no_longer(held: Wire) -> None:
    for method in ("resources/subscribe", "resources/unsubscribe"):
        assert await held.result(method, {"uri": "test://watched-resource"}) == {}


@pytest.mark.requirement("legacy.resources.not-found")
async def test_a_resource_that_is_not_there_has_a_code_of_its_own(held: Wire) -> None:
    status, code, data = await held.error("resources/read", {"uri": "test://no-such"})
    assert (status, code, data["uri"]) == (200, -32002, "test://no-such")


# --- questions --------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("legacy.elicitation", "legacy.responses")
@pytest.mark.parametrize("revision", ["2025-11-25", "2025-06-18"])
@pytest.mark.parametrize(
    ("answer", "said_then"),
    [
        ({"action": "accept", "content": {"name": "Ada"}}, "Hello, Ada!"),
        ({"action": "decline"}, ""),
        ({"action": "cancel"}, ""),
    ],
)
async def test_a_person_is_asked_while_the_call_waits(
    running: Running, http: httpx.AsyncClient, revision: str, answer: Json, said_then: str
) -> None:
    params = {"name": "test_input_required_result_elicitation"}
    async with (
        session(running, http, revision, {"elicitation": {}}) as held,
        held.stream("tools/call", params, id="asks") as (_, coming),
    ):
        heard = said(coming)
        question = (await anext(heard)).message
        assert question["method"] == "elicitation/create"
        mcp_schema.holds(question, revision, "ElicitRequest" if revision < "2025-11-25" else "JSONRPCRequest")
        assert question["params"]["requestedSchema"]["required"] == ["name"]
        replied = await say(held, {"jsonrpc": "2.0", "id": question["id"], "result": answer})
        assert (replied.status_code, replied.content) == (202, b"")
        done = (await anext(heard)).message
    assert done["id"] == "asks"
    assert done["result"].get("isError", False) == (not said_then)
    assert said_then in done["result"]["content"][0]["text"]
