"""2026-07-28: subscriptions/listen."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import httpx
import orjson
import pytest

from bridge.ingress.traffic import Traffic
from bridge.model import Json
from bridge.pipeline.runtime import Holder
from tests.conformance.stand import stand
from tests.conformance.wire import META, PATIENCE, Event, Wire
from tests.conformance.worlds import shop
from tests.kit import mcp_schema
from tests.kit.agent import META as AGENTS
from tests.kit.agent import MODERN, Agent
from tests.kit.documents import paths
from tests.kit.doors import gateway
from tests.kit.gateway import serving
from tests.kit.upstream import plays

ACKNOWLEDGED = "notifications/subscriptions/acknowledged"
CHANGES = [("toolsListChanged", "tools", "test_trigger_tool_change"),
           ("promptsListChanged", "prompts", "test_trigger_prompt_change")]  # fmt: skip


@asynccontextmanager
async def listening(client: Wire, wanted: Json, id: Json = "listen-1") -> AsyncIterator[AsyncIterator[Event]]:
    async with asyncio.timeout(PATIENCE), client.stream("subscriptions/listen", {"notifications": wanted}, id=id) as at:
        yield at[1]


@pytest.mark.requirement("modern.listen.stream", "modern.listen.acknowledged", "modern.listen.tagged")
@pytest.mark.parametrize("id", ["a", 7])
async def test_the_first_thing_on_the_stream_is_what_will_be_told(client: Wire, id: Json) -> None:
    async with listening(client, {"toolsListChanged": True}, id) as events:
        first = (await anext(events)).message
    assert first["method"] == ACKNOWLEDGED
    assert first["params"]["notifications"] == {"toolsListChanged": True}
    assert first["params"]["_meta"] == {f"{META}subscriptionId": id}
    mcp_schema.holds(first, MODERN, "SubscriptionsAcknowledgedNotification")


@pytest.mark.requirement("modern.listen.honoured")
async def test_only_what_is_honoured_is_acknowledged(client: Wire) -> None:
    wanted = {"promptsListChanged": True, "resourceSubscriptions": ["test://watched-resource", "test://no-such"]}
    async with listening(client, wanted) as events:
        honoured = (await anext(events)).message["params"]["notifications"]
    assert honoured == {"promptsListChanged": True, "resourceSubscriptions": ["test://watched-resource"]}


@pytest.mark.requirement("modern.listen.changes", "modern.listen.tagged")
@pytest.mark.parametrize(("wanted", "kind", "tool"), CHANGES)
async def test_a_change_reaches_who_listens_for_it(client: Wire, wanted: str, kind: str, tool: str) -> None:
    async with listening(client, {wanted: True}) as events:
        await anext(events)
        before = await client.result(f"{kind}/list")
        called = await client.result("tools/call", {"name": tool})
        assert "isError" not in called, called
        told = (await anext(events)).message
        assert told["method"] == f"notifications/{kind}/list_changed"
        assert told["params"]["_meta"] == {f"{META}subscriptionId": "listen-1"}
        assert await client.result(f"{kind}/list") != before


@pytest.mark.requirement("modern.listen.honoured")
async def test_a_change_does_not_reach_who_listens_for_another(client: Wire) -> None:
    """The next thing told is the change of prompts that follows."""
    async with listening(client, {"promptsListChanged": True}) as events:
        await anext(events)
        for tool in ("test_trigger_tool_change", "test_trigger_prompt_change"):
            assert "isError" not in await client.result("tools/call", {"name": tool})
        assert (await anext(events)).message["method"] == "notifications/prompts/list_changed"


@pytest.mark.requirement("modern.listen.resources", "modern.listen.tagged")
async def test_an_update_reaches_who_subscribed_to_its_address(tmp_path: Path, http: httpx.AsyncClient) -> None:
    uri = "test://thing"
    reading: Json = {"operationId": "readThing", "x-mcp": {"expose": "resource", "uri": uri}}
    file = tmp_path / "api.json"
    file.write_bytes(orjson.dumps(paths({"GET /thing": reading})))
    made = gateway(file)
    often = replace(made.rt, mcp=replace(made.rt.mcp, poll=0.05))
    said = [b'{"it": "was"}']
    made.upstream.scripts[:] = [lambda sent: plays(said[-1])] * 1000
    async with serving(Traffic(Holder(often))) as url:
        client = Wire(f"{url}/mcp", http)
        async with listening(client, {"resourceSubscriptions": [uri]}) as events:
            await anext(events)
            await client.result("resources/read", {"uri": uri})
            said.append(b'{"it": "is"}')
            told = (await anext(events)).message
    assert (told["method"], told["params"]["uri"]) == ("notifications/resources/updated", uri)
    assert told["params"]["_meta"] == {f"{META}subscriptionId": "listen-1"}


@pytest.mark.requirement("modern.stream.keep-alive")
async def test_a_stream_on_which_nothing_happens_is_kept_alive_by_comments(http: httpx.AsyncClient) -> None:
    rt = shop().rt
    soon = replace(rt, mcp=replace(rt.mcp, keep_alive=0.02))
    body = {"_meta": AGENTS, "notifications": {"toolsListChanged": True}}
    message = {"jsonrpc": "2.0", "id": 1, "method": "subscriptions/listen", "params": body}
    headers = Agent(soon).mirrored(message) | {"host": "127.0.0.1"}
    async with (
        asyncio.timeout(PATIENCE),
        serving(Traffic(Holder(soon))) as url,
        http.stream("POST", f"{url}/mcp", json=message, headers=headers) as answer,
    ):
        lines = answer.aiter_lines()
        while await anext(lines) != ":":
            pass


@pytest.mark.requirement("modern.listen.closes")
async def test_a_server_that_ends_says_so_and_closes_the_stream(tmp_path: Path, http: httpx.AsyncClient) -> None:
    async with stand(tmp_path) as running, listening(Wire(running.mcp, http), {"toolsListChanged": True}) as events:
        await anext(events)
        running.process.terminate()
        last = [event.message async for event in events][-1]
    assert last["id"] == "listen-1"
    mcp_schema.check(last, MODERN, "subscriptions/listen")


async def test_more_addresses_than_anybody_watches_are_refused_before_they_are_looked_up(client: Wire) -> None:
    uris = [f"test://watched-resource/{number}" for number in range(101)]
    answer = await client.ask("subscriptions/listen", {"notifications": {"resourceSubscriptions": uris}})
    assert answer.json()["error"]["code"] == -32602
