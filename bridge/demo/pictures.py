"""A small valid PNG, made of nothing but the standard library."""

import struct
import zlib

_SIGNATURE = b"\x89PNG\r\n\x1a\n"


def swatch(red: int, green: int, blue: int, side: int = 32) -> bytes:
    """A square of one colour with a darker frame, 8 bits per channel."""
    inner, frame = bytes((red, green, blue)), bytes((red // 2, green // 2, blue // 2))
    edge = b"\0" + frame * side
    # Each row opens with its filter type, 0 for none (PNG, section 9.2).
    middle = b"\0" + frame + inner * (side - 2) + frame
    pixels = edge + middle * (side - 2) + edge
    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    return _SIGNATURE + _chunk(b"IHDR", header) + _chunk(b"IDAT", zlib.compress(pixels, 9)) + _chunk(b"IEND", b"")


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
