"""What a request asks for: the document's own media types, JSON first, and anything rather than an error."""

import pytest

from bridge.model import Output
from tests.unit.egress.encode.kit import builder, header


@pytest.mark.parametrize(
    ("promised", "asked"),
    [
        ((), b"application/json, */*;q=0.1"),
        (("application/json",), b"application/json, */*;q=0.1"),
        (("text/csv", "application/hal+json"), b"application/hal+json, text/csv;q=0.9, */*;q=0.1"),
        (("image/png",), b"image/png, */*;q=0.1"),
        (("*/*", "bad\r\nx: y"), b"application/json, */*;q=0.1"),
        (("application/json; charset=utf-8",), b"application/json; charset=utf-8, */*;q=0.1"),
    ],
)
def test_json_comes_first(promised: tuple[str, ...], asked: bytes) -> None:
    assert header(builder(output=Output(promised))({}), b"accept") == asked
