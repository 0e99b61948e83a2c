"""Calls while the catalogue changes: a large document comes, changes and goes beside a small API under a steady load.

Each change is made and taken over by everything that a change passes: the admin API, or the files that are watched; a
process that imports; a new runtime; the old one's end. Windows of change and of quiet take turns, so that whatever else
the machine does falls on both.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import orjson

from bridge.model import Json
from tests.bench import made, processes
from tests.bench.admin import delete, put, version
from tests.bench.figures import Row, count_row, skipped, value_row
from tests.bench.importing import LARGEST
from tests.bench.steady import DOORS, Call

PER_SECOND = 200
QUIET = 3.0
"""Seconds before each change."""
AFTER = 1.0
"""Seconds after a change that are still its own: the runtime before goes."""
WATCHED = 30.0
NAME = "github"
MOST = 3.0
TOOLS = 20
CHANGED = 10
"""Paths whose operations are other ones after a change."""
LOOK = 0.1


@dataclass(slots=True)
class Windows:
    """From when to when, by the monotonic clock."""

    quiet: list[tuple[float, float]] = field(default_factory=list)
    change: list[tuple[float, float]] = field(default_factory=list)
    took: list[float] = field(default_factory=list)

    def around(self, change: Callable[[], object]) -> None:
        time.sleep(QUIET)
        begun = time.monotonic()
        change()
        self.took.append(time.monotonic() - begun)
        time.sleep(AFTER)
        self.quiet.append((begun - QUIET, begun))
        self.change.append((begun, time.monotonic()))


def rows(corpus: Path) -> Iterator[Row]:
    largest = corpus / LARGEST
    if not largest.is_file():
        yield skipped(f"{LARGEST} while serving", "no such file in the corpus; CORPUS=DIR says where it is")
        return
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory()))
        windows, calls = _run(folder, largest.read_bytes(), stack)
    yield from _judged(windows, calls)


def _run(folder: Path, document: bytes, stack: ExitStack) -> tuple[Windows, list[Call]]:
    origin = f"http://127.0.0.1:{int(processes.line(stack.enter_context(processes.module('origin'))))}"
    path = made.configured(
        folder, TOOLS, upstream=origin, listen="127.0.0.1:0", admin={"listen": "127.0.0.1:0"}, health="off",
        watch={"interval": "100ms"},
    )  # fmt: skip
    _, told = stack.enter_context(processes.gateway("--config", str(path)))
    windows = Windows()
    changes = _changes(path, told["admin"], document, origin)
    load = stack.enter_context(processes.module("steady", told["mcp"], str(PER_SECOND)))
    processes.line(load)
    time.sleep(1.0)  # the first calls warm up whatever there is
    for change in changes:
        windows.around(change)
    processes.tell(load, "enough")
    return windows, [Call(*one) for one in orjson.loads(processes.line(load))]


def _changes(path: Path, admin: str, document: bytes, origin: str) -> Sequence[Callable[[], object]]:
    """The same document by both ways: it comes, changes, goes; through the admin API, then as files."""
    retitled, again = _changed(document, "first"), _changed(document, "second")
    options = {"prefix": f"/{NAME}", "upstream": {"url": origin}}
    first, second = (_registration(one, options) for one in (document, retitled))
    spec = path.with_name(f"{NAME}.json")
    before = orjson.loads(path.read_bytes())
    after = before | {"apis": before["apis"] | {NAME: {"spec": spec.name, **options}}}
    return (
        lambda: put(admin, NAME, first),
        lambda: put(admin, NAME, second),
        lambda: delete(admin, NAME),
        lambda: _edited(admin, {spec: retitled, path: orjson.dumps(after)}),
        lambda: _edited(admin, {spec: again}),
    )


def _changed(document: bytes, word: str) -> bytes:
    """The same document but for some summaries."""
    whole = orjson.loads(document)
    for path in list(whole["paths"].values())[:CHANGED]:
        for operation in (one for one in path.values() if isinstance(one, dict)):
            operation["summary"] = f"{operation.get('summary', '')} ({word})"
    return orjson.dumps(whole)


def _registration(document: bytes, options: Json) -> bytes:
    return orjson.dumps({"document": orjson.Fragment(document), "options": options})


def _edited(admin: str, files: Mapping[Path, bytes]) -> None:
    """Returns once the gateway has taken the files over. Raises SystemExit when it does not."""
    before = version(admin)
    for path, content in files.items():
        fresh = path.with_suffix(".fresh")
        fresh.write_bytes(content)
        fresh.replace(path)
    ends = time.monotonic() + WATCHED
    while version(admin) == before:
        if time.monotonic() > ends:
            raise SystemExit("edited files were not taken over")
        time.sleep(LOOK)


# --- judging ----------------------------------------------------------------------------------------------------------


def _judged(windows: Windows, calls: Sequence[Call]) -> Iterator[Row]:
    failed = sum(call.failed for call in calls)
    yield count_row(
        f"{len(calls):,} calls, {PER_SECOND} a second, while {LARGEST} comes and goes: failed", failed, most=0
    )
    yield value_row(f"{len(windows.took)} changes: the longest, until it is served", max(windows.took), "s")
    yield value_row("the same: the shortest", min(windows.took), "s")
    for door in DOORS:
        mine = [call for call in calls if call.door == door]
        before, during = (sorted(_within(mine, spans)) for spans in (windows.quiet, windows.change))
        yield value_row(f"{door}: p99 of {len(before):,} calls before a change", _p99(before), "ms")
        yield value_row(f"{door}: p99 of {len(during):,} calls during one", _p99(during), "ms")
        yield value_row(f"{door}: the longest during one", during[-1] * 1000, "ms")
        yield value_row(f"{door}: p99 during / p99 before", _p99(during) / _p99(before), "×", most=MOST)


def _within(calls: Sequence[Call], spans: Sequence[tuple[float, float]]) -> Iterator[float]:
    return (call.seconds for call in calls if any(begins <= call.due < ends for begins, ends in spans))


def _p99(ordered: Sequence[float]) -> float:
    """Milliseconds."""
    return ordered[len(ordered) * 99 // 100] * 1000
