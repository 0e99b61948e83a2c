"""One child process per document, so that seconds and megabytes are that document's alone."""

import subprocess
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import orjson

from bridge.model import Json
from tests.kit.needs import CORPUS as DEFAULT

SECONDS = 900

__all__ = ["DEFAULT", "documents", "measured"]


def documents(folder: Path, only: str = "") -> list[Path]:
    """The documents of a corpus: its index is none."""
    found = sorted(path for path in folder.iterdir() if path.suffix in {".json", ".yaml", ".yml"})
    return [path for path in found if path.name != "index.json" and only in path.name]


def measured(module: str, paths: Sequence[Path], arguments: Sequence[str] = (), workers: int = 1) -> Iterator[Json]:
    """What `module --one PATH` printed for each path, as JSON, in order."""
    with ThreadPoolExecutor(workers) as pool:
        yield from pool.map(lambda path: _one(module, path, arguments), paths)


def _one(module: str, path: Path, arguments: Sequence[str]) -> Json:
    command = [sys.executable, "-m", module, "--one", str(path), *arguments]
    done = subprocess.run(command, capture_output=True, timeout=SECONDS, check=False)
    if done.returncode:
        raise SystemExit(f"{path.name}: {done.stderr.decode(errors='replace')}")
    return orjson.loads(done.stdout)
