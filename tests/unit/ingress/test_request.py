"""What the door holds against a request itself, whichever server parsed it."""

import pytest

from bridge.ingress.body import Upload
from bridge.ingress.gate import UpgradeRefused
from bridge.ingress.request import checked, opened
from bridge.model import BadRequest, Call, Headers, MethodNotAllowed
from tests.unit.ingress.test_traffic import Client, scope


async def call(*headers: tuple[bytes, bytes], method: str = "POST") -> Call:
    lines: Headers = ((b"host", b"gw.example"), *headers)
    return opened(scope(method=method) | {"headers": list(lines)}, Upload(Client().receive))


@pytest.mark.parametrize(
    "headers",
    [
        ((b"transfer-encoding", b"chunked"), (b"content-length", b"3")),
        ((b"transfer-encoding", b"chunked"), (b"transfer-encoding", b"chunked")),
        ((b"transfer-encoding", b"xchunked"),),
        ((b"transfer-encoding", b"chunked, identity"),),
        ((b"content-length", b"3"), (b"content-length", b"3")),
        *(((b"content-length", value),) for value in (b"3, 3", b"+3", b"-3", b"0x3", b"1_0", b"3 3")),
    ],
)
async def test_a_body_whose_end_is_not_clear_is_refused(headers: Headers) -> None:
    with pytest.raises(BadRequest):
        checked(await call(*headers), "1.1")


@pytest.mark.parametrize(
    ("headers", "has_body"),
    [
        ((), False),
        (((b"content-length", b"0"),), False),
        (((b"content-length", b"10"),), True),
        (((b"transfer-encoding", b"Chunked"),), True),
    ],
)
async def test_a_body_is_there_when_the_head_says_so(headers: Headers, has_body: bool) -> None:
    made = await call(*headers)
    checked(made, "1.1")
    assert (made.body is not None) is has_body


async def test_only_http_1_0_may_leave_out_the_host() -> None:
    made = opened(scope() | {"headers": []}, Upload(Client().receive))
    checked(made, "1.0")
    with pytest.raises(BadRequest):
        checked(made, "1.1")


@pytest.mark.parametrize("upgrade", [b"websocket", b"h2c, websocket", b"TLS/1.0"])
async def test_an_upgrade_other_than_h2c_is_refused(upgrade: bytes) -> None:
    with pytest.raises(UpgradeRefused):
        checked(await call((b"upgrade", upgrade), method="GET"), "1.1")


@pytest.mark.parametrize("method", ["TRACE", "CONNECT"])
async def test_methods_about_the_connection_are_refused(method: str) -> None:
    with pytest.raises(MethodNotAllowed):
        checked(await call(method=method), "1.1")


async def test_white_space_around_a_value_is_dropped() -> None:
    made = await call((b"x-a", b" \t1 "))
    assert made.headers == ((b"host", b"gw.example"), (b"x-a", b"1"))
