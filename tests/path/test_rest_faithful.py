"""People's requests and answers pass byte for byte, less what belongs to one connection."""

import asyncio

import pytest

from bridge.model import Rewrite
from tests.kit.origin import OK, Line, answering
from tests.kit.people import Setting, opened, request
from tests.kit.raw import dialled

BODY = b'{"a" :1}'


@pytest.mark.parametrize(
    "target",
    [
        b"/a%2Fb",
        b"/a%2fb/%41",
        b"//double//slash/",
        b"/semi;colon=1;x",
        b"/q?a=b&a=%zz&&=&c=d+e?f/%2F",
        b"/q?x=..%2F..",
        b"/tilde~'()*!$,@:",
        b"/utf8/%C3%A4",
        b"/%7Euser",
        b"/a%252Fb",
    ],
)
async def test_a_target_reaches_the_upstream_byte_for_byte(target: bytes) -> None:
    async with opened(answering(OK)) as door:
        got = await door.get(target)
        assert (got.status, got.body) == (200, b"ok")
        assert door.origin.requests[0].line == b"GET " + target + b" HTTP/1.1"


async def test_the_prefix_is_cut_off_and_the_base_path_put_before() -> None:
    async with opened(answering(OK), Setting(prefix="/orders", base="/v1")) as door:
        await door.get(b"/orders/a%2Fb?x=1")
        await door.get(b"/orders")
        lines = [arrived.line.split(b" ")[1] for arrived in door.origin.requests]
    assert lines == [b"/v1/a%2Fb?x=1", b"/v1/"]


async def test_the_prefix_stays_where_it_is_not_to_be_stripped() -> None:
    async with opened(answering(OK), Setting(prefix="/orders", rewrite=Rewrite(strip_prefix=False))) as door:
        await door.get(b"/orders/7")
    assert door.origin.requests[0].line == b"GET /orders/7 HTTP/1.1"


async def test_the_upstream_gets_the_callers_headers_and_no_others() -> None:
    async with opened(answering(OK)) as door:
        await door.get(b"/x", b"X-One:  1 ", b"X-One: 2", b"Cookie: a=b", b"Authorization: Bearer t", b"X_User: root")
        names = [name for name, _ in door.origin.requests[0].fields]
        assert door.origin.requests[0].values(b"x-one") == [b"1", b"2"]
        assert door.origin.requests[0].values(b"host") == [door.origin.url.removeprefix("http://").encode()]
    assert sorted(names) == sorted(
        [
            *(b"host", b"x-one", b"x-one", b"cookie", b"authorization"),
            *(b"via", b"forwarded", b"x-forwarded-for", b"x-forwarded-host", b"x-forwarded-proto"),
        ]
    )


async def test_the_operators_headers_replace_the_callers() -> None:
    async with opened(answering(OK), Setting(headers=((b"authorization", b"Bearer ours"),))) as door:
        await door.get(b"/x", b"Authorization: Bearer theirs")
    assert door.origin.requests[0].values(b"authorization") == [b"Bearer ours"]


async def test_headers_of_the_connection_stop_at_the_gateway_in_both_directions() -> None:
    answer = (
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: X-Hop, Content-Length\r\nX-Hop: 1\r\nKeep-Alive: 5\r\n"
        b"Proxy-Connection: x\r\nTrailer: x\r\nX-End: 1\r\n\r\nok"
    )
    async with opened(answering(answer)) as door:
        got = await door.get(
            b"/x", b"Connection: X-Hop, Authorization, keep-alive", b"X-Hop: 1", b"Authorization: a", b"TE: trailers"
        )
        sent = {name for name, _ in door.origin.requests[0].fields}
    assert sent.isdisjoint({b"connection", b"x-hop", b"te"})
    assert b"authorization" in sent
    assert {name for name, _ in got.fields} == {b"content-length", b"x-end", b"date"}
    assert got.body == b"ok"


async def test_repeated_answer_headers_stay_repeated_and_in_order() -> None:
    answer = b'HTTP/1.1 200 OK\r\nSet-Cookie: b=2\r\nSet-Cookie: a=1\r\nETag: "x"\r\nContent-Length: 0\r\n\r\n'
    async with opened(answering(answer)) as door:
        got = await door.get(b"/x")
    assert got.values(b"set-cookie") == [b"b=2", b"a=1"]
    assert got.values(b"etag") == [b'"x"']


async def test_a_compressed_answer_is_not_touched() -> None:
    packed = b"\x1f\x8b\x08 not really gzip"
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(packed)
    async with opened(answering(head + packed)) as door:
        got = await door.get(b"/x", b"Accept-Encoding: gzip, br")
        assert door.origin.requests[0].values(b"accept-encoding") == [b"gzip, br"]
    assert got.values(b"content-encoding") == [b"gzip"]
    assert got.body == packed


async def test_a_range_and_its_answer_pass() -> None:
    partial = b"HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 0-1/9\r\nContent-Length: 2\r\n\r\nok"
    async with opened(answering(partial)) as door:
        got = await door.get(b"/x", b"Range: bytes=0-1", b'If-Range: "x"')
        assert door.origin.requests[0].values(b"range") == [b"bytes=0-1"]
    assert (got.status, got.values(b"content-range")) == (206, [b"bytes 0-1/9"])


