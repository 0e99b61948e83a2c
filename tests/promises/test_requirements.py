"""The checklist of the protocol and the tests that hold it name each other."""

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.conformance.requirements import ALL, OLDEST, REQUIREMENTS

TESTS = Path(__file__).parents[1]
HOLDING = ("conformance", "path", "e2e")
KNOWN = {one.id: one for one in REQUIREMENTS}


def carried() -> dict[str, list[str]]:
    """Where each id stands in a mark, whether on a function, a parameter or a whole module."""
    found: dict[str, list[str]] = {}
    for folder in HOLDING:
        for file in sorted((TESTS / folder).rglob("test_*.py")):
            for one in _marks(ast.parse(file.read_text(encoding="utf-8"))):
                found.setdefault(one, []).append(str(file.relative_to(TESTS)))
    return found


def _marks(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "pytest.mark.requirement":
            yield from (ast.literal_eval(argument) for argument in node.args)


def test_every_requirement_has_a_test_unless_it_is_a_gap() -> None:
    assert sorted(KNOWN.keys() - gaps() - carried().keys()) == []


def test_every_id_that_a_test_carries_is_a_requirement_and_no_gap() -> None:
    assert {one: files for one, files in carried().items() if one not in KNOWN.keys() - gaps()} == {}


def test_ids_are_unique_and_every_requirement_says_what_and_when() -> None:
    assert len(KNOWN) == len(REQUIREMENTS)
    for one in REQUIREMENTS:
        assert one.says.endswith("."), one.id
        assert one.revisions, one.id
        assert set(one.revisions) <= {*ALL, *OLDEST}, one.id


def gaps() -> set[str]:
    return {one.id for one in REQUIREMENTS if one.gap}
