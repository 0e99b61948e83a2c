"""Files that are there whole or not at all, and that one at a time changes."""

import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

if sys.platform == "win32":
    import msvcrt

    def _lock(handle: int) -> None:
        msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def _lock(handle: int) -> None:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)


HALF = ".copy-"
"""What the name of a file begins with that is not whole yet, or never will be."""
_PAUSE = 0.002


def replace_file(path: Path, data: bytes) -> None:
    """Whole or not at all: a reader never sees half a file. Its owner alone may read it.

    It has reached the disk before it takes the other's name: else a loss of power could leave neither.
    """
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=HALF)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


@contextmanager
def alone(path: Path, seconds: float) -> Iterator[None]:
    """Of all threads of all processes that enter with this file, one at a time is inside; whoever dies inside is out.

    Raises TimeoutError for whoever waited that long, and any other OSError.
    """
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        _wait(handle, time.monotonic() + seconds)
        yield
    finally:
        os.close(handle)


def _wait(handle: int, end: float) -> None:
    """Asks again and again: a thread that sleeps in the lock itself could not be told to give up."""
    while True:
        try:
            return _lock(handle)
        except (BlockingIOError, PermissionError) as error:
            if time.monotonic() >= end:
                raise TimeoutError("another process does not let go of its lock") from error
        time.sleep(_PAUSE)
