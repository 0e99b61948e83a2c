from collections.abc import Mapping
from dataclasses import replace

import pytest

from bridge.ingress.gate import ForeignOrigin, Misdirected
from bridge.ingress.mcp.headers import check_accept, fields_of, plain, screen
from bridge.ingress.mcp.refusals import (
    InvalidRequest,
    NotAcceptable,
    NotPost,
    UnsupportedMedia,
)
from bridge.model import Refusal, TooLarge
from bridge.pipeline.runtime import Cors, McpDoor, Runtime
from tests.kit.agent import scope
from tests.kit.runtime import Plan, endpoint, world

GOOD = {"host": "127.0.0.1:8080", "content-type": "application/json"}


def _rt(**door: frozenset[str] | None) -> Runtime:
    mcp = McpDoor(hosts=door.get("hosts"), origins=door.get("origins") or frozenset(), body_bytes=1000)
    return world([endpoint("a")], Plan(mcp=mcp)).rt


def _screened(rt: Runtime, headers: Mapping[str, str | None], method: str = "POST") -> type[Refusal] | None:
    pairs = [(name, value) for name, value in {**GOOD, **headers}.items() if value is not None]
    asked = scope(pairs, method)
    try:
        screen(rt, asked, fields_of(asked))
    except Refusal as refusal:
        return type(refusal)
    return None


LOCAL = frozenset({"127.0.0.1", "localhost", "gw.example:9000"})


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.1:8080", "LOCALHOST:1", "gw.example:9000"])
def test_a_listed_host_is_served_on_any_port_unless_it_names_one(host: str) -> None:
    assert _screened(_rt(hosts=LOCAL), {"host": host}) is None


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "gw.example"])
def test_any_other_host_is_misdirected(host: str) -> None:
    assert _screened(_rt(hosts=LOCAL), {"host": host}) is Misdirected


@pytest.mark.parametrize("host", ["localhost\nlocalhost", "", None])
def test_a_request_must_name_exactly_one_host(host: str | None) -> None:
    assert _screened(_rt(), {"host": host}) is InvalidRequest


def test_every_host_is_served_where_none_are_listed() -> None:
    assert _screened(_rt(), {"host": "anything.example"}) is None


@pytest.mark.parametrize("origin", ["http://127.0.0.1:8080", "https://app.example", "HTTPS://APP.EXAMPLE"])
def test_own_and_listed_origins_may_call(origin: str) -> None:
    assert _screened(_rt(hosts=LOCAL, origins=frozenset({"https://app.example"})), {"origin": origin}) is None


@pytest.mark.parametrize(
    "origin",
    ["https://evil.example", "null", "", "http://127.0.0.1", "https://127.0.0.1:8080", "http://127.0.0.1:8080\n"],
)
def test_other_origins_may_not(origin: str) -> None:
    assert _screened(_rt(hosts=LOCAL, origins=frozenset({"https://app.example"})), {"origin": origin}) is ForeignOrigin


@pytest.mark.parametrize("method", ["GET", "DELETE", "OPTIONS", "POST"])
def test_a_foreign_origin_is_refused_whatever_the_method(method: str) -> None:
    assert _screened(_rt(), {"origin": "https://evil.example"}, method) is ForeignOrigin


def test_origins_allowed_for_browsers_are_allowed_here() -> None:
    plain = world([endpoint("a")]).rt
    rt = replace(plain, cors=Cors(frozenset({"https://app.example"})))
    assert _screened(rt, {"origin": "https://app.example"}) is None


def test_letting_every_page_read_does_not_let_every_page_call_tools() -> None:
    rt = replace(world([endpoint("a")]).rt, cors=Cors(frozenset({"*"})))
    assert _screened(rt, {"origin": "https://app.example"}) is ForeignOrigin


def test_the_public_address_is_an_origin_of_ours_behind_a_proxy() -> None:
    rt = replace(world([endpoint("a")]).rt, public_url="https://GW.example/base")
    assert _screened(rt, {"origin": "https://gw.example", "host": "10.0.0.1"}) is None


@pytest.mark.parametrize("method", ["GET", "DELETE", "PUT", "HEAD"])
def test_only_post_is_taken(method: str) -> None:
    assert _screened(_rt(), {}, method) is NotPost


@pytest.mark.parametrize("media", ["application/json", "Application/JSON; charset=UTF-8", "application/json ;x=y"])
def test_json_is_taken(media: str) -> None:
    assert _screened(_rt(), {"content-type": media}) is None


@pytest.mark.parametrize(
    "media",
    [
        "text/plain",
        "application/x-www-form-urlencoded",
        "application/jsonx",
        "application/json; charset=utf-16",
        "",
        None,
    ],
)
def test_other_media_types_are_not(media: str | None) -> None:
    assert _screened(_rt(), {"content-type": media}) is UnsupportedMedia


def test_compressed_bodies_are_not_taken() -> None:
    assert _screened(_rt(), {"content-encoding": "gzip"}) is UnsupportedMedia
    assert _screened(_rt(), {"content-encoding": "identity"}) is None


@pytest.mark.parametrize("length", ["1001", "104857600", "9" * 5000])
def test_a_body_that_announces_too_much_is_refused_before_it_is_read(length: str) -> None:
    assert _screened(_rt(), {"content-length": length}) is TooLarge


@pytest.mark.parametrize(
    ("accept", "modern", "good"),
    [
        ("application/json, text/event-stream", True, True),
        ("text/event-stream;q=0.5,Application/JSON", True, True),
        ("application/json", True, False),
        ("*/*", True, True),
        (None, True, False),
        (None, False, True),
        ("*/*", False, True),
        ("application/*;q=0.1", False, True),
        ("application/json", False, True),
        ("text/html", False, False),
    ],
)
def test_accept_must_list_both_on_the_modern_wire_and_json_on_the_legacy_one(
    accept: str | None, modern: bool, good: bool
) -> None:
    fields = {} if accept is None else {b"accept": accept.encode()}
    if good:
        check_accept(fields, modern=modern)
    else:
        with pytest.raises(NotAcceptable):
            check_accept(fields, modern=modern)


def test_accept_may_be_spread_over_two_lines() -> None:
    fields = fields_of(scope([("Accept", "application/json"), ("accept", "text/event-stream")]))
    check_accept(fields, modern=True)


def test_a_value_is_read_without_the_white_space_around_it() -> None:
    assert plain({b"x": b" \ttools/call \t"}, b"x") == "tools/call"
