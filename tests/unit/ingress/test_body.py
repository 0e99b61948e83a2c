"""Reading a body, and noticing that the client has left."""

import asyncio
import gc
from contextlib import suppress

import pytest

from bridge.ingress.asgi import Message
from bridge.ingress.body import Until, Upload, WhileThere, read_whole, stream
from bridge.model import ClientGone, TooLarge

GONE: Message = {"type": "http.disconnect"}


class Script:
    """A `receive` that plays messages and then waits for ever; it notices being awaited twice at once."""

    def __init__(self, *messages: Message) -> None:
        self.left = list(messages)
        self.asked = 0
        self.more = asyncio.Event()
        self._busy = False

    async def __call__(self) -> Message:
        assert not self._busy
        self._busy = True
        try:
            self.asked += 1
            while not self.left:
                self.more.clear()
                await self.more.wait()
            return self.left.pop(0)
        finally:
            self._busy = False

    def say(self, message: Message) -> None:
        self.left.append(message)
        self.more.set()


def part(body: bytes, *, more: bool = True) -> Message:
    return {"type": "http.request", "body": body, "more_body": more}


async def test_a_body_is_read_whole() -> None:
    assert await read_whole(Script(part(b"a"), part(b""), part(b"b", more=False)), 2) == b"ab"


async def test_a_body_above_the_limit_is_refused_without_reading_on() -> None:
    script = Script(part(b"abc"), part(b"d", more=False))
    with pytest.raises(TooLarge):
        await read_whole(script, 2)
    assert script.asked == 1


async def test_a_client_that_leaves_early_is_not_a_short_body() -> None:
    with pytest.raises(ClientGone):
        await read_whole(Script(part(b"a"), GONE), 9)


async def test_nothing_is_received_before_it_is_asked_for() -> None:
    script = Script(part(b"a"), part(b"b", more=False))
    upload = stream(script)
    assert script.asked == 0
    assert await anext(upload) == b"a"
    assert script.asked == 1


async def test_a_body_that_was_given_up_cannot_pass_for_a_complete_one() -> None:
    upload = Upload(Script(part(b"a"), part(b"b")))
    await anext(upload)
    upload.leave_unread()
    with pytest.raises(RuntimeError):
        await anext(upload)


async def asleep(upload: Upload) -> None:
    """Fails where the block was not interrupted: ClientGone after a full sleep would be too late."""
    async with WhileThere(upload):
        await asyncio.sleep(0.5)
        pytest.fail("the block ran to its end")


async def test_the_block_ends_when_the_client_leaves() -> None:
    script = Script(part(b"", more=False))
    upload = Upload(script)
    upload.leave_unread()
    asyncio.get_running_loop().call_later(0.02, script.say, GONE)
    with pytest.raises(ClientGone):
        await asleep(upload)


async def test_leaving_is_watched_for_only_after_the_body_was_read() -> None:
    script = Script(part(b"a"), part(b"b", more=False))
    upload = Upload(script)
    async with WhileThere(upload):
        await asyncio.sleep(0.01)
        assert script.asked == 0
        assert [chunk async for chunk in upload] == [b"a", b"b"]
        await asyncio.sleep(0.01)
        assert script.asked == 3


async def test_what_is_left_unread_does_not_hide_that_the_client_left() -> None:
    upload = Upload(Script(part(b"a"), part(b"b"), GONE))
    await anext(upload)
    upload.leave_unread()
    with pytest.raises(ClientGone):
        await asleep(upload)


async def test_a_cancellation_from_outside_stays_one() -> None:
    task = asyncio.create_task(asleep(Upload(Script())))
    await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_leaving_counts_even_where_the_block_swallowed_the_cancellation() -> None:
    async def stubborn(upload: Upload) -> None:
        async with WhileThere(upload):
            with suppress(asyncio.CancelledError):
                await asyncio.sleep(5)

    upload = Upload(Script(part(b"", more=False), GONE))
    upload.leave_unread()
    with pytest.raises(ClientGone):
        await stubborn(upload)
    task = asyncio.current_task()
    assert task is not None
    assert task.cancelling() == 0


async def test_no_task_is_left_behind() -> None:
    before = asyncio.all_tasks()
    async with WhileThere(Upload(Script())):
        await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert asyncio.all_tasks() == before


async def test_nothing_is_left_for_the_garbage_collector() -> None:
    upload = Upload(Script(part(b"", more=False)))
    upload.leave_unread()
    gc.collect()
    gc.disable()
    try:
        async with WhileThere(upload):
            await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert gc.collect() == 0
    finally:
        gc.enable()


async def test_a_watch_that_fails_is_told_at_the_end_of_the_block() -> None:
    async def broken() -> None:
        raise OSError("broken")

    with pytest.raises(OSError, match="broken"):
        async with WhileThere(Until(broken)):
            await asyncio.sleep(0.01)
