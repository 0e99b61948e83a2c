"""A runtime that is not current any more goes when the last call that uses it has gone, and goes gently.

Nothing counts its calls: each holds the runtime by a name, and Python knows when the last one let go. But a million
objects that go at once hold the loop for a tenth of a second; so the large ones are kept apart and dropped in slices.
"""

import asyncio
import weakref
from collections.abc import Callable
from dataclasses import dataclass

from bridge.compile.pace import Pace
from bridge.model import Catalog
from bridge.model.steps import Steps
from bridge.pipeline.runtime import Runtime

_LOOK = 0.5


@dataclass(frozen=True, slots=True)
class Leftovers:
    """`gone` says whether nobody holds the runtime any more; `pieces` are what it was made of, in the order in which
    they go: each before what it holds, which would otherwise go with it."""

    gone: Callable[[], bool]
    pieces: list[object]


def leftovers(runtime: Runtime, *imported: Catalog) -> Steps[Leftovers]:
    """The caller must let go of `runtime` itself. `imported` is what one was made of that took over, wherever it was
    the same, what the one before it had."""
    # Only the runtime holds the toolset of all tools, so that one is gone with the other; and slots take no weak
    # references.
    last = weakref.ref(runtime.toolsets[""])
    pieces: list[object] = []
    for group in (
        *(toolset.pieces() for toolset in runtime.toolsets.values()),
        # A guard among their builds holds the router, and that every endpoint: none goes before the last guard.
        runtime.endpoints.values(),
        runtime.router.pieces(),
        runtime.published.values(),
        *map(_pieces, (runtime.catalog, *imported)),
    ):
        pieces += group
        yield
    return Leftovers(lambda: last() is None, pieces)


def unused(catalog: Catalog) -> Leftovers:
    """Of an import that nothing was made of."""
    return Leftovers(lambda: True, _pieces(catalog))


def _pieces(catalog: Catalog) -> list[object]:
    return [*catalog.operations.values(), *catalog.tools.values(), *catalog.resources, *catalog.findings]


async def let_go(left: Leftovers) -> None:
    while not left.gone():  # noqa: ASYNC110 - nobody sets an event when the last reference goes
        await asyncio.sleep(_LOOK)
    left.pieces.reverse()
    pace = Pace()
    while left.pieces:
        left.pieces.pop()
        if pace.over:
            await pace.rest()
