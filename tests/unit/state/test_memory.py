"""State of a single process: limits and places against slow models, and that nothing grows without bound."""

from dataclasses import dataclass
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.model.errors import StateUnavailable
from bridge.state.memory import MemoryBuckets, MemoryBus, MemoryEventLog, MemoryLeases, MemoryMeters, MemoryStore
from tests.unit.state.slow import SECOND, Bucket, bursts, steps


@dataclass
class Clock:
    now: int = 0

    def __call__(self) -> int:
        return self.now


@settings(max_examples=200, deadline=None)
@given(st.sampled_from([0.1, 0.5, 1.0, 3.0, 7.0, 1000.0]), bursts, st.integers(0, 10**18), steps)
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


# --- store ------------------------------------------------------------------------------------------------------------


@dataclass
class Seconds:
    now: float = 0.0

    def __call__(self) -> float:
        return self.now


async def test_of_too_many_values_the_expired_go_first_and_then_the_one_unused_for_longest() -> None:
    clock = Seconds()
    store = MemoryStore(entries=3, clock=clock)
    await store.put("kind:short", b"", 1)
    await store.put("kind:used", b"", 60)
    await store.put("kind:unused", b"", 60)
    assert await store.get("kind:used") == b""
    clock.now = 2
    await store.put("kind:new", b"", 60)
    assert [key for key, _ in await store.family("kind")] == ["kind:new", "kind:unused", "kind:used"]
    await store.put("kind:newer", b"", 60)
    assert [key for key, _ in await store.family("kind")] == ["kind:new", "kind:newer", "kind:used"]


async def test_what_is_kept_for_good_gives_way_to_nobody() -> None:
    store = MemoryStore(entries=10)
    for number in range(5):
        await store.put(f"api:{number}", b"", None)
    for number in range(1000):
        await store.put(f"call:{number}", b"", 60)
    assert len(await store.family("api")) == 5
    assert len(store) == 10


async def test_where_only_lasting_values_are_left_a_new_one_is_refused() -> None:
    store = MemoryStore(entries=2)
    await store.put("api:1", b"", None)
    await store.put("api:2", b"1", None)
    for ttl in (60, None):
        with pytest.raises(StateUnavailable):
            await store.put("call:1", b"", ttl)
    assert await store.put("api:2", b"2", None), "its place is its own"
    assert await store.take("api:1") == b""
    assert await store.put("call:1", b"", 60)


async def test_bytes_are_bounded_too_and_a_value_too_large_pushes_nobody_out() -> None:
    store = MemoryStore(size=1000)
    for number in range(9):
        await store.put(f"kind:{number}", b"x" * 94, 60)
    with pytest.raises(StateUnavailable):
        await store.put("kind:huge", b"x" * 1000, 60)
    assert len(store) == 9
    await store.put("kind:large", b"x" * 500, 60)
    assert [key for key, _ in await store.family("kind")] == [
        *(f"kind:{number}" for number in range(5, 9)),
        "kind:large",
    ]
    await store.put("kind:large", b"", 60)
    await store.put("kind:other", b"x" * 500, 60)
    assert len(store) == 6, "a smaller value gave its room back"


async def test_a_value_that_is_written_again_and_again_leaves_no_trace_of_before() -> None:
    clock = Seconds()
    store = MemoryStore(clock=clock)
    for _ in range(10_000):
        clock.now += 1
        await store.put("session:1", b"", 3600)
    assert len(store._deadlines) < 2000
    clock.now += 3599
    assert await store.get("session:1") == b""
    clock.now += 1
    assert await store.get("session:1") is None
    assert len(store) == 0


@settings(max_examples=100, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from("abcdef"), st.integers(0, 60), st.sampled_from([None, 5, 50]), st.integers(0, 1)),
        min_size=10,
        max_size=40,
    )
)
async def test_the_store_never_holds_more_than_allowed(turns: list[tuple[str, int, int | None, int]]) -> None:
    clock = Seconds()
    store = MemoryStore(entries=4, size=100, clock=clock)
    lasting: dict[str, bytes] = {}
    for name, size, ttl, pause in turns:
        clock.now += pause
        key, value = f"kind:{name}", b"x" * size
        try:
            await store.put(key, value, ttl)
        except StateUnavailable:
            assert sum(len(key) + len(value) for key, value in lasting.items()) + size > 100 - 6 or len(lasting) >= 4
        else:
            lasting.pop(key, None)
            lasting |= {} if ttl else {key: value}
        held = dict(await store.family("kind"))
        assert len(held) == len(store) <= 4
        assert sum(len(key) + len(value) for key, value in held.items()) <= 100
        assert lasting.items() <= held.items()


# --- events and messages ----------------------------------------------------------------------------------------------


async def test_of_too_many_logs_the_one_longest_without_an_event_goes() -> None:
    log = MemoryEventLog(logs=2)
    for session in ("a", "b", "a", "c"):
        await log.append(session, session.encode(), most=10, ttl=60)
    assert await log.after("b", "") == []
    assert [event for _, event in await log.after("a", "")] == [b"a", b"a"]
    assert len(log) == 2


async def test_the_bytes_of_all_logs_are_bounded() -> None:
    log = MemoryEventLog(size=100)
    for number in range(5):
        await log.append("a", b"%d" % number * 30, most=10, ttl=60)
    assert [event[:1] for _, event in await log.after("a", "")] == [b"2", b"3", b"4"], "alone it loses its oldest"
    await log.append("b", b"b" * 30, most=10, ttl=60)
    assert await log.after("a", "") == []
    assert len(await log.after("b", "")) == 1


async def test_logs_that_are_over_make_room_without_being_asked_for() -> None:
    clock = Seconds()
    log = MemoryEventLog(clock=clock)
    for number in range(100):
        clock.now += 1
        await log.append(f"session {number}", b"", most=10, ttl=5)
    assert len(log) <= 6


async def test_after_a_restart_ids_go_on_and_a_clock_set_back_does_not_turn_them_back() -> None:
    wall = Seconds(1_000_000.0)
    before = await MemoryEventLog(wall=wall).append("session", b"", most=10, ttl=60)
    wall.now += 1
    log = MemoryEventLog(wall=wall)
    await log.append("session", b"1", most=10, ttl=60)
    wall.now -= 500
    await log.append("session", b"2", most=10, ttl=60)
    assert [event for _, event in await log.after("session", before)] == [b"1", b"2"]


async def test_a_channel_without_subscribers_takes_no_room() -> None:
    bus = MemoryBus()
    for number in range(100):
        async with bus.subscribe(f"session {number}"):
            pass
        await bus.publish(f"session {number}", b"")
    assert not bus._boxes


# --- meters -----------------------------------------------------------------------------------------------------------


async def test_a_count_that_holds_gives_way_to_nobodys_and_one_whose_window_ended_does() -> None:
    clock = Seconds()
    meters = MemoryMeters(most=2, clock=clock)
    assert await meters.spend("ann", 1, (1, None, None), 10)
    await meters.debit("bob", 1, 1, 20)
    with pytest.raises(StateUnavailable):
        await meters.spend("cid", 1, (1, None, None), 10)
    with pytest.raises(StateUnavailable):
        await meters.debit("cid", 1, 1, 10)
    assert not await meters.spend("ann", 1, (1, None, None), 10), "still counted"
    clock.now = 10
    assert await meters.spend("cid", 1, (1, None, None), 10)
    assert len(meters) == 2


async def test_whoever_is_refused_takes_no_room() -> None:
    meters = MemoryMeters()
    for number in range(1000):
        assert not await meters.spend(f"caller {number}", 1, (0, None, None), 60)
    assert len(meters) == 0
