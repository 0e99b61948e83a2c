"""2026-07-28: answers that are streams, and progress on them."""

import pytest

from tests.conformance.wire import META, Wire, open_calls
from tests.kit import mcp_schema
from tests.kit.agent import MODERN

CALL = {"name": "test_tool_with_progress"}


@pytest.mark.requirement("modern.stream.own-request", "modern.stream.ends", "modern.progress.asked")
@pytest.mark.parametrize("token", ["p-1", 7, 0])
async def test_a_stream_tells_of_its_own_request_then_answers_it_and_ends(client: Wire, token: str | int) -> None:
    *told, last = await client.events("tools/call", CALL, id="call-1", meta={"progressToken": token})
    assert [event.message["method"] for event in told] == ["notifications/progress"] * len(told)
    assert [event.message["params"]["progressToken"] for event in told] == [token] * len(told)
    assert last.message["id"] == "call-1"
    assert last.message["result"]["resultType"] == "complete"
    mcp_schema.check(last.message, MODERN, "tools/call")


@pytest.mark.requirement("modern.progress.grows")
async def test_progress_grows_towards_its_total(client: Wire) -> None:
    *told, _ = await client.events("tools/call", CALL, meta={"progressToken": "p"})
    steps = [event.message["params"] for event in told]
    assert [step["progress"] for step in steps] == [0, 50, 100]
    assert {step["total"] for step in steps} == {100}


@pytest.mark.requirement("modern.progress.asked")
async def test_progress_that_nobody_asked_for_is_not_told(client: Wire) -> None:
    answer = await client.ask("tools/call", CALL)
    assert answer.headers["content-type"] == "application/json"
    assert "result" in answer.json()


@pytest.mark.requirement("modern.stream.no-resumption", "modern.stream.no-requests", "modern.logging.asked")
async def test_events_have_no_ids_and_nothing_is_asked_or_logged_on_a_stream(client: Wire) -> None:
    events = await client.events("tools/call", CALL, meta={"progressToken": "p"})
    assert all("id" not in event.fields for event in events)
    assert not [event for event in events if {"id", "method"} <= event.message.keys()]
    assert not [event for event in events if event.message.get("method") == "notifications/message"]


@pytest.mark.requirement("modern.logging.asked")
@pytest.mark.parametrize("meta", [{}, {f"{META}logLevel": "emergency"}])
async def test_no_log_messages_come_unasked(client: Wire, meta: dict[str, str]) -> None:
    answer = await client.ask("tools/call", {"name": "test_logging_tool"}, meta=meta)
    assert "notifications/message" not in answer.text


@pytest.mark.requirement("modern.stream.unbuffered")
async def test_a_stream_asks_proxies_not_to_buffer_it(client: Wire) -> None:
    async with client.stream("tools/call", CALL, meta={"progressToken": "p"}) as (answer, _):
        assert answer.headers["x-accel-buffering"] == "no"
        assert "no-store" in answer.headers["cache-control"] or "no-cache" in answer.headers["cache-control"]


@pytest.mark.requirement("modern.cancel.stream", "modern.cancel.disconnect")
async def test_a_client_that_leaves_its_stream_has_cancelled(client: Wire) -> None:
    async with client.stream("tools/call", {"name": "test_endless"}, meta={"progressToken": "p"}) as (_, coming):
        await anext(coming)
        assert await open_calls(client, 1) == 1
    assert await open_calls(client, 0) == 0
