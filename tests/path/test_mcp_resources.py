"""What an agent reads, and what of an upstream's answer does not reach it."""

from pathlib import Path

import orjson
import pytest

from tests.kit.agent import Agent
from tests.kit.documents import paths
from tests.kit.doors import gateway
from tests.kit.upstream import plays

URI = "api://api/books/7"
SECRETS = (
    (b"content-type", b"application/json"), (b"content-length", b"25"), (b"set-cookie", b"sid=s3cret"),
    (b"www-authenticate", b"Basic"), (b"x-internal", b"db-7"), (b"server", b"BaseHTTP"),
)  # fmt: skip


@pytest.mark.parametrize("revision", ["2026-07-28", "2025-11-25"])
@pytest.mark.parametrize("status", [200, 301, 401, 403, 404, 410, 429, 500, 503])
async def test_an_upstreams_headers_are_none_of_an_agents_business(tmp_path: Path, status: int, revision: str) -> None:
    file = tmp_path / "api.json"
    book = {"operationId": "book", "parameters": [{"name": "id", "in": "path", "required": True, "schema": {}}]}
    file.write_bytes(orjson.dumps(paths({"GET /books/{id}": book})))
    made = gateway(file)
    made.upstream.scripts[:] = [plays(b'{"it": "is what it was"}', status, SECRETS)]
    answer = await Agent(made.rt, revision).ask("resources/read", {"uri": URI}, mcp_name=URI, host="localhost")
    assert set(answer.headers) == {"content-type", "content-length", "date"}
    assert int(answer.headers["content-length"]) == len(answer.body)
    assert ("error" in answer.json) == (status != 200)
