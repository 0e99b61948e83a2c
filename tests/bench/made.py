"""Documents of any size, every operation alike, so that cost per operation can be compared between sizes.

Each path has a GET and a POST with two path and three query parameters; the POST has a small JSON body. Schemas are
shared as in real documents: some by every operation, some by ten.
"""

from pathlib import Path

import orjson

from bridge.config import Settings, zero
from bridge.model import Json

NAME = "made"
BODY = {"status": "open", "quantity": 3, "note": "left at the door"}
ARGUMENTS = {"shop": "north-7", "order": 4711, "limit": 20, "sort": "created", "tags": ["new", "paid"]}
_FAMILY = 10
_TEXT = {"type": "string"}
_ERROR = {
    "description": "Refused.",
    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}},
}


def settings(folder: Path, operations: int, upstream: str = "http://upstream.test") -> Settings:
    return zero([str(write(folder, operations))], env={}, folder=folder, upstream=upstream)


def configured(folder: Path, operations: int, *, upstream: str = "http://upstream.test", **root: Json) -> Path:
    """A configuration file with the document as the API `made` at `/`; `api` in `root` are more of its keys."""
    api = {"spec": str(write(folder, operations)), "prefix": "/", "upstream": {"url": upstream}, **root.pop("api", {})}
    path = folder / "bridge.yaml"
    path.write_bytes(orjson.dumps({"apis": {NAME: api}, **root}))
    return path


def write(folder: Path, operations: int) -> Path:
    path = folder / f"{NAME}-{operations}.json"
    path.write_bytes(orjson.dumps(document(operations)))
    return path


def document(operations: int) -> Json:
    """`operations` is even."""
    paths = range(operations // 2)
    shared = {"Error": _object(code=_TEXT, message=_TEXT), "Money": _object(amount={"type": "number"}, currency=_TEXT)}
    families = {f"Order{family}": _order() for family in range(-(-len(paths) // _FAMILY))}
    return {
        "openapi": "3.1.0",
        "info": {"title": "Made to measure", "version": "1"},
        "servers": [{"url": "https://api.example.com"}],
        "paths": {path(number): _path(number) for number in paths},
        "components": {"schemas": shared | families},
    }


def path(number: int, shop: str = "{shop}", order: str = "{order}") -> str:
    return f"/area{number % 50}/shops/{shop}/orders{number}/{order}"


def _path(number: int) -> Json:
    schema = {"$ref": f"#/components/schemas/Order{number // _FAMILY}"}
    answer = {"description": "The order.", "content": {"application/json": {"schema": schema}}}
    answers = {"200": answer, "404": _ERROR, "422": _ERROR}
    body = {"required": True, "content": {"application/json": {"schema": _body()}}}
    return {
        "parameters": _parameters(),
        "get": {"operationId": f"read{number}", "summary": f"Read an order of kind {number}", "responses": answers},
        "post": {
            "operationId": f"change{number}",
            "summary": f"Change an order of kind {number}",
            "requestBody": body,
            "responses": answers,
        },
    }


def _parameters() -> list[Json]:
    return [
        {"name": "shop", "in": "path", "required": True, "schema": _TEXT, "description": "The shop's name."},
        {"name": "order", "in": "path", "required": True, "schema": {"type": "integer", "minimum": 1}},
        {"name": "limit", "in": "query", "schema": {"type": "integer", "minimum": 1, "maximum": 100, "default": 20}},
        {"name": "sort", "in": "query", "schema": {"enum": ["created", "price"], "type": "string"}},
        {"name": "tags", "in": "query", "schema": {"type": "array", "items": _TEXT, "maxItems": 10}},
    ]


def _body() -> Json:
    status = {"type": "string", "enum": ["open", "paid", "sent"], "description": "Where the order stands."}
    quantity = {"type": "integer", "minimum": 1}
    return _object(status=status, quantity=quantity, note=_TEXT) | {"required": ["status"]}


def _order() -> Json:
    items = {"type": "array", "items": _object(sku=_TEXT, price={"$ref": "#/components/schemas/Money"})}
    return _object(
        id={"type": "integer"}, status=_TEXT, items=items, total={"$ref": "#/components/schemas/Money"}, note=_TEXT
    )


def _object(**properties: Json) -> dict[str, Json]:
    return {"type": "object", "properties": properties}
