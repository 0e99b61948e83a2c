"""Browsers' pages at the people's door: none reads by a name of its own or writes with the operator's credential."""

import pytest

from bridge.pipeline.runtime import Cors
from tests.kit.origin import OK, answering
from tests.kit.people import Setting, opened, request

CREDENTIAL = ((b"authorization", b"Bearer the operator's"),)
KNOWN = frozenset({"localhost", "127.0.0.1", "[::1]", "gw.example:8443"})
ENTRUSTED = Setting(headers=CREDENTIAL, cors=Cors(frozenset({"*", "https://app.example"})))


def _get(host: bytes) -> bytes:
    return b"GET /x HTTP/1.1\r\nHost: %s\r\n\r\n" % host


@pytest.mark.parametrize("host", [b"evil.example", b"evil.example:80", b"127.0.0.1.evil.example", b"gw.example:80"])
async def test_under_a_name_that_is_not_known_nobody_is_served(host: bytes) -> None:
    setting = Setting(headers=CREDENTIAL, hosts=KNOWN, published={("", "/x"): ("application/json", b"{}")})
    async with opened(answering(OK), setting) as door:
        got = await door.ask(_get(host))
        assert (got.status, got.problem["code"]) == (421, "misdirected")
        assert door.origin.requests == []


@pytest.mark.parametrize("host", [b"localhost", b"LOCALHOST:8080", b"127.0.0.1:1", b"[::1]:8080", b"gw.example:8443"])
async def test_under_a_known_name_everybody_is(host: bytes) -> None:
    async with opened(answering(OK), Setting(hosts=KNOWN)) as door:
        assert (await door.ask(_get(host))).status == 200


async def test_a_client_of_http_1_0_that_names_no_host_is_no_page() -> None:
    async with opened(answering(OK), Setting(hosts=KNOWN)) as door:
        assert (await door.ask(b"GET /x HTTP/1.0\r\n\r\n")).status == 200


FOREIGN = [
    (b"Origin: https://evil.example",),
    (b"Origin: null",),
    (b"Origin: http://gw.example.evil.example",),
    (b"Origin: http://gw.example:81",),
    (b"Origin: *",),
    (b"Sec-Fetch-Site: cross-site",),
    (b"Origin: https://evil.example", b"Sec-Fetch-Site: same-origin"),
]
OWN: list[tuple[bytes, ...]] = [
    (),
    (b"Origin: http://gw.example",),
    (b"Origin: https://GW.example", b"Sec-Fetch-Site: same-origin"),
    (b"Origin: https://app.example", b"Sec-Fetch-Site: cross-site"),
    (b"Sec-Fetch-Site: none",),
]


@pytest.mark.parametrize("method", [b"POST", b"PUT", b"DELETE"])
@pytest.mark.parametrize("lines", FOREIGN)
async def test_a_foreign_page_does_not_write_with_the_operators_credential(
    lines: tuple[bytes, ...], method: bytes
) -> None:
    async with opened(answering(OK), ENTRUSTED) as door:
        got = await door.get(b"/x", *lines, method=method)
        assert (got.status, got.problem["code"]) == (403, "foreign_origin")
        assert [record.verdict for record in door.records] == ["foreign_origin"]
        assert door.origin.requests == []


@pytest.mark.parametrize("lines", OWN)
async def test_whoever_is_no_foreign_page_writes(lines: tuple[bytes, ...]) -> None:
    async with opened(answering(OK), ENTRUSTED) as door:
        assert (await door.ask(request(b"/x", *lines, method=b"POST"))).status == 200


@pytest.mark.parametrize("lines", FOREIGN)
async def test_a_foreign_page_may_ask_where_asking_changes_nothing(lines: tuple[bytes, ...]) -> None:
    async with opened(answering(OK), ENTRUSTED) as door:
        assert (await door.get(b"/x", *lines)).status == 200


@pytest.mark.parametrize("lines", FOREIGN)
async def test_without_a_credential_of_the_operators_upstreams_judge_pages_themselves(lines: tuple[bytes, ...]) -> None:
    async with opened(answering(OK), Setting()) as door:
        assert (await door.ask(request(b"/x", *lines, method=b"POST"))).status == 200
