"""What every backend promises, in memory and in Redis alike."""

import asyncio

import pytest

from bridge.state.base import State, Store
from tests.unit.state.slow import PATIENCE, becomes, hear

# --- store ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", [b"", b"plain", b"\x00\xff\r\n" * 1000])
async def test_a_value_comes_back_as_it_was_put(store: Store, value: bytes) -> None:
    assert await store.put("kind:one", value, 60)
    assert await store.get("kind:one") == value


async def test_what_was_never_put_is_none(store: Store) -> None:
    assert await store.get("kind:one") is None
    assert await store.take("kind:one") is None
    assert await store.family("kind") == []


async def test_a_value_is_gone_after_its_time_and_one_for_good_is_not(store: Store) -> None:
    await store.put("kind:passing", b"1", 0.05)
    await store.put("kind:lasting", b"2", None)
    await becomes(None, lambda: store.get("kind:passing"))
    assert await store.family("kind") == [("kind:lasting", b"2")]
    assert await store.put("kind:passing", b"3", 60, fresh=True), "its key is free again"


async def test_the_last_value_counts_and_so_does_its_time(store: Store) -> None:
    await store.put("kind:one", b"1", 0.03)
    await store.put("kind:one", b"2", None)
    await store.put("kind:other", b"", 0.06)
    await becomes(None, lambda: store.get("kind:other"))
    assert await store.get("kind:one") == b"2"
    await store.put("kind:one", b"3", 0.03)
    await becomes([], lambda: store.family("kind"))


async def test_a_fresh_value_never_replaces_another(store: Store) -> None:
    assert await store.put("kind:one", b"1", 60, fresh=True)
    assert not await store.put("kind:one", b"2", 60, fresh=True)
    assert await store.get("kind:one") == b"1"


async def test_of_many_fresh_values_exactly_one_is_kept(store: Store) -> None:
    kept = await asyncio.gather(*(store.put("kind:one", b"%d" % turn, 60, fresh=True) for turn in range(50)))
    assert kept.count(True) == 1
    assert await store.get("kind:one") == b"%d" % kept.index(True)


async def test_of_many_takers_exactly_one_gets_the_value(store: Store) -> None:
    await store.put("kind:one", b"1", 60)
    taken = await asyncio.gather(*(store.take("kind:one") for _ in range(50)))
    assert sorted(taken, key=bool) == [None] * 49 + [b"1"]
    assert await store.family("kind") == []


async def test_a_family_is_listed_whole_in_order_and_without_strangers(store: Store) -> None:
    names = [f"kind:{number:03}" for number in range(250)]
    for name in reversed(names):
        await store.put(name, name.encode(), 60 if name < "kind:100" else None)
    for other in ("kind", "kinder:1", "other:kind:1", "kin:d"):
        await store.put(other, b"", None)
    await store.take("kind:007")
    assert await store.family("kind") == [(name, name.encode()) for name in names if name != "kind:007"]
    assert await store.family("other") == [("other:kind:1", b"")]


async def test_values_of_an_unlisted_key_are_kept_all_the_same(store: Store) -> None:
    await store.put("alone", b"1", 60)
    assert await store.get("alone") == b"1"
    assert await store.family("alone") == []


# --- events -----------------------------------------------------------------------------------------------------------


async def test_events_come_back_in_order_from_where_the_reader_was(state: State) -> None:
    log = state.shared.log
    ids = [await log.append("session", b"%d" % number, most=100, ttl=60) for number in range(20)]
    assert await log.after("session", "") == [(made, b"%d" % number) for number, made in enumerate(ids)]
    assert await log.after("session", ids[16]) == [(ids[number], b"%d" % number) for number in (17, 18, 19)]
    assert await log.after("session", ids[-1]) == []
    assert await log.after("another", ids[0]) == []


async def test_ids_ascend_and_can_stand_in_a_key(state: State) -> None:
    made = [await state.shared.log.append("session", b"", most=10, ttl=60) for _ in range(50)]
    numbers = [tuple(map(int, one.split("-"))) for one in made]
    assert numbers == sorted(set(numbers))
    assert not any(":" in one for one in made)


async def test_a_log_keeps_its_last_events(state: State) -> None:
    log = state.shared.log
    for number in range(10):
        await log.append("session", b"%d" % number, most=3, ttl=60)
    assert [event for _, event in await log.after("session", "")] == [b"7", b"8", b"9"]


async def test_an_id_older_than_the_log_gets_all_that_is_left(state: State) -> None:
    log = state.shared.log
    first = await log.append("session", b"0", most=1, ttl=60)
    await log.append("session", b"1", most=1, ttl=60)
    assert [event for _, event in await log.after("session", first)] == [b"1"]


async def test_a_log_is_gone_some_time_after_its_last_event(state: State) -> None:
    await state.shared.log.append("session", b"", most=10, ttl=0.05)
    await becomes([], lambda: state.shared.log.after("session", ""))


@pytest.mark.parametrize(
    "last", ["x", "1", "-", "1-", "-1", "1-2-3", "1_0-0", "$", "+", "(1-0", "\u0661-0", "9" * 19 + "-0"]
)
async def test_what_is_no_id_is_refused(state: State, last: str) -> None:
    await state.shared.log.append("session", b"", most=10, ttl=60)
    with pytest.raises(ValueError, match="id"):
        await state.shared.log.after("session", last)


# --- bus --------------------------------------------------------------------------------------------------------------


