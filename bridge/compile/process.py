"""A process of our own program with lines to it, started while calls are served.

`asyncio.create_subprocess_exec` forks under uvloop: copying the page tables of a gateway holds the loop for 15 ms and
more, where `subprocess` takes vfork(2) and 0.5 ms. The lines are sockets, because uvloop, given the file of a pipe,
closes its number twice, and by the second time it may be somebody else's.
"""

import asyncio
import os
import socket
import subprocess
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Protocol

_GRACE = 0.5
"""Seconds for ending by itself, as after a whole answer."""


class Process(Protocol):
    """What asyncio's has too."""

    @property
    def stdin(self) -> asyncio.StreamWriter | None: ...
    @property
    def stdout(self) -> asyncio.StreamReader | None: ...
    @property
    def stderr(self) -> asyncio.StreamReader | None: ...

    async def wait(self) -> int:
        """Returns its exit code, or less than 0 for the signal that ended it."""

    def kill(self) -> None:
        """Raises ProcessLookupError."""


@asynccontextmanager
async def running(command: Sequence[str], environment: Mapping[str, str]) -> AsyncIterator[Process]:
    """Over when the block is left: by itself within a moment, or by force, at once where the block fails. Raises
    OSError."""
    async with (_asyncios if sys.platform == "win32" else _started)(command, environment) as process:
        try:
            yield process
            with suppress(TimeoutError):
                async with asyncio.timeout(_GRACE):
                    await process.wait()
        finally:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()


@dataclass(frozen=True, slots=True)
class _Started:
    stdin: asyncio.StreamWriter
    stdout: asyncio.StreamReader
    stderr: asyncio.StreamReader
    popen: "subprocess.Popen[bytes]"

    async def wait(self) -> int:
        if self.popen.poll() is None:
            await _ended(self.popen)
        return self.popen.wait()

    def kill(self) -> None:
        self.popen.kill()


@asynccontextmanager
async def _started(command: Sequence[str], environment: Mapping[str, str]) -> AsyncIterator[_Started]:
    async with _line() as (its, stdout, stdin), _line() as (other, stderr, _):
        # A group of its own, so that a terminal's interrupt is not for it; but no session (setsid), in which it would
        # be scheduled as if it were alone: Linux weighs sessions against each other, and nice values only within each
        # (sched(7), autogroup). And nothing to run between fork and exec (`preexec_fn`), which takes vfork away.
        popen = subprocess.Popen(  # noqa: ASYNC220, S603 - waits for exec alone, and runs what this program says
            command, env=environment, stdin=its.fileno(), stdout=its.fileno(), stderr=other.fileno(),
            process_group=0,
        )  # fmt: skip
        its.close()
        other.close()
        yield _Started(stdin, stdout, stderr, popen)


@asynccontextmanager
async def _line() -> AsyncIterator[tuple[socket.socket, asyncio.StreamReader, asyncio.StreamWriter]]:
    """The other end, and both directions of ours."""
    ours, its = socket.socketpair()
    with its:
        reader, writer = await asyncio.open_unix_connection(sock=ours)
        try:
            yield its, reader, writer
        finally:
            writer.transport.abort()


async def _ended(popen: "subprocess.Popen[bytes]") -> None:
    """Returns when there is an exit code."""
    try:
        number = os.pidfd_open(popen.pid)
    except (AttributeError, OSError):  # Linux has it since 5.3, and not in every sandbox
        await asyncio.to_thread(popen.wait)
        return
    loop, over = asyncio.get_running_loop(), asyncio.Event()
    loop.add_reader(number, over.set)
    try:
        await over.wait()
    finally:
        loop.remove_reader(number)
        os.close(number)


@asynccontextmanager
async def _asyncios(command: Sequence[str], environment: Mapping[str, str]) -> AsyncIterator[Process]:
    """Where no socket can be a standard stream, nothing forks either."""
    yield await asyncio.create_subprocess_exec(*command, env=environment, stdin=PIPE, stdout=PIPE, stderr=PIPE)
