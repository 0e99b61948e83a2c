"""Words of a session, heeded beside what a stream does otherwise."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from bridge.ingress.body import WhileThere
from bridge.ingress.mcp.sessions.heeding import Heeding
from bridge.ingress.mcp.sessions.words import CANCEL, END, WATCH, Word, channel, say
from bridge.model import ClientGone
from bridge.state.base import Shared
from tests.kit.runtime import memory

SESSION = "one"


async def _heeding(
    shared: Shared, heed: Callable[[Word | None], Awaitable[bool]], block: Callable[[], Awaitable[None]]
) -> None:
    heeding = Heeding(heed)
    async with shared.bus.subscribe(channel(SESSION), heeding.ring) as heeding.unread:
        await say(shared, SESSION, WATCH, "before")
        async with WhileThere(heeding):
            await block()


class Ears:
    """Notes what it hears, one word at a time; over with END, and broken by CANCEL."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        self._busy = False

    async def __call__(self, word: Word | None) -> bool:
        assert word is not None
        assert not self._busy
        self._busy = True
        await asyncio.sleep(0)
        self._busy = False
        self.heard.append(word.about)
        if word.kind == CANCEL:
            raise OSError("broken")
        return word.kind == END


async def test_words_are_heeded_in_their_order_and_nothing_runs_in_between() -> None:
    shared, ears = memory(), Ears()

    async def block() -> None:
        before = len(asyncio.all_tasks())
        for turn in range(3):
            await say(shared, SESSION, WATCH, f"{turn}a")
            await say(shared, SESSION, WATCH, f"{turn}b")
            await asyncio.sleep(0.01)
            assert len(asyncio.all_tasks()) < before, "the one that heeded what was said before is over too"

    await _heeding(shared, ears, block)
    assert ears.heard == ["before", "0a", "0b", "1a", "1b", "2a", "2b"]


async def test_the_block_ends_with_the_session_and_what_comes_after_is_not_heeded() -> None:
    shared, ears = memory(), Ears()

    async def block() -> None:
        await say(shared, SESSION, END, "end")
        await say(shared, SESSION, WATCH, "after")
        await asyncio.sleep(5)

    with pytest.raises(ClientGone):
        await _heeding(shared, ears, block)
    assert ears.heard == ["before", "end"]


async def test_a_failure_ends_the_block_and_is_told() -> None:
    shared, ears = memory(), Ears()

    async def block() -> None:
        await say(shared, SESSION, CANCEL, "fails")
        await asyncio.sleep(5)

    with pytest.raises(OSError, match="broken"):
        await _heeding(shared, ears, block)
    task = asyncio.current_task()
    assert task is not None
    assert task.cancelling() == 0


async def test_what_is_being_heeded_ends_with_the_block() -> None:
    shared, begun = memory(), asyncio.Event()
    ended = asyncio.get_running_loop().create_future()

    async def heed(_: Word | None) -> bool:
        begun.set()
        try:
            await asyncio.sleep(5)
        finally:
            ended.set_result(None)
        return False

    async def block() -> None:
        await begun.wait()

    await _heeding(shared, heed, block)
    async with asyncio.timeout(1):
        await ended
