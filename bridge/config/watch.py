"""Says that something on disk is another thing than before, and nothing more: what it means is for a reload to find.

By looking, not by being told: `stat` sees through the symbolic links that Kubernetes swaps, works on network and
overlay file systems where notifications are lost, and costs 2 µs a file. An editor that writes a file anew, or in
pieces, is waited for: a change counts once it has stood still from one look to the next.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path
from typing import TypeAlias

Look: TypeAlias = tuple[tuple[str, object], ...]
"""What each watched path was like."""
_MOST_LISTED = 10_000
IDLE = 1.0
"""Seconds until a watch that is off asks again whether it still is."""


def look(paths: Iterable[str]) -> Look:
    return tuple((path, _state(Path(path))) for path in sorted(set(paths)))


def _state(path: Path) -> object:
    """Of a folder, what is in it: the same as of each file. None for what is not there, or may not be seen."""
    try:
        if path.is_dir():
            inside = sorted(path.iterdir())[:_MOST_LISTED]
            return tuple((one.name, _stamp(one)) for one in inside if not one.is_dir())
        return _stamp(path)
    except OSError:
        return None


def _stamp(path: Path) -> tuple[int, int, int, int] | None:
    """The device and inode too: a file that took another's place may be as large and as old."""
    try:
        found = path.stat()
    except OSError:
        return None
    return (found.st_mtime_ns, found.st_size, found.st_ino, found.st_dev)


async def watch(
    known: Look,
    paths: Callable[[], Iterable[str]],
    interval: Callable[[], float | None],
    changed: Callable[[], Awaitable[object]],
) -> None:
    """Goes on for ever. `known` was seen before what is served was read; `paths` and `interval` (seconds, None for off)
    may be others after each change."""
    seen = known
    while True:
        seconds = interval()
        await asyncio.sleep(IDLE if seconds is None else seconds)
        before, seen = seen, await asyncio.to_thread(look, tuple(paths()))
        if seconds is None or seen == _widened(known, seen):
            known = seen
        elif seen == before:
            await changed()
            # Of what the reload has read it may have read the newest; what was written since is seen by the next look.
            known = seen


def _widened(known: Look, seen: Look) -> Look:
    """What was known, of the paths that are watched now: a reload may have found more to watch, or less."""
    before = dict(known)
    return tuple((path, before.get(path, state)) for path, state in seen)
