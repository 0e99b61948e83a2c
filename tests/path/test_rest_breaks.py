"""Upstreams that fail, in every way they can: the client is told, never shown a body that looks complete."""

import asyncio
import logging
import socket
import time

import pytest

from bridge.model import Call, Principal, Timeouts
from tests.kit.origin import OK, Line, answering
from tests.kit.people import Setting, opened, request, served_at
from tests.kit.raw import dialled
from tests.kit.runtime import Plan

HALF = b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf"
HALF_CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n"


@pytest.mark.parametrize("half", [HALF, HALF_CHUNKED])
@pytest.mark.parametrize("rst", [False, True])
async def test_a_body_that_breaks_off_is_seen_to_break_off(half: bytes, rst: bool) -> None:
    async def script(line: Line) -> None:
        await line.take()
        await line.say(half)
        await asyncio.sleep(0.05)
        if rst:
            line.reset()

    async with opened(script) as door:
        got = await door.get(b"/x")
        assert (got.status, got.body, got.complete) == (200, b"half", False)
        assert [(record.truncated, record.gone, record.response_bytes) for record in door.records] == [(True, False, 4)]
        assert door.origin.connections == 1


async def test_a_body_that_breaks_off_is_logged_once_with_the_calls_id(caplog: pytest.LogCaptureFixture) -> None:
    async def script(line: Line) -> None:
        await line.take()
        await line.say(HALF)

    async with opened(script) as door:
        await door.get(b"/x")
        logged = [record for record in caplog.records if record.levelno >= logging.ERROR]
        assert len(logged) == 1
        assert door.records[0].id in str(logged[0].exc_info and logged[0].exc_info[1])


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: -2\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nX-A: a\x01b\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nX-A: a\rX-B: b\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nX-A: a\nX-B: b\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.1 200 OK\nContent-Length: 2\n\nok",
        b"HTTP/1.1 103 Early Hints\r\n\r\n" * 21 + OK,
        b"HTTP/1.1 200 OK\r\nX-A : a\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\n" + b"X-A: a\r\n" * 200 + b"Content-Length: 2\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nX-A: " + b"a" * 200_000 + b"\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.1 600 What\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
        b"SSH-2.0-OpenSSH\r\n\r\n",
        b"\x00\x01\x02\r\n\r\n",
    ],
)
async def test_an_answer_that_is_not_sound_http_becomes_a_502(answer: bytes) -> None:
    async with opened(answering(answer)) as door:
        got = await door.get(b"/x")
        assert (got.status, got.problem["code"]) == (502, "upstream_broken")
        assert "'t1'" in got.problem["detail"]
        assert "127.0.0.1" not in got.problem["detail"]


async def test_the_record_says_where_it_failed_and_why_and_the_caller_is_not_told() -> None:
    async with opened(answering(b"SSH-2.0-OpenSSH\r\n\r\n")) as door:
        got = await door.get(b"/x")
        (record,) = door.records
        assert record.cause.startswith(f"{door.origin.url}: ")
        assert record.cause not in got.body.decode()
        assert "127.0.0.1" not in got.body.decode()


