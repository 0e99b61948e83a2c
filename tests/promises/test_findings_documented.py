"""Every finding is explained in docs/import.md, and nothing else is."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]


def _ids() -> Iterator[str]:
    for path in (*(ROOT / "bridge" / "importer").rglob("*.py"), *(ROOT / "bridge" / "compile").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call):
                yield from _named(node)


def _named(call: ast.Call) -> Iterator[str]:
    function = call.func
    notes = isinstance(function, ast.Attribute) and function.attr in {"error", "warn", "info", "setting", "_report"}
    made = isinstance(function, ast.Name) and function.id in {"Finding", "_finding"}
    if not notes and not made:
        return
    given = [*call.args, *(keyword.value for keyword in call.keywords if keyword.arg == "id")]
    for argument in given[:2] if made else given[:1]:
        if isinstance(argument, ast.Constant) and re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", str(argument.value)):
            yield str(argument.value)


def test_every_finding_is_explained_and_every_explanation_has_a_finding() -> None:
    page = (ROOT / "docs" / "import.md").read_text()
    explained = set(re.findall(r"^\| `([a-z0-9-]+)` \|", page, re.MULTILINE))
    assert explained == set(_ids())
