"""Reading an answer whole, for an agent: bounded in bytes before and after decompression, and in time.

An answer above the cap is cut, not refused: the caller gets what fits and is told. The cut holds for compressed
answers too, so a small bomb cannot become a large one. Whoever wants to know how far a stream has come is told while it
is read; as long as that takes, nothing more is asked of the upstream.
"""

import asyncio
import zlib
from collections.abc import AsyncIterator

from bridge.egress.inflate import CODINGS, Members, window
from bridge.egress.progress import Announcer
from bridge.model import Chunks, Headers, Report, UpstreamBroken, UpstreamTimeout
from bridge.model.media import is_stream

# Times its content, and above that: what a compressed answer may have on the wire before it is nonsense.
_WORST, _SPARE = 4, 1 << 20


async def collect(
    headers: Headers, chunks: Chunks, cap: int, deadline: float, report: Report | None = None
) -> tuple[bytes, bool]:
    """The decoded body, at most `cap` bytes of it, and whether it was cut.

    A stream (SSE, NDJSON, JSON text sequences) that is still running at `deadline` is cut there; `report` is told of
    its progress. Raises UpstreamTimeout for any other body that is late, UpstreamBroken for one that breaks off or is
    not what its Content-Encoding says.
    """
    parts: list[bytes] = []
    content_type = _first(headers, b"content-type").decode("latin-1")
    streamed = is_stream(content_type)
    clock = asyncio.get_running_loop().time
    announcer = Announcer(content_type, report, clock) if streamed and report is not None else None
    try:
        async with asyncio.timeout_at(deadline):
            cut = await _gather(_decoded(headers, chunks, cap * _WORST + _SPARE), parts, cap, announcer)
    except (TimeoutError, UpstreamTimeout):
        if not streamed:
            raise UpstreamTimeout("the upstream did not finish its answer in time") from None
        cut = True
    return b"".join(parts), cut


async def _gather(chunks: AsyncIterator[bytes], parts: list[bytes], cap: int, announcer: Announcer | None) -> bool:
    room, cut = cap, False
    async for chunk in chunks:
        cut = len(chunk) > room
        part = chunk[:room] if cut else chunk
        parts.append(part)
        room -= len(part)
        if announcer is not None:
            await announcer.hear(part)
        if cut:
            break
    if announcer is not None:
        await announcer.end(complete=not cut)
    return cut


def _decoded(headers: Headers, chunks: Chunks, most: int) -> AsyncIterator[bytes]:
    coding = _first(headers, b"content-encoding").decode("latin-1").strip().lower()
    if coding in {"", "identity"}:
        return chunks
    if coding in CODINGS:
        return _inflated(_counted(chunks, most), coding)
    # RFC 9110 section 12.5.3: a server should not send a coding that Accept-Encoding does not list; this one did.
    raise UpstreamBroken(f"the upstream answered in the content coding {coding!r}, unasked")


async def _counted(chunks: Chunks, most: int) -> AsyncIterator[bytes]:
    """Compressed data may stand for no content at all, so the bytes on the wire are counted too."""
    async for chunk in chunks:
        most -= len(chunk)
        if most < 0:
            raise UpstreamBroken("the upstream's compressed answer is far larger than its content")
        yield chunk


async def _inflated(chunks: Chunks, coding: str) -> AsyncIterator[bytes]:
    members = None
    try:
        async for chunk in chunks:
            if chunk:
                members = members or Members(window(coding, chunk[0]))
                for piece in members.feed(chunk):
                    yield piece
    except zlib.error as error:
        raise UpstreamBroken("the upstream's answer is not what its Content-Encoding says") from error
    if members and not members.member.eof:
        raise UpstreamBroken(f"the upstream's {coding} answer ends too early")


def _first(headers: Headers, name: bytes) -> bytes:
    return next((value for key, value in headers if key == name), b"")
