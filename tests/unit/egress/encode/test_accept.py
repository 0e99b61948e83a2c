"""What a request asks for: the document's own media types, what is written for agents and JSON first, and anything
rather than an error."""

import time

import pytest

from bridge.model import Output
from bridge.model.media import valid
from tests.unit.egress.encode.kit import builder, header


@pytest.mark.parametrize(
    ("promised", "asked"),
    [
        ((), b"application/json, */*;q=0.1"),
        (
            ("text/csv", "application/json", "application/vnd.mcp.content+json"),
            b"application/vnd.mcp.content+json, application/json;q=0.9, text/csv;q=0.8, */*;q=0.1",
        ),
        (("application/json",), b"application/json, */*;q=0.1"),
        (("text/csv", "application/hal+json"), b"application/hal+json, text/csv;q=0.9, */*;q=0.1"),
        (("image/png",), b"image/png, */*;q=0.1"),
        (("*/*", "bad\r\nx: y"), b"application/json, */*;q=0.1"),
        (("application/json; charset=utf-8",), b"application/json; charset=utf-8, */*;q=0.1"),
    ],
)
def test_json_comes_first(promised: tuple[str, ...], asked: bytes) -> None:
    assert header(builder(output=Output(promised))({}), b"accept") == asked


@pytest.mark.parametrize(
    ("media_type", "is_one"),
    [
        ("text/plain", True), ('text/plain ;\ta="b c" ; d=e', True), (r'text/plain;a="\"\\"', True),
        (" text/plain\t", True), ("text/plain\r\n", False), ("text/plain;\na=b", False), ('text/plain;a="b"c"', False),
        ("text", False), ("text/plain;", False), ('text/plain;a="\x7f"', False), ("text/" + "x" * 250, True),
        ("text/" + "x" * 251, False), ('text/plain;a="', False),
    ],
)  # fmt: skip
def test_a_media_type_is_what_http_says(media_type: str, is_one: bool) -> None:
    assert valid(media_type) is is_one


@pytest.mark.parametrize("repeated", [';a=""', ";a=", "; ", ';a="', "a"])
def test_a_hostile_media_type_costs_no_time(repeated: str) -> None:
    before = time.perf_counter()
    for length in (40, 200, 60_000):
        assert not valid("text/plain" + (repeated * length)[:length] + "\x01")
    assert time.perf_counter() - before < 0.1
