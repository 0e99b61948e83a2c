"""What the code imports is what pyproject.toml declares: nothing is there only because another package brings it."""

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
RUNTIME = PROJECT["dependencies"]
DEVELOPMENT = PROJECT["optional-dependencies"]["dev"]
FOREIGN = ROOT / "tests" / "e2e" / "clients" / "drivers" / "foreign"
"""What runs in environments of its own, whose locks are in tests/kit/clients."""


@pytest.mark.parametrize(
    ("tree", "requirements"),
    [pytest.param("bridge", RUNTIME, id="bridge"), pytest.param("tests", RUNTIME + DEVELOPMENT, id="tests")],
)
def test_every_import_is_of_a_declared_dependency(tree: str, requirements: list[str]) -> None:
    declared = {distribution(requirement) for requirement in requirements}
    providers = packages_distributions()
    undeclared = {
        f"{where}: {package}"
        for where, package in third_party_imports(ROOT / tree)
        if declared.isdisjoint(map(distribution, providers.get(package, [])))
    }
    assert not undeclared


def third_party_imports(tree: Path) -> Iterator[tuple[str, str]]:
    ours = sys.stdlib_module_names | {"bridge", "tests"}
    for path in (one for one in tree.rglob("*.py") if FOREIGN not in one.parents):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import | ast.ImportFrom):
                for package in {name.partition(".")[0] for name in imported(node)} - ours:
                    yield f"{path.relative_to(ROOT)}:{node.lineno}", package


def imported(node: ast.Import | ast.ImportFrom) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    return [node.module] if node.module and not node.level else []


def distribution(requirement: str) -> str:
    """The normalised name (PyPA, "Names and normalization") that a requirement or a distribution goes by."""
    return re.sub(r"[-_.]+", "-", re.split(r"[^A-Za-z0-9._-]", requirement)[0]).lower()
