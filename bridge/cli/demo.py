"""`demo`: the sample API and the gateway before it, in one command."""

import logging
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread, Timer
from types import FrameType
from typing import Annotated

import typer

from bridge.app import StartFailed
from bridge.cli.inputs import Inputs, given, settings
from bridge.cli.output import Format
from bridge.cli.serve import AdminOption, HealthOption, ListenOption, listeners, run
from bridge.config.zero import state_folder

_log = logging.getLogger(__name__)
READY = 20.0
"""Seconds that the sample API may take to start."""


def demo(
    listen: ListenOption = None,
    admin: AdminOption = None,
    health: HealthOption = None,
    data: Annotated[Path | None, typer.Option(help="Where the sample API keeps its database.")] = None,
    output: Annotated[Format, typer.Option("--output", "-o")] = Format.TEXT,
) -> None:
    """Start the sample orders API and the gateway before it."""
    folder = data or state_folder(os.environ) / "demo"
    from bridge.demo import document_path  # it brings FastAPI, which no other command needs

    leave = _Leave()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, leave)
    with _upstream(folder, leave) as url:
        inputs = Inputs(specs=(str(document_path()),), upstream=url, overrides=listeners(listen, admin, health))
        run(settings(inputs), output, given(inputs))


@dataclass(slots=True)
class _Leave:
    """Until the gateway takes its signals itself: the sample API must not outlive a start that was cut short.

    A signal that comes before somebody is there to end the sample API waits in `asked`.
    """

    asked: int | None = None
    free: bool = False

    def __call__(self, number: int, frame: FrameType | None) -> None:
        self.asked = number
        if self.free:
            sys.exit(130 if number == signal.SIGINT else 0)

    def release(self) -> None:
        self.free = True
        if self.asked is not None:
            self(self.asked, None)


@contextmanager
def _upstream(data: Path, leave: _Leave) -> Iterator[str]:
    """The sample API in a process of its own on a free port; it ends with this one, even one that is killed."""
    command = [sys.executable, "-m", "bridge.demo", "--port", "0", "--data", str(data), "--with-parent"]
    # A session of its own: an interrupt at the terminal is for the gateway, which ends the upstream after itself.
    process = subprocess.Popen(  # noqa: S603 - ours
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    leaving = Event()
    overdue = Timer(READY, process.kill)
    try:
        leave.release()
        overdue.start()
        assert process.stdout is not None
        line = process.stdout.readline()
        overdue.cancel()
        if "http" not in line:
            raise StartFailed("the sample API did not start")
        Thread(target=_watch, args=(process, leaving), daemon=True).start()
        yield line[line.index("http") :].split()[0]
    finally:
        leaving.set()
        overdue.cancel()
        process.terminate()
        try:
            process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _watch(process: subprocess.Popen[str], leaving: Event) -> None:
    """Whoever is at the terminal need not guess from failing calls that the sample API is gone."""
    code = process.wait()
    if not leaving.is_set():
        _log.error("the sample API ended with code %d, so calls to it fail now; start the demo again", code)
