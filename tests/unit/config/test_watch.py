"""What counts as a change on disk, and when."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from bridge.config.watch import look, watch

INTERVAL = 0.02


class Seen:
    """Counts what it is told, and may be waited for."""

    def __init__(self) -> None:
        self.count = 0
        self._event = asyncio.Event()

    async def changed(self) -> None:
        self.count += 1
        self._event.set()

    async def once(self) -> None:
        async with asyncio.timeout(10):
            await self._event.wait()
        self._event.clear()


@asynccontextmanager
async def watching(*paths: Path, off: bool = False) -> AsyncIterator[Seen]:
    seen, named = Seen(), [str(path) for path in paths]
    task = asyncio.create_task(watch(look(named), lambda: named, lambda: None if off else INTERVAL, seen.changed))
    try:
        yield seen
    finally:
        task.cancel()
        await asyncio.wait([task])


async def test_a_file_that_takes_the_place_of_another_is_a_change(tmp_path: Path) -> None:
    file, fresh = tmp_path / "a.yaml", tmp_path / "b.yaml"
    file.write_text("1")
    async with watching(file) as seen:
        fresh.write_text("2")
        fresh.replace(file)
        await seen.once()


async def test_a_link_that_leads_elsewhere_is_a_change(tmp_path: Path) -> None:
    """As Kubernetes swaps the files of a ConfigMap: the link to their folder is replaced."""
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.yaml").write_text("same")
    (tmp_path / "data").symlink_to("one")
    (tmp_path / "a.yaml").symlink_to("data/a.yaml")
    async with watching(tmp_path / "a.yaml") as seen:
        (tmp_path / "next").symlink_to("two")
        (tmp_path / "next").rename(tmp_path / "data")
        await seen.once()


async def test_a_file_is_waited_for_until_it_stands_still(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_text("")
    async with watching(file) as seen:
        with file.open("a") as writing:
            for _ in range(40):
                writing.write("more\n")
                writing.flush()
                await asyncio.sleep(INTERVAL / 4)
        at_the_end = seen.count
        await seen.once()
    assert (at_the_end, seen.count) in {(0, 1), (1, 1), (1, 2)}


@pytest.mark.parametrize("before", ["there", ""])
async def test_what_comes_and_what_goes_are_changes(tmp_path: Path, before: str) -> None:
    file = tmp_path / "a.yaml"
    if before:
        file.write_text(before)
    async with watching(file) as seen:
        if before:
            file.unlink()
        else:
            file.write_text("there")
        await seen.once()


async def test_a_file_that_comes_into_a_watched_folder_is_a_change(tmp_path: Path) -> None:
    async with watching(tmp_path) as seen:
        (tmp_path / "a.yaml").write_text("1")
        await seen.once()


async def test_what_was_written_before_the_first_look_is_not_missed(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_text("1")
    known, seen = look([str(file)]), Seen()
    file.write_text("other")
    task = asyncio.create_task(watch(known, lambda: [str(file)], lambda: INTERVAL, seen.changed))
    await seen.once()
    task.cancel()


async def test_more_to_watch_is_no_change(tmp_path: Path) -> None:
    one, two, last = (tmp_path / name for name in ("one", "two", "last"))
    for file in (one, two, last):
        file.write_text("1")
    looks, seen = 0, Seen()

    def paths() -> Iterable[str]:
        nonlocal looks
        looks += 1
        return [str(one), str(last)] if looks < 3 else [str(one), str(two), str(last)]

    task = asyncio.create_task(watch(look([str(one), str(last)]), paths, lambda: INTERVAL, seen.changed))
    while looks < 6:  # noqa: ASYNC110 - it is counted by whoever looks
        await asyncio.sleep(INTERVAL)
    assert seen.count == 0
    two.write_text("other")
    await seen.once()
    task.cancel()
