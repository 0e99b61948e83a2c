"""Limits and places of a single process, against slow models with an injected clock."""

from dataclasses import dataclass
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.state.memory import MemoryBuckets, MemoryLeases

SECOND = 1_000_000_000


@dataclass
class Clock:
    now: int = 0

    def __call__(self) -> int:
        return self.now


@dataclass
class Bucket:
    """The slow model: a bucket of permits that is filled as time passes, in exact arithmetic."""

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


@settings(max_examples=200, deadline=None)
@given(st.sampled_from([0.1, 0.5, 1.0, 3.0, 7.0, 1000.0]), st.integers(1, 20), st.integers(0, 10**18), steps)
async def test_buckets_grant_what_the_slow_model_grants(
    rate: float, burst: int, start: int, asked: list[tuple[str, int]]
) -> None:
    clock = Clock(start)
    buckets = MemoryBuckets(clock=clock)
    interval = Fraction(round(SECOND / rate))
    slow = {name: Bucket(interval, burst, Fraction(burst), start) for name in ("ann", "bob")}
    for name, pause in asked:
        clock.now += pause
        wait = await buckets.take(name, rate, burst)
        assert wait == pytest.approx(float(slow[name].take(clock.now)) / 1e9, rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("start", [0, 12_345_678_901_234_567, 400 * 86_400 * SECOND + 7])
@pytest.mark.parametrize("rate", [3.0, 7.0, 0.3, 900.0])
async def test_a_burst_is_granted_whole_however_long_the_machine_is_up(rate: float, start: int) -> None:
    buckets = MemoryBuckets(clock=Clock(start))
    waits = [await buckets.take("ann", rate, 500) for _ in range(501)]
    assert waits[:500] == [0.0] * 500
    assert waits[500] == pytest.approx(1 / rate, rel=1e-6)


async def test_whoever_waits_as_long_as_told_is_let_in_and_not_before() -> None:
    clock = Clock()
    buckets = MemoryBuckets(clock=clock)
    assert await buckets.take("ann", 2, 1) == 0
    wait = round(await buckets.take("ann", 2, 1) * SECOND)
    clock.now += wait - 1
    assert await buckets.take("ann", 2, 1) > 0
    clock.now += 1
    assert await buckets.take("ann", 2, 1) == 0


async def test_asking_in_vain_costs_nothing() -> None:
    clock = Clock()
    buckets = MemoryBuckets(clock=clock)
    assert await buckets.take("ann", 1, 1) == 0
    assert {await buckets.take("ann", 1, 1) for _ in range(50)} == {1.0}


async def test_of_too_many_callers_the_one_who_was_away_longest_is_forgotten() -> None:
    buckets = MemoryBuckets(3, Clock())
    for name in ("ann", "bob", "cid"):
        assert await buckets.take(name, 1, 2) == 0
    assert await buckets.take("ann", 1, 2) == 0, "which makes bob the one who was away longest"
    assert await buckets.take("dan", 1, 2) == 0
    assert len(buckets) == 3
    assert await buckets.take("ann", 1, 2) > 0, "still known"
    assert [await buckets.take("bob", 1, 2) for _ in range(3)] == [0, 0, 1], "known no more"


async def test_ten_thousand_callers_take_no_more_room_than_allowed() -> None:
    buckets = MemoryBuckets(100, Clock())
    for number in range(10_000):
        assert await buckets.take(f"caller {number}", 1, 1) == 0
    assert len(buckets) == 100


# --- places -----------------------------------------------------------------------------------------------------------


@given(st.lists(st.tuples(st.sampled_from(["ann", "bob"]), st.booleans()), max_size=40), st.integers(0, 4))
def test_no_caller_has_more_places_than_allowed(turns: list[tuple[str, bool]], most: int) -> None:
    leases, held = MemoryLeases(), {"ann": 0, "bob": 0}
    for name, comes in turns:
        if comes:
            granted = leases.acquire(name, most)
            assert granted == (held[name] < most)
            held[name] += granted
        elif held[name]:
            leases.release(name)
            held[name] -= 1
        assert leases.in_flight() == sum(held.values())


def test_without_a_limit_places_are_counted_all_the_same() -> None:
    leases = MemoryLeases()
    assert all(leases.acquire("ann", None) for _ in range(5))
    assert leases.in_flight() == 5
    assert not leases.acquire("ann", 5)


def test_callers_without_a_call_in_flight_take_no_room() -> None:
    leases = MemoryLeases()
    for number in range(1000):
        name = f"caller {number}"
        assert leases.acquire(name, 1)
        assert not leases.acquire(name, 1)
        leases.release(name)
        assert not leases.acquire(name, 0)
    assert len(leases) == 0
