"""The schema of a body, put together again from the arguments that make it up."""

from collections.abc import Callable, Mapping

from bridge.model import Body, Json, Operation, Spread
from bridge.pipeline.inspect.reader import Schema
from bridge.pipeline.inspect.schema import opened


def assembled(operation: Operation, body: Body) -> Schema:
    root = operation.input_schema if isinstance(operation.input_schema, Mapping) else {}
    defs = {name: opened(schema) for name, schema in root.get("$defs", {}).items()}
    return Schema(opened(_ASSEMBLE[body.spread](operation, body, root)), defs)


def _from_fields(operation: Operation, body: Body, root: Mapping[str, Json]) -> Json:
    arguments = root.get("properties", {})
    properties = {field.name: arguments.get(field.argument, True) for field in body.fields}
    required = [field.name for field in body.fields if field.required]
    return {"type": "object", "properties": properties, "required": required}


def _from_rest(operation: Operation, body: Body, root: Mapping[str, Json]) -> Json:
    taken = {param.argument for param in operation.params}
    properties = {name: schema for name, schema in root.get("properties", {}).items() if name not in taken}
    required = [name for name in root.get("required", ()) if name not in taken]
    return {**root, "properties": properties, "required": required}


def _from_whole(operation: Operation, body: Body, root: Mapping[str, Json]) -> Json:
    return root.get("properties", {}).get(body.argument, True)


_ASSEMBLE: Mapping[Spread, Callable[[Operation, Body, Mapping[str, Json]], Json]] = {
    Spread.FIELDS: _from_fields,
    Spread.REST: _from_rest,
    Spread.WHOLE: _from_whole,
}
