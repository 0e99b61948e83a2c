"""Requests as bytes, as a client writes them on a kept connection."""

import orjson

from bridge.model import Json
from tests.bench import made
from tests.kit.agent import Agent
from tests.kit.runtime import world

TARGET = f"{made.path(3, 'north-7', '4711')}?limit=20&sort=created"
_NOBODY = Agent(world([]).rt)
"""Writes messages; nothing is asked of its runtime."""


def get(target: str) -> bytes:
    return f"GET {target} HTTP/1.1\r\nHost: localhost\r\nAccept: */*\r\nUser-Agent: bench/1\r\n\r\n".encode()


def post(revision: str, method: str, params: Json = None, *, notice: bool = False, **headers: str) -> bytes:
    """To `/mcp`. `notice`: a notification, which has no id."""
    agent = _NOBODY.speaking(revision)
    message = agent.message(method, params)
    if notice:
        del message["id"]
    body = orjson.dumps(message)
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    fields = agent.mirrored(message) | {"host": "localhost", "content-length": str(len(body))} | given
    return f"POST /mcp HTTP/1.1\r\n{_lines(fields)}\r\n".encode() + body


def stream(revision: str, session: str) -> bytes:
    """The GET that opens a session's stream."""
    fields = {"host": "localhost", "accept": "text/event-stream", "mcp-session-id": session}
    return f"GET /mcp HTTP/1.1\r\n{_lines(fields | {'mcp-protocol-version': revision})}\r\n".encode()


def _lines(fields: dict[str, str]) -> str:
    return "".join(f"{name}: {value}\r\n" for name, value in fields.items())
