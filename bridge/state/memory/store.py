"""Values of a single process, bounded by their number and by their bytes.

Room is made at the cost of values that would expire anyway: first those that have, then the least recently used. What
is kept for good gives way to nobody; where only such values are left, a new one is refused as StateUnavailable.
"""

import time
from collections import OrderedDict, defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from heapq import heapify, heappop, heappush

from bridge.model.errors import StateUnavailable

ENTRIES = 100_000
BYTES = 256 << 20
_SLACK = 1000
"""Outdated deadlines that may lie in the heap beside as many as there are values."""


@dataclass(frozen=True, slots=True)
class _Kept:
    value: bytes
    deadline: float | None


class MemoryStore:
    def __init__(self, entries: int = ENTRIES, size: int = BYTES, clock: Callable[[], float] = time.monotonic) -> None:
        self._most_entries, self._most_bytes, self._clock = entries, size, clock
        self._kept: dict[str, _Kept] = {}
        self._passing: OrderedDict[str, None] = OrderedDict()  # keys that may be evicted, the least recently used first
        self._families: defaultdict[str, set[str]] = defaultdict(set)
        self._deadlines: list[tuple[float, str]] = []
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._kept)

    async def get(self, key: str) -> bytes | None:
        self._expire()
        kept = self._kept.get(key)
        if kept is None:
            return None
        if key in self._passing:
            self._passing.move_to_end(key)
        return kept.value

    async def put(self, key: str, value: bytes, ttl: float | None, *, fresh: bool = False) -> bool:
        self._expire()
        if fresh and key in self._kept:
            return False
        self._make_room(key, value)
        self._remove(key)
        deadline = None if ttl is None else self._clock() + ttl
        self._kept[key] = _Kept(value, deadline)
        self._bytes += len(key) + len(value)
        self._families[_family(key)].add(key)
        if deadline is not None:
            self._passing[key] = None
            self._note(deadline, key)
        return True

    async def take(self, key: str) -> bytes | None:
        self._expire()
        kept = self._remove(key)
        return kept.value if kept else None

    async def family(self, name: str) -> list[tuple[str, bytes]]:
        self._expire()
        return [(key, self._kept[key].value) for key in sorted(self._families.get(name, ())) if ":" in key]

    def _remove(self, key: str) -> _Kept | None:
        kept = self._kept.pop(key, None)
        if kept is None:
            return None
        self._bytes -= len(key) + len(kept.value)
        self._passing.pop(key, None)
        family = self._families[_family(key)]
        family.discard(key)
        if not family:
            del self._families[_family(key)]
        return kept

    def _expire(self) -> None:
        now = self._clock()
        while self._deadlines and self._deadlines[0][0] <= now:
            deadline, key = heappop(self._deadlines)
            kept = self._kept.get(key)
            if kept is not None and kept.deadline == deadline:
                self._remove(key)

    def _note(self, deadline: float, key: str) -> None:
        """A value that is written anew leaves its old deadline in the heap; now and then the heap is made afresh."""
        heappush(self._deadlines, (deadline, key))
        if len(self._deadlines) > 2 * len(self._passing) + _SLACK:
            self._deadlines = [(kept.deadline, key) for key, kept in self._kept.items() if kept.deadline is not None]
            heapify(self._deadlines)

    def _make_room(self, key: str, value: bytes) -> None:
        """Refuses before it evicts, so that a value too large for the store pushes nobody out."""
        held = self._kept.get(key)
        entries = len(self._kept) + (held is None)
        size = self._bytes + len(key) + len(value) - (len(key) + len(held.value) if held else 0)
        victims: list[str] = []
        for other in self._passing:
            if entries <= self._most_entries and size <= self._most_bytes:
                break
            if other != key:
                victims.append(other)
                entries, size = entries - 1, size - len(other) - len(self._kept[other].value)
        if entries > self._most_entries or size > self._most_bytes:
            raise StateUnavailable("the gateway has no room left to keep this")
        for victim in victims:
            self._remove(victim)


def _family(key: str) -> str:
    return key.partition(":")[0]
