"""What is kept of a session, and for how long."""

from dataclasses import replace

import orjson

from bridge.ingress.mcp.sessions.record import end, find, keep, used_capabilities, watch, watched
from bridge.model import Json, LimitExceeded, Session
from bridge.state.base import Shared
from bridge.state.memory import MemoryStore
from tests.kit.runtime import memory

ID = "s" * 32
SESSION = Session(ID, "ann", "", "2025-11-25", {"elicitation": {}})
KEY = f"session:{ID}"


async def _aged(shared: Shared) -> None:
    """As if the session was last used long ago."""
    record = orjson.loads(await shared.store.get(KEY) or b"{}")
    await shared.store.put(KEY, orjson.dumps({**record, "used": 0}), 60)


async def _used(shared: Shared) -> float:
    return float(orjson.loads(await shared.store.get(KEY) or b"{}")["used"])


async def test_a_session_is_found_as_it_was_kept() -> None:
    shared = memory()
    await keep(shared, SESSION)
    assert await find(shared, ID) == SESSION


async def test_use_is_noted_once_a_minute_at_most() -> None:
    shared = memory()
    await keep(shared, SESSION)
    first = await _used(shared)
    await find(shared, ID)
    assert await _used(shared) == first
    await _aged(shared)
    assert await find(shared, ID) == SESSION
    assert await _used(shared) >= first


async def test_noting_use_keeps_session_and_subscriptions_alive() -> None:
    now = [0.0]
    shared = replace(memory(), store=MemoryStore(clock=lambda: now[0]))
    await keep(shared, SESSION)
    await watch(shared, ID, "api://a", wanted=True)
    now[0] = 3000.0
    await _aged(shared)
    await find(shared, ID)
    now[0] = 6000.0
    assert await find(shared, ID) == SESSION
    assert await watched(shared, ID) == ["api://a"]


async def test_a_session_that_ended_while_its_use_was_noted_stays_ended() -> None:
    shared = memory()
    await keep(shared, SESSION)
    await _aged(shared)
    aged = await shared.store.get(KEY)
    await end(shared, ID)
    assert aged is not None
    await shared.store.put(KEY, aged, 60)  # what a replica that had read it before would find
    assert await find(shared, ID) is None
    assert await shared.store.get(KEY) is None


async def test_the_two_transports_do_not_share_sessions() -> None:
    shared = memory()
    await keep(shared, SESSION, stream=True)
    assert await find(shared, ID) is None
    assert await find(shared, ID, stream=True) == SESSION


async def test_subscriptions_come_and_go_one_by_one_and_end_with_the_session() -> None:
    shared = memory()
    for uri in ("api://a", "api://b", "api://a"):
        await watch(shared, ID, uri, wanted=True)
    await watch(shared, ID, "api://b", wanted=False)
    await watch(shared, ID, "api://c", wanted=False)
    assert await watched(shared, ID) == ["api://a"]
    await end(shared, ID)
    assert await watched(shared, ID) == []


async def test_a_session_subscribes_to_fifty_resources_at_most() -> None:
    shared = memory()
    for number in range(50):
        await watch(shared, ID, f"api://{number}", wanted=True)
    await watch(shared, ID, "api://7", wanted=True)
    try:
        await watch(shared, ID, "api://one-more", wanted=True)
    except LimitExceeded:
        assert len(await watched(shared, ID)) == 50
    else:
        raise AssertionError("nothing stopped it")


def test_of_capabilities_only_what_is_used_is_kept() -> None:
    assert used_capabilities({"elicitation": {"form": {"x": 1}, "y": 2}, "roots": {}}) == {"elicitation": {"form": {}}}
    assert used_capabilities({"elicitation": {}}) == {"elicitation": {}}
    nothing: list[Json] = [None, [], {}, {"elicitation": True}, {"roots": {}}]
    assert [used_capabilities(declared) for declared in nothing] == [{}] * 5
