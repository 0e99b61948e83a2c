"""Keys and capabilities of replicas that share nothing but a Redis, and what they open while it is away."""

import asyncio
import secrets
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import orjson
import pytest

from bridge.model import Json, Wire
from tests.kit.documents import paths
from tests.kit.doors import Arrangement, Gateway, gateway
from tests.kit.narrowing import bearing, exchange, key, narrowed, post, verdicts
from tests.kit.needs import needs_redis
from tests.kit.redis import RedisServer, redis_server

pytestmark = needs_redis
ENDS = 2.0
"""Seconds within which what is revoked at one replica is refused at all of them."""
BREATH = 0.3
"""Seconds more, for a test's own requests and a slow machine."""
ALLOWED, SPENT = ["allowed"] * 2, ["budget_spent"] * 2
UNKNOWN, AWAY = ["unauthenticated"] * 2, ["state_unavailable"] * 2
BUDGET: Json = {"calls": 5, "per": "1h"}
DOCUMENT = paths(
    {"GET /things": {"operationId": "listThings"}, "DELETE /things": {"operationId": "clearThings"}},
    servers=[{"url": "http://upstream.test/base"}],
)


@dataclass(frozen=True, slots=True)
class Pair:
    one: Gateway
    two: Gateway


@asynccontextmanager
async def pair(home: Path, url: str, patience: str = "5s", **root: Json) -> AsyncIterator[Pair]:
    """Two replicas of one configuration, each with its own connections."""
    file = home / "things.json"
    file.write_bytes(orjson.dumps(DOCUMENT))
    state = {"url": url, "prefix": f"{secrets.token_hex(4)}:", "timeout": patience}
    identity = {"api_keys": {"pepper": "p" * 32}, "capabilities": {"most": 3}}
    arranged = Arrangement(root={"state": state, "identity": identity, **root})
    made = Pair(gateway(file, arranged), gateway(file, arranged))
    try:
        yield made
    finally:
        for gw in (made.one, made.two):
            assert gw.state is not None
            await gw.state.aclose()


@pytest.fixture(scope="module")
def server() -> Iterator[RedisServer]:
    with redis_server() as made:
        yield made


@pytest.fixture
async def both(tmp_path: Path, server: RedisServer) -> AsyncIterator[Pair]:
    async with pair(tmp_path, server.url) as made:
        yield made


async def ended(gw: Gateway, token: str, verdict: list[str], since: float) -> None:
    """Until the token meets with this at both doors, which may take no longer than is promised."""
    while (found := await verdicts(gw, token)) != verdict:
        assert set(found) <= {"allowed", *verdict}
        assert time.monotonic() - since < ENDS + BREATH, f"it still opens: {found}"
        await asyncio.sleep(0.05)


# --- together ---------------------------------------------------------------------------------------------------------


async def test_what_is_made_at_one_opens_at_the_other_at_once(both: Pair) -> None:
    token = await narrowed(both.one, await key(both.one), operations=["listThings"])
    assert await verdicts(both.two, token) == ALLOWED
    assert await verdicts(both.two, token, "clear_things") == ["not_granted"] * 2
    inner = await narrowed(both.two, token, expires=60)
    assert await verdicts(both.one, inner) == ALLOWED


async def test_both_draw_on_one_budget(both: Pair) -> None:
    token = await narrowed(both.one, await key(both.one), calls=5)
    found = [await verdicts(gw, token) for gw in (both.one, both.two, both.one, both.two)]
    assert found == [ALLOWED, ALLOWED, ["allowed", "budget_spent"], SPENT]
    assert len(both.one.upstream.sent) + len(both.two.upstream.sent) == 5


async def test_of_calls_at_the_same_time_no_more_pass_than_there_is_budget_for(both: Pair) -> None:
    token = await narrowed(both.one, await key(both.one), calls=7)
    wire = both.one.message("tools/call", {"name": "list_things", "arguments": {}}, bearing(token))
    await asyncio.gather(*(gw.raw(wire) for gw in (both.one, both.two) for _ in range(10)))
    assert len(both.one.upstream.sent) + len(both.two.upstream.sent) == 7


async def test_a_rules_budget_is_one_callers_at_all_replicas(tmp_path: Path, server: RedisServer) -> None:
    grants = {"some": {"who": "anyone", "may": ["*"], "budgets": BUDGET}}
    async with pair(tmp_path, server.url, grants=grants) as both:
        mother = await key(both.one)
        child = await narrowed(both.one, mother)
        assert await verdicts(both.one, mother) == ALLOWED
        assert await verdicts(both.two, child) == ALLOWED
        assert await verdicts(both.two, mother) == ["allowed", "budget_spent"]
        assert await verdicts(both.one, child) == SPENT
        assert await verdicts(both.one, await key(both.one, subject="bob")) == ALLOWED