async def test_every_subscriber_of_a_channel_hears_what_is_published_and_nobody_else_does(state: State) -> None:
    bus = state.shared.bus
    async with bus.subscribe("news") as one, bus.subscribe("news") as two, bus.subscribe("other") as other:
        for number in range(20):
            await bus.publish("news", b"%d" % number)
        await bus.publish("other", b"last")
        for subscription in (one, two):
            assert [await hear(subscription) for _ in range(20)] == [b"%d" % number for number in range(20)]
        assert await hear(other) == b"last"


async def test_a_subscriber_hears_nothing_of_before(state: State) -> None:
    bus = state.shared.bus
    await bus.publish("news", b"early")
    async with bus.subscribe("news") as subscription:
        await bus.publish("news", b"late")
        assert await hear(subscription) == b"late"


async def test_who_leaves_and_comes_back_at_once_has_subscribed(state: State) -> None:
    bus = state.shared.bus
    for turn in range(20):
        async with bus.subscribe("news") as subscription:
            await bus.publish("news", b"%d" % turn)
            assert await hear(subscription) == b"%d" % turn


async def test_a_slow_subscriber_is_told_once_that_it_missed_something(state: State) -> None:
    bus = state.shared.bus
    async with bus.subscribe("news") as slow, bus.subscribe("news") as quick:
        for number in range(1500):
            await bus.publish("news", b"%d" % number)
            assert await hear(quick) == b"%d" % number
        heard = [await hear(slow) for _ in range(1000)]
        assert heard == [b"%d" % number for number in range(1000)], "what had room"
        assert await hear(slow) is None
        await bus.publish("news", b"after")
        assert await hear(slow) == b"after"


async def test_whoever_waits_elsewhere_is_rung_for_and_then_reads_without_waiting(state: State) -> None:
    bus, rung = state.shared.bus, asyncio.Event()
    async with bus.subscribe("news", rung.set) as subscription:
        ready = [subscription.ready]
        await bus.publish("news", b"1")
        async with asyncio.timeout(PATIENCE):
            await rung.wait()
        ready.append(subscription.ready)
        assert await hear(subscription) == b"1"
        assert [*ready, subscription.ready] == [False, True, False]


# --- buckets ----------------------------------------------------------------------------------------------------------


async def test_a_burst_is_granted_and_then_the_rate(state: State) -> None:
    waits = [await state.buckets.take("ann", 0.01, 5) for _ in range(6)]
    assert waits[:5] == [0.0] * 5
    assert 0 < waits[5] <= 100
    assert await state.buckets.take("bob", 0.01, 5) == 0, "another's bucket"


async def test_whoever_waits_as_long_as_told_is_let_in(state: State) -> None:
    assert await state.buckets.take("ann", 20, 1) == 0
    wait = await state.buckets.take("ann", 20, 1)
    assert 0 < wait <= 0.05
    await asyncio.sleep(wait + 0.001)
    assert await state.buckets.take("ann", 20, 1) == 0


async def test_many_at_once_get_the_burst_and_no_more(state: State) -> None:
    waits = await asyncio.gather(*(state.buckets.take("ann", 0.01, 100) for _ in range(600)))
    assert waits.count(0.0) == 100


# --- meters -----------------------------------------------------------------------------------------------------------


ANY = (None, None, None)


async def test_calls_are_counted_up_to_the_most_and_no_further(state: State) -> None:
    meters = state.shared.meters
    assert [await meters.spend("ann", 1, (3, None, None), 60) for _ in range(5)] == [True, True, True, False, False]
    assert await meters.spend("bob", 1, (3, None, None), 60), "another's meter"
    assert not await meters.spend("bob", 3, (3, None, None), 60), "all or none"
    assert await meters.spend("bob", 2, (3, None, None), 60)


async def test_a_bound_of_nothing_lets_nothing_through_and_none_is_no_bound(state: State) -> None:
    meters = state.shared.meters
    assert not await meters.spend("ann", 1, (0, None, None), 60)
    assert not await meters.spend("ann", 1, (None, 0, None), 60)
    assert not await meters.spend("ann", 1, (None, None, 0), 60)
    assert await meters.spend("ann", 1_000_000, ANY, 60)


@pytest.mark.parametrize("most", [(None, 1000, None), (None, None, 50), (9, 1000, 50)])
async def test_what_was_used_up_afterwards_refuses_the_next(
    state: State, most: tuple[int | None, int | None, int | None]
) -> None:
    meters = state.shared.meters
    await meters.debit("ann", 999, 49, 60)
    assert await meters.spend("ann", 1, most, 60), "not used up yet"
    await meters.debit("ann", 1, 1, 60)
    assert not await meters.spend("ann", 1, most, 60)
    assert not await meters.spend("ann", 0, most, 60)


async def test_a_window_ends_some_time_after_its_first_use_whatever_is_used_meanwhile(state: State) -> None:
    meters = state.shared.meters

    async def spent() -> bool:
        """Asks for a longer window each time, in vain."""
        await meters.debit("ann", 1, 1, 60)
        return await meters.spend("ann", 1, (1, None, None), 60)

    assert await meters.spend("ann", 1, (1, None, None), 0.1)
    assert not await spent()
    await becomes(True, spent)
    assert not await spent(), "a new one has begun, of the length that was asked for first"


async def test_what_is_debited_first_begins_a_window_too(state: State) -> None:
    meters = state.shared.meters
    await meters.debit("ann", 10, 0, 0.05)
    await becomes(True, lambda: meters.spend("ann", 1, (None, 10, None), 60))


async def test_of_many_at_once_exactly_as_many_as_may_get_through(state: State) -> None:
    meters = state.shared.meters
    let = await asyncio.gather(*(meters.spend("ann", 1, (37, None, None), 60) for _ in range(300)))
    assert let.count(True) == 37
