"""Sessions of replicas that share nothing but a Redis."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Iterator

import pytest

from bridge.compile import backends
from bridge.config.schema import SharedState
from bridge.model import Json
from tests.kit.needs import needs_redis
from tests.kit.redis import RedisServer, redis_server
from tests.kit.replicas import Replicas, replicas
from tests.kit.session import ELICITS, Client
from tests.kit.upstream import Played

pytestmark = needs_redis
SLOW: Json = {"name": "a", "_meta": {"progressToken": "p"}}


@pytest.fixture(scope="module")
def server() -> Iterator[RedisServer]:
    with redis_server() as made:
        yield made


class Pair:
    """Two replicas, each with its own connections."""

    def __init__(self, url: str) -> None:
        settings = {"url": url, "prefix": f"{secrets.token_hex(4)}:", "timeout": "5s"}
        self._states = [backends.state(SharedState.model_validate(settings)) for _ in range(2)]

    def replicas(self, *, slow: bool = False) -> Replicas:
        return replicas(slow=slow, shared=self._states[0].shared, far=self._states[1].shared)

    async def aclose(self) -> None:
        for state in self._states:
            await state.aclose()


@pytest.fixture
async def pair(server: RedisServer) -> AsyncIterator[Pair]:
    made = Pair(server.url)
    yield made
    await made.aclose()


async def test_a_lost_stream_goes_on_at_the_other_replica(pair: Pair) -> None:
    both = pair.replicas(slow=True)
    client = await Client(both.one).begin()
    async with client.posting(client.request("tools/call", SLOW, id=9)) as lost:
        both.slow.report(1)
        last = (await lost.next()).id
        lost.leave.set()
        async with client.at(both.two).listening(last) as stream:
            assert client.check(await stream.next())["params"]["progress"] == 1
            both.slow.report(2)
            assert client.check(await stream.next())["params"]["progress"] == 2
            both.slow.end()
            assert client.check(await stream.next(), "tools/call")["id"] == 9


async def test_a_call_is_cancelled_from_the_other_replica(pair: Pair) -> None:
    both = pair.replicas()
    both.made.upstream.scripts[:] = [Played(hold=asyncio.Event())]
    client = await Client(both.one).begin()
    async with client.posting(client.request("tools/call", SLOW, id=9)) as call:
        await both.made.upstream.reached()
        assert (await client.at(both.two).tell("notifications/cancelled", {"requestId": 9})).status == 202
        await call.ended()
    assert both.made.upstream.cancelled == 1


async def test_a_question_is_answered_at_the_other_replica(pair: Pair) -> None:
    both = pair.replicas()
    client = await Client(both.one).begin(ELICITS)
    async with client.posting(client.request("tools/call", {"name": "sure"})) as call:
        await call.next()
        question = client.check(await call.next())
        await client.at(both.two).post({"jsonrpc": "2.0", "id": question["id"], "result": {"action": "accept"}})
        assert "isError" not in client.check(await call.next(), "tools/call")["result"]


async def test_a_session_ends_with_its_streams_at_every_replica(pair: Pair) -> None:
    both = pair.replicas()
    client = await Client(both.one).begin()
    async with client.at(both.two).listening() as stream:
        await stream.next()
        assert (await client.delete()).status == 204
        await stream.ended()
    assert (await client.at(both.two).ask("ping")).status == 404


async def test_without_its_redis_a_session_is_refused_and_nothing_hangs() -> None:
    with redis_server() as server:
        pair = Pair(server.url)
        both = pair.replicas()
        client = await Client(both.one).begin()
        server.kill()
        assert (await client.ask("ping")).status == 503
        assert (await client.ask("ping", mcp_session_id=None)).status == 200
        await pair.aclose()
