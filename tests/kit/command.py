"""The command line: in this process where its output matters, as a process of its own where the process does."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from io import BytesIO, TextIOWrapper
from pathlib import Path
from unittest.mock import patch

import orjson

from bridge.cli import main
from bridge.model import Json

COMMAND = (sys.executable, "-m", "bridge")
ANYWHERE = ("--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--health", "127.0.0.1:0")
START = 15.0


@dataclass(frozen=True, slots=True)
class Ran:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Json:
        return orjson.loads(self.out)


def run(*arguments: str) -> Ran:
    """`dualbridge ARGUMENTS`, in this process; what `main` lets through is the test's."""
    out, err = TextIOWrapper(BytesIO(), "utf-8"), TextIOWrapper(BytesIO(), "utf-8")
    with patch.object(sys, "argv", ["dualbridge", *arguments]), redirect_stdout(out), redirect_stderr(err):
        code = _ended()
    return Ran(code, _written(out), _written(err))


def _ended() -> int:
    try:
        main()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(bool(end.code))
    return 0


def _written(stream: TextIOWrapper) -> str:
    stream.flush()
    stream.seek(0)
    return stream.read()


def run_apart(*arguments: str, cwd: Path, env: Mapping[str, str] | None = None) -> Ran:
    """The same in a process of its own, whose output is no terminal."""
    ended = subprocess.run(
        [*COMMAND, *arguments], cwd=cwd, env=environment(cwd) | dict(env or {}),
        capture_output=True, text=True, timeout=START, check=False,
    )  # fmt: skip
    return Ran(ended.returncode, ended.stdout, ended.stderr)


def environment(home: Path) -> dict[str, str]:
    """This process's, with a home of its own: what one test keeps no other finds."""
    root = str(Path(__file__).parents[2])
    return {**os.environ, "HOME": str(home), "XDG_STATE_HOME": str(home / "state"), "PYTHONPATH": root}


@dataclass(slots=True)
class Running:
    """A gateway under way; `told` is what it announced with `-o json`."""

    process: asyncio.subprocess.Process
    told: Json
    log: Path

    @property
    def mcp(self) -> str:
        return str(self.told["mcp"])

    @property
    def rest(self) -> str:
        """The base URL of the first API, without a slash at its end."""
        return str(next(iter(self.told["rest"].values()))).rstrip("/")

    async def end(self, number: signal.Signals, within: float = 10.0) -> int:
        """The exit code after a signal. Raises TimeoutError."""
        self.process.send_signal(number)
        async with asyncio.timeout(within):
            return await self.process.wait()


@asynccontextmanager
async def gateway(*arguments: str, home: Path, command: str = "serve") -> AsyncIterator[Running]:
    """`dualbridge serve ARGUMENTS -o json`, once it is ready; ended on leaving, its children with it."""
    log = home / f"log-{os.urandom(4).hex()}"
    with log.open("wb") as stream:
        process = await asyncio.create_subprocess_exec(
            *COMMAND, command, *arguments, "-o", "json", cwd=home, env=environment(home),
            stdout=asyncio.subprocess.PIPE, stderr=stream,
        )  # fmt: skip
    try:
        yield Running(process, await _announced(process, log), log)
    finally:
        if process.returncode is None:
            process.terminate()
            try:
                await asyncio.wait_for(process.wait(), 10)
            except TimeoutError:
                process.kill()
        await process.communicate()


async def _announced(process: asyncio.subprocess.Process, log: Path) -> Json:
    assert process.stdout is not None
    async with asyncio.timeout(START):
        lines = [await process.stdout.readline()]
        while lines[-1] not in {b"}\n", b""}:
            lines.append(await process.stdout.readline())
    if lines[-1] != b"}\n" or b'"errors"' in lines[1]:
        raise AssertionError(f"it did not start: {log.read_text()}")
    return orjson.loads(b"".join(lines))
