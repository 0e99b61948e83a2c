"""Where one request ends and the next begins, on the wire: no bytes of a body ever become a request of their own."""

import asyncio

import orjson
import pytest

from bridge.control.api import application
from bridge.control.health import health_app
from bridge.ingress.traffic import Traffic
from bridge.pipeline.runtime import Cors, Holder
from bridge.telemetry.metrics import Metrics
from tests.kit.gateway import App, serving
from tests.kit.origin import OK, answering
from tests.kit.people import Setting, opened, request
from tests.kit.raw import Client, Got, dialled
from tests.kit.runtime import endpoint, world
from tests.kit.upstream import Played

SMUGGLED = request(b"/smuggled")
PATHS = [b"/mcp", b"/mcp/none", b"/x"]
JSON = b"Content-Type: application/json"
PING = orjson.dumps({"jsonrpc": "2.0", "id": 1, "method": "ping"})


async def _only_answer(client: Client, head: bytes, then: bytes = SMUGGLED) -> Got:
    """The answer to `head`, after which the gateway must close without another byte, whatever follows."""
    await client.say(head)
    await asyncio.sleep(0.02)
    try:
        await client.say(then)
        got = await client.answer()
        assert got.values(b"connection") == [b"close"]
        assert await client.at_end()
    except ConnectionResetError:
        raise AssertionError("reset before the answer was read") from None
    return got


def _post(path: bytes, *lines: bytes, length: int = len(SMUGGLED)) -> bytes:
    return request(path, JSON, *lines, b"Content-Length: %d" % length, method=b"POST")


@pytest.mark.parametrize("upgrade", [b"foo", b"websocket", b"h2c"])
@pytest.mark.parametrize("path", PATHS)
async def test_what_follows_an_upgrade_is_never_a_request(path: bytes, upgrade: bytes) -> None:
    async with opened(answering(OK)) as door, dialled(door.url) as client:
        got = await _only_answer(client, _post(path, b"Connection: Upgrade", b"Upgrade: " + upgrade))
        assert got.status == (404 if path == b"/mcp/none" else 501)
        assert door.origin.requests == []


@pytest.mark.parametrize(("path", "status"), [(b"/mcp", 405), (b"/mcp/none", 404), (b"/x", 405)])
async def test_what_follows_a_connect_is_never_a_request(path: bytes, status: int) -> None:
    async with opened(answering(OK)) as door, dialled(door.url) as client:
        assert (await _only_answer(client, request(path, method=b"CONNECT"))).status == status
        assert door.origin.requests == []


async def test_a_preflight_with_an_upgrade_is_the_last_request() -> None:
    origin, method = b"Origin: https://app.example", b"Access-Control-Request-Method: PUT"
    setting = Setting(cors=Cors(frozenset({"https://app.example"})))
    async with opened(answering(OK), setting) as door, dialled(door.url) as client:
        head = request(b"/mcp", b"Connection: Upgrade", b"Upgrade: foo", origin, method, method=b"OPTIONS")
        assert (await _only_answer(client, head)).status == 204
        assert door.origin.requests == []


def _beside() -> list[App]:
    holder = Holder(world([endpoint("pets")]).rt)
    return [application(), health_app(holder, Metrics("1", lambda: 0)), Traffic(holder)]


@pytest.mark.parametrize("app", _beside(), ids=["admin", "health", "traffic"])
@pytest.mark.parametrize("line", [b"Connection: Upgrade\r\nUpgrade: foo", b"Expect: 100-continue"])
async def test_it_holds_for_every_listener(app: App, line: bytes) -> None:
    head = b"POST /mcp HTTP/1.1\r\nHost: localhost\r\n%s\r\nContent-Length: %d\r\n\r\n" % (line, len(SMUGGLED))
    async with serving(app) as url, dialled(url) as client:
        assert (await _only_answer(client, head)).status >= 400


async def test_an_agent_who_waits_for_100_and_is_refused_is_not_read_on() -> None:
    async with opened(answering(OK)) as door, dialled(door.url) as client:
        head = request(
            b"/mcp", b"Content-Type: text/plain", b"Expect: 100-continue", b"Content-Length: 9", method=b"POST"
        )
        assert (await _only_answer(client, head)).status == 415
        assert door.origin.requests == []