async def test_some_interim_answers_are_skipped() -> None:
    async with opened(answering(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" * 20 + OK)) as door:
        assert [(await door.get(b"/x")).body for _ in range(2)] == [b"ok", b"ok"]


async def test_a_bare_line_feed_in_a_body_is_the_bodys() -> None:
    async with opened(answering(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\na\n\nb\n")) as door:
        assert (await door.get(b"/x")).body == b"a\n\nb\n"


async def test_a_head_may_come_in_any_pieces() -> None:
    async def script(line: Line) -> None:
        await line.take()
        for byte in b"HTTP/1.1 100 Continue\r\n\r\n" + OK:
            await line.say(bytes([byte]))
            await asyncio.sleep(0)

    async with opened(script) as door:
        assert (await door.get(b"/x")).body == b"ok"


async def test_a_bad_chunk_breaks_the_body_off() -> None:
    async with opened(answering(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\nzz\r\n")) as door:
        got = await door.get(b"/x")
        assert (got.body, got.complete) == (b"ok", False)


@pytest.mark.parametrize(
    "answer",
    [
        OK + b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison",
        b"HTTP/1.1 204 No Content\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison",
    ],
)
async def test_bytes_after_an_answer_never_become_the_next_callers_answer(answer: bytes) -> None:
    async with opened(answering(answer, OK)) as door:
        await door.get(b"/first")
        assert (await door.get(b"/second")).body == b"ok"
        assert door.origin.connections == 2


async def test_an_upstream_that_is_not_there_is_a_502_that_names_no_address() -> None:
    async with served_at("http://127.0.0.1:1") as door:
        got = await door.get(b"/x")
        assert (got.status, got.problem["code"]) == (502, "upstream_unreachable")
        assert "127.0.0.1" not in got.problem["detail"]


async def test_an_upstream_whose_name_does_not_resolve_is_a_502() -> None:
    async with served_at("http://nowhere.invalid") as door:
        got = await door.get(b"/x")
        assert (got.status, got.problem["code"]) == (502, "upstream_unreachable")


async def test_an_upstream_that_takes_no_connection_is_a_504_at_the_connect_time() -> None:
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        address = full.getsockname()
        # A queue of length 0 holds one connection; the next gets no answer at all.
        with socket.create_connection(address), _half_open(address):
            async with served_at(f"http://127.0.0.1:{address[1]}", Timeouts(connect=0.2)) as door:
                got = await door.get(b"/x")
                assert (got.status, got.problem["code"]) == (504, "upstream_timeout")


def _half_open(address: tuple[str, int]) -> socket.socket:
    sock = socket.socket()
    sock.setblocking(False)
    sock.connect_ex(address)
    return sock


async def test_an_upstream_that_does_not_answer_is_a_504_at_the_read_time() -> None:
    async def script(line: Line) -> None:
        await line.take()
        await line.until_closed()

    async with opened(script, Setting(timeouts=Timeouts(read=0.2))) as door:
        began = time.perf_counter()
        got = await door.get(b"/x")
        assert (got.status, got.problem["code"]) == (504, "upstream_timeout")
        assert 0.15 < time.perf_counter() - began < 2
        assert door.rt.leases.in_flight() == 0


async def test_a_post_that_breaks_before_its_answer_is_not_sent_again() -> None:
    async def script(line: Line) -> None:
        await line.take()
        line.reset()

    async with opened(script) as door:
        got = await door.ask(request(b"/x", b"Content-Length: 2", method=b"POST", body=b"{}"))
        assert got.status == 502
        assert "whether the request took effect is unknown" in got.problem["detail"]
        assert len(door.origin.requests) == 1


async def test_a_get_that_breaks_on_a_new_connection_is_not_sent_again() -> None:
    async def script(line: Line) -> None:
        await line.take()

    async with opened(script) as door:
        assert (await door.get(b"/x")).status == 502
        assert len(door.origin.requests) == 1


async def _closing_when_used_again(line: Line) -> None:
    await line.take()
    await line.say(OK)
    if line.origin.connections == 1:
        await line.take()
        line.reset()
    else:
        await line.until_closed()


async def test_a_get_on_a_kept_connection_that_closes_as_it_is_used_is_sent_again() -> None:
    async with opened(_closing_when_used_again) as door:
        await door.get(b"/1")
        got = await door.get(b"/2")
        assert (got.status, got.body) == (200, b"ok")
        assert door.origin.connections == 2


async def test_a_post_on_a_kept_connection_that_closes_as_it_is_used_is_not_sent_again() -> None:
    async with opened(_closing_when_used_again) as door:
        await door.get(b"/1")
        got = await door.ask(request(b"/2", b"Content-Length: 2", method=b"POST", body=b"{}"))
        assert got.status == 502
        assert len(door.origin.requests) == 2


async def test_an_idle_connection_that_the_upstream_closed_is_not_used() -> None:
    async def script(line: Line) -> None:
        await line.take()
        await line.say(OK)

    async with opened(script) as door, dialled(door.url) as client:
        for _ in range(3):
            body = request(b"/x", b"Content-Length: 2", method=b"POST", body=b"{}")
            assert (await client.ask(body)).status == 200
            await asyncio.sleep(0.02)


async def test_an_unexpected_failure_is_a_500_that_says_nothing_about_the_inside(
    caplog: pytest.LogCaptureFixture,
) -> None:
    class Faulty:
        async def authenticate(self, call: Call) -> Principal:
            raise KeyError("secret inside")

    async with opened(answering(OK), Setting(plan=Plan(authenticator=Faulty()))) as door:
        got = await door.get(b"/x")
        assert (got.status, got.problem["code"]) == (500, "internal_error")
        assert b"secret" not in got.body
        assert got.problem["call"] == door.records[0].id
        logged = [record for record in caplog.records if record.levelno >= logging.ERROR]
        assert len(logged) == 1
        assert got.problem["call"] in logged[0].getMessage()
