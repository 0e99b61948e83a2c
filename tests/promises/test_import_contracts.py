"""Every import rule bites: one planted violation each, in a copy of the package, under the configuration in force."""

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CONTRACTS = {
    contract["id"]: contract["name"]
    for contract in tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
}

# contract, then what is planted: module → line
VIOLATIONS = [
    pytest.param("layers", {"bridge.pipeline": "import bridge.control"}, id="a lower layer knows a higher one"),
    pytest.param("layers", {"bridge.compile": "import bridge.demo"}, id="neighbours in one layer know each other"),
    pytest.param("layers", {"bridge.stray": ""}, id="a module that is in no layer"),
    pytest.param(
        "acyclic",
        {"bridge.model.chicken": "import bridge.model.egg", "bridge.model.egg": "import bridge.model.chicken"},
        id="siblings in a circle",
    ),
    pytest.param("doors", {"bridge.ingress.rest": "import bridge.ingress.mcp"}, id="REST knows MCP"),
    pytest.param("doors", {"bridge.ingress.mcp": "import bridge.ingress.rest"}, id="MCP knows REST"),
    pytest.param("path", {"bridge.egress": "import bridge.config"}, id="the path reads settings"),
    pytest.param("path", {"bridge.pipeline": "import yaml"}, id="the path parses documents"),
    pytest.param(
        "path",
        {"bridge.pipeline": "import bridge.telemetry", "bridge.telemetry": "import pydantic"},
        id="the path reaches a framework by a detour",
    ),
    pytest.param("nouns", {"bridge.model": "import orjson"}, id="the model needs a third party"),
    pytest.param("wire", {"bridge.importer": "import httpx"}, id="the importer fetches by itself"),
    pytest.param("steering", {"bridge.app": "from fastapi import FastAPI"}, id="FastAPI outside the control plane"),
    pytest.param("backends", {"bridge.app": "import bridge.state.memory"}, id="a backend chosen elsewhere"),
    pytest.param("backends", {"bridge.app": "import bridge.state.folder"}, id="a folder of values opened elsewhere"),
    pytest.param(
        "backends",
        {"bridge.state.redis": "", "bridge.app": "import bridge.state.redis"},
        id="the shared backend chosen elsewhere",
    ),
]

SDK_VIOLATIONS = [
    pytest.param("bridge.egress", "from mcp.server import Server", id="server parts in egress"),
    pytest.param("bridge.ingress.rest", "import mcp.client.session", id="a client in a door"),
    pytest.param("bridge.pipeline", "from mcp import ClientSession", id="a client on the path, by its short name"),
]


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    shutil.copytree(ROOT / "bridge", tmp_path / "bridge", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def test_the_tree_keeps_every_contract(copy: Path) -> None:
    linted = lint_imports(copy)
    assert linted.returncode == 0, linted.stdout
    assert all(f"{name} KEPT" in linted.stdout for name in CONTRACTS.values())


@pytest.mark.parametrize(("contract", "planted"), VIOLATIONS)
def test_a_planted_violation_breaks_its_contract(copy: Path, contract: str, planted: dict[str, str]) -> None:
    for module, line in planted.items():
        plant(copy, module, line)
    linted = lint_imports(copy)
    assert linted.returncode == 1, linted.stdout + linted.stderr
    assert f"{CONTRACTS[contract]} BROKEN" in linted.stdout


def test_every_contract_has_a_planted_violation() -> None:
    assert {str(case.values[0]) for case in VIOLATIONS} == set(CONTRACTS)


def test_the_tree_uses_the_sdk_only_where_it_may(copy: Path) -> None:
    linted = lint_sdk_use(copy)
    assert linted.returncode == 0, linted.stdout


@pytest.mark.parametrize(("module", "line"), SDK_VIOLATIONS)
def test_the_sdk_is_banned_where_it_is_not_the_types(copy: Path, module: str, line: str) -> None:
    planted = plant(copy, module, line)
    linted = lint_sdk_use(copy)
    assert linted.returncode == 1
    assert f"{planted.relative_to(copy)}:" in linted.stdout


def test_the_agents_door_may_use_the_sdk(copy: Path) -> None:
    plant(copy, "bridge.ingress.mcp", "from mcp.server import Server")
    assert lint_sdk_use(copy).returncode == 0


def plant(tree: Path, module: str, line: str) -> Path:
    """Append `line` to the module, which is made if it is not there; returns its file."""
    place = tree.joinpath(*module.split("."))
    file = place / "__init__.py" if place.is_dir() else place.with_suffix(".py")
    with file.open("a") as out:
        out.write(f"\n{line}\n")
    return file


def lint_imports(tree: Path) -> subprocess.CompletedProcess[str]:
    return run(tree, "lint-imports", "--no-logo", "--no-cache")


def lint_sdk_use(tree: Path) -> subprocess.CompletedProcess[str]:
    return run(tree, "ruff", "check", "--select", "TID251", "--no-cache", "--output-format", "concise", "bridge")


def run(tree: Path, tool: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    # The copy comes first on the path, so that it, not the installed package, is read; the kit's own contract type
    # is found in the checkout.
    environment = os.environ | {"PYTHONPATH": f"{tree}{os.pathsep}{ROOT}", "COLUMNS": "200", "NO_COLOR": "1"}
    command = [str(Path(sys.executable).with_name(tool)), *arguments]
    return subprocess.run(command, cwd=tree, env=environment, capture_output=True, text=True, timeout=18, check=False)
