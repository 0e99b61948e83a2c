"""What the people's door turns away, and how it says so."""

import asyncio

import pytest

from bridge.model import Call, Principal, Unauthenticated, Unlisted
from bridge.pipeline.runtime import Cors, Limits, Rate
from tests.kit.origin import OK, answering
from tests.kit.people import Setting, opened, request
from tests.kit.raw import dialled
from tests.kit.runtime import Plan, endpoint

LISTED = Setting(
    prefix="/api", unlisted=Unlisted.REFUSE, endpoints=(endpoint("pets"), endpoint("make", "POST", "/pets"))
)


class Nobody:
    async def authenticate(self, call: Call) -> Principal:
        raise Unauthenticated("who are you?", headers=((b"www-authenticate", b"Bearer"),))


LOCKED = Setting(plan=Plan(authenticator=Nobody()), unlisted=Unlisted.REFUSE)


@pytest.mark.parametrize(
    "target",
    [
        *(b"/a/../b", b"/a/%2e%2e/b", b"/a/.%2E/b", b"/./a", b"/a/..;x=1/b", b"/a/.."),
        *(b"/a\\b", b"/a%5Cb", b"/a%00b", b"/a%zzb", b"/a%", b"*"),
        *(b"/files/..%2f..%2fa%2fx.json", b"/a%2F..", b"/..%5c..%5cx", b"/a%0d%0ab"),
    ],
)
async def test_a_path_that_may_mean_another_path_is_refused(target: bytes) -> None:
    async with opened(answering(OK)) as door:
        got = await door.get(target)
        assert got.status == 400
        assert door.origin.requests == []


@pytest.mark.parametrize(
    "lines",
    [
        (b"Authorization: a", b"Authorization: b"),
        (b"Content-Type: a/b", b"content-type: a/b"),
        (b"Host: other",),
    ],
)
async def test_a_header_of_one_value_given_twice_is_refused(lines: tuple[bytes, ...]) -> None:
    async with opened(answering(OK)) as door:
        got = await door.get(b"/x", *lines)
        assert (got.status, got.problem["code"]) == (400, "bad_request")
        assert door.origin.requests == []


@pytest.mark.parametrize(
    "lines",
    [
        (b"Transfer-Encoding: chunked", b"Content-Length: 3"),
        (b"Content-Length: 3", b"Content-Length: 3"),
        (b"Content-Length: 3, 3",),
        (b"Content-Length: +3",),
        (b"Content-Length: 0x3",),
        (b"Transfer-Encoding: xchunked",),
        (b"Transfer-Encoding: chunked, identity",),
    ],
)
async def test_a_body_whose_end_is_not_clear_is_refused(lines: tuple[bytes, ...]) -> None:
    async with opened(answering(OK)) as door:
        got = await door.ask(request(b"/x", *lines, method=b"POST", body=b"3\r\nabc\r\n0\r\n\r\n"))
        assert got.status == 400
        assert door.origin.requests == []


async def test_a_request_without_a_host_is_refused() -> None:
    async with opened(answering(OK)) as door:
        got = await door.ask(b"GET /x HTTP/1.1\r\n\r\n")
        assert got.problem["code"] == "bad_request"


@pytest.mark.parametrize(
    ("method", "status"), [(b"TRACE", 405), (b"PROPFIND", 501), (b"get", 400), (b"BREW", 400), (b"CONNECT", 405)]
)
async def test_a_method_that_is_not_served_is_refused(method: bytes, status: int) -> None:
    async with opened(answering(OK)) as door:
        got = await door.get(b"/x", method=method)
        assert got.status == status
        assert door.origin.requests == []


async def test_a_websocket_handshake_is_refused_and_the_connection_closed() -> None:
    async with opened(answering(OK)) as door, dialled(door.url) as client:
        got = await client.ask(request(b"/x", b"Connection: Upgrade", b"Upgrade: websocket"))
        assert got.problem["code"] == "upgrade_refused"
        assert await client.at_end()
        assert door.origin.requests == []


async def test_a_body_behind_an_upgrade_never_becomes_a_request() -> None:
    smuggled = request(b"/admin")
    lines = (b"Connection: Upgrade", b"Upgrade: h2c", b"Content-Length: %d" % len(smuggled))
    async with opened(answering(OK)) as door:
        got = await door.ask(request(b"/x", *lines, method=b"POST", body=smuggled))
        assert got.status == 501
        assert door.origin.requests == []


async def test_an_unknown_path_is_404_where_unlisted_paths_are_refused() -> None:
    async with opened(answering(OK), LISTED) as door:
        got = await door.get(b"/api/none")
        assert got.status == 404
        assert got.problem.keys() == {"type", "title", "status", "detail", "code", "call"}
        assert got.problem["call"] == door.records[0].id
        assert door.origin.requests == []


async def test_a_known_path_with_another_method_is_405_and_says_which_it_takes() -> None:
    async with opened(answering(OK), LISTED) as door:
        got = await door.get(b"/api/pets", method=b"DELETE")
    assert (got.status, got.values(b"allow")) == (405, [b"GET, HEAD, POST"])


async def test_a_path_outside_every_prefix_is_404() -> None:
    async with opened(answering(OK), Setting(prefix="/api")) as door:
        assert (await door.get(b"/apis/pets")).status == 404
        assert door.origin.requests == []


async def test_strangers_learn_nothing_about_which_paths_exist() -> None:
    async with opened(answering(OK), LOCKED) as door:
        got = await door.get(b"/anything")
    assert (got.status, got.values(b"www-authenticate")) == (401, [b"Bearer"])


