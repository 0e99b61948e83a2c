"""What the inspector says about one request to one operation, with everything left out that a test is not about."""

from bridge.model import Headers, Inspect, Json, Operation, Param, Style, Where
from bridge.pipeline.inspect import compile_inspector
from tests.unit.egress.encode.kit import param

INTEGER = {"type": "integer"}
INTEGERS = {"type": "array", "items": INTEGER}
MEMBERS = {"type": "object", "properties": {"R": INTEGER, "on": {"type": "boolean"}}, "additionalProperties": False}
JSON = ((b"content-type", b"application/json"),)
FORM = ((b"content-type", b"application/x-www-form-urlencoded"),)
MULTIPART = ((b"content-type", b"multipart/form-data; boundary=x"),)


def inspector(*params: Param, path: str = "/things", schemas: Json = None, **others: Json) -> Inspect:
    """`schemas` are those of the arguments that are no parameters."""
    properties = {one.argument: True if one.schema is None else one.schema for one in params} | (schemas or {})
    root = {"type": "object", "properties": properties, "$defs": others.pop("defs", {}), "additionalProperties": False}
    operation = Operation(id="op", api="api", method="POST", path=path, params=params, input_schema=root, **others)
    return compile_inspector(operation)


def ask(
    *params: Param, path: str = "/things", query: str = "", headers: Headers = (), content: bytes = b"", **others: Json
) -> tuple[str, ...]:
    """What is wrong with a request; `at` is the path that comes, where it is not the template."""
    at = others.pop("at", path)
    return inspector(*params, path=path, **others)(at, query, headers, content)


def query(text: str, schema: Json, style: Style = Style.FORM, **others: Json) -> tuple[str, ...]:
    return ask(param("x", Where.QUERY, schema, style, **others), query=text)
