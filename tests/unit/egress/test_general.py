"""The upstream client against real sockets."""

import asyncio
import socket
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from ipaddress import ip_address
from typing import Any

import httpcore
import pytest

from bridge.egress.address import Address
from bridge.egress.dial import Resolver
from bridge.egress.general import General
from bridge.egress.public import Public
from bridge.egress.upstream import Response
from bridge.model import (
    BadRequest,
    ClientGone,
    Target,
    Timeouts,
    UpstreamBroken,
    UpstreamTimeout,
    UpstreamUnreachable,
    Wire,
)
from tests.kit.origin import OK, Line, Origin, Script, answering, playing


@asynccontextmanager
async def upstream(script: Script, most: int = 8) -> AsyncIterator[tuple[General, Origin, Target]]:
    general = General(most=most)
    async with playing(script) as origin:
        yield general, origin, Target("t1", origin.url, timeouts=Timeouts(1, 1, 5))
        await general.aclose()


def soon(seconds: float = 5) -> float:
    return asyncio.get_running_loop().time() + seconds


async def arrival(origin: Origin) -> None:
    async with asyncio.timeout(2):
        while not origin.requests:  # noqa: ASYNC110 (the kit's upstream sets no event)
            await asyncio.sleep(0.005)


async def whole(response: Response) -> bytes:
    try:
        return b"".join([chunk async for chunk in response.chunks])
    finally:
        await response.aclose()


async def pieces(*parts: bytes | Exception) -> AsyncIterator[bytes]:
    for part in parts:
        if isinstance(part, Exception):
            raise part
        yield part


@pytest.mark.parametrize("target", ["/a/../b", "/%7e/%2F//", '/x?[]{}|^`="<>', "/;,:@&=+$", "/x?", "/?a=%"])
async def test_the_target_goes_out_byte_for_byte(target: str) -> None:
    async with upstream(answering(OK)) as (general, origin, at):
        assert await whole(await general.send(Wire("GET", target), at, soon())) == b"ok"
    assert origin.requests[0].line == f"GET {target} HTTP/1.1".encode()


async def test_nothing_is_added_but_the_host() -> None:
    async with upstream(answering(OK)) as (general, origin, at):
        await whole(await general.send(Wire("GET", "/", ((b"x-a", b"1"),)), at, soon()))
    assert origin.requests[0].fields == [(b"host", origin.url.removeprefix("http://").encode()), (b"x-a", b"1")]


async def test_the_targets_base_and_headers_are_used() -> None:
    async with upstream(answering(OK)) as (general, origin, at):
        mine = Target("t1", at.origin, "/v2", headers=((b"authorization", b"ours"), (b"host", b"virtual.example")))
        await whole(await general.send(Wire("GET", "/x", ((b"authorization", b"theirs"),)), mine, soon()))
    assert origin.requests[0].line == b"GET /v2/x HTTP/1.1"
    assert sorted(origin.requests[0].fields) == [(b"authorization", b"ours"), (b"host", b"virtual.example")]


async def test_bytes_have_a_length_and_streams_are_chunked() -> None:
    async with upstream(answering(OK)) as (general, origin, at):
        await whole(await general.send(Wire("POST", "/", (), b"abc"), at, soon()))
        await whole(await general.send(Wire("POST", "/", (), pieces(b"ab", b"c")), at, soon()))
    assert origin.requests[0].values(b"content-length") == [b"3"]
    assert origin.requests[1].values(b"transfer-encoding") == [b"chunked"]
    assert origin.requests[1].body == b"2\r\nab\r\n1\r\nc\r\n0\r\n\r\n"


async def test_connections_are_kept_and_used_again() -> None:
    async with upstream(answering(OK)) as (general, origin, at):
        for _ in range(3):
            await whole(await general.send(Wire("GET", "/"), at, soon()))
        assert origin.connections == 1


