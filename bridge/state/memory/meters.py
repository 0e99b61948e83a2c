"""What was used of a budget, counted by one process.

Bounded, and nobody's count gives way to another's: a meter that was forgotten would grant a spent budget anew. Where
only counts are left that still hold, a new one is refused as StateUnavailable.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from heapq import heappop, heappush

from bridge.model.errors import StateUnavailable
from bridge.state.base import Most


@dataclass(slots=True)
class _Used:
    """Written by its MemoryMeters alone."""

    calls: int = 0
    bytes: int = 0
    tokens: int = 0


class MemoryMeters:
    def __init__(self, most: int = 100_000, clock: Callable[[], float] = time.monotonic) -> None:
        self._most = most
        self._clock = clock
        self._used: dict[str, _Used] = {}
        self._deadlines: list[tuple[float, str]] = []

    def __len__(self) -> int:
        return len(self._used)

    async def spend(self, key: str, calls: int, most: Most, window: float) -> bool:
        used = self._of(key) or _Used()
        if _beyond(used, calls, most):
            return False
        self._begun(key, used, window).calls += calls
        return True

    async def debit(self, key: str, bytes: int, tokens: int, window: float) -> None:
        used = self._begun(key, self._of(key) or _Used(), window)
        used.bytes += bytes
        used.tokens += tokens

    def _of(self, key: str) -> _Used | None:
        now = self._clock()
        while self._deadlines and self._deadlines[0][0] <= now:
            del self._used[heappop(self._deadlines)[1]]
        return self._used.get(key)

    def _begun(self, key: str, used: _Used, window: float) -> _Used:
        """Its window begins with its first use, and no later use makes it longer."""
        if key not in self._used:
            if len(self._used) >= self._most:
                raise StateUnavailable("the gateway has no room left to count this")
            self._used[key] = used
            heappush(self._deadlines, (self._clock() + window, key))
        return used


def _beyond(used: _Used, calls: int, most: Most) -> bool:
    most_calls, most_bytes, most_tokens = most
    return (
        (most_calls is not None and used.calls + calls > most_calls)
        or (most_bytes is not None and used.bytes >= most_bytes)
        or (most_tokens is not None and used.tokens >= most_tokens)
    )
