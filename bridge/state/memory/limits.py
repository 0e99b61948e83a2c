"""How much a caller may: permits over time, and places at one time."""

import time
from collections import Counter, OrderedDict
from collections.abc import Callable


class MemoryBuckets:
    """GCRA (ITU-T I.371): one number per key, the theoretical arrival time of the next permit.

    In whole nanoseconds: with floating-point seconds a burst would lose its last permit to rounding. Bounded: the
    least recently used key is forgotten, which can only favour its owner.
    """

    def __init__(self, most: int = 100_000, clock: Callable[[], int] = time.monotonic_ns) -> None:
        self._most = most
        self._clock = clock
        self._arrivals: OrderedDict[str, int] = OrderedDict()

    def __len__(self) -> int:
        return len(self._arrivals)

    async def take(self, key: str, rate: float, burst: int) -> float:
        now = self._clock()
        interval = round(1e9 / rate)
        arrival = max(self._arrivals.get(key, now), now)
        wait = arrival - now - interval * (burst - 1)
        if wait > 0:
            return wait / 1e9
        self._arrivals[key] = arrival + interval
        self._arrivals.move_to_end(key)
        if len(self._arrivals) > self._most:
            self._arrivals.popitem(last=False)
        return 0.0


class MemoryLeases:
    """Calls in flight; a key with none is forgotten."""

    def __init__(self) -> None:
        self._held: Counter[str] = Counter()

    def __len__(self) -> int:
        """Callers with calls in flight."""
        return len(self._held)

    def acquire(self, key: str, most: int | None) -> bool:
        if most is not None and self._held[key] >= most:
            return False
        self._held[key] += 1
        return True

    def release(self, key: str) -> None:
        self._held[key] -= 1
        if self._held[key] <= 0:
            del self._held[key]

    def in_flight(self) -> int:
        return self._held.total()
