"""What only files can show: a restart, other processes, a full or broken folder, and who may read it."""

import asyncio
import os
import stat
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.model.errors import StateUnavailable
from bridge.state.files import alone
from bridge.state.folder import FolderStore

APART = """
import asyncio, sys
from pathlib import Path
from bridge.state.folder import FolderStore
async def main():
    store = FolderStore(Path(sys.argv[1]))
    kept = [await store.put(f"kind:{number}", sys.argv[2].encode(), 60, fresh=True) for number in range(100)]
    print(kept.count(True))
asyncio.run(main())
"""


@dataclass
class Clock:
    now: float = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


def files(folder: Path) -> list[Path]:
    """Those that are values."""
    return sorted(path for path in folder.iterdir() if not path.name.startswith("."))


async def test_values_survive_a_restart_and_so_do_their_deadlines(tmp_path: Path) -> None:
    clock = Clock()
    before = FolderStore(tmp_path, clock=clock)
    await before.put("kind:good", b"1", None)
    await before.put("kind:passing", b"2", 60)
    after = FolderStore(tmp_path, clock=clock)
    assert await after.family("kind") == [("kind:good", b"1"), ("kind:passing", b"2")]
    clock.now += 60
    assert await FolderStore(tmp_path, clock=clock).family("kind") == [("kind:good", b"1")]
    assert await after.take("kind:passing") is None


async def test_the_owner_alone_reads_and_writes(tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "kept"
    umask = os.umask(0)
    try:
        await FolderStore(folder).put("kind:one", b"1", None)
    finally:
        os.umask(umask)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}


@settings(max_examples=50, deadline=None)
@given(keys=st.lists(st.text(st.characters(), max_size=300), unique=True, max_size=5))
async def test_any_key_is_a_key_and_nothing_leaves_the_folder(
    tmp_path_factory: pytest.TempPathFactory, keys: list[str]
) -> None:
    home = tmp_path_factory.mktemp("home")
    store = FolderStore(home / "kept")
    for key in (*keys, "../x:1", "a/b:\0", "CON:", "kind:A", "kind:a"):
        await store.put(key, key.encode(errors="surrogatepass"), None)
    assert [path.name for path in home.iterdir()] == ["kept"]
    for key in (*keys, "../x:1", "a/b:\0", "CON:", "kind:A", "kind:a"):
        assert await store.get(key) == key.encode(errors="surrogatepass")


async def test_among_processes_exactly_one_keeps_a_fresh_value(tmp_path: Path) -> None:
    await FolderStore(tmp_path, clock=lambda: 0.0).put("kind:7", b"expired", 1)
    asked = [
        await asyncio.create_subprocess_exec(
            sys.executable, "-c", APART, tmp_path, name, stdout=subprocess.PIPE, cwd=Path(__file__).parents[3]
        )
        for name in ("one", "two", "three")
    ]
    kept = [int((await process.communicate())[0]) for process in asked]
    assert sum(kept) == 100
    found = [value for _, value in await FolderStore(tmp_path).family("kind")]
    assert [found.count(name) for name in (b"one", b"two", b"three")] == kept


async def test_what_holds_gives_way_to_nothing_and_what_has_expired_does(tmp_path: Path) -> None:
    clock = Clock()
    store = FolderStore(tmp_path, entries=2, clock=clock)
    await store.put("kind:good", b"", None)
    await store.put("kind:passing", b"", 60)
    with pytest.raises(StateUnavailable):
        await store.put("kind:new", b"", None)
    await store.put("kind:good", b"", None)
    clock.now += 60
    await store.put("kind:new", b"", None)
    assert [key for key, _ in await store.family("kind")] == ["kind:good", "kind:new"]
    assert len(files(tmp_path)) == 2


async def test_values_are_bounded_by_their_bytes_as_well(tmp_path: Path) -> None:
    store = FolderStore(tmp_path, size=1000)
    await store.put("kind:one", bytes(600), None)
    with pytest.raises(StateUnavailable):
        await store.put("kind:two", bytes(600), None)
    await store.put("kind:one", bytes(10), None)
    await store.put("kind:two", bytes(600), None)
    await store.take("kind:two")
    await store.put("kind:three", bytes(600), None)


async def test_a_full_folder_is_not_searched_for_each_that_is_refused(tmp_path: Path) -> None:
    clock = Clock()
    store = FolderStore(tmp_path, entries=1, clock=clock)
    await store.put("kind:passing", b"", 1)
    with pytest.raises(StateUnavailable):
        await store.put("kind:new", b"", None)
    clock.now += 2
    with pytest.raises(StateUnavailable):
        await store.put("kind:new", b"", None)
    clock.now += 5
    assert await store.put("kind:new", b"", None)


async def test_what_other_processes_keep_is_counted_too(tmp_path: Path) -> None:
    await FolderStore(tmp_path).put("kind:one", b"", None)
    with pytest.raises(StateUnavailable):
        await FolderStore(tmp_path, entries=1).put("kind:two", b"", None)


async def test_what_a_writer_left_behind_that_died_is_removed(tmp_path: Path) -> None:
    (tmp_path / ".copy-abc").write_bytes(b"half")
    store = FolderStore(tmp_path)
    await store.put("kind:one", b"1", None)
    assert not list(tmp_path.glob(".copy-*"))
    assert await store.family("kind") == [("kind:one", b"1")]


@pytest.mark.parametrize("content", [b"", b"x", b"{}\n1", b"[]\n", b'{"key": "kind:one", "expires": "x"}\n', b"\xff\n"])
async def test_a_file_that_was_not_written_here_is_no_value_and_the_log_names_it(
    tmp_path: Path, content: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    store = FolderStore(tmp_path)
    await store.put("kind:one", b"1", None)
    await store.put("kind:two", b"2", None)
    broken = next(path for path in files(tmp_path) if b"kind:one" in path.read_bytes())
    broken.write_bytes(content)
    assert await store.get("kind:one") is None
    assert await store.family("kind") == [("kind:two", b"2")]
    assert broken.name in caplog.text
    assert await store.put("kind:one", b"3", None, fresh=True)
    assert await store.get("kind:one") == b"3"


def _no_folder(path: Path) -> None:
    path.rmdir()
    path.write_bytes(b"a file")


def _unreadable(path: Path) -> None:
    """What cannot be opened as a file, for any user."""
    for file in files(path):
        file.unlink()
        file.mkdir()


@pytest.mark.parametrize("harm", [_no_folder, _unreadable])
async def test_a_folder_that_cannot_be_used_is_told_in_the_log_and_not_to_strangers(
    tmp_path: Path, harm: Callable[[Path], None], caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "kept"
    store = FolderStore(folder)
    if harm is _unreadable:
        await store.put("kind:one", b"1", None)
    else:
        folder.mkdir()
    harm(folder)
    for work in (store.get("kind:one"), store.put("kind:one", b"", None), store.family("kind")):
        with pytest.raises(StateUnavailable) as raised:
            await work
        assert str(tmp_path) not in raised.value.message
    assert caplog.text.count(f"{folder} cannot be used") == 1


async def test_a_writer_whose_turn_does_not_come_gives_up(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    await store.put("kind:one", b"1", None)
    with alone(tmp_path / ".lock", 1):
        assert await store.get("kind:one") == b"1", "readers need no turn"
        with pytest.raises(StateUnavailable):
            await store.put("kind:one", b"2", None)
    assert await store.put("kind:one", b"2", None)
