"""What both doors cost around an upstream that answers at once: bytes in, the whole pipeline, bytes out."""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.bench import made
from tests.bench.figures import FLAT, Row, timed_row, value_row
from tests.bench.inprocess import InProcess
from tests.bench.timing import empty_task, timed_async

MODERN, LEGACY = "2026-07-28", "2025-11-25"
TOOLS = 200
FEW = 10


def rows(_: Path) -> Iterator[Row]:
    with TemporaryDirectory() as folder:
        many = InProcess.of(made.settings(Path(folder), TOOLS))
        few = InProcess.of(made.settings(Path(folder), FEW))
    call = {"name": "read3", "arguments": made.ARGUMENTS}
    change = {"name": "change3", "arguments": made.ARGUMENTS | made.BODY}
    took = timed_async({
        "nothing": empty_task,
        "ping": many.agent(LEGACY, "ping"),
        "list": many.agent(LEGACY, "tools/list"),
        "discover": many.agent(MODERN, "server/discover"),
        "modern list": many.agent(MODERN, "tools/list"),
        "modern list of few": few.agent(MODERN, "tools/list"),
        "call": many.agent(MODERN, "tools/call", call),
        "call with a body": many.agent(MODERN, "tools/call", change),
        "legacy call": many.agent(LEGACY, "tools/call", call),
        "get": many.person(made.path(3, "north-7", "4711"), "limit=20&sort=created&tags=new&tags=paid"),
    })  # fmt: skip
    idle = took["nothing"]
    yield timed_row(f"tools/list of {TOOLS} tools above ping, {LEGACY}", took["list"].less(took["ping"]), most=15)
    above = took["modern list"].less(took["discover"])
    yield timed_row(f"tools/list of {TOOLS} tools above server/discover, {MODERN}", above, most=15)
    growth = took["modern list"].least / took["modern list of few"].least
    yield value_row(f"tools/list of {TOOLS} / of {FEW} tools", growth, "×", most=FLAT)
    yield timed_row("ping, the whole call", took["ping"].less(idle))
    yield timed_row("tools/call of a GET, 305 B answered", took["call"].less(idle))
    yield timed_row("tools/call of a POST with a body", took["call with a body"].less(idle))
    yield timed_row(f"tools/call of a GET, {LEGACY}", took["legacy call"].less(idle))
    yield timed_row("REST GET, 305 B answered", took["get"].less(idle))