async def test_a_stranger_who_waits_for_100_gets_401_instead() -> None:
    async with opened(answering(OK), LOCKED) as door, dialled(door.url) as client:
        await client.say(request(b"/x", b"Content-Length: 9", b"Expect: 100-continue", method=b"POST"))
        got = await client.answer()
        assert (got.status, got.values(b"connection")) == (401, [b"close"])
        assert await client.at_end()


async def test_a_caller_let_through_gets_100_before_the_body_is_sent() -> None:
    async with opened(answering(OK)) as door, dialled(door.url) as client:
        await client.say(request(b"/x", b"Content-Length: 3", b"Expect: 100-continue", method=b"POST"))
        async with asyncio.timeout(2):
            assert (await client.head()).status == 100
        await client.say(b"abc")
        assert (await client.answer()).status == 200
        assert door.origin.requests[0].body == b"abc"
        assert door.origin.requests[0].values(b"expect") == []


async def test_a_refusal_under_head_has_no_body() -> None:
    async with opened(answering(OK), LISTED) as door, dialled(door.url) as client:
        for _ in range(2):
            got = await client.ask(request(b"/api/none", method=b"HEAD"))
            assert (got.status, got.body) == (404, b"")


async def test_every_refusal_is_recorded_once() -> None:
    async with opened(answering(OK), LISTED) as door:
        await door.get(b"/api/none")
        await door.get(b"/api/../x")
        assert [(record.status, record.verdict) for record in door.records] == [
            (404, "not_found"),
            (400, "bad_request"),
        ]


async def test_a_limit_says_when_to_come_back() -> None:
    limits = Limits(requests=Rate(0.1, 1))
    async with opened(answering(OK), Setting(plan=Plan(limits=limits))) as door:
        await door.get(b"/x")
        got = await door.get(b"/x")
    assert (got.status, got.values(b"retry-after"), got.problem["retryAfter"]) == (429, [b"10"], 10)


async def test_a_published_document_wins_over_the_api_and_is_not_sent_twice() -> None:
    setting = Setting(published={("", "/openapi.json"): ("application/json", b"{}")})
    async with opened(answering(OK), setting) as door:
        first = await door.get(b"/openapi.json")
        assert (first.status, first.body, first.values(b"content-type")) == (200, b"{}", [b"application/json"])
        tag = first.values(b"etag")[0]
        again = await door.get(b"/openapi.json", b"If-None-Match: " + tag)
        assert (again.status, again.values(b"etag")) == (304, [tag])
        assert (await door.get(b"/openapi.json", b'If-None-Match: "other"')).status == 200
        assert (await door.get(b"/%6fpenapi%2Ejson")).body == b"{}"
        assert door.origin.requests == []


async def test_a_published_document_wants_the_same_credentials_as_the_api() -> None:
    setting = Setting(published={("", "/openapi.json"): ("application/json", b"{}")}, plan=Plan(authenticator=Nobody()))
    async with opened(answering(OK), setting) as door:
        assert (await door.get(b"/openapi.json")).status == 401


async def test_the_agents_path_is_not_the_upstreams() -> None:
    async with opened(answering(OK)) as door:
        assert (await door.get(b"/mcp")).status == 405
        assert (await door.get(b"/mcp/none")).status == 404
        assert (await door.get(b"/%6dcp")).status == 405
        assert (await door.get(b"/%6Dcp%2Fnone")).status == 404
        assert door.origin.requests == []


async def test_a_preflight_is_answered_by_the_gateway_before_credentials_are_asked_for() -> None:
    setting = Setting(cors=Cors(frozenset({"https://app.example"})), plan=Plan(authenticator=Nobody()))
    async with opened(answering(OK), setting) as door:
        got = await door.get(
            b"/x", b"Origin: https://app.example", b"Access-Control-Request-Method: PUT", method=b"OPTIONS"
        )
        assert (got.status, got.values(b"access-control-allow-origin")) == (204, [b"https://app.example"])
        stranger = await door.get(
            b"/x", b"Origin: https://evil.example", b"Access-Control-Request-Method: PUT", method=b"OPTIONS"
        )
        assert (stranger.status, stranger.values(b"access-control-allow-origin")) == (403, [])


async def test_the_gateways_cors_replaces_the_upstreams() -> None:
    answer = b"HTTP/1.1 200 OK\r\nAccess-Control-Allow-Origin: *\r\nVary: Accept\r\nContent-Length: 0\r\n\r\n"
    async with opened(answering(answer), Setting(cors=Cors(frozenset({"https://app.example"})))) as door:
        ours = await door.get(b"/x", b"Origin: https://app.example")
        theirs = await door.get(b"/x", b"Origin: https://evil.example")
    assert ours.values(b"access-control-allow-origin") == [b"https://app.example"]
    assert theirs.values(b"access-control-allow-origin") == []
    assert ours.values(b"vary") == theirs.values(b"vary") == [b"Accept", b"origin"]


async def test_without_cors_of_its_own_the_gateway_passes_the_upstreams() -> None:
    answer = b"HTTP/1.1 204 No Content\r\nAccess-Control-Allow-Origin: *\r\n\r\n"
    async with opened(answering(answer)) as door:
        got = await door.get(b"/x", b"Origin: https://a", b"Access-Control-Request-Method: PUT", method=b"OPTIONS")
    assert (got.status, got.values(b"access-control-allow-origin")) == (204, [b"*"])
