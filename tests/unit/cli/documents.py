"""Small documents as files in the working folder."""

from pathlib import Path

import orjson

from bridge.model import Json
from tests.kit.documents import paths

UPSTREAM = "http://127.0.0.1:9"
"""Nobody listens there (RFC 863's port); nothing but `call` goes there."""
TEXT = {"type": "string"}


def operation(id: str, **more: Json) -> Json:
    return {"operationId": id, "summary": f"Does {id}.", **more}


def written(name: str = "things.json", /, *, servers: bool = True, **methods: Json) -> str:
    """A file with one operation per `METHOD /path`, each reading nothing; its name."""
    return keep(name, paths(methods, servers=[{"url": UPSTREAM}] if servers else []))


def keep(name: str, content: Json) -> str:
    data = content.encode() if isinstance(content, str) else orjson.dumps(content)
    Path(name).write_bytes(data)
    return name


def small(name: str = "things.json") -> str:
    """One reading and one writing operation, with nothing to complain about."""
    identity = {"name": "id", "in": "path", "required": True, "description": "Which.", "schema": {"type": "integer"}}
    body = {
        "content": {
            "application/json": {"schema": {"type": "object", "properties": {"name": TEXT | {"description": "Its."}}}}
        }
    }
    answer = {"200": {"description": "OK", "content": {"application/json": {"schema": {"type": "object"}}}}}
    return written(name, **{
        "GET /things/{id}": operation("getThing", parameters=[identity], responses=answer),
        "POST /things": operation("addThing", requestBody=body),
    })  # fmt: skip
