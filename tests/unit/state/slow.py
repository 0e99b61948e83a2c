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


steps = st.lists(
    st.tuples(st.sampled_from(["ann", "bob"]), st.one_of(st.just(0), st.integers(0, 5 * SECOND))), max_size=60
)


async def becomes(wanted: object, ask: Callable[[], Awaitable[object]]) -> None:
    async with asyncio.timeout(PATIENCE):
        while await ask() != wanted:  # noqa: ASYNC110 - nothing tells when a value expires or a server is back
            await asyncio.sleep(0.01)


async def hear(subscription: Subscription) -> bytes | None:
    async with asyncio.timeout(PATIENCE):
        return await subscription.next()
