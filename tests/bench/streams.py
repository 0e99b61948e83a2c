"""Many streams that wait for news: the memory and the time that a gateway's process takes for them, and how soon a
change has reached them all."""

import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

import orjson

from bridge.model import Json
from tests.bench import made, processes
from tests.bench.admin import put
from tests.bench.figures import Row, skipped, value_row
from tests.kit.agent import MODERN

LEGACY = "2025-11-25"
STREAMS = 1_000
SETTLED = 3.0
IDLE = 20.0
"""Seconds. A stream of which nothing was heard shows every 15 seconds that it is open, so each does so once."""
KINDS = {MODERN: "subscriptions/listen", LEGACY: "GET in a session of its own"}


def rows(_: Path) -> Iterator[Row]:
    if not processes.readable():
        yield skipped(f"{STREAMS:,} streams", "memory of another process is read from /proc")
    elif not processes.allow_files(2 * STREAMS):
        yield skipped(f"{STREAMS:,} streams", f"so many files may not be open: ulimit -n {2 * STREAMS}")
    else:
        for revision, kind in KINDS.items():
            yield from _measured(revision, f"{STREAMS:,} streams, {revision}, {kind}")


def _measured(revision: str, what: str) -> Iterator[Row]:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory()))
        path = made.configured(folder, 20, listen="127.0.0.1:0", admin={"listen": "127.0.0.1:0"}, health="off")
        gateway, told = stack.enter_context(processes.gateway("--config", str(path)))
        _first(revision, told["mcp"])
        time.sleep(SETTLED)
        before = processes.memory(gateway.pid)
        listeners = stack.enter_context(processes.module("listeners", told["mcp"], revision, str(STREAMS)))
        processes.line(listeners)
        time.sleep(SETTLED)
        opened, used = processes.memory(gateway.pid), processes.cpu(gateway.pid)
        time.sleep(IDLE)
        used, idle = processes.cpu(gateway.pid) - used, processes.memory(gateway.pid)
        yield value_row(f"{what}: memory of all", max(opened, idle) - before, "MB", most=12)
        yield value_row(f"the same: CPU time of {IDLE:g} s without news", used * 1000, "ms")
        asked = time.monotonic()
        put(told["admin"], "other", _registration())
        heard: Json = orjson.loads(processes.line(listeners))
        yield value_row("the same: an API is registered, until the last is told", heard["last"] - asked, "s")
        yield value_row("the same: from the first to the last", (heard["last"] - heard["first"]) * 1000, "ms")


def _first(revision: str, url: str) -> None:
    """A stream that comes and goes, so that what is loaded and made with the first one is no part of the figure."""
    with processes.module("listeners", url, revision, "1") as listener:
        processes.line(listener)


def _registration() -> bytes:
    options = {"prefix": "/other", "upstream": {"url": "http://upstream.test"}}
    return orjson.dumps({"document": made.document(2), "options": options})
