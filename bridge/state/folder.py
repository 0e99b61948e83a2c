"""Values that outlive the process where no Redis keeps them: a file each, in a folder of their owner's alone.

Several processes may share the folder: readers see whole files, writers take turns. It is bounded by the number of
values and by their bytes. Nothing that still holds gives way: a key that somebody was given must not be forgotten for
another's, so where no room is left a new value is refused as StateUnavailable.
"""

import asyncio
import json
import logging
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import ParamSpec, TypeVar

from bridge.model.errors import StateUnavailable
from bridge.state.files import HALF, alone, replace_file

P = ParamSpec("P")
T = TypeVar("T")
_log = logging.getLogger(__name__)

ENTRIES = 100_000
BYTES = 256 << 20
_LOCK = ".lock"
_TURN = 2.0
"""Seconds that a writer waits for its turn."""
_PATIENCE = 5.0
"""Seconds after which a disk that does not answer is out of reach."""
_SELDOM = 600.0
_SOON = 5.0
"""Seconds between two looks for what has expired: while there is room, and while there is none."""
_SAY_AGAIN = 10.0
"""Seconds that lie at least between two log lines about the folder."""


@dataclass(frozen=True, slots=True)
class _Kept:
    """A file is its key and deadline (Unix time) as a line of JSON, and the value."""

    key: str
    deadline: float | None
    value: bytes = b""

    @property
    def raw(self) -> bytes:
        return json.dumps({"key": self.key, "expires": self.deadline}).encode() + b"\n" + self.value

    def live(self, now: float) -> bool:
        return self.deadline is None or self.deadline > now


def _parsed(raw: bytes) -> _Kept:
    """Raises ValueError for what was not written here."""
    head, _, value = raw.partition(b"\n")
    try:
        known = json.loads(head)
        deadline = known["expires"]
        return _Kept(str(known["key"]), None if deadline is None else float(deadline), value)
    except (KeyError, TypeError) as error:
        raise ValueError("it is no value that was kept here") from error


class FolderStore:
    """A Store. `clock` is the wall's: a deadline must mean the same after a restart."""

    def __init__(
        self, folder: Path, entries: int = ENTRIES, size: int = BYTES, clock: Callable[[], float] = time.time
    ) -> None:
        self._folder, self._most_entries, self._most_bytes, self._clock = folder, entries, size, clock
        # What was counted last, and what was written from here since; other processes' writes show at the next count.
        self._entries = self._bytes = 0
        self._counted = float("-inf")
        self._said = -_SAY_AGAIN

    async def get(self, key: str) -> bytes | None:
        kept = await self._apart(self._live, self._path(key))
        return kept.value if kept else None

    async def put(self, key: str, value: bytes, ttl: float | None, *, fresh: bool = False) -> bool:
        return await self._apart(self._put, key, value, ttl, fresh=fresh)

    async def take(self, key: str) -> bytes | None:
        return await self._apart(self._take, self._path(key))

    async def family(self, name: str) -> list[tuple[str, bytes]]:
        return await self._apart(self._family, name)

    async def _apart(self, work: Callable[P, T], *given: P.args, **options: P.kwargs) -> T:
        """A disk may be another machine's: the loop does not wait for it."""
        try:
            async with asyncio.timeout(_PATIENCE):
                return await asyncio.to_thread(work, *given, **options)
        except OSError as error:
            self._failed(error)
            raise StateUnavailable("what the gateway keeps cannot be read or written; its log says why") from error

    def _failed(self, error: OSError) -> None:
        now = time.monotonic()
        if now - self._said >= _SAY_AGAIN:
            self._said = now
            _log.error("%s cannot be used: %s", self._folder, str(error) or type(error).__name__)

    def _put(self, key: str, value: bytes, ttl: float | None, *, fresh: bool) -> bool:
        path, now = self._path(key), self._clock()
        kept = _Kept(key, None if ttl is None else now + ttl, value)
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with alone(self._folder / _LOCK, _TURN):
            if fresh and self._live(path) is not None:
                return False
            self._write(path, kept.raw, now)
        return True

    def _write(self, path: Path, raw: bytes, now: float) -> None:
        before = _size(path)
        more, longer = int(before is None), len(raw) - (before or 0)
        if not 0 <= now - self._counted < (_SELDOM if self._fits(more, longer) else _SOON):
            self._clear(now)
            before = _size(path)  # it may have been among what had expired
            more, longer = int(before is None), len(raw) - (before or 0)
        if not self._fits(more, longer):
            raise StateUnavailable("the gateway has no room left to keep this")
        replace_file(path, raw)
        self._entries, self._bytes = self._entries + more, self._bytes + longer

    def _fits(self, more: int, longer: int) -> bool:
        """What takes no more room than before always does."""
        fits = self._entries + more <= self._most_entries and self._bytes + longer <= self._most_bytes
        return fits or (more <= 0 and longer <= 0)

    def _clear(self, now: float) -> None:
        """Removes what has expired and what a writer that died left behind, and counts the rest."""
        self._entries = self._bytes = 0
        for path in self._files(""):
            if path.name.startswith(HALF) or self._expired(path, now):
                path.unlink(missing_ok=True)
            elif path.name != _LOCK:
                self._entries, self._bytes = self._entries + 1, self._bytes + path.stat().st_size
        self._counted = now

    def _expired(self, path: Path, now: float) -> bool:
        """What cannot be read is left where it is."""
        if path.name == _LOCK:
            return False
        with path.open("rb") as file:
            head = file.readline()
        try:
            return not _parsed(head).live(now)
        except ValueError:
            return False

    def _take(self, path: Path) -> bytes | None:
        if _size(path) is None:
            return None
        with alone(self._folder / _LOCK, _TURN):
            kept, size = self._live(path), _size(path)
            if size is None:
                return None
            path.unlink()
            self._entries, self._bytes = self._entries - 1, self._bytes - size
        return kept.value if kept else None

    def _family(self, name: str) -> list[tuple[str, bytes]]:
        found = filter(None, map(self._live, self._files(f"{_digest(name, 16)}-")))
        return sorted((kept.key, kept.value) for kept in found if ":" in kept.key)

    def _files(self, prefix: str) -> list[Path]:
        try:
            with os.scandir(self._folder) as listed:
                return [Path(entry) for entry in listed if entry.name.startswith(prefix)]
        except FileNotFoundError:
            return []

    def _live(self, path: Path) -> _Kept | None:
        """None where there is none, or not any more."""
        try:
            kept = _parsed(path.read_bytes())
        except FileNotFoundError:
            return None
        except ValueError as error:
            _log.error("%s is left out: %s", path, error)
            return None
        return kept if kept.live(self._clock()) else None

    def _path(self, key: str) -> Path:
        """Named by digests: a key may hold what a file name may not. Those of a family begin alike."""
        return self._folder / f"{_digest(key.partition(':')[0], 16)}-{_digest(key, 32)}"


def _digest(text: str, characters: int) -> str:
    return sha256(text.encode(errors="surrogatepass")).hexdigest()[:characters]


def _size(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return None
