"""API keys over each state: found while they are valid, by whoever has all of one, and known to nobody else."""

import asyncio
import logging
import secrets
import statistics
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import ClassVar

import pytest

from bridge.compile import backends
from bridge.config.schema import SharedState
from bridge.model import Json, PrincipalKind, StateUnavailable
from bridge.pipeline.identity.handles import KEY, Handle, mint
from bridge.pipeline.identity.keys import CACHED, REMEMBERED, KeyEnded, KeyRing, NoSuchKey
from bridge.pipeline.identity.records import KeyOwner, KeyRecord, KeyStatus
from bridge.state.base import Store
from bridge.state.memory import MemoryStore
from tests.kit.needs import needs_redis
from tests.kit.redis import redis_server

PEPPER = b"p" * 32
ANN = KeyOwner(
    "ann",
    PrincipalKind.PERSON,
    "acme",
    frozenset({"ops", "dev"}),
    frozenset({"orders:read"}),
    {"level": 3},
    "her laptop",
)
DAY = 86_400.0


@dataclass
class Clock:
    now: float = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Watched:
    """A Store that says what was asked of it, and that may be away."""

    inner: Store = field(default_factory=MemoryStore)
    asked: list[str] = field(default_factory=list)
    away: bool = False
    occupied: int = 0
    """So many fresh keys are taken already."""

    def _said(self, method: str) -> None:
        self.asked.append(method)
        if self.away:
            raise StateUnavailable("no")

    async def get(self, key: str) -> bytes | None:
        self._said("get")
        return await self.inner.get(key)

    async def put(self, key: str, value: bytes, ttl: float | None, *, fresh: bool = False) -> bool:
        self._said("put")
        if fresh and self.occupied:
            self.occupied -= 1
            return False
        return await self.inner.put(key, value, ttl, fresh=fresh)

    async def take(self, key: str) -> bytes | None:
        self._said("take")
        return await self.inner.take(key)

    async def family(self, name: str) -> list[tuple[str, bytes]]:
        self._said("family")
        return await self.inner.family(name)


class Counted(Handle):
    """Knows how often somebody looked at its secret."""

    __slots__ = ()
    reveals: ClassVar[Counter[str]] = Counter()

    def reveal(self) -> str:
        self.reveals[self.id] += 1
        return super().reveal()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(clock: Clock) -> Watched:
    return Watched(MemoryStore(clock=clock))


@pytest.fixture
def keys(store: Watched, clock: Clock) -> KeyRing:
    return ring(store, clock)


def ring(store: Store, clock: Clock, pepper: bytes = PEPPER) -> KeyRing:
    return KeyRing(store, pepper, clock, clock)


def wrong(handle: Handle) -> Handle:
    return replace(handle, secret=mint(KEY).secret)


# --- made and found ---------------------------------------------------------------------------------------------------


async def test_a_key_is_found_with_all_that_is_known_of_its_owner(keys: KeyRing, clock: Clock) -> None:
    record, handle = await keys.create(ANN, 90 * DAY)
    found = await keys.find(handle)
    assert found == record
    assert (found.owner, found.id, found.created, found.expires) == (ANN, handle.id, clock.now, clock.now + 90 * DAY)


@pytest.mark.statement("A28")
async def test_whoever_has_the_id_alone_has_nothing(keys: KeyRing) -> None:
    _, handle = await keys.create(ANN)
    assert await keys.find(wrong(handle)) is None
    assert await keys.find(replace(handle, prefix="dbc")) is None
    assert await keys.find(mint(KEY)) is None
    assert await keys.find(handle) is not None


@pytest.mark.statement("A28")
async def test_without_the_pepper_a_stored_key_opens_nothing(store: Watched, keys: KeyRing, clock: Clock) -> None:
    _, handle = await keys.create(ANN)
    assert await ring(store, clock, b"q" * 32).find(handle) is None


@pytest.mark.statement("A28")
async def test_a_hash_that_is_moved_to_another_record_opens_nothing(
    store: Watched, keys: KeyRing, clock: Clock
) -> None:
    mine, handle = await keys.create(ANN)
    other, _ = await keys.create(replace(ANN, subject="root"))
    await store.put(f"api-key:{other.id}", replace(other, hash=mine.hash).raw, None)
    assert await ring(store, clock).find(replace(handle, id=other.id)) is None