async def test_an_answer_closed_early_costs_its_connection() -> None:
    async def script(line: Line) -> None:
        while True:
            await line.take()
            await line.say(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nhalf"[:-2])

    async with upstream(script) as (general, origin, at):
        for _ in range(2):
            response = await general.send(Wire("GET", "/"), at, soon())
            await response.aclose()
        assert origin.connections == 2


async def test_what_the_requests_body_raises_passes_through() -> None:
    async with upstream(answering(OK)) as (general, _, at):
        with pytest.raises(ClientGone):
            await general.send(Wire("POST", "/", (), pieces(b"x", ClientGone("left"))), at, soon())


async def test_a_request_that_http_cannot_carry_is_the_callers_fault_and_shows_no_secret() -> None:
    async with upstream(answering(OK)) as (general, _, at):
        with pytest.raises(BadRequest) as refused:
            await general.send(Wire("GET", "/", ((b"x-a", b"secret\nb"),)), at, soon())
    assert "secret" not in refused.value.message


async def test_the_operator_learns_address_and_reason_and_nobody_else_does() -> None:
    async with upstream(garbled) as (general, _, at):
        closed = socket.create_server(("127.0.0.1", 0))
        port = closed.getsockname()[1]
        closed.close()
        speaking = at.origin.removeprefix("http://")
        for target, reason in (
            (replace(at, origin=f"http://127.0.0.1:{port}"), f"http://127.0.0.1:{port}: Connection refused"),
            (replace(at, origin=f"https://user:secret@{speaking}"), f"https://{speaking}: TLS failed"),
            (replace(at, guarded=True), f"{at.origin}: 127.0.0.1 is a loopback address"),
        ):
            with pytest.raises(UpstreamUnreachable) as failed:
                await general.send(Wire("GET", "/", ()), target, soon())
            assert failed.value.cause.startswith(reason)
            assert "127.0.0.1" not in failed.value.message
            assert "secret" not in failed.value.cause


async def garbled(line: Line) -> None:
    await line.say(b"no TLS\r\n\r\n")


async def test_the_deadline_ends_the_wait_for_the_head() -> None:
    async def script(line: Line) -> None:
        await line.take()
        await line.until_closed()

    async with upstream(script) as (general, _, at):
        with pytest.raises(UpstreamTimeout):
            await general.send(Wire("GET", "/"), at, soon(0.1))


async def test_the_deadline_ends_the_body() -> None:
    async def script(line: Line) -> None:
        await line.take()
        await line.say(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nsome")
        await line.until_closed()

    async with upstream(script) as (general, _, at):
        response = await general.send(Wire("GET", "/"), at, soon(0.2))
        with pytest.raises(UpstreamTimeout):
            await whole(response)


async def test_cancelling_a_call_closes_its_connection() -> None:
    closed = asyncio.Event()

    async def script(line: Line) -> None:
        await line.take()
        await line.until_closed()
        closed.set()

    async with upstream(script) as (general, origin, at):
        sending = asyncio.create_task(general.send(Wire("GET", "/"), at, soon()))
        await arrival(origin)
        sending.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sending
        async with asyncio.timeout(1):
            await closed.wait()


@pytest.mark.parametrize(("method", "sent"), [("PUT", 3), ("POST", 2), ("PATCH", 2)])
async def test_on_a_kept_connection_that_closes_only_what_is_idempotent_is_sent_again(method: str, sent: int) -> None:
    async def script(line: Line) -> None:
        await line.take()
        await line.say(OK)
        if line.origin.connections == 1:
            await line.take()
            line.reset()

    async with upstream(script) as (general, origin, at):
        await whole(await general.send(Wire("GET", "/"), at, soon()))
        with suppress(UpstreamBroken):
            await whole(await general.send(Wire(method, "/", (), b"x"), at, soon()))
        assert len(origin.requests) == sent


async def test_a_put_whose_body_has_begun_is_not_sent_again() -> None:
    async def script(line: Line) -> None:
        await line.take()
        await line.say(OK)
        await line.take()
        line.reset()

    async with upstream(script) as (general, origin, at):
        await whole(await general.send(Wire("GET", "/"), at, soon()))
        with pytest.raises(UpstreamBroken):
            await general.send(Wire("PUT", "/", (), pieces(b"x")), at, soon())
        assert len(origin.requests) == 2


async def test_closing_spares_answers_that_are_being_read() -> None:
    go = asyncio.Event()

    async def script(line: Line) -> None:
        await line.take()
        await line.say(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n")
        await go.wait()
        await line.say(b"ok")

    async with upstream(script) as (general, _, at):
        response = await general.send(Wire("GET", "/"), at, soon())
        await general.aclose()
        go.set()
        assert await whole(response) == b"ok"


async def test_a_slow_upstream_does_not_use_up_anothers_connections() -> None:
    async def slow(line: Line) -> None:
        await line.take()
        await line.until_closed()

    async with upstream(slow, most=1) as (general, origin, at), playing(answering(OK)) as other:
        stuck = asyncio.create_task(general.send(Wire("GET", "/"), at, soon()))
        await arrival(origin)
        quick = Target("t2", other.url)
        assert await whole(await general.send(Wire("GET", "/"), quick, soon())) == b"ok"
        stuck.cancel()
        await asyncio.wait([stuck])


# --- guarded targets --------------------------------------------------------------------------------------------------


class Recorded(httpcore.AsyncNetworkBackend):
    """Whatever is dialled, the kit's upstream answers."""

    def __init__(self, url: str) -> None:
        self.dialled: list[str] = []
        self._port = int(url.rpartition(":")[2])

    async def connect_tcp(self, host: str, *others: Any, **named: Any) -> httpcore.AsyncNetworkStream:
        self.dialled.append(host)
        if host == "8.8.8.8":
            raise httpcore.ConnectError
        return await httpcore.AnyIOBackend().connect_tcp("127.0.0.1", self._port)


def resolving(*answers: Sequence[str]) -> Resolver:
    """Another answer each time, as a name server that rebinds gives them."""
    left = iter(answers)
    return lambda host, port: [ip_address(address) for address in next(left)]


@asynccontextmanager
async def guarded(*answers: Sequence[str]) -> AsyncIterator[tuple[General, Recorded, Target]]:
    async with playing(answering(OK)) as origin:
        network = Recorded(origin.url)
        general = General(public=Public(resolving(*answers), network))
        yield general, network, Target("t1", "http://api.example", guarded=True, timeouts=Timeouts(1, 1, 5))
        await general.aclose()


async def test_a_guarded_target_is_dialled_by_the_address_that_was_checked() -> None:
    async with guarded(["8.8.8.8", "1.1.1.1"]) as (general, network, at):
        assert await whole(await general.send(Wire("GET", "/"), at, soon())) == b"ok"
    assert network.dialled == ["8.8.8.8", "1.1.1.1"]


@pytest.mark.parametrize(
    "answer", [["127.0.0.1"], ["1.1.1.1", "10.0.0.1"], ["169.254.169.254"], ["::ffff:127.0.0.1"], []]
)
async def test_a_guarded_target_that_leads_inside_is_not_dialled(answer: list[str]) -> None:
    async with guarded(answer) as (general, network, at):
        with pytest.raises(UpstreamUnreachable):
            await general.send(Wire("GET", "/"), at, soon())
    assert network.dialled == []


async def test_a_guarded_name_is_judged_at_every_connection() -> None:
    async with guarded(["1.1.1.1"], ["127.0.0.1"]) as (general, network, at):
        response = await general.send(Wire("GET", "/"), at, soon())
        await response.aclose()
        with pytest.raises(UpstreamUnreachable):
            await general.send(Wire("GET", "/"), at, soon())
    assert network.dialled == ["1.1.1.1"]


async def test_a_guarded_target_gets_no_connection_that_was_made_without_the_guard() -> None:
    async with upstream(answering(OK)) as (general, origin, at):
        assert await whole(await general.send(Wire("GET", "/"), at, soon())) == b"ok"
        with pytest.raises(UpstreamUnreachable):
            await general.send(Wire("GET", "/"), replace(at, guarded=True), soon())
    assert len(origin.requests) == 1


async def test_a_guarded_name_that_is_not_resolved_in_time_is_given_up() -> None:
    def silent(host: str, port: int) -> Sequence[Address]:
        time.sleep(0.5)
        return ()

    general = General(public=Public(silent))
    target = Target("t1", "http://api.example", guarded=True, timeouts=Timeouts(0.1, 1, 5))
    with pytest.raises(UpstreamTimeout, match="could not be connected to in time"):
        await general.send(Wire("GET", "/"), target, soon())
