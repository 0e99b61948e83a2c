"""What waits for a slow reader is bounded, and it learns that there was more."""

import asyncio

from bridge.state.mailbox import BYTES, Mailbox


async def test_messages_are_read_in_their_order() -> None:
    box = Mailbox()
    box.put(b"1")
    box.put(b"2")
    assert [await box.next(), await box.next()] == [b"1", b"2"]


async def test_a_reader_waits_for_the_next_message() -> None:
    box = Mailbox()
    async with asyncio.TaskGroup() as tasks:
        reading = tasks.create_task(box.next())
        await asyncio.sleep(0)
        box.put(b"1")
    assert reading.result() == b"1"


async def test_a_reader_that_gave_up_loses_nothing() -> None:
    box = Mailbox()
    reading = asyncio.create_task(box.next())
    await asyncio.sleep(0)
    reading.cancel()
    await asyncio.wait([reading])
    box.put(b"1")
    assert await box.next() == b"1"


async def test_a_loss_rings_too() -> None:
    rings: list[str] = []
    box = Mailbox(ring=lambda: rings.append("ring"))
    box.lost()
    assert (rings, box.ready, await box.next(), box.ready) == (["ring"], True, None, False)


async def test_more_messages_than_fit_are_told_as_one_loss() -> None:
    box = Mailbox(most=2)
    for message in (b"1", b"2", b"3", b"4"):
        box.put(message)
    assert [await box.next(), await box.next(), await box.next()] == [b"1", b"2", None]
    box.put(b"5")
    assert await box.next() == b"5"


async def test_messages_that_are_too_long_together_are_a_loss() -> None:
    box, half = Mailbox(), bytes(BYTES // 2)
    for _ in range(3):
        box.put(half)
    assert [await box.next(), await box.next(), await box.next()] == [half, half, None]
    box.put(half)
    assert await box.next() == half