async def test_one_caller_has_so_many_at_all_of_them_together(both: Pair) -> None:
    mother = await key(both.one)
    answers = await asyncio.gather(*(exchange(gw, mother) for gw in (both.one, both.two) for _ in range(4)))
    assert [answer.status for answer in answers].count(200) <= 3
    standing = [await exchange(gw, mother) for gw in (both.one, both.two) * 2]
    made = [answer.status for answer in (*answers, *standing)].count(200)
    assert made == 3, "those that came too many took nobody's place"


@pytest.mark.statement("A11")
async def test_what_is_revoked_at_one_is_refused_at_the_other_within_two_seconds(both: Pair) -> None:
    mother = await key(both.one)
    token = await narrowed(both.one, mother)
    inner, other = await narrowed(both.two, token), await narrowed(both.one, mother)
    for one in (token, inner, other):
        assert await verdicts(both.two, one) == ALLOWED
    revoked = time.monotonic()
    assert (await post(both.one, "revoke", {"token": token})).status == 200
    await ended(both.two, token, UNKNOWN, revoked)
    await ended(both.two, inner, UNKNOWN, revoked)
    assert await verdicts(both.two, other) == ALLOWED


@pytest.mark.statement("A11", "A28")
async def test_it_ends_at_the_other_with_the_key_that_was_revoked_here(both: Pair) -> None:
    mother = await key(both.one)
    token = await narrowed(both.one, mother)
    assert await verdicts(both.two, token) == await verdicts(both.two, mother) == ALLOWED
    assert both.one.rt.keys is not None
    revoked = time.monotonic()
    await both.one.rt.keys.revoke(mother.split("_")[1])
    await ended(both.two, mother, UNKNOWN, revoked)
    await ended(both.two, token, UNKNOWN, revoked)
    assert (await exchange(both.two, mother)).json["error"] == "invalid_request"


async def test_nothing_that_is_stored_is_a_token(both: Pair) -> None:
    """Whoever reads the shared state can use nothing that lies there."""
    mother = await key(both.one)
    token = await narrowed(both.one, mother, when="true")
    assert both.one.rt.shared is not None
    store = both.one.rt.shared.store
    kept = [raw for name in ("api-key", "capability") for _, raw in await store.family(name)]
    assert len(kept) == 2
    for secret in (mother, token):
        assert secret.split("_", 2)[2].encode() not in b"".join(kept)


# --- while it is away -------------------------------------------------------------------------------------------------


@pytest.mark.statement("A11", "A28")
@pytest.mark.parametrize("how", ["kill", "freeze"])
async def test_while_the_state_is_away_nobody_is_let_in_who_was_not_a_moment_ago(tmp_path: Path, how: str) -> None:
    with redis_server() as server:
        async with pair(tmp_path, server.url, "200ms") as both:
            known, unseen = await key(both.one), await key(both.one, subject="bob")
            token, fresh = await narrowed(both.one, known), await narrowed(both.one, known)
            assert await verdicts(both.one, known) == await verdicts(both.one, token) == ALLOWED
            away = time.monotonic()
            getattr(server, how)()
            for credential in (unseen, fresh):
                assert await verdicts(both.two, credential) == AWAY
            for credential in (known, token):
                await ended(both.one, credential, AWAY, away)
            assert both.two.upstream.sent == []
            if how == "freeze":
                server.thaw()
                assert await verdicts(both.two, token) == ALLOWED


async def test_what_is_out_of_reach_is_a_503_at_every_endpoint_and_tells_nothing(tmp_path: Path) -> None:
    with redis_server() as server:
        async with pair(tmp_path, server.url) as both:
            mother = await key(both.one)
            token = await narrowed(both.one, mother, calls=9)
            server.kill()
            two = both.two
            agent = await two.agent("list_things", {}, bearing(token))
            assert agent.answer.result["isError"] is True, "an agent is told so in words that it can read"
            listed = await two.method("tools/list", {}, bearing(token))
            person = await two.person(Wire("GET", "/things"), bearing(token))
            answers = [listed.answer, person.answer, await exchange(two, mother), await exchange(two, token)]
            answers += [await post(two, name, {"token": token}, bearing(mother)) for name in ("revoke", "introspect")]
            assert [answer.status for answer in answers] == [503] * 6
            assert two.upstream.sent == []
            for answer in (agent.answer, *answers):
                assert "www-authenticate" not in answer.headers
                assert not any(one.encode() in answer.body for one in (mother, token, "redis", str(server.port)))
            assert (await two.agent("list_things", {})).answer.status == 401, "whoever shows nothing is told so"
            assert (await two.agent("list_things", {}, bearing("dbc_none"))).answer.status == 401


async def test_a_budget_that_cannot_be_counted_is_not_used(tmp_path: Path) -> None:
    with redis_server() as server:
        async with pair(tmp_path, server.url) as both:
            token = await narrowed(both.one, await key(both.one), calls=9)
            assert await verdicts(both.one, token) == ALLOWED
            server.kill()
            found = await verdicts(both.one, token)
            assert found == AWAY, "it is remembered, and may not go on uncounted all the same"
            assert len(both.one.upstream.sent) == 2
