"""What some tests need beyond the locked environment, and the command that brings it.

Nothing else decides to skip a test: each need is looked for where its command puts it, once, and the reason of a skip
names that command. With `CI` set a skip is a failure (tests/conftest.py).
"""

import os
import re
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from tests.kit.mcp_schema import FOLDER as MCP_SCHEMAS

NODE_PACKAGES = Path(__file__).parent / "node" / "node_modules"
NODE_DRIVERS = Path(__file__).parent / "node" / "clients"
FOREIGN = Path(__file__).parents[2] / ".venv-clients"
OLDEST_NODE = (22, 19)
CORPUS = Path(os.environ.get("CORPUS") or Path(__file__).resolve().parents[3] / "shared" / "corpus")
"""A folder of public documents, which are not all the project's to publish."""


@cache
def node() -> Path | None:
    """The Node to run: the environment's own (a wheel put it there), else the machine's if it is new enough."""
    candidates = [Path(sys.prefix) / "bin" / "node", Path(shutil.which("node") or "node")]
    return next((path for path in candidates if _is_new_enough(path)), None)


def _is_new_enough(path: Path) -> bool:
    if not path.is_file():
        return False
    asked = subprocess.run([path, "--version"], capture_output=True, text=True, timeout=10, check=False)
    numbers = re.match(r"v(\d+)\.(\d+)\.", asked.stdout)
    return asked.returncode == 0 and numbers is not None and (int(numbers[1]), int(numbers[2])) >= OLDEST_NODE


def has_node_package(name: str) -> bool:
    return node() is not None and (NODE_PACKAGES / name / "package.json").is_file()


def foreign(name: str) -> Path:
    """The interpreter of a client's own environment, which may not be there."""
    return FOREIGN / name / "bin" / "python"


def _needs_foreign(name: str, module: str) -> pytest.MarkDecorator:
    there = any((FOREIGN / name).glob(f"lib/python*/site-packages/{module}/__init__.py"))
    return pytest.mark.skipif(not there, reason=f"needs {name} in an environment of its own: `make clients` builds it")


needs_node = pytest.mark.skipif(
    node() is None, reason=f"needs Node {'.'.join(map(str, OLDEST_NODE))} or newer: `make node` brings it"
)
needs_swagger_client = pytest.mark.skipif(
    not has_node_package("swagger-client"), reason="needs Node and swagger-client: `make node` brings them"
)
needs_conformance_suite = pytest.mark.skipif(
    not has_node_package("@modelcontextprotocol/conformance"),
    reason="needs Node and the protocol's conformance suite: `make node` brings them",
)
needs_node_clients = pytest.mark.skipif(
    not all(has_node_package(f"@modelcontextprotocol/{name}") for name in ("client", "sdk", "inspector")),
    reason="needs Node and the protocol's JavaScript clients: `make node` brings them",
)
needs_idp = pytest.mark.skipif(
    not all(map(has_node_package, ("oidc-provider", "jose"))),
    reason="needs Node and an identity provider: `make node` brings them",
)
needs_fastmcp = _needs_foreign("fastmcp", "fastmcp")
needs_langchain = _needs_foreign("langchain", "langchain_mcp_adapters")
needs_mcp_schemas = pytest.mark.skipif(
    not MCP_SCHEMAS.is_dir(), reason="needs the protocol's schemas, mcp-REVISION.schema.json: set MCP_SCHEMAS=DIR"
)
needs_redis = pytest.mark.skipif(
    shutil.which("redis-server") is None, reason="needs redis-server: `apt-get install redis-server` brings it"
)
needs_corpus = pytest.mark.skipif(
    not CORPUS.is_dir(), reason="needs a folder of public OpenAPI documents: set CORPUS=DIR to name one"
)
