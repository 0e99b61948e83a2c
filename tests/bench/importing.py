"""What an import costs: each in a process of its own, so that its seconds and megabytes are its alone."""

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from bridge.cli.output import print_json
from bridge.compile import load_apis
from bridge.compile.runtime import compile_runtime, parts
from bridge.config import zero
from bridge.model import Json
from tests.bench import made
from tests.bench.children import measured
from tests.bench.figures import FLAT, Row, Timing, skipped, timed_row, value_row, wall_row

LARGEST = "github-2026.json"
RUNS = 5
FEWER_RUNS = 3
SIZES = (100, 1_000, 5_000)
_MODULE = "tests.bench.importing"


def rows(corpus: Path) -> Iterator[Row]:
    largest = corpus / LARGEST
    if largest.is_file():
        yield from _largest(largest)
    else:
        yield skipped(f"import of {LARGEST}", "no such file in the corpus; CORPUS=DIR says where it is")
    with TemporaryDirectory() as folder:
        yield from _growth(Path(folder))


def _largest(path: Path) -> Iterator[Row]:
    runs = list(measured(_MODULE, [path] * RUNS))
    name = f"{path.name}, {runs[0]['operations']:,} operations"
    yield wall_row(f"import of {name}", _timing(runs, "import"), "s", most=1.0)
    yield value_row("peak memory of the same", min(run["megabytes"] for run in runs), "MB", most=300)
    yield timed_row("compiling its runtime, in addition", _timing(runs, "compile"), "s")
    yield value_row("peak memory with the runtime", min(run["compiled"] for run in runs), "MB")
    checks = [_check(path) for _ in range(FEWER_RUNS)]
    whole = Timing.of([check[0] for check in checks], [check[1] for check in checks])
    yield timed_row("`dualbridge check` of it, the whole process", whole, "s")
    yield value_row("peak memory of that process", min(check[2] for check in checks), "MB", most=300)


def _timing(runs: list[Json], step: str) -> Timing:
    return Timing.of([run[step][0] for run in runs], [run[step][1] for run in runs])


def _growth(folder: Path) -> Iterator[Row]:
    """Cost per operation over sizes; each process has imported something before, so that nothing is fixed cost."""
    paths = {size: made.write(folder, size) for size in SIZES}
    runs: dict[int, list[Json]] = {size: [] for size in SIZES}
    for _ in range(FEWER_RUNS):
        for run, size in zip(measured(_MODULE, list(paths.values()), ["--warm"]), SIZES, strict=True):
            runs[size].append(run)
    each = {size: _timing(runs[size], "import").per(size) for size in SIZES}
    compiled = {size: _timing(runs[size], "compile").per(size) for size in SIZES}
    for size, timing in each.items():
        yield timed_row(f"import of a generated document, {size:,} operations: each", _micros(timing))
    yield value_row(f"each of {SIZES[-1]:,} / each of {SIZES[0]:,}", _ratio(each), "×", most=FLAT)
    for size, timing in compiled.items():
        yield timed_row(f"compiling its runtime, {size:,} operations: each", _micros(timing))
    yield value_row(f"each of {SIZES[-1]:,} / each of {SIZES[0]:,}", _ratio(compiled), "×", most=FLAT)


def _micros(timing: Timing) -> Timing:
    return Timing(timing.least * 1e6, timing.median * 1e6, timing.wall * 1e6)


def _ratio(each: dict[int, Timing]) -> float:
    return each[SIZES[-1]].least / each[SIZES[0]].least


def _check(path: Path) -> tuple[float, float, float]:
    """CPU seconds, wall seconds and peak megabytes of the command."""
    command = [sys.executable, "-m", "bridge", "check", str(path), "-o", "json"]
    started = time.perf_counter()
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    seconds = time.perf_counter() - started
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode not in {0, 1}:  # 1: there are findings
        raise SystemExit(f"{' '.join(command[1:])} ended with {child.returncode}")
    return usage.ru_utime + usage.ru_stime, seconds, usage.ru_maxrss / 1024


# --- in the child -----------------------------------------------------------------------------------------------------


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--one", type=Path, required=True)
    parser.add_argument("--warm", action="store_true")
    given = parser.parse_args()
    if given.warm:
        with TemporaryDirectory() as folder:
            _one(made.write(Path(folder), 20))
    print_json(_one(given.one))
    return 0


def _one(path: Path) -> Json:
    wanted = zero([str(path)], env={}, folder=Path.cwd())
    started = _now()
    loaded = load_apis(wanted)
    read = _now()
    megabytes = _peak()
    lasting = parts()  # made once per process, not once per reload
    compiled = _now()
    runtime = compile_runtime(wanted, loaded, lasting)
    done = _now()
    return {
        "operations": len(runtime.catalog.operations),
        "import": [read[0] - started[0], read[1] - started[1]],
        "compile": [done[0] - compiled[0], done[1] - compiled[1]],
        "megabytes": megabytes,
        "compiled": _peak(),
    }


def _now() -> tuple[float, float]:
    return time.process_time(), time.perf_counter()


def _peak() -> float:
    """VmHWM: `ru_maxrss` would begin with the memory of the process that this one was forked from."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM"))


if __name__ == "__main__":
    sys.exit(main())
