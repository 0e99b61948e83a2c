"""What only several processes, or a server in trouble, can show."""

import asyncio
import secrets
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.model.errors import StateUnavailable
from bridge.state.base import Buckets, State
from bridge.state.memory import MemoryBuckets
from bridge.state.redis import Link, RedisBuckets, RedisBus, RedisStore
from tests.kit.needs import needs_redis
from tests.kit.redis import RedisServer, redis_server
from tests.unit.state.conftest import Opened
from tests.unit.state.slow import SECOND, Bucket, becomes, bursts, hear, steps

pytestmark = needs_redis

BOUND = 5.0
"""Seconds: many times what any wait is configured to last, and far less than for ever."""
CLOCK = "redis.call('HMGET', '{key}', 's', 'us')"


@pytest.fixture
def server() -> Iterator[RedisServer]:
    """A server that a test may harm."""
    with redis_server() as own:
        yield own


@pytest.fixture
async def link(lasting: RedisServer) -> AsyncIterator[Link]:
    link = Link(lasting.url, prefix=f"{secrets.token_hex(4)}:", timeout=5)
    yield link
    await link.aclose()


async def reached(state: State) -> bool:
    try:
        await state.shared.store.get("kind:any")
    except StateUnavailable:
        return False
    return True


# --- several replicas -------------------------------------------------------------------------------------------------


async def test_replicas_see_each_others_values_events_and_messages(lasting: RedisServer, opened: Opened) -> None:
    prefix = f"{secrets.token_hex(4)}:"
    one, two = (opened(url=lasting.url, prefix=prefix, timeout="5s").shared for _ in range(2))
    await one.store.put("kind:a", b"1", 60)
    made = await one.log.append("session", b"event", most=10, ttl=60)
    async with two.bus.subscribe("news") as subscription:
        await one.bus.publish("news", b"hello")
        assert await hear(subscription) == b"hello"
    assert await two.log.after("session", "") == [(made, b"event")]
    assert await two.store.take("kind:a") == b"1"
    assert await one.store.get("kind:a") is None


async def test_another_process_is_a_replica_like_any_other(lasting: RedisServer, opened: Opened) -> None:
    shared = opened(url=lasting.url, prefix="apart:", timeout="5s").shared
    async with shared.bus.subscribe("news") as subscription:
        code = (
            "import asyncio, sys\n"
            "from bridge.state.redis import Link, RedisBus, RedisStore\n"
            "async def main():\n"
            "    link = Link(sys.argv[1], prefix='apart:', timeout=5)\n"
            "    await RedisStore(link).put('kind:a', b'from afar', 60)\n"
            "    await RedisBus(link).publish('news', b'look')\n"
            "    await link.aclose()\n"
            "asyncio.run(main())\n"
        )
        subprocess.run([sys.executable, "-c", code, lasting.url], check=True, timeout=15)
        assert await hear(subscription) == b"look"
    assert await shared.store.take("kind:a") == b"from afar"


async def test_among_all_replicas_exactly_one_caller_wins(lasting: RedisServer, opened: Opened) -> None:
    prefix = f"{secrets.token_hex(4)}:"
    stores = [opened(url=lasting.url, prefix=prefix, timeout="5s").shared.store for _ in range(2)]
    kept = await asyncio.gather(*(stores[turn % 2].put("kind:a", b"", 60, fresh=True) for turn in range(50)))
    assert kept.count(True) == 1
    taken = await asyncio.gather(*(stores[turn % 2].take("kind:a") for turn in range(50)))
    assert taken.count(b"") == 1


async def test_replicas_grant_one_burst_together(lasting: RedisServer, opened: Opened) -> None:
    prefix = f"{secrets.token_hex(4)}:"
    replicas = [opened(url=lasting.url, prefix=prefix, timeout="5s").buckets for _ in range(2)]
    waits = await asyncio.gather(*(replicas[turn % 2].take("ann", 0.01, 50) for turn in range(400)))
    assert waits.count(0.0) == 50