async def test_an_error_of_the_upstream_is_its_answer() -> None:
    answer = b"HTTP/1.1 503 Nope\r\nRetry-After: 7\r\nContent-Type: text/plain\r\nContent-Length: 4\r\n\r\nlate"
    async with opened(answering(answer)) as door:
        got = await door.get(b"/x")
    assert (got.status, got.body, got.values(b"retry-after")) == (503, b"late", [b"7"])
    assert [(record.status, record.origin, record.verdict) for record in door.records] == [(503, "upstream", "allowed")]


async def test_a_redirect_is_not_followed() -> None:
    answer = b"HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n"
    async with opened(answering(answer)) as door:
        got = await door.get(b"/x")
        assert len(door.origin.requests) == 1
    assert (got.status, got.values(b"location")) == (302, [b"/elsewhere"])


async def test_cookies_of_one_caller_never_reach_another() -> None:
    answer = b"HTTP/1.1 200 OK\r\nSet-Cookie: session=1; Path=/\r\nContent-Length: 0\r\n\r\n"
    async with opened(answering(answer)) as door:
        await door.get(b"/x")
        await door.get(b"/x")
        assert door.origin.requests[1].values(b"cookie") == []


async def test_head_has_the_length_and_no_body() -> None:
    async with (
        opened(answering(b"HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n")) as door,
        dialled(door.url) as client,
    ):
        for _ in range(2):
            got = await client.ask(request(b"/x", method=b"HEAD"))
            assert (got.status, got.values(b"content-length")) == (200, [b"999"])
        assert door.origin.requests[0].line == b"HEAD /x HTTP/1.1"


@pytest.mark.parametrize("status", [b"204 No Content", b"304 Not Modified"])
async def test_an_answer_without_a_body_leaves_the_connection_usable(status: bytes) -> None:
    async with opened(answering(b"HTTP/1.1 " + status + b'\r\nETag: "e"\r\n\r\n')) as door, dialled(door.url) as client:
        for _ in range(2):
            got = await client.ask(request(b"/x"))
            assert got.status == int(status[:3])
            assert not got.values(b"transfer-encoding")


async def test_a_304_with_a_length_is_passed_without_it() -> None:
    script = answering(b"HTTP/1.1 304 Not Modified\r\nContent-Length: 99\r\n\r\n")
    async with opened(script) as door, dialled(door.url) as client:
        for _ in range(2):
            assert (await client.ask(request(b"/x"))).status == 304


async def test_interim_answers_of_the_upstream_are_swallowed() -> None:
    hints = b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"
    async with opened(answering(hints * 3 + OK)) as door:
        got = await door.get(b"/x")
    assert (got.status, got.body) == (200, b"ok")


async def test_a_body_with_a_length_keeps_it() -> None:
    async with opened(answering(OK)) as door:
        await door.ask(
            request(b"/x", b"Content-Length: 8", b"Content-Type: application/json", method=b"POST", body=BODY)
        )
        arrived = door.origin.requests[0]
    assert (arrived.body, arrived.values(b"content-length")) == (BODY, [b"8"])
    assert not arrived.values(b"transfer-encoding")


async def test_a_post_without_a_body_says_so_as_it_came() -> None:
    async with opened(answering(OK)) as door:
        await door.get(b"/x", b"Content-Length: 0", method=b"POST")
        await door.get(b"/x", method=b"POST")
        lengths = [arrived.values(b"content-length") for arrived in door.origin.requests]
    assert lengths == [[b"0"], []]


async def test_a_chunked_body_stays_chunked_and_its_trailers_are_dropped() -> None:
    body = b"3\r\nabc\r\n0\r\nX-Admin: 1\r\n\r\n"
    async with opened(answering(OK)) as door:
        await door.ask(request(b"/x", b"Transfer-Encoding: chunked", b"Trailer: X-Admin", method=b"PUT", body=body))
        arrived = door.origin.requests[0]
    assert arrived.body == b"3\r\nabc\r\n0\r\n\r\n"
    assert b"x-admin" not in (arrived.head + arrived.body).lower()


async def test_trailers_of_an_answer_are_dropped() -> None:
    answer = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX-Late: 1\r\n\r\n"
    async with opened(answering(answer)) as door:
        got = await door.get(b"/x")
    assert (got.body, got.values(b"x-late")) == (b"ok", [])


async def test_h2c_is_ignored_and_the_request_served() -> None:
    async with opened(answering(OK)) as door, dialled(door.url) as client:
        lines = (b"Connection: Upgrade, HTTP2-Settings", b"Upgrade: h2c", b"HTTP2-Settings: AAA")
        got = await client.ask(request(b"/x", *lines))
        assert await client.at_end()
        names = {name for name, _ in door.origin.requests[0].fields}
    assert (got.status, got.body) == (200, b"ok")
    assert names.isdisjoint({b"upgrade", b"http2-settings", b"connection"})


async def test_requests_on_one_connection_are_answered_in_order() -> None:
    async def echo(line: Line) -> None:
        while True:
            path = (await line.take()).line.split(b" ")[1]
            await asyncio.sleep(0.02 if path == b"/1" else 0)
            await line.say(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(path), path))

    async with opened(echo) as door, dialled(door.url) as client:
        await client.say(request(b"/1") + request(b"/2") + request(b"/3"))
        assert [(await client.answer()).body for _ in range(3)] == [b"/1", b"/2", b"/3"]
