"""Each notation is read and written back the same."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.config.addresses import Address, parse_address
from bridge.config.names import hide_query, host, origin, upstream_url
from bridge.config.problems import Unfit
from bridge.config.values import (
    Secret,
    parse_days,
    parse_duration,
    parse_lifetime,
    parse_rate,
    parse_size,
    write_duration,
    write_rate,
    write_size,
)


@pytest.mark.parametrize(
    ("text", "seconds"), [("500ms", 0.5), ("30s", 30), ("2m", 120), ("1h", 3600), ("1.5s", 1.5), ("0s", 0)]
)
def test_durations(text: str, seconds: float) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["30", "", "s", "-1s", "1 s", "1d", "1e3s", "½s", "1h30m", 30, True])
def test_what_is_no_duration(text: object) -> None:
    with pytest.raises(Unfit):
        parse_duration(text)


@pytest.mark.parametrize(
    ("text", "seconds"), [("90d", 7_776_000), ("12h", 43_200), ("1.5h", 5400), ("36525d", 3_155_760_000)]
)
def test_how_long_something_is_valid(text: str, seconds: float) -> None:
    assert parse_days(text) == parse_lifetime(text) == seconds
    assert parse_lifetime("never") is None
    assert parse_days("0s") == 0


@pytest.mark.parametrize("text", ["", "d", "1.5d", "-1d", "0d", "0s", "36526d", "999999999h", "Never", "1w", 90, None])
def test_what_is_no_time_to_be_valid(text: object) -> None:
    with pytest.raises(Unfit, match=r"is not a duration|leaves no time|longer than") as raised:
        parse_lifetime(text)
    assert "never" in raised.value.advice


@pytest.mark.parametrize(
    ("text", "size"), [("8MiB", 8 << 20), ("1MB", 10**6), ("5", 5), (5, 5), ("1kB", 1000), ("1KB", 1000), ("0", 0)]
)
def test_sizes(text: object, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["8mb", "1.5MiB", "-1", -1, True, "", "\uff18MiB"])
def test_what_is_no_size(text: object) -> None:
    with pytest.raises(Unfit):
        parse_size(text)


@given(st.integers(0, 10**9))
def test_whole_milliseconds_survive_writing(milliseconds: int) -> None:
    assert parse_duration(write_duration(milliseconds / 1000)) == milliseconds / 1000


@given(st.integers(0, 1 << 39))
def test_sizes_survive_writing(size: int) -> None:
    assert parse_size(write_size(size)) == size


@given(st.integers(1, 10**6), st.sampled_from("smh"))
def test_rates_survive_writing(count: int, unit: str) -> None:
    rate = parse_rate(f"{count}/{unit}")
    assert parse_rate(write_rate(rate)) == pytest.approx(rate)


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("127.0.0.1:8080", Address("127.0.0.1", 8080)),
        ("[::1]:0", Address("::1", 0)),
        ("LocalHost:1", Address("localhost", 1)),
        ("[0:0:0:0:0:0:0:1]:1", Address("::1", 1)),
    ],
)
def test_addresses(text: str, address: Address) -> None:
    assert parse_address(text) == address
    assert parse_address(str(address)) == address


@pytest.mark.parametrize("text", ["", ":1", "a:", "a:b", "1:2:3", "[::1]", "256.0.0.1:1", "0x7f.1:1", "a b:1", "a:٣"])
def test_what_is_no_address(text: str) -> None:
    with pytest.raises(Unfit):
        parse_address(text)


@pytest.mark.parametrize(
    ("text", "loopback"),
    [("127.9.9.9:1", True), ("[::1]:1", True), ("localhost:1", True), ("10.0.0.1:1", False), ("a.localhost:1", False)],
)
def test_loopback(text: str, loopback: bool) -> None:
    assert parse_address(text).loopback is loopback


@pytest.mark.parametrize(
    ("text", "normal"),
    [("HTTPS://A.com:443", "https://a.com"), ("http://a:80", "http://a"), ("vscode-webview://x", "vscode-webview://x")],
)
def test_origins_are_compared_as_browsers_send_them(text: str, normal: str) -> None:
    assert origin(text) == normal


@pytest.mark.parametrize(
    "text", ["null", "a.com", "https://", "https://u@a", "https://a/", "https://a?x", "https://a b", "https://*.a.com"]
)
def test_what_is_no_origin(text: str) -> None:
    with pytest.raises(Unfit):
        origin(text)


def test_hosts_may_have_a_port() -> None:
    assert [host("A.com:80"), host("[::1]:80"), host("a")] == ["a.com:80", "[::1]:80", "a"]


@pytest.mark.parametrize(
    "text",
    [
        "ftp://a",
        "//a",
        "http://",
        "http://a#x",
        "http://u:p@a",
        "http://a:99999",
        "http://a b",
        "http://a\n",
        "http://[::1",
    ],
)
def test_what_is_no_upstream(text: str) -> None:
    with pytest.raises(Unfit):
        upstream_url(text)


def test_an_upstreams_last_slash_is_taken_off() -> None:
    assert upstream_url("https://a.com/v1/") == "https://a.com/v1"


def test_only_the_query_of_a_url_is_hidden() -> None:
    assert hide_query("https://a.com/x?token=1") == "https://a.com/x?***"
    assert hide_query("what?.yaml") == "what?.yaml"


def test_a_secret_prints_as_stars_and_reveals_on_demand() -> None:
    secret = Secret("s3cret")
    assert f"{secret} {secret!r} {secret!s} {[secret]}" == "*** *** *** [***]"
    assert secret.reveal() == "s3cret"
    assert secret == Secret("s3cret") != Secret("other")
