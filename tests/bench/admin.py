"""The admin API, asked by whoever measures: one request at a time, on a connection of its own."""

from http.client import HTTPConnection
from urllib.parse import urlsplit

import orjson

from bridge.model import Json

SECONDS = 120.0


def put(admin: str, name: str, registration: bytes) -> Json:
    """Registers an API and returns the report. Raises SystemExit."""
    return _ask(admin, "PUT", f"/admin/apis/{name}", registration)


def delete(admin: str, name: str) -> Json:
    return _ask(admin, "DELETE", f"/admin/apis/{name}")


def version(admin: str) -> int:
    """Of the runtime that serves."""
    return int(_ask(admin, "GET", "/admin/apis")["version"])


def _ask(admin: str, method: str, path: str, body: bytes | None = None) -> Json:
    connection = HTTPConnection(urlsplit(admin).netloc, timeout=SECONDS)
    try:
        connection.request(method, path, body, {"content-type": "application/json"})
        answer = connection.getresponse()
        content = answer.read()
    finally:
        connection.close()
    if answer.status >= 300:
        raise SystemExit(f"{method} {path} was answered {answer.status}: {content[:500]!r}")
    return orjson.loads(content)
