"""Bodies pass as they come, no faster than the other side takes them, and stop when nobody is left to read."""

import asyncio
from collections.abc import Callable
from dataclasses import replace

from bridge.model import BadArguments, Headers, Timeouts, Validate
from bridge.pipeline.runtime import Limits
from tests.kit.origin import OK, Line, answering
from tests.kit.people import Setting, opened, request
from tests.kit.raw import dialled
from tests.kit.runtime import ROUTE, Plan, endpoint

CHUNKED = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(3):
        while not true():  # noqa: ASYNC110 (what is waited for sets no event)
            await asyncio.sleep(0.005)


async def test_the_upstream_sees_the_first_chunk_while_the_client_holds_the_rest() -> None:
    seen = asyncio.Event()

    async def script(line: Line) -> None:
        await line.head()
        assert await line.reader.readexactly(10) == b"5\r\nfirst\r\n"
        seen.set()
        assert await line.reader.readuntil(b"0\r\n\r\n") == b"4\r\nlast\r\n0\r\n\r\n"
        await line.say(OK)

    async with opened(script) as door, dialled(door.url) as client:
        await client.say(request(b"/x", b"Transfer-Encoding: chunked", method=b"POST", body=b"5\r\nfirst\r\n"))
        async with asyncio.timeout(2):
            await seen.wait()
        await client.say(b"4\r\nlast\r\n0\r\n\r\n")
        assert (await client.answer()).status == 200


async def test_the_first_event_arrives_while_the_upstream_holds_the_next() -> None:
    more = asyncio.Event()

    async def script(line: Line) -> None:
        await line.take()
        await line.say(CHUNKED + b"7\r\ndata: 1\r\n")
        await more.wait()
        await line.say(b"7\r\ndata: 2\r\n0\r\n\r\n")

    async with opened(script) as door, dialled(door.url) as client:
        await client.say(request(b"/x"))
        async with asyncio.timeout(2):
            assert (await client.head()).values(b"content-type") == [b"text/event-stream"]
            assert await client.chunk() == b"data: 1"
        more.set()
        assert await client.chunk() == b"data: 2"


async def test_a_slow_reader_holds_the_upstream_back() -> None:
    piece, most = bytes(65536), 400
    written = 0

    async def script(line: Line) -> None:
        nonlocal written
        await line.take()
        await line.say(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (len(piece) * most))
        for _ in range(most):
            await line.say(piece)
            written += 1

    async with opened(script) as door, dialled(door.url) as client:
        await client.say(request(b"/x"))
        await client.head()
        before = -1
        while before != written:
            before = written
            await asyncio.sleep(0.2)
        # What the kernel's socket buffers take; of the 25 MB the gateway itself holds a few pieces.
        assert written < most * 0.7
        assert len(await client.reader.readexactly(len(piece) * most)) == len(piece) * most


async def test_a_slow_upstream_holds_the_uploading_client_back() -> None:
    go = asyncio.Event()
    size = 40 << 20

    async def script(line: Line) -> None:
        await line.head()
        await go.wait()
        await line.reader.readexactly(size)
        await line.say(OK)

    async with opened(script) as door, dialled(door.url) as client:
        await client.say(request(b"/x", b"Content-Length: %d" % size, method=b"POST"))
        sending = asyncio.create_task(client.say(bytes(size)))
        await asyncio.sleep(0.5)
        assert not sending.done()
        go.set()
        await sending
        assert (await client.answer()).status == 200


async def test_a_client_that_leaves_before_the_answer_ends_the_upstream_call() -> None:
    ended = asyncio.Event()

    async def script(line: Line) -> None:
        await line.take()
        await line.until_closed()
        ended.set()

    async with opened(script) as door:
        async with dialled(door.url) as client:
            await client.say(request(b"/x"))
            await until(lambda: bool(door.origin.requests))
        async with asyncio.timeout(1):
            await ended.wait()
        await until(lambda: bool(door.records))
        assert [(record.gone, record.status) for record in door.records] == [(True, 499)]
        assert door.rt.leases.in_flight() == 0


async def test_a_client_that_leaves_during_the_answer_ends_the_upstream_call() -> None:
    ended = asyncio.Event()

    async def script(line: Line) -> None:
        await line.take()
        await line.say(CHUNKED + b"7\r\ndata: 1\r\n")
        await line.until_closed()
        ended.set()

    async with opened(script) as door:
        async with dialled(door.url) as client:
            await client.say(request(b"/x"))
            await client.head()
            await client.chunk()
        async with asyncio.timeout(1):
            await ended.wait()
        await until(lambda: bool(door.records))
        assert [(record.gone, record.status, record.response_bytes) for record in door.records] == [(True, 200, 7)]
        assert door.rt.leases.in_flight() == 0


