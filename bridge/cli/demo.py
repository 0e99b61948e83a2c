"""`demo`: the sample API and the gateway before it, in one command."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Timer
from types import FrameType
from typing import Annotated

import typer

from bridge.app import StartFailed
from bridge.cli.inputs import Inputs, settings
from bridge.cli.output import Format
from bridge.cli.serve import AdminOption, HealthOption, ListenOption, listeners, run
from bridge.config.zero import state_folder

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

    signal.signal(signal.SIGTERM, _leave)
    with _upstream(folder) as url:
        inputs = Inputs(specs=(str(document_path()),), upstream=url, overrides=listeners(listen, admin, health))
        run(settings(inputs), output)


def _leave(number: int, frame: FrameType | None) -> None:
    """Until the gateway takes its signals itself: the sample API must not outlive a start that was cut short."""
    sys.exit(0)


@contextmanager
def _upstream(data: Path) -> Iterator[str]:
    """The sample API in a process of its own on a free port; it ends with this one."""
    command = [sys.executable, "-m", "bridge.demo", "--port", "0", "--data", str(data)]
    # A session of its own: an interrupt at the terminal is for the gateway, which ends the upstream after itself.
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True)  # noqa: S603 - ours
    overdue = Timer(READY, process.kill)
    overdue.start()
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        overdue.cancel()
        if "http" not in line:
            raise StartFailed("the sample API did not start")
        yield line[line.index("http") :].split()[0]
    finally:
        overdue.cancel()
        process.terminate()
        try:
            process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
