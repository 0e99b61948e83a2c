"""What docs/security.md says holds is held by a test, and what tests hold is said there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "security.md").read_text()
_ROW = re.compile(r"^\| (A[0-9]+) \| ([^|]+) \| ([^|]+) \|$", re.MULTILINE)
_MARK = re.compile(r"@pytest\.mark\.statement\(([^)]*)\)")
ROWS = {row[0]: row[2].strip() for row in _ROW.findall(PAGE)}


def held() -> set[str]:
    """The ids that tests carry."""
    marks = (mark for file in ROOT.glob("tests/**/test_*.py") if "node_modules" not in file.parts
             for mark in _MARK.findall(file.read_text()))  # fmt: skip
    return {name for mark in marks for name in re.findall(r'"([A-Z][0-9]+)"', mark)}


def test_the_page_has_a_line_for_each_statement() -> None:
    assert list(ROWS) == [f"A{number}" for number in range(1, 31)]


@pytest.mark.parametrize("statement", ROWS)
def test_each_statement_is_held_by_a_test_or_said_not_to_apply(statement: str) -> None:
    says = ROWS[statement]
    assert ("held" in says) == (statement in held()), says
    assert "held" in says or says.startswith("does not apply"), says