async def test_a_client_that_leaves_during_its_upload_ends_the_upstream_call() -> None:
    ended = asyncio.Event()

    async def script(line: Line) -> None:
        await line.head()
        await line.until_closed()
        ended.set()

    async with opened(script) as door:
        async with dialled(door.url) as client:
            await client.say(request(b"/x", b"Content-Length: 100", method=b"POST", body=b"half"))
            await until(lambda: door.origin.connections > 0)
        async with asyncio.timeout(1):
            await ended.wait()
        await until(lambda: bool(door.records))
        assert [(record.gone, record.verdict) for record in door.records] == [(True, "client_gone")]
        assert door.rt.leases.in_flight() == 0


async def test_a_client_that_leaves_with_its_answer_unread_ends_the_upstream_call() -> None:
    async def script(line: Line) -> None:
        await line.take()
        await line.say(b"HTTP/1.1 200 OK\r\nContent-Length: 999999999\r\n\r\n")
        while True:
            await line.say(bytes(65536))

    async with opened(script) as door:
        async with dialled(door.url) as client:
            await client.say(request(b"/x"))
            await client.head()
            await asyncio.sleep(0.2)
            client.writer.transport.abort()
        await until(lambda: bool(door.records))
        assert door.records[0].gone


async def test_an_early_answer_to_a_large_upload_reaches_the_client() -> None:
    async def script(line: Line) -> None:
        await line.head()
        await line.say(b"HTTP/1.1 413 No\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno")
        await line.until_closed()

    async with opened(script) as door, dialled(door.url) as client:
        size = 30 << 20
        await client.say(request(b"/x", b"Content-Length: %d" % size, method=b"POST"))
        sending = asyncio.create_task(client.say(bytes(size)))
        async with asyncio.timeout(5):
            got = await client.answer()
        assert (got.status, got.body) == (413, b"no")
        await sending


async def test_an_answer_may_go_on_after_the_total_time() -> None:
    async def script(line: Line) -> None:
        await line.take()
        await line.say(CHUNKED)
        for _ in range(8):
            await line.say(b"1\r\n.\r\n")
            await asyncio.sleep(0.05)
        await line.say(b"0\r\n\r\n")

    async with opened(script, Setting(timeouts=Timeouts(read=0.2, total=0.2))) as door:
        got = await door.get(b"/x")
    assert (got.body, got.complete) == (b"." * 8, True)


def inspected(method: str, problems: tuple[str, ...], validate: Validate) -> Setting:
    seen: list[bytes] = []

    def inspect(path: str, query: str, headers: Headers, body: bytes) -> tuple[str, ...]:
        seen.append(body)
        return problems

    one = endpoint("made", method, "/x", route=replace(ROUTE, validate=validate))
    return Setting(endpoints=(replace(one, inspect=inspect, needs_body=True),), plan=Plan(limits=Limits(body_bytes=10)))


async def test_a_body_that_is_inspected_goes_up_whole_and_with_its_length() -> None:
    async with opened(answering(OK), inspected("POST", (), Validate.ENFORCE)) as door:
        body = b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
        got = await door.ask(request(b"/x", b"Transfer-Encoding: chunked", method=b"POST", body=body))
        assert got.status == 200
        arrived = door.origin.requests[0]
    assert (arrived.body, arrived.values(b"content-length"), arrived.values(b"transfer-encoding")) == (
        b"abcde",
        [b"5"],
        [],
    )


async def test_a_request_that_breaks_the_document_is_refused_where_that_is_enforced() -> None:
    async with opened(answering(OK), inspected("POST", ("body: no",), Validate.ENFORCE)) as door:
        got = await door.ask(request(b"/x", b"Content-Length: 2", method=b"POST", body=b"{}"))
        assert (got.status, got.problem["errors"]) == (BadArguments.http, ["body: no"])
        assert door.origin.requests == []


async def test_a_body_too_large_to_inspect_is_refused_before_it_is_sent() -> None:
    async with opened(answering(OK), inspected("POST", (), Validate.ENFORCE)) as door, dialled(door.url) as client:
        await client.say(request(b"/x", b"Content-Length: 11", b"Expect: 100-continue", method=b"POST"))
        assert (await client.answer()).status == 413


async def test_a_chunked_body_too_large_to_inspect_is_refused_at_the_limit() -> None:
    async with opened(answering(OK), inspected("POST", (), Validate.ENFORCE)) as door, dialled(door.url) as client:
        await client.say(request(b"/x", b"Transfer-Encoding: chunked", method=b"POST", body=b"b\r\n12345678901\r\n"))
        assert (await client.answer()).status == 413
        assert door.origin.requests == []
