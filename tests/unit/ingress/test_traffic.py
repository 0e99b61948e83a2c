"""The traffic application in process: what is neither door's business, and what ends in the middle."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from bridge.egress.upstream import Response
from bridge.ingress.answer import Aborted
from bridge.ingress.asgi import Message
from bridge.ingress.traffic import Traffic
from bridge.model import Json, Target, Timeouts, Wire
from bridge.pipeline.runtime import Holder
from tests.kit.runtime import ROUTE, Plan, World, endpoint, world
from tests.kit.upstream import Played


def scope(path: str = "/pets", method: str = "GET") -> dict[str, Json]:
    return {
        "type": "http",
        "http_version": "1.1",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "scheme": "http",
        "client": ("192.0.2.7", 4711),
        "headers": [(b"host", b"gw.example")],
    }


class Client:
    """Sends a request without a body and stays until `leave` is set."""

    def __init__(self) -> None:
        self.sent: list[Message] = []
        self.leave = asyncio.Event()
        self._asked = False

    async def receive(self) -> Message:
        if not self._asked:
            self._asked = True
            return {"type": "http.request", "body": b"", "more_body": False}
        await self.leave.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        self.sent.append(message)


def pets() -> World:
    return world([endpoint("pets")])


async def test_a_websocket_is_turned_away_in_its_handshake() -> None:
    client = Client()
    await Traffic(Holder(pets().rt))({"type": "websocket", "path": "/pets"}, client.receive, client.send)
    assert [message["type"] for message in client.sent] == ["websocket.close"]


async def test_a_call_keeps_the_runtime_it_began_with() -> None:
    before, after = pets(), pets()
    go = asyncio.Event()
    before.upstream.scripts = [Played(hold=go)]
    holder = Holder(before.rt)
    client = Client()
    serving = asyncio.create_task(Traffic(holder)(scope(), client.receive, client.send))
    await asyncio.sleep(0.01)
    holder.swap(after.rt)
    go.set()
    await serving
    assert (len(before.records), len(after.records)) == (1, 0)


async def test_a_cancelled_call_is_accounted_and_gives_back_what_it_held() -> None:
    made = pets()
    made.upstream.scripts = [Played(hold=asyncio.Event())]
    client = Client()
    serving = asyncio.create_task(Traffic(Holder(made.rt))(scope(), client.receive, client.send))
    await asyncio.sleep(0.01)
    serving.cancel()
    await asyncio.wait([serving])
    assert serving.cancelled()
    assert [(record.truncated, record.gone, record.verdict) for record in made.records] == [
        (True, False, "internal_error")
    ]
    assert (made.rt.leases.in_flight(), made.upstream.cancelled, client.sent) == (0, 1, [])


async def test_a_client_that_leaves_gets_nothing_and_is_accounted_as_gone() -> None:
    made = pets()
    made.upstream.scripts = [Played(hold=asyncio.Event())]
    client = Client()
    serving = asyncio.create_task(Traffic(Holder(made.rt))(scope(), client.receive, client.send))
    await asyncio.sleep(0.01)
    client.leave.set()
    await serving
    assert [(record.gone, record.verdict) for record in made.records] == [(True, "client_gone")]
    assert (made.rt.leases.in_flight(), made.upstream.cancelled, client.sent) == (0, 1, [])


class Early:
    """An upstream that answers without having read the request's body, and then says nothing more."""

    def __init__(self) -> None:
        self.closed = False

    async def send(self, wire: Wire, target: Target, deadline: float) -> Response:
        return Response(200, (), self._silence(), self._close)

    async def aclose(self) -> None:
        pass

    async def _silence(self) -> AsyncIterator[bytes]:
        await asyncio.Event().wait()
        yield b""

    async def _close(self) -> None:
        self.closed = True


async def test_a_client_that_leaves_is_noticed_though_its_upload_was_not_read() -> None:
    early = Early()
    made = world([endpoint("pets", "POST")], Plan(upstream=early))
    client = Client()
    request = scope(method="POST") | {"headers": [(b"host", b"gw.example"), (b"content-length", b"5")]}
    serving = asyncio.create_task(Traffic(Holder(made.rt))(request, client.receive, client.send))
    await asyncio.sleep(0.01)
    client.leave.set()
    async with asyncio.timeout(1):
        await serving
    assert [record.gone for record in made.records] == [True]
    assert early.closed


async def test_a_reader_that_stalls_is_given_up() -> None:
    target = Target("t1", "http://upstream.test", timeouts=Timeouts(read=0.1))
    made = world([endpoint("pets", route=replace(ROUTE, targets=(target,)))])

    async def send(message: Message) -> None:
        if message["type"] == "http.response.body":
            await asyncio.Event().wait()

    async with asyncio.timeout(2):
        with pytest.raises(Aborted):
            await Traffic(Holder(made.rt))(scope(), Client().receive, send)
    assert [(record.truncated, record.response_bytes) for record in made.records] == [(True, 0)]
    assert (made.upstream.open, made.rt.leases.in_flight()) == (0, 0)


async def test_an_answer_is_released_exactly_once() -> None:
    made = pets()
    client = Client()
    await Traffic(Holder(made.rt))(scope(), client.receive, client.send)
    assert made.upstream.open == 0
    assert [message["type"] for message in client.sent][-1] == "http.response.body"
    assert client.sent[-1]["more_body"] is False
