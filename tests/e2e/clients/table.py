"""The clients that agents come with, each in the revisions that it speaks, and what each of them cannot do."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest

from tests.kit.needs import NODE_DRIVERS, foreign, needs_fastmcp, needs_langchain, needs_node_clients, node

MODERN, LEGACY = "2026-07-28", "2025-11-25"
DRIVERS = "tests.e2e.clients.drivers"


@dataclass(frozen=True, slots=True)
class Client:
    """`mode` is the client's own word for how it finds out what the server speaks, `revision` what they agree on.

    `drive` is the command that drives it; empty for the Inspector, which is a command itself. `cannot` has the reason
    for every step that is not tried.
    """

    name: str
    revision: str
    mode: str
    drive: tuple[str, ...] = ()
    stdio: bool = False
    cannot: Mapping[str, str] = field(default_factory=dict)
    needs: tuple[pytest.MarkDecorator, ...] = ()


def _python(name: str, driver: str) -> tuple[str, ...]:
    return (str(foreign(name)), "-m", f"{DRIVERS}.foreign.{driver}")


SDK = (sys.executable, "-m", f"{DRIVERS}.sdk")
FASTMCP, LANGCHAIN = _python("fastmcp", "fast"), _python("langchain", "chained")
SECOND, FIRST = ((str(node()), str(NODE_DRIVERS / f"{name}.mjs")) for name in ("modern", "legacy"))
NODE = (needs_node_clients,)

ON_STDIO = {
    "granted": "a gateway on stdio has no admin API, where somebody else could approve",
}
ONE_SHOT = {
    "accepted": "asks nobody: it does not declare elicitation",
    "declined": "asks nobody: it does not declare elicitation",
    "changed": "ends after one request",
    "progress": "prints results alone",
}
CLIENTS = (
    Client("mcp 2, 2026-07-28", MODERN, "auto", SDK),
    Client("mcp 2, legacy", LEGACY, "legacy", SDK),
    Client("mcp 2, 2026-07-28, stdio", MODERN, "auto", SDK, stdio=True, cannot=ON_STDIO),
    Client("mcp 2, legacy, stdio", LEGACY, "legacy", SDK, stdio=True, cannot=ON_STDIO),
    Client("@modelcontextprotocol/client, 2026-07-28", MODERN, "auto", SECOND, needs=NODE),
    Client("@modelcontextprotocol/client, legacy", LEGACY, "legacy", SECOND, needs=NODE),
    Client(
        "@modelcontextprotocol/client, 2026-07-28, stdio", MODERN, "auto", SECOND, stdio=True, needs=NODE,
        cannot=ON_STDIO,
    ),
    Client("@modelcontextprotocol/sdk", LEGACY, "legacy", FIRST, needs=NODE),
    Client("@modelcontextprotocol/sdk, stdio", LEGACY, "legacy", FIRST, stdio=True, cannot=ON_STDIO, needs=NODE),
    Client("inspector, 2026-07-28", MODERN, "modern", cannot=ONE_SHOT, needs=NODE),
    Client(
        "inspector, legacy", LEGACY, "legacy", needs=NODE,
        cannot=ONE_SHOT | {"cancelled": "can but leave, which before 2026-07-28 is no cancellation"},
    ),
    Client(
        "fastmcp, 2026-07-28", MODERN, "auto", FASTMCP, needs=(needs_fastmcp,),
        cannot={"changed": "never subscribes: it has no `subscriptions/listen`"},
    ),
    Client("fastmcp, legacy", LEGACY, "legacy", FASTMCP, needs=(needs_fastmcp,)),
    Client("langchain-mcp-adapters", LEGACY, "legacy", LANGCHAIN, needs=(needs_langchain,)),
)  # fmt: skip
