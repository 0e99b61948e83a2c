"""Event logs of a single process, bounded by their number and their bytes: the log longest without an event goes first.

Ids begin with the wall clock, so that a reader who comes back after a restart does not miss events whose ids would
otherwise have begun again at one.
"""

import time
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass, field

from bridge.state.ids import EventId, parse_id, write_id

LOGS = 10_000
BYTES = 64 << 20


@dataclass(slots=True)
class _Log:
    """Written by its MemoryEventLog alone."""

    events: deque[tuple[EventId, bytes]] = field(default_factory=deque)
    deadline: float = 0.0


class MemoryEventLog:
    def __init__(
        self,
        logs: int = LOGS,
        size: int = BYTES,
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self._most_logs, self._most_bytes, self._clock, self._wall = logs, size, clock, wall
        self._logs: OrderedDict[str, _Log] = OrderedDict()  # the one that was appended to last comes last
        self._last: EventId = (0, 0)
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._logs)

    async def append(self, key: str, event: bytes, *, most: int, ttl: float) -> str:
        log = self._live(key) or self._logs.setdefault(key, _Log())
        made = self._last = max((int(self._wall() * 1000), 0), (self._last[0], self._last[1] + 1))
        log.events.append((made, event))
        log.deadline = self._clock() + ttl
        self._bytes += len(event)
        self._logs.move_to_end(key)
        while len(log.events) > most:
            self._bytes -= len(log.events.popleft()[1])
        self._make_room()
        return write_id(made)

    async def after(self, key: str, last: str) -> list[tuple[str, bytes]]:
        seen = parse_id(last) if last else (-1, 0)
        log = self._live(key)
        return [(write_id(made), event) for made, event in log.events if made > seen] if log else []

    def _live(self, key: str) -> _Log | None:
        log = self._logs.get(key)
        if log is not None and log.deadline <= self._clock():
            self._forget(key)
            return None
        return log

    def _forget(self, key: str) -> None:
        self._bytes -= sum(len(event) for _, event in self._logs.pop(key).events)

    def _make_room(self) -> None:
        """A log that is alone too large loses its oldest events."""
        now = self._clock()
        while len(self._logs) > 1:
            key, log = next(iter(self._logs.items()))
            full = len(self._logs) > self._most_logs or self._bytes > self._most_bytes
            if not full and log.deadline > now:
                break
            self._forget(key)
        while self._bytes > self._most_bytes:
            (log,) = self._logs.values()
            self._bytes -= len(log.events.popleft()[1])
