"""What buckets do, in exact arithmetic and without regard to speed: the oracle for every backend. And waiting."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from fractions import Fraction

from hypothesis import strategies as st

from bridge.state.base import Subscription

SECOND = 1_000_000_000
PATIENCE = 10.0
"""Seconds for what happens at once, on a machine that may be busy."""


@dataclass
class Bucket:
    """A bucket of permits that is filled as time passes; times in nanoseconds."""

    interval: Fraction
    burst: int
    level: Fraction
    seen: int

    def take(self, now: int) -> Fraction:
        """Nanoseconds to wait; 0 when granted."""
        self.level = min(Fraction(self.burst), self.level + (now - self.seen) / self.interval)
        self.seen = now
        if self.level >= 1:
            self.level -= 1
            return Fraction(0)
        return (1 - self.level) * self.interval


def _one_by_one(turns: list[tuple[str, int, int]]) -> list[tuple[str, int]]:
    return [(name, 0 if again else pause) for name, pause, times in turns for again in range(times)]


pauses = st.one_of(st.just(0), st.integers(0, SECOND // 100), st.integers(0, 5 * SECOND))
steps = st.lists(st.tuples(st.sampled_from(["ann", "bob"]), pauses, st.integers(1, 6)), max_size=15).map(_one_by_one)
"""Who asks, and nanoseconds after the one before; some ask several times at once."""
bursts = st.one_of(st.integers(1, 4), st.integers(1, 20))


async def becomes(wanted: object, ask: Callable[[], Awaitable[object]]) -> None:
    async with asyncio.timeout(PATIENCE):
        while await ask() != wanted:  # noqa: ASYNC110 - nothing tells when a value expires or a server is back
            await asyncio.sleep(0.01)


async def hear(subscription: Subscription) -> bytes | None:
    async with asyncio.timeout(PATIENCE):
        return await subscription.next()
