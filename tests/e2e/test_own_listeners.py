"""The admin and health ports of a running gateway are nobody's upstream: no document and no setting leads there."""

from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import orjson
import pytest

from bridge.model import Json
from tests.e2e.test_live import FAST, Documents, put, tools, until, write
from tests.kit.command import ANYWHERE, Running, gateway, run_apart
from tests.kit.documents import paths
from tests.kit.origin import playing

AWAY = "https://api.example.com"
SPELLINGS = ("127.0.0.1", "localhost", "127.1", "2130706433", "0.0.0.0", "[::ffff:127.0.0.1]")


def document(server: str) -> Json:
    """Everything that an agent would need to decide about its own calls."""
    decide = {"operationId": "decide", "parameters": [{"name": "id", "in": "path", "required": True, "schema": {}}]}
    return paths(
        {"GET /admin/apis": {"operationId": "peek"}, "POST /admin/approvals/{id}": decide,
         "GET /livez": {"operationId": "alive", "servers": [{"url": server}]}},
        servers=[{"url": server}],
    )  # fmt: skip


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(timeout=10, trust_env=False) as client:
        yield client


@pytest.fixture
async def running(tmp_path: Path) -> AsyncIterator[Running]:
    write(tmp_path / "shop.json", paths({"GET /orders": {"operationId": "orders"}}, servers=[{"url": AWAY}]))
    write(tmp_path / "bridge.yaml", {"apis": {"shop": {"spec": "shop.json", "prefix": "/shop"}}, "watch": FAST})
    async with gateway("--config", "bridge.yaml", *ANYWHERE, home=tmp_path) as running:
        yield running


def port(running: Running, name: str) -> int:
    found: int | None = urlsplit(str(running.told[name])).port
    assert found is not None
    return found


def base(running: Running) -> str:
    return running.mcp.removesuffix("/mcp")


async def asked(client: httpx.AsyncClient, running: Running, prefix: str) -> set[tuple[int, str]]:
    """What people get who ask for the admin and the health port's answers through an API."""
    answers = [
        await client.get(f"{base(running)}{prefix}/admin/apis"), await client.get(f"{base(running)}{prefix}/livez"),
        await client.post(f"{base(running)}{prefix}/admin/approvals/x", json={}),
    ]  # fmt: skip
    return {(answer.status_code, answer.json()["code"]) for answer in answers}


async def told(client: httpx.AsyncClient, running: Running, tool: str, arguments: Json) -> str:
    """What an agent gets."""
    call = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": tool, "arguments": arguments}}
    headers = {"accept": "application/json, text/event-stream", "mcp-protocol-version": "2025-06-18"}
    result = (await client.post(running.mcp, json=call, headers=headers)).json()["result"]
    assert result["isError"]
    return str(result["content"][0]["text"])


async def nobody_gets_there(client: httpx.AsyncClient, running: Running, prefix: str) -> None:
    assert await asked(client, running, prefix) == {(502, "upstream_unreachable")}
    for tool, arguments in (("peek", {}), ("alive", {}), ("decide", {"id": "x"})):
        assert "could not be reached" in await told(client, running, tool, arguments)


async def test_a_document_that_came_with_its_registration_is_a_strangers_word(
    client: httpx.AsyncClient, running: Running
) -> None:
    refused = await put(client, running, "depot", {"document": document(running.told["admin"])})
    assert (refused.status_code, refused.json()["code"]) == (422, "registration_refused")
    assert "a loopback address; set the upstream, or allow_private" in refused.json()["detail"]
    assert "options.upstream.url" in refused.json()["detail"]
    partly = document(running.told["admin"]) | {"servers": [{"url": AWAY}]}
    made = await put(client, running, "depot", {"document": partly})
    (finding,) = [one for one in made.json()["findings"] if one["id"] == "operation-without-upstream"]
    assert (finding["api"], finding["where"]) == ("depot", "/paths/~1livez/get")
    answer = await client.get(f"{base(running)}/depot/livez")
    assert (answer.status_code, answer.json()["code"]) == (502, "no_upstream")
    assert "has no upstream address" in await told(client, running, "alive", {})


@pytest.mark.parametrize("listener", ["admin", "health", "mcp"])
async def test_a_registration_that_may_lead_inside_does_not_lead_to_the_gateways_own_ports(
    client: httpx.AsyncClient, running: Running, listener: str
) -> None:
    for host in SPELLINGS:
        server = f"http://{host}:{port(running, listener)}"
        body = {"document": document(server), "options": {"allow_private": True}}
        made = await put(client, running, "depot", body)
        assert "upstream-own" in {one["id"] for one in made.json()["findings"] if one["api"] == "depot"}, host
        await nobody_gets_there(client, running, "/depot")
        key = "listen" if listener == "mcp" else f"{listener}.listen"
        assert f"it is the gateway's own {key}," in running.log.read_text()


async def test_nor_does_an_upstream_that_the_options_name(client: httpx.AsyncClient, running: Running) -> None:
    await put(
        client, running, "depot", {"document": document(AWAY), "options": {"upstream": {"url": running.told["admin"]}}}
    )
    await nobody_gets_there(client, running, "/depot")


async def test_nor_does_a_file_of_the_operators(client: httpx.AsyncClient, running: Running, tmp_path: Path) -> None:
    write(tmp_path / "shop.json", document(running.told["admin"]))

    async def taken_over() -> bool:
        return "peek" in await tools(client, running)

    await until(taken_over)
    await nobody_gets_there(client, running, "/shop")


async def test_nor_does_a_document_at_a_url_that_names_them_later(client: httpx.AsyncClient, running: Running) -> None:
    served = Documents(paths({"GET /parts": {"operationId": "parts"}}, servers=[{"url": AWAY}]))
    async with playing(served.play) as origin:
        options = {"allow_private": True, "refresh": "200ms"}
        made = await put(client, running, "depot", {"url": f"{origin.url}/api.json", "options": options})
        assert made.status_code == 201, made.text
        served.content = document(running.told["admin"])

        async def taken_over() -> bool:
            return "peek" in await tools(client, running)

        await until(taken_over)
        await nobody_gets_there(client, running, "/depot")


async def test_a_port_that_moved_at_the_start_is_known_where_it_is(client: httpx.AsyncClient, tmp_path: Path) -> None:
    """Two gateways without a word about their admin ports: what is the other's default is not the second one's own."""
    write(tmp_path / "shop.json", paths({"GET /orders": {"operationId": "orders"}}, servers=[{"url": AWAY}]))
    arguments = ("shop.json", "--listen", "127.0.0.1:0", "--health", "127.0.0.1:0")
    async with gateway(*arguments, home=tmp_path), gateway(*arguments, home=tmp_path) as second:
        assert port(second, "admin") != 8081
        options = {"upstream": {"url": second.told["admin"]}}
        await put(client, second, "depot", {"document": document(AWAY), "options": options})
        await nobody_gets_there(client, second, "/depot")


def test_it_is_told_before_anything_is_served(tmp_path: Path) -> None:
    write(tmp_path / "shop.json", document("http://localhost:18081"))
    write(tmp_path / "bridge.yaml", {"admin": {"listen": "127.0.0.1:18081"}, "apis": {"shop": {"spec": "shop.json"}}})
    ran = run_apart("check", "--config", "bridge.yaml", "-o", "json", cwd=tmp_path)
    (found,) = [one for one in orjson.loads(ran.out)["findings"] if one["id"] == "upstream-own"]
    assert found["message"] == "http://localhost:18081 is the gateway's own admin.listen: no call is sent there"
