"""What clients carry: opened by whoever shares the store, by nobody else, and by nobody at all once it was changed."""

import asyncio
from base64 import urlsafe_b64decode, urlsafe_b64encode

import pytest

from bridge.pipeline.seal import KEPT_AT, NotSealed, seal, unseal
from bridge.state.memory import MemoryStore

SECRET = b"s" * 32


async def test_what_was_sealed_opens_and_shows_nothing() -> None:
    store = MemoryStore()
    sealed = await seal(store, b"", "state", b"a person's answer")
    assert await unseal(store, b"", "state", sealed) == b"a person's answer"
    assert b"person" not in urlsafe_b64decode(sealed + "==")
    assert sealed != await seal(store, b"", "state", b"a person's answer")


async def test_every_single_change_is_noticed() -> None:
    store = MemoryStore()
    sealed = await seal(store, b"", "state", b"x")
    raw = urlsafe_b64decode(sealed + "=" * (-len(sealed) % 4))
    for at in range(len(raw)):
        changed = raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :]
        with pytest.raises(NotSealed):
            await unseal(store, b"", "state", urlsafe_b64encode(changed).rstrip(b"=").decode())


@pytest.mark.parametrize("change", ["{}=", "{}A", " {}", "{}\n", "{}é", "", "A", "{}{}", "!{}"])
async def test_another_spelling_of_the_same_bytes_is_refused(change: str) -> None:
    store = MemoryStore()
    sealed = await seal(store, b"", "state", b"xy")
    with pytest.raises(NotSealed):
        await unseal(store, b"", "state", change.format(sealed, sealed))


async def test_bits_that_mean_nothing_may_not_be_set() -> None:
    store = MemoryStore()
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    for length in range(3):
        sealed = await seal(store, b"", "state", b"x" * length)
        for last in alphabet.replace(sealed[-1], ""):
            with pytest.raises(NotSealed):
                await unseal(store, b"", "state", sealed[:-1] + last)


@pytest.mark.parametrize(("secret", "purpose"), [(SECRET, "state"), (b"", "cursor"), (b"t" * 32, "state")])
async def test_a_seal_is_for_one_purpose_and_one_secret(secret: bytes, purpose: str) -> None:
    store = MemoryStore()
    sealed = await seal(store, b"", "state", b"x")
    with pytest.raises(NotSealed):
        await unseal(store, secret, purpose, sealed)


async def test_a_lost_store_opens_nothing_and_makes_no_key_for_it() -> None:
    sealed = await seal(MemoryStore(), SECRET, "state", b"x")
    empty = MemoryStore()
    with pytest.raises(NotSealed):
        await unseal(empty, SECRET, "state", sealed)
    assert await empty.get(KEPT_AT) is None
    await seal(empty, SECRET, "state", b"y")
    with pytest.raises(NotSealed):
        await unseal(empty, SECRET, "state", sealed)


async def test_replicas_that_begin_together_agree_on_the_key() -> None:
    store = MemoryStore()
    sealed = await asyncio.gather(*(seal(store, b"", "state", b"x") for _ in range(10)))
    assert {await unseal(store, b"", "state", one) for one in sealed} == {b"x"}