async def test_a_key_ends_with_its_time(keys: KeyRing, clock: Clock) -> None:
    _, handle = await keys.create(ANN, 10)
    clock.now += 9.9
    assert await keys.find(handle) is not None
    clock.now += 0.1
    assert await keys.find(handle) is None, "however lately it was found"


async def test_an_id_that_is_taken_is_nobody_elses(keys: KeyRing, store: Watched) -> None:
    store.occupied = 3
    record, handle = await keys.create(ANN)
    assert await keys.find(handle) == record


async def test_many_are_made_at_once_and_none_is_lost(store: Watched, clock: Clock) -> None:
    rings = [ring(store, clock) for _ in range(2)]
    made = await asyncio.gather(*(rings[turn % 2].create(ANN) for turn in range(100)))
    assert {one.id for one in await rings[0].listed()} == {record.id for record, _ in made}


# --- replaced and taken back ------------------------------------------------------------------------------------------


@pytest.mark.statement("A28")
async def test_a_replaced_key_is_valid_for_the_overlap_and_the_new_one_as_long_as_the_old_was_to_be(
    keys: KeyRing, clock: Clock
) -> None:
    old, before = await keys.create(ANN, 90 * DAY)
    clock.now += 50 * DAY
    new, after = await keys.rotate(old.id, DAY)
    assert (new.owner, new.replaces, new.expires) == (ANN, old.id, clock.now + 90 * DAY)
    assert [await keys.find(one) is not None for one in (before, after)] == [True, True]
    clock.now += DAY
    assert [await keys.find(one) is not None for one in (before, after)] == [False, True]


async def test_a_key_that_ends_sooner_is_not_kept_alive_by_an_overlap(keys: KeyRing, clock: Clock) -> None:
    old, before = await keys.create(ANN, 60)
    await keys.rotate(old.id, DAY)
    clock.now += 60
    assert await keys.find(before) is None


async def test_a_key_can_be_replaced_again_if_the_answer_was_lost(keys: KeyRing, clock: Clock) -> None:
    old, _ = await keys.create(ANN, 90 * DAY)
    await keys.rotate(old.id, DAY)
    again, handle = await keys.rotate(old.id, DAY)
    assert again.expires == clock.now + 90 * DAY
    assert await keys.find(handle) == again


async def test_a_key_without_an_end_is_replaced_by_one_without(keys: KeyRing) -> None:
    old, _ = await keys.create(ANN)
    new, _ = await keys.rotate(old.id, 0)
    assert new.expires is None


async def test_what_has_ended_is_not_replaced(keys: KeyRing, clock: Clock) -> None:
    revoked, _ = await keys.create(ANN)
    await keys.revoke(revoked.id)
    expired, _ = await keys.create(ANN, 1)
    clock.now += 1
    for one, what in ((revoked, "revoked"), (expired, "expired")):
        with pytest.raises(KeyEnded, match=what):
            await keys.rotate(one.id, DAY)
    for change in (keys.rotate("0" * 16, DAY), keys.revoke("0" * 16)):
        with pytest.raises(NoSuchKey):
            await change
    assert len(await keys.listed()) == 2


async def test_a_revoked_key_is_refused_at_once_here_and_stays_so(keys: KeyRing, clock: Clock) -> None:
    record, handle = await keys.create(ANN)
    assert await keys.find(handle)
    ended = await keys.revoke(record.id)
    assert await keys.find(handle) is None
    clock.now += 5
    assert (await keys.revoke(record.id)).revoked == ended.revoked, "again does no harm"
    clock.now += 2 * 366 * DAY
    assert await keys.find(handle) is None


class Interrupting(Watched):
    """Revokes the key with which it is asked to do something else, just before it does."""

    revoke: Callable[[], object] | None = None

    async def put(self, key: str, value: bytes, ttl: float | None, *, fresh: bool = False) -> bool:
        revoke, self.revoke = (None, self.revoke) if fresh else (self.revoke, None)
        if revoke is not None:
            await revoke()  # type: ignore[misc]
        return await super().put(key, value, ttl, fresh=fresh)


