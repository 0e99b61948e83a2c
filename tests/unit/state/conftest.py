"""State in each backend, each test with a place of its own."""

import secrets
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from bridge.compile import backends
from bridge.config.schema import SharedState
from bridge.state.base import State, Store
from tests.kit.needs import needs_redis
from tests.kit.redis import RedisServer, redis_server

Opened = Callable[..., State]


@pytest.fixture(scope="session")
def lasting() -> Iterator[RedisServer]:
    """One server for all tests that leave it alone."""
    with redis_server() as server:
        yield server


@pytest.fixture
async def opened() -> AsyncIterator[Opened]:
    """Opens state from the keys of its settings, and closes it with the test."""
    async with AsyncExitStack() as stack:

        def open_state(**keys: object) -> State:
            state = backends.state(SharedState.model_validate(keys))
            stack.push_async_callback(state.aclose)
            return state

        yield open_state


@pytest.fixture(params=["memory", pytest.param("redis", marks=needs_redis)])
async def state(request: pytest.FixtureRequest, opened: Opened) -> State:
    if request.param == "memory":
        return opened()
    server: RedisServer = request.getfixturevalue("lasting")
    # Patient: on a busy machine nothing here is about time-outs.
    return opened(url=server.url, prefix=f"{secrets.token_hex(4)}:", timeout="5s")


@pytest.fixture(params=["memory", "folder", pytest.param("redis", marks=needs_redis)])
async def store(request: pytest.FixtureRequest, opened: Opened, tmp_path: Path) -> Store:
    if request.param == "folder":
        return backends.state(SharedState(), tmp_path / "kept").shared.durable
    if request.param == "memory":
        return opened().shared.store
    server: RedisServer = request.getfixturevalue("lasting")
    return opened(url=server.url, prefix=f"{secrets.token_hex(4)}:", timeout="5s").shared.durable
