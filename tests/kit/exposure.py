"""Whether an agent can send what a document lets callers send: expectation by expectation."""

from collections.abc import Iterable, Mapping

from bridge.model import Finding, Json, Operation, Spread, Tool
from tests.kit.written import Expected, Written, WrittenOperation, properties


def is_reachable(expected: Expected, operation: Operation, tool: Tool) -> bool:
    arguments = tool.input_schema.get("properties", {})
    if expected.kind in {"json", "form", "multipart", "other"}:
        return _is_reachable_in_body(expected.name, operation, tool.input_schema, arguments)
    return any(
        param.where.value == expected.kind and param.name == expected.name and param.argument in arguments
        for param in operation.params
    )


def _is_reachable_in_body(name: str, operation: Operation, schema: Json, arguments: Mapping[str, Json]) -> bool:
    body = operation.body
    if body is None:
        return False
    if body.spread is not Spread.WHOLE:
        return not name or any(field.name == name and field.argument in arguments for field in body.fields)
    if body.argument not in arguments:
        return False
    # The tool's own references are local to its schema, so that it is a document of its own.
    return not name or name in properties(arguments[body.argument], Written(schema))


def explains(findings: Iterable[Finding], operation: WrittenOperation, expected: Expected) -> Finding | None:
    """The finding that says why something is missing: one at the operation, in it, or at the thing itself."""
    for finding in findings:
        if finding.where in {expected.where, operation.where} or finding.where.startswith(f"{operation.where}/"):
            return finding
    return None
