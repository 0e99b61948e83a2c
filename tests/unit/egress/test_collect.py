"""An answer read whole for an agent is bounded on the wire as well as unpacked."""

import asyncio
import gzip
import zlib
from collections.abc import AsyncIterator

import pytest

from bridge.egress.collect import collect
from bridge.model import UpstreamBroken

CAP = 10_000
GZIP = ((b"content-encoding", b"gzip"),)


async def pieces(*parts: bytes) -> AsyncIterator[bytes]:
    for part in parts:
        yield part


async def collected(*parts: bytes) -> tuple[bytes, bool]:
    return await collect(GZIP, pieces(*parts), CAP, asyncio.get_running_loop().time() + 5)


async def test_a_compressed_answer_is_whole_up_to_the_cap_and_cut_above() -> None:
    assert await collected(gzip.compress(b"a" * CAP)) == (b"a" * CAP, False)
    assert await collected(gzip.compress(b"a" * CAP + b"b")) == (b"a" * CAP, True)


def nothing_in_many_bytes() -> bytes:
    """One member, whose blocks are all empty."""
    packer = zlib.compressobj(wbits=31)
    return packer.compress(b"") + b"".join(packer.flush(zlib.Z_FULL_FLUSH) + b"\0\0\0\xff\xff" for _ in range(100))


@pytest.mark.parametrize("chunk", [gzip.compress(b"") * 500, nothing_in_many_bytes()], ids=["members", "blocks"])
async def test_compressed_bytes_that_stand_for_no_content_end_somewhere(chunk: bytes) -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        yield chunk
        while True:
            following = chunk if chunk.endswith(gzip.compress(b"")[-8:]) else b"\0\0\0\xff\xff" * 2000
            sent += len(following)
            yield following

    with pytest.raises(UpstreamBroken, match="far larger than its content"):
        await collect(GZIP, endless(), CAP, asyncio.get_running_loop().time() + 15)
    assert sent < 2 << 20


async def test_what_follows_a_member_and_is_none_is_no_answer() -> None:
    with pytest.raises(UpstreamBroken, match="not what its Content-Encoding says"):
        await collected(gzip.compress(b"{}"), b"garbage")
