"""`dualbridge serve` and `demo` as processes: what an operator starts, asks and stops."""

import asyncio
import os
import shlex
import signal
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import orjson
import pytest

from bridge.model import Json
from tests.kit.command import ANYWHERE, COMMAND, environment, gateway, run_apart
from tests.kit.documents import paths
from tests.kit.origin import Line, Origin, playing

STOPS = [pytest.param(signal.SIGINT, 130, id="interrupt"), pytest.param(signal.SIGTERM, 0, id="terminate")]
THING = {
    "operationId": "getThing",
    "summary": "Reads a thing.",
    "parameters": [{"name": "id", "in": "path", "required": True, "schema": {"type": "integer"}}],
}


def document(url: str) -> Json:
    return paths({"GET /things/{id}": THING}, servers=[{"url": url}] if url else [])


async def shop(line: Line) -> None:
    """Things, a stream that does not end, and the document itself."""
    while True:
        target = (await line.take()).line.split(b" ")[1]
        if target == b"/stream":
            await line.say(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: one\n\n")
            await line.until_closed()
            return
        body = orjson.dumps(document(line.origin.url) if target == b"/api.json" else {"asked": target.decode()})
        head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        await line.say(head.encode() + body)


@pytest.fixture
async def upstream() -> AsyncIterator[Origin]:
    async with playing(shop) as origin:
        yield origin


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(timeout=5, trust_env=False) as client:
        yield client


def kept(home: Path, content: Json) -> str:
    (home / "things.json").write_bytes(orjson.dumps(content))
    return "things.json"


async def called(client: httpx.AsyncClient, url: str, name: str, arguments: Json) -> Json:
    call = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": name, "arguments": arguments}}
    headers = {"accept": "application/json, text/event-stream", "mcp-protocol-version": "2025-06-18"}
    answer = await client.post(url, json=call, headers=headers)
    assert answer.status_code == 200
    return answer.json()["result"]


async def test_one_port_answers_people_and_agents(tmp_path: Path, upstream: Origin, client: httpx.AsyncClient) -> None:
    async with gateway(kept(tmp_path, document(upstream.url)), *ANYWHERE, home=tmp_path) as running:
        person = await client.get(f"{running.rest}/things/5")
        agent = await called(client, running.mcp, "get_thing", {"id": 5})
    assert (person.status_code, person.json()) == (200, {"asked": "/things/5"})
    assert (agent.get("isError", False), orjson.loads(agent["content"][0]["text"])) == (False, {"asked": "/things/5"})
    assert running.mcp.startswith(running.rest)


async def test_the_announcement_says_where_everything_is(tmp_path: Path, upstream: Origin) -> None:
    async with gateway(kept(tmp_path, document(upstream.url)), *ANYWHERE, home=tmp_path) as running:
        told = running.told
    assert list(told) == [
        "rest", "mcp", "toolsets", "registered", "admin", "health", "operations", "tools", "tokens", "findings",
    ]  # fmt: skip
    assert list(told["rest"]) == ["things"]
    assert (told["operations"], told["tools"], told["findings"], told["toolsets"]) == (1, 1, 0, {})
    assert all(told[door].startswith("http://127.0.0.1:") for door in ("mcp", "admin", "health"))


async def test_health_and_admin_have_ports_of_their_own(
    tmp_path: Path, upstream: Origin, client: httpx.AsyncClient
) -> None:
    async with gateway(kept(tmp_path, document(upstream.url)), *ANYWHERE, home=tmp_path) as running:
        await client.get(f"{running.rest}/things/5")
        alive, ready, metrics = [
            await client.get(f"{running.told['health']}{path}") for path in ("/livez", "/readyz", "/metrics")
        ]
        apis, tools, findings = [
            (await client.get(f"{running.told['admin']}/admin/{name}")).json() for name in ("apis", "tools", "findings")
        ]
        elsewhere = await client.get(f"{running.rest}/metrics")
    assert (alive.status_code, ready.json()) == (200, {"status": "ready", "apis": ["things"]})
    assert 'door="rest"' in metrics.text
    assert apis["apis"][0]["tools"] == 1
    assert [tool["name"] for tool in tools] == ["get_thing"]
    assert findings == []
    assert elsewhere.json() == {"asked": "/metrics"}


async def test_ports_that_are_switched_off_are_not_there(tmp_path: Path, upstream: Origin) -> None:
    off = ["--listen", "127.0.0.1:0", "--admin", "off", "--health", "off"]
    async with gateway(kept(tmp_path, document(upstream.url)), *off, home=tmp_path) as running:
        assert (running.told["admin"], running.told["health"]) == (None, None)


async def test_a_second_gateway_finds_ports_for_what_nobody_named(
    tmp_path: Path, upstream: Origin, client: httpx.AsyncClient
) -> None:
    name, listen = kept(tmp_path, document(upstream.url)), ["--listen", "127.0.0.1:0"]
    async with gateway(name, *listen, home=tmp_path) as one, gateway(name, *listen, home=tmp_path) as two:
        assert len({running.told[port] for running in (one, two) for port in ("mcp", "admin", "health")}) == 6
        for running in (one, two):
            assert (await client.get(f"{running.told['health']}/livez")).status_code == 200
        said = two.log.read_text()
        for name in ("admin", "health"):
            assert f"the {name} port is {urlsplit(two.told[name]).port}: " in said


@pytest.mark.parametrize(("stop", "code"), STOPS)
async def test_a_signal_ends_it_with_its_code_and_without_a_word(
    tmp_path: Path, upstream: Origin, stop: signal.Signals, code: int
) -> None:
    async with gateway(kept(tmp_path, document(upstream.url)), *ANYWHERE, home=tmp_path) as running:
        assert await running.end(stop, within=5) == code
        assert "Traceback" not in running.log.read_text()


async def test_an_idle_connection_does_not_hold_up_the_end(
    tmp_path: Path, upstream: Origin, client: httpx.AsyncClient
) -> None:
    async with gateway(kept(tmp_path, document(upstream.url)), *ANYWHERE, home=tmp_path) as running:
        await client.get(f"{running.rest}/things/5")
        assert await running.end(signal.SIGTERM, within=5) == 0


@pytest.mark.timeout(45)
async def test_a_stream_that_does_not_end_is_ended_after_the_grace_time(
    tmp_path: Path, upstream: Origin, client: httpx.AsyncClient
) -> None:
    async with gateway(kept(tmp_path, document(upstream.url)), *ANYWHERE, home=tmp_path) as running:
        async with client.stream("GET", f"{running.rest}/stream") as answer:
            pieces = answer.aiter_bytes()
            assert await anext(pieces) == b"data: one\n\n"
            assert await running.end(signal.SIGTERM, within=25) == 0
        assert "Traceback" not in running.log.read_text()


async def test_a_second_signal_does_not_wait_for_a_stream(
    tmp_path: Path, upstream: Origin, client: httpx.AsyncClient
) -> None:
    async with (
        gateway(kept(tmp_path, document(upstream.url)), *ANYWHERE, home=tmp_path) as running,
        client.stream("GET", f"{running.rest}/stream") as answer,
    ):
        pieces = answer.aiter_bytes()
        await anext(pieces)
        running.process.send_signal(signal.SIGINT)
        await asyncio.sleep(0.5)
        assert running.process.returncode is None  # it lets the stream go on
        assert "waiting 20 s at most for one call in flight" in running.log.read_text()
        assert await running.end(signal.SIGINT, within=1) == 130
        assert "Traceback" not in running.log.read_text()


@pytest.mark.parametrize("command", ["check", "serve", "demo"])
@pytest.mark.parametrize("after", [0.1, 0.3, 0.5, 0.8])
async def test_an_interrupt_at_any_moment_of_a_start_is_130_without_a_traceback(
    tmp_path: Path, command: str, after: float
) -> None:
    """A document that does not come holds up those that would have ended before the interrupt is sent."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/api.json"
        arguments = [*ANYWHERE] if command == "demo" else [url, "--allow-private"]
        process = await asyncio.create_subprocess_exec(
            *COMMAND, command, *arguments, cwd=tmp_path, env=environment(tmp_path),
            stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        await asyncio.sleep(after)
        process.send_signal(signal.SIGINT)
        async with asyncio.timeout(10):
            _, complaint = await process.communicate()
    assert process.returncode == 130
    assert b"Traceback" not in complaint


async def test_the_published_document_names_the_gateway_and_not_the_upstream(
    tmp_path: Path, upstream: Origin, client: httpx.AsyncClient
) -> None:
    public = "https://gw.example.com"
    (tmp_path / "bridge.yaml").write_text(
        f"listen: 127.0.0.1:0\nadmin: off\nhealth: off\npublic_url: {public}\n"
        f"apis: {{things: {{spec: {kept(tmp_path, document(upstream.url))}, prefix: /shop}}}}\n"
    )
    async with gateway(home=tmp_path) as running:
        assert running.mcp == f"{public}/mcp"
    async with gateway(kept(tmp_path, document(upstream.url)), *ANYWHERE, home=tmp_path) as running:
        published = (await client.get(f"{running.rest}/openapi.json")).json()
    # A relative server is relative to where the document is (OpenAPI 3.1, Server Object): the gateway itself.
    assert published["servers"] == [{"url": "/"}]
    assert published["paths"] == document(upstream.url)["paths"]
    assert upstream.url not in orjson.dumps(published).decode()


async def test_a_public_address_is_in_the_published_document(
    tmp_path: Path, upstream: Origin, client: httpx.AsyncClient
) -> None:
    address = f"127.0.0.1:{_free()}"
    (tmp_path / "bridge.yaml").write_text(
        f"listen: {address}\nadmin: off\nhealth: off\npublic_url: https://gw.example.com\n"
        f"apis: {{things: {{spec: {kept(tmp_path, document(upstream.url))}, prefix: /shop}}}}\n"
    )
    async with gateway(home=tmp_path):
        published = (await client.get(f"http://{address}/shop/openapi.json")).json()
    assert published["servers"] == [{"url": "https://gw.example.com/shop"}]


def _free() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


async def test_a_document_whose_url_is_dead_is_served_from_its_last_good_copy(
    tmp_path: Path, client: httpx.AsyncClient
) -> None:
    async with playing(shop) as origin:
        url, flags = f"{origin.url}/api.json", ["--allow-private", *ANYWHERE]
        async with gateway(url, *flags, home=tmp_path) as running:
            assert running.told["findings"] == 0
    async with gateway(url, *flags, home=tmp_path) as running:
        assert (running.told["tools"], running.told["findings"]) == (1, 1)
        (finding,) = (await client.get(f"{running.told['admin']}/admin/findings")).json()
    assert (finding["id"], finding["source"]) == ("document-stale", url)


async def test_a_document_whose_url_is_dead_and_that_was_never_read_is_4(tmp_path: Path) -> None:
    ran = await asyncio.to_thread(
        run_apart, "serve", f"http://127.0.0.1:{_free()}/api.json", "--allow-private", *ANYWHERE, cwd=tmp_path
    )
    assert (ran.code, ran.out) == (4, "")
    assert "Traceback" not in ran.err


async def test_one_dead_document_leaves_the_others_serving(
    tmp_path: Path, upstream: Origin, client: httpx.AsyncClient
) -> None:
    (tmp_path / "broken.json").write_text("{")
    name = kept(tmp_path, document(upstream.url))
    (tmp_path / "bridge.yaml").write_text(
        "listen: 127.0.0.1:0\nadmin: off\nhealth: {listen: 127.0.0.1:0}\n"
        f"apis: {{things: {{spec: {name}}}, broken: {{spec: broken.json}}}}\n"
    )
    async with gateway(home=tmp_path) as running:
        ready = (await client.get(f"{running.told['health']}/readyz")).json()
        assert (await client.get(f"{running.rest}/things/5")).status_code == 200
    assert ready == {"status": "ready", "apis": ["things"], "absent": ["broken"]}


async def banner(home: Path, *arguments: str) -> list[str]:
    """What a person is told at the start, one line each."""
    process = await asyncio.create_subprocess_exec(
        *COMMAND, "serve", *arguments, cwd=home, env=environment(home), stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stderr is not None
    lines: list[str] = []
    try:
        async with asyncio.timeout(15):
            while not lines or "connect" not in lines[-1]:
                lines.append((await process.stderr.readline()).decode().strip())
                assert lines[-1], lines
    finally:
        process.terminate()
        await process.communicate()
    return lines


async def test_a_client_is_connected_under_the_name_of_the_api_or_of_the_gateway(
    tmp_path: Path, upstream: Origin
) -> None:
    name = kept(tmp_path, document(upstream.url))
    (tmp_path / "more.json").write_bytes((tmp_path / name).read_bytes())
    one, two = [await banner(tmp_path, *names, *ANYWHERE) for names in ([name], [name, "more.json"])]
    assert "mcp add --transport http things http://127.0.0.1:" in one[-1]
    assert "mcp add --transport http dualbridge http://127.0.0.1:" in two[-1]


LISTING = {"operationId": "list", "summary": "Lists.", "responses": {"200": {"description": "OK", "content": {
    "application/json": {"schema": {"type": "object"}}}}}}  # fmt: skip


def hosted(home: Path, url: str, *hosts: str, public_url: str = "") -> None:
    """A configuration with an API for each host, "" for one without."""
    (home / "list.json").write_bytes(orjson.dumps(paths({"GET /list": LISTING}, servers=[{"url": url}])))
    apis = {f"a{n}": {"spec": "list.json"} | ({"host": host} if host else {}) for n, host in enumerate(hosts)}
    settings = {"listen": "127.0.0.1:0", "admin": "off", "health": "off", "apis": apis}
    (home / "bridge.yaml").write_bytes(orjson.dumps(settings | ({"public_url": public_url} if public_url else {})))


async def test_an_api_with_a_host_is_told_under_it_and_its_example_calls_it(
    tmp_path: Path, upstream: Origin, client: httpx.AsyncClient
) -> None:
    hosted(tmp_path, upstream.url, "shop.test")
    lines = await banner(tmp_path)
    (rest,) = [line.split()[1] for line in lines if line.startswith("REST")]
    (example, _) = [line for line in lines if line.startswith("try")]
    port = rest.rstrip("/").rpartition(":")[2]
    assert rest == f"http://shop.test:{port}/"
    assert example == f"try     curl -s 'http://127.0.0.1:{port}/list' -H 'Host: shop.test'"
    async with gateway(home=tmp_path) as running:
        address = running.mcp.removesuffix("/mcp")
        assert running.rest == address.replace("127.0.0.1", "shop.test")
        answer = await client.get(f"{address}/list", headers={"host": "shop.test"})
    assert answer.json() == {"asked": "/list"}


async def test_without_the_older_revisions_the_example_is_a_modern_request(tmp_path: Path, upstream: Origin) -> None:
    hosted(tmp_path, upstream.url, "")
    (tmp_path / "bridge.yaml").write_bytes(
        orjson.dumps(orjson.loads((tmp_path / "bridge.yaml").read_bytes()) | {"mcp": {"legacy": "off"}})
    )
    (_, example) = [line for line in await banner(tmp_path) if line.startswith("try")]
    words = shlex.split(example)
    fields = dict(field.split(": ", 1) for field in (words[at + 1] for at, word in enumerate(words) if word == "-H"))
    async with gateway(home=tmp_path) as running, httpx.AsyncClient() as client:
        answer = await client.post(running.mcp, content=words[-1], headers=fields)
    assert answer.status_code == 200
    assert answer.json()["result"]["structuredContent"] == {"asked": "/list"}


async def test_the_public_address_gives_a_host_its_scheme_and_port(tmp_path: Path, upstream: Origin) -> None:
    hosted(tmp_path, upstream.url, "shop.test", public_url="https://gw.test:8443")
    async with gateway(home=tmp_path) as running:
        assert running.rest == "https://shop.test:8443"


async def test_the_example_rather_calls_an_api_without_a_host(tmp_path: Path, upstream: Origin) -> None:
    hosted(tmp_path, upstream.url, "shop.test", "")
    (example, _) = [line for line in await banner(tmp_path) if line.startswith("try")]
    assert example.endswith("/a1/list'")


# --- demo ---


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


async def children(parent: int) -> list[int]:
    listing = await asyncio.create_subprocess_exec("ps", "-A", "-o", "pid=,ppid=", stdout=asyncio.subprocess.PIPE)
    output, _ = await listing.communicate()
    pairs = [tuple(map(int, line.split())) for line in output.splitlines()]
    return [pid for pid, owner in pairs if owner == parent]


@pytest.mark.parametrize(("stop", "code"), STOPS)
async def test_the_demo_answers_through_both_doors_and_leaves_nothing_behind(
    tmp_path: Path, client: httpx.AsyncClient, stop: signal.Signals, code: int
) -> None:
    flags = [*ANYWHERE, "--data", str(tmp_path / "data")]
    async with gateway(*flags, home=tmp_path, command="demo") as running:
        person = (await client.get(f"{running.rest}/products/1")).json()
        agent = await called(client, running.mcp, "get_product", {"productId": 1})
        started = await children(running.process.pid)
        assert await running.end(stop) == code
        assert "Traceback" not in running.log.read_text()
    assert agent["structuredContent"] == person
    assert person["sku"]
    assert started
    assert not [pid for pid in started if alive(pid)]


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
async def test_a_demo_that_is_stopped_while_it_starts_leaves_nothing_behind(
    tmp_path: Path, stop: signal.Signals
) -> None:
    process = await asyncio.create_subprocess_exec(
        *COMMAND, "demo", *ANYWHERE, cwd=tmp_path, env=environment(tmp_path),
        stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    async with asyncio.timeout(15):
        while not (started := await children(process.pid)):  # noqa: ASYNC110 - a process table tells nobody
            await asyncio.sleep(0.01)
        process.send_signal(stop)
        assert await process.wait() in {0, 130}
    assert not [pid for pid in started if alive(pid)]


async def test_a_demo_that_is_killed_leaves_nothing_behind(tmp_path: Path) -> None:
    async with gateway(*ANYWHERE, home=tmp_path, command="demo") as running:
        started = await children(running.process.pid)
        await running.end(signal.SIGKILL)
        async with asyncio.timeout(10):
            while any(map(alive, started)):  # noqa: ASYNC110 - a process table tells nobody
                await asyncio.sleep(0.05)
    assert started


async def test_a_sample_api_that_ends_on_its_own_is_told_once(tmp_path: Path) -> None:
    async with gateway(*ANYWHERE, home=tmp_path, command="demo") as running:
        (child,) = await children(running.process.pid)
        os.kill(child, signal.SIGKILL)
        async with asyncio.timeout(10):
            while "the sample API ended" not in running.log.read_text():  # noqa: ASYNC110 - nor does a file
                await asyncio.sleep(0.05)
        assert await running.end(signal.SIGINT) == 130
        assert running.log.read_text().count("the sample API ended") == 1


async def test_a_demo_that_is_stopped_does_not_say_that_its_sample_api_ended(tmp_path: Path) -> None:
    async with gateway(*ANYWHERE, home=tmp_path, command="demo") as running:
        assert await running.end(signal.SIGINT) == 130
        assert "the sample API ended" not in running.log.read_text()
