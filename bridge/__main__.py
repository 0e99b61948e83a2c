"""The console script, and `python -m bridge`: an interrupt ends it quietly from its first moment on."""

import os
import signal
from types import FrameType


def main() -> None:
    # Until a command has something to clean up and takes the signal itself. As an exception it would come out as a
    # traceback wherever an import, a finalizer or a library happens to be.
    signal.signal(signal.SIGINT, _interrupted)
    from bridge.cli import main as command_line

    command_line()


def _interrupted(number: int, frame: FrameType | None) -> None:
    os._exit(130)


if __name__ == "__main__":
    main()
