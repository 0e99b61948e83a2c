"""What is left of a runtime goes piece by piece: no piece takes much with it."""

import gc
import sys
from itertools import pairwise
from pathlib import Path

from bridge.compile import load_apis
from bridge.compile.retire import leftovers
from bridge.compile.runtime import compiling, parts
from bridge.config import load
from bridge.model import Json
from bridge.model.steps import at_once
from tests.kit.documents import paths
from tests.kit.live import written

NUMBER: Json = [{"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}]
THINGS = 60
MOST = 0.05
"""Of all memory blocks that go, with one piece: an operation is one in 120 here."""


def test_no_piece_of_a_runtime_takes_much_with_it(tmp_path: Path) -> None:
    rivals = {f"GET /things{n}/{{id}}": {"operationId": f"one{n}", "parameters": NUMBER} for n in range(THINGS)}
    fixed = {f"GET /things{n}/mine": {"operationId": f"mine{n}"} for n in range(THINGS)}
    settings = load(written(tmp_path, {"shop": paths({**rivals, **fixed})}), {})
    loaded = load_apis(settings)
    compiled = at_once(compiling(settings, loaded, parts()))
    left = at_once(leftovers(compiled.runtime, loaded.catalog))
    del loaded
    gc.collect()
    gc.disable()
    try:
        blocks = [sys.getallocatedblocks()]
        del compiled
        blocks.append(sys.getallocatedblocks())
        assert left.gone()
        left.pieces.reverse()
        while left.pieces:
            left.pieces.pop()
            blocks.append(sys.getallocatedblocks())
    finally:
        gc.enable()
    went = [before - after for before, after in pairwise(blocks)]
    assert max(went) < MOST * sum(went), sorted(went)[-5:]
