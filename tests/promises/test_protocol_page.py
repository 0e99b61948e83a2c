"""docs/protocol.md says of every method whether it is served, in which era."""

import re
from pathlib import Path

from bridge.ingress.mcp.methods import LEGACY, MODERN

PAGE = Path(__file__).parents[2] / "docs" / "protocol.md"
# The columns of the table of methods, and the table of the dispatcher that decides them.
COLUMNS = {1: MODERN, 3: LEGACY, 4: LEGACY, 5: MODERN, 6: LEGACY}


def rows() -> dict[str, list[str]]:
    """The cells beside each method. What is no method is told apart by its row's first words."""
    found: dict[str, list[str]] = {}
    for line in PAGE.read_text(encoding="utf-8").partition("| what comes along |")[0].splitlines():
        first, *cells = [cell.strip() for cell in line.strip("|").split("|")]
        for method in re.findall(r"`([a-z]+(?:/[a-zA-Z/]+)?)`", first) if cells else ():
            found[method] = ["", *cells]
    return {method: cells for method, cells in found.items() if not method.startswith("notifications/")}


def test_every_method_is_in_the_table_and_no_other() -> None:
    assert rows().keys() == MODERN.keys() | LEGACY.keys()


def test_the_table_says_what_the_dispatcher_serves() -> None:
    said = {(method, column) for method, cells in rows().items() for column in COLUMNS if cells[column] != "–"}
    assert said == {(method, column) for column, table in COLUMNS.items() for method in table}