async def test_replicas_spend_one_budget_together(lasting: RedisServer, opened: Opened) -> None:
    prefix = f"{secrets.token_hex(4)}:"
    replicas = [opened(url=lasting.url, prefix=prefix, timeout="5s").shared.meters for _ in range(2)]
    let = await asyncio.gather(*(replicas[turn % 2].spend("ann", 1, (50, None, None), 60) for turn in range(400)))
    assert let.count(True) == 50
    await replicas[0].debit("ann", 10, 0, 60)
    assert not await replicas[1].spend("ann", 0, (None, 10, None), 60)


async def test_without_the_server_no_budget_is_spent(opened: Opened) -> None:
    meters = opened(url="redis://127.0.0.1:1/0", timeout="100ms").shared.meters
    with pytest.raises(StateUnavailable):
        await meters.spend("ann", 1, (1, None, None), 60)
    with pytest.raises(StateUnavailable):
        await meters.debit("ann", 1, 1, 60)


async def test_prefixes_keep_gateways_apart(lasting: RedisServer, opened: Opened) -> None:
    one, two = (opened(url=lasting.url, prefix=f"{secrets.token_hex(4)}:", timeout="5s") for _ in range(2))
    await one.shared.store.put("kind:a", b"1", 60)
    await one.shared.log.append("session", b"1", most=10, ttl=60)
    assert await one.buckets.take("ann", 0.01, 1) == 0
    assert await two.shared.store.get("kind:a") is None
    assert await two.shared.store.family("kind") == []
    assert await two.shared.log.after("session", "") == []
    assert await two.buckets.take("ann", 0.01, 1) == 0
    async with two.shared.bus.subscribe("news") as subscription:
        await one.shared.bus.publish("news", b"not yours")
        await two.shared.bus.publish("news", b"yours")
        assert await hear(subscription) == b"yours"


# --- buckets on Redis's clock -----------------------------------------------------------------------------------------