async def test_an_agent_who_waits_for_100_gets_it_and_keeps_the_connection() -> None:
    async with opened(answering(OK)) as door, dialled(door.url) as client:
        for _ in range(2):
            await client.say(_post(b"/mcp", b"Expect: 100-continue", length=len(PING)))
            async with asyncio.timeout(2):
                assert (await client.head()).status == 100
            await client.say(PING)
            got = await client.answer()
            assert (got.status, got.values(b"connection")) == (200, [])


async def test_requests_sent_ahead_are_answered_in_their_order_on_their_own_connection() -> None:
    async with opened(answering(OK)) as door, dialled(door.url) as one, dialled(door.url) as two:
        for client, first in ((one, 10), (two, 20)):
            asked = (PING.replace(b":1", b":%d" % (first + turn)) for turn in range(5))
            await client.say(b"".join(_post(b"/mcp", length=len(ping)) + ping for ping in asked))
        for client, first in ((two, 20), (one, 10)):
            async with asyncio.timeout(5):
                answers = [orjson.loads((await client.answer()).body) for _ in range(5)]
            assert [answer["id"] for answer in answers] == list(range(first, first + 5))


BOTH = b"Accept: application/json, text/event-stream"


async def test_a_client_that_leaves_with_requests_sent_ahead_is_nobodys_error(caplog: pytest.LogCaptureFixture) -> None:
    made = world([endpoint("pets")])
    made.upstream.scripts[:] = [Played(hold=asyncio.Event())]
    meta = {"io.modelcontextprotocol/protocolVersion": "2026-07-28", "io.modelcontextprotocol/clientCapabilities": {}}
    params = {"name": "pets", "arguments": {}, "_meta": meta}
    call = orjson.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params})
    lines = (b"MCP-Protocol-Version: 2026-07-28", b"Mcp-Method: tools/call", b"Mcp-Name: pets", BOTH)
    async with serving(Traffic(Holder(made.rt))) as url:
        async with dialled(url) as client:
            await client.say(_post(b"/mcp", *lines, length=len(call)) + call)
            await client.say(_post(b"/mcp", length=len(PING)) + PING)
            await made.upstream.reached()
        for _ in range(200):
            await asyncio.sleep(0.01)
            if made.records:
                break
        await asyncio.sleep(0.05)
    assert made.upstream.cancelled == 1
    assert [record.getMessage() for record in caplog.records if record.levelname == "ERROR"] == []
    assert [record.verdict for record in made.records] == ["client_gone"]


# --- which host is meant ----------------------------------------------------------------------------------------------


def _named(host: bytes, target: bytes) -> bytes:
    return b"POST %s HTTP/1.1\r\nHost: %s\r\n%s\r\nContent-Length: %d\r\n\r\n%s" % (target, host, JSON, len(PING), PING)


@pytest.mark.parametrize("path", [b"/mcp", b"/x"])
@pytest.mark.parametrize(
    ("target", "status"),
    [
        (b"http://gw.example", 200), (b"HTTP://GW.example", 200),
        (b"http://evil.example", 400), (b"http://gw.example:1", 400), (b"http://gw.example@evil.example", 400),
    ],
)  # fmt: skip
async def test_a_target_that_names_another_host_than_host_is_refused(target: bytes, status: int, path: bytes) -> None:
    async with opened(answering(OK)) as door, dialled(door.url) as client:
        assert (await client.ask(_named(b"gw.example", target + path))).status == status


@pytest.mark.parametrize("path", [b"/mcp", b"/x"])
@pytest.mark.parametrize(
    "host",
    [
        b"a b",
        b"a@b",
        b'evil"; for=1.2.3.4',
        b"a, b",
        b"a/..",
        b"a:b",
        b"a:1:2",
        b"a\\b",
        b"\xe9",
        b"[::1",
        b"'a'",
        b":80",
    ],
)
async def test_a_host_that_is_none_is_refused(host: bytes, path: bytes) -> None:
    async with opened(answering(OK)) as door, dialled(door.url) as client:
        assert (await client.ask(_named(host, path))).status == 400
        assert door.origin.requests == []


@pytest.mark.parametrize(
    "host", [b"GW.example", b"gw_1.example.:8080", b"192.0.2.1:80", b"[2001:db8::1]:8080", b"xn--a"]
)
async def test_a_host_that_is_one_is_passed_on_as_it_was_called(host: bytes) -> None:
    async with opened(answering(OK)) as door, dialled(door.url) as client:
        assert (await client.ask(_named(host, b"/x"))).status == 200
        assert door.origin.requests[0].values(b"x-forwarded-host") == [host]
