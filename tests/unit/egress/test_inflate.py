"""A compressed body comes back whole, in pieces that are small whatever they were made of."""

import gzip
import time
import zlib
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.egress.inflate import PIECE, Undecodable, inflate


def raw_deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(data) + packer.flush()


def cut(data: bytes, size: int) -> list[bytes]:
    return [data[start : start + size] for start in range(0, len(data), size)]


CODINGS: list[tuple[str, Callable[[bytes], bytes]]] = [
    ("gzip", gzip.compress),
    ("X-GZip", gzip.compress),
    ("deflate", zlib.compress),
    ("deflate", raw_deflate),
    ("identity", bytes),
    ("", bytes),
]
# Around a multiple of the piece, where output may stay behind although all input was taken.
sizes = st.integers(0, 300) | st.builds(lambda n, off: n * PIECE + off, st.integers(1, 3), st.integers(-2, 2))


@given(coding=st.sampled_from(CODINGS), size=sizes, step=st.sampled_from([1, 7, 1000, 1 << 20]), noise=st.binary())
def test_content_survives_every_coding_however_it_is_cut(
    coding: tuple[str, Callable[[bytes], bytes]], size: int, step: int, noise: bytes
) -> None:
    name, pack = coding
    content = noise + b"a" * size
    packed = pack(content)
    step = max(step, len(packed) // 2000)
    assert b"".join(inflate(cut(packed, step), name)) == content


@pytest.mark.parametrize("step", [1, 25, 10_000])
def test_members_of_a_gzip_body_follow_each_other(step: int) -> None:
    packed = gzip.compress(b"one ") + gzip.compress(b"") + gzip.compress(b"two")
    assert b"".join(inflate(cut(packed, step), "gzip")) == b"one two"


def test_piece_of_a_bomb_is_small() -> None:
    assert max(len(piece) for piece in inflate([gzip.compress(bytes(5_000_000))], "gzip")) == PIECE


def test_many_members_in_one_chunk_cost_no_more_than_their_length() -> None:
    packed = gzip.compress(b"") * 95_000
    before = time.perf_counter()
    assert b"".join(inflate([packed], "gzip")) == b""
    assert time.perf_counter() - before < 1.5


def test_members_without_an_end_are_no_body() -> None:
    with pytest.raises(Undecodable, match="more than 100000 members"):
        list(inflate([gzip.compress(b"") * 100_001], "gzip"))


def test_empty_body_is_empty_in_every_coding() -> None:
    assert [b"".join(inflate([b""], name)) for name, _ in CODINGS] == [b""] * len(CODINGS)


@pytest.mark.parametrize(
    ("body", "coding", "message"),
    [
        (gzip.compress(b"some text", mtime=0)[:-4], "gzip", "ends too early"),
        (zlib.compress(b"some text")[:-4], "deflate", "ends too early"),
        (b"openapi: 3.1.0", "gzip", "is not gzip"),
        (gzip.compress(b"some text", mtime=0) + b"openapi", "gzip", "is not gzip"),
        (b"x", "br", "'br' was not asked for"),
        (b"x", "gzip, gzip", "was not asked for"),
    ],
)
def test_body_that_is_not_what_it_claims_is_named(body: bytes, coding: str, message: str) -> None:
    with pytest.raises(Undecodable, match=message):
        list(inflate([body], coding))