@settings(max_examples=50, deadline=None)
@given(
    st.sampled_from([0.1, 0.5, 1.0, 3.0, 7.0, 1000.0]),
    bursts,
    st.integers(0, 4 * 10**9),
    steps,
)
async def test_buckets_grant_what_the_slow_model_grants(
    lasting: RedisServer, rate: float, burst: int, start: int, asked: list[tuple[str, int]]
) -> None:
    """Redis's clock is replaced by a key, `start` in seconds; it counts microseconds."""
    link = Link(lasting.url, prefix=f"{secrets.token_hex(8)}:", timeout=5)
    clock = link.key("test", "clock")
    buckets = RedisBuckets(link, MemoryBuckets(), CLOCK.format(key=clock))
    now, interval = start * SECOND, Fraction(round(SECOND / rate))
    slow = {name: Bucket(interval, burst, Fraction(burst), now) for name in ("ann", "bob")}
    for name, pause in asked:
        now += pause // 1000 * 1000
        await link.command("HSET", clock, "s", now // SECOND, "us", now % SECOND // 1000)
        wait = await buckets.take(name, rate, burst)
        assert wait == pytest.approx(float(slow[name].take(now)) / 1e9, rel=1e-9, abs=1e-12)
    await link.aclose()


@pytest.mark.parametrize("rate", [3.0, 7.0, 0.3, 900.0])
async def test_a_burst_is_granted_whole(link: Link, rate: float) -> None:
    clock = link.key("test", "clock")
    await link.command("HSET", clock, "s", 1_800_000_000, "us", 999_999)
    buckets = RedisBuckets(link, MemoryBuckets(), CLOCK.format(key=clock))
    waits = [await buckets.take("ann", rate, 500) for _ in range(501)]
    assert waits[:500] == [0.0] * 500
    assert waits[500] == pytest.approx(1 / rate, rel=1e-6)


async def test_a_clock_that_is_set_back_never_makes_a_wait_negative(link: Link) -> None:
    clock = link.key("test", "clock")
    buckets = RedisBuckets(link, MemoryBuckets(), CLOCK.format(key=clock))
    for second in (1_000_000, 999_000, 999_000):
        await link.command("HSET", clock, "s", second, "us", 0)
        assert await buckets.take("ann", 1, 1) >= 0


async def test_a_caller_who_gives_up_takes_no_answer_from_the_others(lasting: RedisServer, opened: Opened) -> None:
    buckets = opened(url=lasting.url, prefix=f"{secrets.token_hex(4)}:", timeout="5s").buckets
    asked = [asyncio.create_task(_take(buckets, "ann", 1)) for _ in range(10)]
    await asyncio.sleep(0)
    for task in asked[:5]:
        task.cancel()
    async with asyncio.timeout(BOUND):
        waits = await asyncio.gather(*asked, return_exceptions=True)
    assert [type(wait) for wait in waits] == [asyncio.CancelledError] * 5 + [float] * 5
    assert await buckets.take("ann", 0.01, 1) > 0


async def _take(buckets: Buckets, key: str, burst: int) -> float:
    return await buckets.take(key, 0.01, burst)


# --- connections ------------------------------------------------------------------------------------------------------


async def test_few_connections_serve_many_callers(lasting: RedisServer, opened: Opened) -> None:
    store = opened(url=lasting.url, prefix=f"{secrets.token_hex(4)}:", timeout="10s", connections=2).shared.store
    await store.put("kind:a", b"1", 60)
    assert await asyncio.gather(*(store.get("kind:a") for _ in range(500))) == [b"1"] * 500


async def test_a_call_that_is_cancelled_leaves_no_answer_behind_for_the_next(
    lasting: RedisServer, opened: Opened
) -> None:
    store = opened(url=lasting.url, prefix=f"{secrets.token_hex(4)}:", timeout="5s", connections=1).shared.store
    for number in range(20):
        await store.put(f"kind:{number}", b"%d" % number, 60)
    for number in range(20):
        abandoned = asyncio.create_task(store.get(f"kind:{number}"))
        for _ in range(number):
            await asyncio.sleep(0)
        abandoned.cancel()
        assert await store.get("kind:7") == b"7"


async def test_what_has_expired_leaves_nothing_behind(server: RedisServer, opened: Opened) -> None:
    shared = opened(url=server.url, timeout="5s").shared
    link = Link(server.url, timeout=5)
    await shared.store.put("kind:a", b"1", 0.05)
    await shared.store.put("kind:b", b"1", 0.01)
    await shared.log.append("session", b"1", most=10, ttl=0.05)
    assert await shared.meters.spend("ann", 1, (1, 1, 1), 0.05)
    await shared.meters.debit("bob", 1, 1, 0.05)
    assert await link.command("DBSIZE") > 0
    await becomes(0, lambda: link.command("DBSIZE"))
    await link.aclose()


async def test_closing_ends_every_task(lasting: RedisServer, opened: Opened) -> None:
    before = asyncio.all_tasks()
    state = opened(url=lasting.url, timeout="5s")
    async with state.shared.bus.subscribe("news"):
        await state.buckets.take("ann", 1, 1)
    await state.aclose()
    assert asyncio.all_tasks() == before


# --- credentials and TLS ----------------------------------------------------------------------------------------------


async def test_a_password_opens_and_a_wrong_one_does_not(opened: Opened, caplog: pytest.LogCaptureFixture) -> None:
    with redis_server("--requirepass", "p@ss/word") as server:
        place = f"127.0.0.1:{server.port}/0"
        assert await reached(opened(url=f"redis://:p%40ss%2Fword@{place}", timeout="5s"))
        assert not caplog.records
        assert not await reached(opened(url=f"redis://:wrong-one@{place}", timeout="5s"))
        assert not await reached(opened(url=f"redis://{place}", timeout="5s"))
    assert "does not answer" in caplog.text
    assert "wrong-one" not in caplog.text


async def test_a_user_is_who_the_url_says(opened: Opened) -> None:
    with redis_server("--user", "ann", "on", ">secret", "~*", "&*", "+@all", "--user", "default", "off") as server:
        place = f"127.0.0.1:{server.port}"
        assert await reached(opened(url=f"redis://ann:secret@{place}/0", timeout="5s"))
        assert not await reached(opened(url=f"redis://bob:secret@{place}/0", timeout="5s"))


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One that vouches for itself, for the name localhost; its key lies beside it."""
    file = tmp_path_factory.mktemp("tls") / "cert.pem"
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(issuer_name=name, subject_name=name, public_key=key.public_key(), serial_number=1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    file.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    plain = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    file.with_suffix(".key").write_bytes(key.private_bytes(*plain))
    return file


async def test_tls_reaches_a_server_that_is_vouched_for_and_no_other(
    certificate: Path, opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = ("--tls-cert-file", str(certificate), "--tls-key-file", str(certificate.with_suffix(".key")))
    with redis_server(*files, "--tls-auth-clients", "no", tls=True) as server:
        assert not await reached(opened(url=f"rediss://localhost:{server.port}", timeout="5s"))
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        state = opened(url=f"rediss://localhost:{server.port}", timeout="5s")
        assert await reached(state)
        async with state.shared.bus.subscribe("news") as subscription:
            await state.shared.bus.publish("news", b"1")
            assert await hear(subscription) == b"1"
        assert not await reached(opened(url=f"rediss://127.0.0.1:{server.port}", timeout="5s")), "another name"


# --- a server in trouble ----------------------------------------------------------------------------------------------


async def test_a_dead_server_is_told_at_once_and_a_new_one_is_found(
    server: RedisServer, opened: Opened, caplog: pytest.LogCaptureFixture
) -> None:
    state = opened(url=server.url)
    shared = state.shared
    assert await shared.store.put("kind:a", b"1", 60)
    server.kill()
    async with asyncio.timeout(BOUND):
        for _ in range(3):
            with pytest.raises(StateUnavailable):
                await shared.store.get("kind:a")
        with pytest.raises(StateUnavailable):
            await shared.log.append("session", b"", most=1, ttl=1)
        with pytest.raises(StateUnavailable):
            await shared.bus.publish("news", b"")
        with pytest.raises(StateUnavailable):
            async with shared.bus.subscribe("news"):
                pass
    assert [record.message for record in caplog.records if "does not answer" in record.message] == caplog.messages
    assert len(caplog.messages) == 1
    server.start()
    await becomes(True, lambda: reached(state))
    assert await shared.store.put("kind:a", b"2", 60, fresh=True), "the scripts are sent anew"


async def test_a_frozen_server_costs_each_caller_no_more_than_the_time_out(server: RedisServer, opened: Opened) -> None:
    state = opened(url=server.url, connections=2)
    assert await reached(state)
    server.freeze()
    async with asyncio.timeout(BOUND):
        asked = (state.shared.store.get("kind:a") for _ in range(100))
        answers = await asyncio.gather(*asked, return_exceptions=True)
    assert {type(answer) for answer in answers} == {StateUnavailable}
    server.thaw()
    await becomes(True, lambda: reached(state))


@pytest.mark.parametrize("trouble", ["kill", "freeze"])
async def test_while_the_server_is_away_each_replica_counts_by_itself(
    server: RedisServer, opened: Opened, trouble: str
) -> None:
    buckets = opened(url=server.url).buckets
    assert await buckets.take("ann", 0.01, 3) == 0
    getattr(server, trouble)()
    async with asyncio.timeout(BOUND):
        waits = await asyncio.gather(*(buckets.take("ann", 0.01, 3) for _ in range(100)))
    assert waits.count(0.0) == 3, "its own share, and no more"
    if trouble == "kill":
        server.start()
    else:
        server.thaw()
    link = Link(server.url, timeout=5)
    await link.command("DEL", link.key("bucket", "ann"))

    async def asks() -> object:
        await buckets.take("ann", 0.01, 3)
        return await link.command("EXISTS", link.key("bucket", "ann"))

    await becomes(1, asks)
    await link.aclose()


async def test_once_the_server_is_known_to_be_away_no_caller_waits_for_it(server: RedisServer, opened: Opened) -> None:
    """Not even the one in whose time the gateway looks for it again, which it does each second."""
    buckets = opened(url=server.url, timeout="2s").buckets
    assert await buckets.take("ann", 1000, 1000) == 0
    server.freeze()
    assert await buckets.take("ann", 1000, 1000) == 0
    for _ in range(25):
        async with asyncio.timeout(1.5):
            assert await buckets.take("ann", 1000, 1000) == 0
        await asyncio.sleep(0.05)
    server.thaw()


async def test_subscribers_are_told_once_when_the_connection_broke_and_then_hear_on(
    server: RedisServer, opened: Opened
) -> None:
    bus = opened(url=server.url).shared.bus
    async with bus.subscribe("news") as one, bus.subscribe("news") as two, bus.subscribe("other") as three:
        server.kill()
        server.start()
        assert [await hear(subscription) for subscription in (one, two, three)] == [None] * 3
        await bus.publish("news", b"again")
        await bus.publish("other", b"too")
        assert [await hear(subscription) for subscription in (one, two, three)] == [b"again", b"again", b"too"]


async def test_a_connection_that_only_seems_to_stand_is_found_out(server: RedisServer) -> None:
    link = Link(server.url)
    bus = RedisBus(link, quiet=0.05)
    async with bus.subscribe("news") as subscription:
        server.freeze()
        heard = asyncio.create_task(hear(subscription))
        await asyncio.sleep(0.5)
        server.thaw()
        assert await heard is None
        await bus.publish("news", b"again")
        assert await hear(subscription) == b"again"
    await bus.aclose()
    await link.aclose()


async def test_a_quiet_connection_that_stands_is_left_alone(lasting: RedisServer) -> None:
    link = Link(lasting.url, prefix=f"{secrets.token_hex(4)}:", timeout=5)
    bus = RedisBus(link, quiet=0.01)
    async with bus.subscribe("news") as subscription:
        await asyncio.sleep(0.2)
        await bus.publish("news", b"1")
        assert await hear(subscription) == b"1", "and no gap before it"
    await bus.aclose()
    await link.aclose()


async def test_who_comes_after_the_server_is_back_subscribes(server: RedisServer, opened: Opened) -> None:
    bus = opened(url=server.url).shared.bus
    server.kill()
    with pytest.raises(StateUnavailable):
        async with bus.subscribe("news"):
            pass
    server.start()

    async def heard() -> object:
        try:
            async with bus.subscribe("news") as subscription:
                await bus.publish("news", b"1")
                return await hear(subscription)
        except StateUnavailable:
            return None

    await becomes(b"1", heard)


async def test_a_value_that_the_server_cannot_keep_is_told(opened: Opened) -> None:
    with redis_server("--maxmemory", "1", "--maxmemory-policy", "noeviction") as server:
        store = opened(url=server.url, timeout="5s").shared.store
        assert await store.get("kind:a") is None
        with pytest.raises(StateUnavailable):
            await store.put("kind:a", b"x", 60)


async def test_a_server_that_became_a_replica_is_looked_up_anew(opened: Opened) -> None:
    with redis_server("--replicaof", "127.0.0.1", "1") as server:
        link = Link(server.url, timeout=5, connections=1)
        before = await link.command("CLIENT", "ID")
        assert await link.command("CLIENT", "ID") == before
        with pytest.raises(StateUnavailable):
            await RedisStore(link).put("kind:a", b"1", 60)
        assert await link.command("CLIENT", "ID") != before
        await link.command("REPLICAOF", "NO", "ONE")
        assert await RedisStore(link).put("kind:a", b"1", 60)
        await link.aclose()


async def test_a_probe_logs_a_server_that_is_not_there_and_raises_nothing(
    server: RedisServer, opened: Opened, caplog: pytest.LogCaptureFixture
) -> None:
    await opened(url=server.url).probe()
    assert not caplog.records
    server.kill()
    await opened(url=f"redis://ann:secret@127.0.0.1:{server.port}").probe()
    (line,) = caplog.messages
    assert f"127.0.0.1:{server.port}" in line
    assert "secret" not in line
