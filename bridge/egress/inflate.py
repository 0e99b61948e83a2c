"""Undoing `Content-Encoding: gzip | deflate` in bounded pieces.

A piece is at most `PIECE` bytes, however little input it came from: whoever consumes the pieces stops a bomb by
counting, and never holds it.
"""

import zlib
from collections.abc import Iterable, Iterator

PIECE = 1 << 16
MOST_MEMBERS = 100_000
_SLICE = 1 << 13

_GZIP, _ZLIB, _RAW = 16 + zlib.MAX_WBITS, zlib.MAX_WBITS, -zlib.MAX_WBITS

# RFC 9110 section 8.4.1.3: “A recipient SHOULD consider "x-gzip" to be equivalent to "gzip".”
CODINGS = ("gzip", "x-gzip", "deflate")


class Undecodable(Exception):
    """The body is not what its Content-Encoding says, or in a coding that nobody asked for."""


def inflate(chunks: Iterable[bytes], coding: str) -> Iterator[bytes]:
    """The content behind `coding`, a Content-Encoding value; an empty body is empty in every coding.

    Raises `Undecodable`, on the first piece or between pieces.
    """
    coding = coding.strip().lower()
    if coding in ("", "identity"):
        yield from chunks
    elif coding in CODINGS:
        yield from _inflated(filter(None, chunks), coding)
    else:
        raise Undecodable(f"its Content-Encoding {coding!r} was not asked for; gzip and deflate are understood")


def _inflated(chunks: Iterator[bytes], coding: str) -> Iterator[bytes]:
    members = None
    try:
        for chunk in chunks:
            members = members or Members(window(coding, chunk[0]))
            yield from members.feed(chunk)
    except zlib.error as error:
        raise Undecodable(f"its body is not {coding}, although its Content-Encoding says so ({error})") from error
    if members and not members.member.eof:
        raise Undecodable(f"its {coding} body ends too early")


def window(coding: str, first: int) -> int:
    """RFC 9110 section 8.4.1.2: “Some non-conformant implementations send the "deflate" compressed data without the
    zlib wrapper.” The wrapper's first byte names the method, 8, in its low half (RFC 1950 section 2.2)."""
    if coding != "deflate":
        return _GZIP
    return _ZLIB if first & 0x0F == 8 else _RAW


class Members:
    """RFC 1952 section 2.2: “A gzip file consists of a series of "members" (compressed data sets).”

    Members may be empty, so a body of nothing but members never ends by the size of its content.
    """

    __slots__ = ("begun", "member", "window")

    def __init__(self, window: int) -> None:
        self.window = window
        self.member = zlib.decompressobj(window)
        self.begun = 1

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        """Raises zlib.error."""
        # zlib copies what a member or a piece leaves over, each time: of a small slice, little.
        for start in range(0, len(chunk), _SLICE):
            yield from self._feed(chunk[start : start + _SLICE])

    def _feed(self, chunk: bytes) -> Iterator[bytes]:
        piece = b""
        # A full piece may leave output behind in zlib although it took all the input.
        while chunk or (len(piece) == PIECE and not self.member.eof):
            if self.member.eof:
                self._begin()
            piece = self.member.decompress(chunk, PIECE)
            yield piece
            chunk = self.member.unused_data if self.member.eof else self.member.unconsumed_tail

    def _begin(self) -> None:
        self.begun += 1
        if self.begun > MOST_MEMBERS:
            raise zlib.error(f"more than {MOST_MEMBERS} members")
        self.member = zlib.decompressobj(self.window)