async def test_a_rotation_under_way_brings_no_revoked_key_back(clock: Clock) -> None:
    store = Interrupting(MemoryStore(clock=clock))
    keys, elsewhere = ring(store, clock), ring(store.inner, clock)
    record, handle = await keys.create(ANN)
    store.revoke = lambda: elsewhere.revoke(record.id)
    with pytest.raises(KeyEnded):
        await keys.rotate(record.id, DAY)
    assert {one.status(clock.now) for one in await keys.listed()} == {KeyStatus.REVOKED}
    for days in (0, 31, 365, 400, 500):
        clock.now += days * DAY
        assert await ring(store, clock).find(handle) is None


# --- what is known here, and for how long -----------------------------------------------------------------------------


@pytest.mark.statement("A28")
async def test_a_revocation_elsewhere_is_known_within_two_seconds_and_so_is_a_key(store: Watched, clock: Clock) -> None:
    here, there = ring(store, clock), ring(store, clock)
    record, handle = await there.create(ANN)
    assert await here.find(handle)
    await there.revoke(record.id)
    clock.now += 1
    assert await here.find(handle) is None


async def test_the_store_is_asked_once_a_second_and_not_more(store: Watched, keys: KeyRing, clock: Clock) -> None:
    _, handle = await keys.create(ANN)
    unknown = mint(KEY)
    store.asked.clear()
    for _ in range(50):
        assert await keys.find(handle)
        assert await keys.find(unknown) is None
    assert len(store.asked) == 4
    clock.now += 1
    await keys.find(handle)
    assert len(store.asked) == 6


@pytest.mark.statement("B29")
async def test_guessing_ids_takes_no_more_room_than_allowed(store: Watched, keys: KeyRing) -> None:
    _, handle = await keys.create(ANN)
    assert await keys.find(handle)
    store.asked.clear()
    for _ in range(CACHED - 1):
        await keys.find(mint(KEY))
    asked = len(store.asked)
    assert await keys.find(handle)
    assert len(store.asked) == asked, "still known"
    for _ in range(CACHED):
        await keys.find(mint(KEY))
    asked = len(store.asked)
    assert await keys.find(handle)
    assert len(store.asked) == asked + 2, "known no more"


async def test_a_store_that_is_away_is_told_and_not_taken_for_a_no(store: Watched, keys: KeyRing, clock: Clock) -> None:
    record, handle = await keys.create(ANN)
    store.away = True
    for work in (keys.find(handle), keys.create(ANN), keys.rotate(record.id, 0), keys.revoke(record.id), keys.listed()):
        with pytest.raises(StateUnavailable):
            await work
    store.away = False
    assert await keys.find(handle)


@pytest.mark.statement("B30")
async def test_a_wrong_secret_and_an_unknown_id_take_the_same_steps(store: Watched, clock: Clock) -> None:
    _, handle = await ring(store, clock).create(ANN)
    revoked, ended = await ring(store, clock).create(ANN)
    await ring(store, clock).revoke(revoked.id)
    steps = []
    for given in (wrong(handle), mint(KEY), wrong(ended)):
        counted = Counted(given.prefix, given.id, given.secret)
        store.asked.clear()
        fresh = ring(store, clock)
        for _ in range(2):
            assert await fresh.find(counted) is None
        steps.append((*store.asked, Counted.reveals[given.id]))
    assert steps == [("get", "get", 2)] * 3


@pytest.mark.statement("B30")
async def test_a_wrong_secret_and_an_unknown_id_take_the_same_time() -> None:
    """Medians of many turns; either is some microseconds, and without the work for nobody's record they differ."""
    store = MemoryStore()
    _, handle = await KeyRing(store, PEPPER).create(replace(ANN, claims={}, groups=frozenset(), scopes=None))
    keys = KeyRing(store, PEPPER, clock=iter(range(10**9)).__next__)
    took: dict[str, list[int]] = {"wrong": [], "unknown": []}
    for _ in range(2000):
        for name, given in (("wrong", wrong(handle)), ("unknown", mint(KEY))):
            start = time.perf_counter_ns()
            assert await keys.find(given) is None
            took[name].append(time.perf_counter_ns() - start)
    one, two = (statistics.median(took[name]) for name in ("wrong", "unknown"))
    assert 0.7 < one / two < 1.4


# --- what is kept -----------------------------------------------------------------------------------------------------


