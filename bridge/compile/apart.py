"""An import in a process of its own, seen from the one that serves: asked, awaited, taken over slice by slice."""

import asyncio
import os
import pickle
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import bridge
from bridge.compile.apis import Loaded
from bridge.compile.errand import HEAD, LARGEST_FRAME, End, Errand, Gathered, Refused, Unpacker, asked
from bridge.compile.pace import Pace
from bridge.compile.process import Process, running
from bridge.config import Problem, Settings

PATIENCE = 300.0
"""Seconds for one import with all its documents; each API has a budget of its own besides."""
# Unlike `-m` alone, `-P` leaves the working folder out of where modules are looked for.
_COMMAND = (sys.executable, "-P", "-m", "bridge.compile.child")
_MOST_TOLD = 16 << 10
_SOURCE = "import"


class ImportRefused(Exception):
    """Nothing can be made of it; `candidate` says that it is the one who asked to whom that matters."""

    def __init__(self, *problems: Problem, candidate: bool = False) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = problems
        self.candidate = candidate


@dataclass(frozen=True, slots=True)
class Brought:
    """`settings` have the registered APIs in them; `registration` is what the candidate became."""

    settings: Settings
    loaded: Loaded
    registration: bytes | None


async def import_apart(errand: Errand, arrives: Callable[[], object]) -> Brought:
    """`arrives` is called when the import is done and begins to come over.

    Raises ImportRefused, also where the process was killed or took too long.
    """
    try:
        async with asyncio.timeout(PATIENCE), running(_COMMAND, _environment()) as process:
            return await _errand(process, errand, arrives)
    except TimeoutError as error:
        raise _failed(f"took longer than {PATIENCE:.0f} s", "see which document is so large or so slow") from error
    except OSError as error:
        raise _failed(f"cannot be started: {error}", "see that processes and memory are left") from error


def _environment() -> dict[str, str]:
    """The same modules as this process has, wherever it found them."""
    here = str(Path(bridge.__file__).parents[1])
    paths = [here, *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}


async def _errand(process: Process, errand: Errand, arrives: Callable[[], object]) -> Brought:
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(_ask(process, errand))
        told = tasks.create_task(_told(process))
        answer = tasks.create_task(_answer(process, arrives))
    found = answer.result()
    if found is None:
        raise _failed(_end(await process.wait(), told.result()), "see the log, and that memory is left")
    if isinstance(found, Refused):
        raise ImportRefused(*found.problems, candidate=found.candidate)
    return found


async def _ask(process: Process, errand: Errand) -> None:
    assert process.stdin is not None
    pace = Pace()
    with suppress(ConnectionError):  # it is gone: its end says why
        for piece in asked(errand):
            process.stdin.write(piece)
            await process.stdin.drain()
            if pace.over:
                await pace.rest()


async def _told(process: Process) -> str:
    """The last of what it wrote beside its answer."""
    assert process.stderr is not None
    told = b""
    while data := await process.stderr.read(_MOST_TOLD):
        told = (told + data)[-_MOST_TOLD:]
    return told.decode(errors="replace").strip()


async def _answer(process: Process, arrives: Callable[[], object]) -> Brought | Refused | None:
    """None where it ended before its answer did."""
    assert process.stdout is not None
    try:
        found = await _gathered(process.stdout, arrives)
    except (EOFError, ConnectionError, pickle.UnpicklingError):
        return None
    if isinstance(found, Refused):
        return found
    await Pace().rest()  # an unpickler that remembered everything has just gone
    summary = found.summary
    assert summary is not None  # it comes first
    return Brought(summary.settings, found.loaded(summary), summary.registration)


async def _gathered(stdout: asyncio.StreamReader, arrives: Callable[[], object]) -> Gathered | Refused:
    """Raises EOFError, ConnectionError, UnpicklingError."""
    unpacker, gathered, pace = Unpacker(), Gathered(), Pace()
    while True:
        (size,) = HEAD.unpack(await stdout.readexactly(HEAD.size))
        if size > LARGEST_FRAME:
            raise EOFError
        match unpacker.unpack(await stdout.readexactly(size)):
            case End():
                return gathered
            case Refused() as refused:
                return refused
            case frame:
                if gathered.summary is None:
                    arrives()
                gathered.add(frame)
        if pace.over:
            await pace.rest()


def _end(code: int, told: str) -> str:
    last = told.rpartition("\n")[2]
    how = f"was ended by signal {-code}" if code < 0 else f"ended with exit code {code}"
    return f"its process {how}{f': {last[:300]}' if last else ''}"


def _failed(message: str, advice: str) -> ImportRefused:
    return ImportRefused(Problem(_SOURCE, 0, 0, "", message, advice))
