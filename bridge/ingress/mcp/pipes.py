"""Standard input and output as frames: one line each, bounded, and nothing else ever on standard output.

Whatever prints, a library in C included, prints to standard error from `claimed` on: the descriptor that was standard
output is then known here alone.
"""

import asyncio
import os
import stat
import sys
import threading
from collections.abc import AsyncIterator
from contextlib import suppress

from bridge.ingress.mcp.stdio import Write

_CHUNK = 1 << 16
_AHEAD = 16
"""Chunks that are read before they are asked for."""


def claimed() -> tuple[int, int]:
    """The descriptors of standard input and output, taken from everybody else."""
    reading, writing = os.dup(sys.stdin.fileno()), os.dup(sys.stdout.fileno())
    sys.stdout.flush()
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    with open(os.devnull, "rb") as nothing:  # noqa: PTH123 - a device, not a path
        os.dup2(nothing.fileno(), sys.stdin.fileno())
    return reading, writing


async def frames(descriptor: int, most: int) -> AsyncIterator[bytes | None]:
    """Lines without their ends; None in place of one of more than `most` bytes, which is skipped to its end."""
    rest, skipping = b"", False
    async for chunk in _chunks(descriptor):
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            if skipping or len(line) > most:
                yield None
                skipping = False
            else:
                yield line
        if len(rest) > most:
            rest, skipping = b"", True
    if skipping:
        yield None
    elif rest:
        yield rest


async def _chunks(descriptor: int) -> AsyncIterator[bytes]:
    if not _can_be_waited_for(descriptor):
        async for chunk in _read_apart(descriptor):
            yield chunk
        return
    reader = asyncio.StreamReader(limit=_CHUNK)
    pipe = os.fdopen(descriptor, "rb", buffering=0)
    loop = asyncio.get_running_loop()
    transport, _ = await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), pipe)
    try:
        while chunk := await reader.read(_CHUNK):
            yield chunk
    finally:
        transport.close()


def _can_be_waited_for(descriptor: int) -> bool:
    """Pipes and sockets; a loop that is given a file, a terminal or `/dev/null` refuses it, or aborts the process."""
    mode = os.fstat(descriptor).st_mode
    return stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)


async def _read_apart(descriptor: int) -> AsyncIterator[bytes]:
    """By a thread, which nobody waits for at the end: it may be reading from a terminal."""
    loop, chunks, room = asyncio.get_running_loop(), asyncio.Queue[bytes](), threading.Semaphore(_AHEAD)

    def read() -> None:
        chunk = b"more"
        while chunk:
            room.acquire()
            chunk = os.read(descriptor, _CHUNK)
            with suppress(RuntimeError):  # the loop has ended meanwhile
                loop.call_soon_threadsafe(chunks.put_nowait, chunk)

    threading.Thread(target=read, daemon=True).start()
    while chunk := await chunks.get():
        yield chunk
        room.release()


async def writer(descriptor: int) -> Write:
    """Whole frames, one after the other, no faster than they are read."""
    if not _can_be_waited_for(descriptor):
        return _to_file(descriptor)
    loop = asyncio.get_running_loop()
    pipe = os.fdopen(descriptor, "wb", buffering=0)
    transport, protocol = await loop.connect_write_pipe(asyncio.streams.FlowControlMixin, pipe)
    stream = asyncio.StreamWriter(transport, protocol, None, loop)

    async def write(frame: bytes) -> None:
        if transport.is_closing():
            raise BrokenPipeError("nobody reads the answers")
        stream.write(frame)
        await stream.drain()

    return write


def _to_file(descriptor: int) -> Write:
    async def write(frame: bytes) -> None:
        os.write(descriptor, frame)

    return write