async def test_keys_are_listed_with_those_that_ended_lately(keys: KeyRing, clock: Clock) -> None:
    made = []
    for lasts in (None, 10, None):
        made.append((await keys.create(ANN, lasts))[0])
        clock.now += 1
    await keys.revoke(made[2].id)
    clock.now += 10
    listed = await keys.listed()
    assert [one.id for one in listed] == [one.id for one in made]
    assert [one.status(clock.now).value for one in listed] == ["active", "expired", "revoked"]
    clock.now += REMEMBERED
    assert [one.id for one in await keys.listed()] == [made[0].id], "what has ended leaves nothing behind"


@pytest.mark.statement("A28", "B27")
async def test_no_secret_is_in_any_file_or_line_of_the_log(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    keys = KeyRing(backends.state(SharedState(), tmp_path).shared.durable, PEPPER)
    record, handle = await keys.create(ANN)
    _, other = await keys.rotate(record.id, DAY)
    await keys.find(handle)
    await keys.find(wrong(handle))
    await keys.revoke(record.id)
    written = b"".join(path.read_bytes() for path in tmp_path.iterdir()) + caplog.text.encode()
    written += repr((keys, record, await keys.listed(), vars(keys))).replace(repr(PEPPER), "").encode()
    for secret in (handle.secret, other.secret, PEPPER.decode()):
        assert secret.encode() not in written
    assert record.hash not in caplog.text + repr(record)
    assert record.id in caplog.text


@pytest.mark.parametrize("raw", [b"", b"x", b"[]", b"{}", b'{"scopes": 1}', b"null"])
async def test_a_record_that_cannot_be_read_is_no_key_and_the_log_says_so(
    store: Watched, keys: KeyRing, clock: Clock, raw: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    record, handle = await keys.create(ANN)
    other, _ = await keys.create(ANN)
    await store.put(f"api-key:{record.id}", raw, None)
    assert await ring(store, clock).find(handle) is None
    assert [one.id for one in await keys.listed()] == [other.id]
    assert record.id in caplog.text


def test_a_record_is_read_as_it_was_written() -> None:
    record = KeyRecord("0" * 16, "ff", "ann", PrincipalKind.AGENT, 1.5, claims={"a": [1, {"b": None}]}, expires=2.5)
    assert KeyRecord.read(record.raw) == record


@pytest.mark.parametrize(
    "wrong",
    [
        {"subject": ""}, {"subject": " ann"}, {"subject": "a\nb"}, {"subject": "a" * 201}, {"subject": "a\u202eb"},
        {"tenant": "\x00"}, {"label": "a" * 201}, {"kind": PrincipalKind.ANONYMOUS}, {"groups": frozenset({""})},
        {"groups": frozenset(map(str, range(101)))}, {"scopes": frozenset({"a b"})}, {"scopes": frozenset({""})},
        {"claims": {"a": "x" * 8192}}, {"claims": {"a": object()}},
    ],
)  # fmt: skip
def test_nobody_is_that(wrong: Json) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        replace(ANN, **wrong)


# --- over real state --------------------------------------------------------------------------------------------------


@pytest.mark.statement("A28")
async def test_keys_and_revocations_survive_a_restart_in_a_folder(tmp_path: Path) -> None:
    def restarted() -> KeyRing:
        return KeyRing(backends.state(SharedState(), tmp_path / "state").shared.durable, PEPPER)

    record, handle = await restarted().create(ANN)
    assert await restarted().find(handle) == record
    await restarted().revoke(record.id)
    assert await restarted().find(handle) is None


@needs_redis
@pytest.mark.statement("A28")
async def test_over_redis_a_revocation_reaches_every_replica_within_two_seconds() -> None:
    with redis_server() as server:
        shared = SharedState.model_validate({"url": server.url, "timeout": "5s", "prefix": f"{secrets.token_hex(4)}:"})
        states = [backends.state(shared) for _ in range(2)]
        here, there = (KeyRing(state.shared.durable, PEPPER) for state in states)
        record, handle = await there.create(ANN, DAY)
        assert await here.find(handle) == record
        await there.revoke(record.id)
        async with asyncio.timeout(2):
            while await here.find(handle) is not None:  # noqa: ASYNC110 - what is believed is forgotten by the clock
                await asyncio.sleep(0.05)
        for state in states:
            await state.aclose()
