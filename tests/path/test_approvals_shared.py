"""Two replicas and a Redis between them: what one of them asks another may be answered, and once in all."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Iterator

import pytest

from bridge.compile import backends
from bridge.config.schema import SharedState
from bridge.model import Json
from bridge.pipeline.cases import Decision, cases, decide
from bridge.pipeline.runtime import Runtime
from tests.kit.agent import META, Answer
from tests.kit.needs import needs_redis
from tests.kit.person import Person, asked, text
from tests.kit.redis import RedisServer, redis_server
from tests.kit.runtime import Plan, World, endpoint, world

pytestmark = needs_redis
CONSENT: Json = {"approval": {"action": "accept"}}


@pytest.fixture(scope="module")
def server() -> Iterator[RedisServer]:
    with redis_server() as running:
        yield running


@pytest.fixture
async def replicas(server: RedisServer) -> AsyncIterator[tuple[World, World]]:
    keys = {"url": server.url, "prefix": f"{secrets.token_hex(4)}:", "timeout": "5s"}
    states = [backends.state(SharedState.model_validate(keys)) for _ in range(2)]
    first, second = (world([endpoint("drop", "DELETE", confirm=True)], Plan(shared=one.shared)) for one in states)
    yield first, second
    for one in states:
        await one.aclose()


async def test_of_many_answers_at_either_replica_one_counts(replicas: tuple[World, World]) -> None:
    first, second = replicas
    _, state = asked(await Person(first.rt).call("drop", {}))
    answers = await asyncio.gather(*(Person(one.rt).call("drop", {}, CONSENT, state) for one in (first, second) * 25))
    assert len(first.upstream.sent) + len(second.upstream.sent) == 1
    assert sum(answer.status == 200 for answer in answers) == 1


async def test_of_many_repetitions_of_an_approved_call_one_passes(replicas: tuple[World, World]) -> None:
    first, second = replicas
    answers = await asyncio.gather(*(unasked(one.rt) for one in (first, second) * 10))
    assert len({text(answer).partition("approval ")[2][:32] for answer in answers}) == 1
    await approved(second.rt)
    await asyncio.gather(*(unasked(one.rt) for one in (first, second) * 25))
    assert len(first.upstream.sent) + len(second.upstream.sent) == 1


async def test_where_redis_is_gone_nothing_passes() -> None:
    with redis_server() as server:
        state = backends.state(SharedState.model_validate({"url": server.url, "timeout": "1s"}))
        made = world([endpoint("drop", "DELETE", confirm=True)], Plan(shared=state.shared))
        _, sealed = asked(await Person(made.rt).call("drop", {}))
        await unasked(made.rt)
        await approved(made.rt)
        server.kill()
        for answer in (await unasked(made.rt), await Person(made.rt).call("drop", {}, CONSENT, sealed)):
            assert answer.result["isError"]
            assert made.records[-1].verdict == "state_unavailable"
        await state.aclose()
    assert not made.upstream.sent


async def unasked(rt: Runtime) -> Answer:
    return await Person(rt).call("drop", {}, meta=META)


async def approved(rt: Runtime) -> None:
    assert rt.shared is not None
    (case,) = await cases(rt.shared.store)
    await decide(rt.shared.store, case.approval, Decision("approve", "ann", "", case.approval.created), 60)
