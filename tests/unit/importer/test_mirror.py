"""`x-mcp-header`: carried where clients take it, dropped with a finding where they would drop the whole tool."""

import pytest

from bridge.model import Json
from tests.kit.documents import finding_ids, imported


def _document(*schemas: Json) -> Json:
    parameters = [{"name": f"p{number}", "in": "query", "schema": schema} for number, schema in enumerate(schemas)]
    operation = {"operationId": "find", "parameters": parameters, "responses": {"200": {"description": "ok"}}}
    return {"openapi": "3.1.0", "info": {"title": "t", "version": "1"}, "paths": {"/a": {"get": operation}}}


@pytest.mark.parametrize("kind", ["string", "integer", "boolean"])
def test_header_of_a_plain_argument_is_carried(kind: str) -> None:
    catalog = imported(_document({"type": kind, "x-mcp-header": "Region"}))
    assert catalog.tools["find"].input_schema["properties"]["p0"]["x-mcp-header"] == "Region"
    assert not finding_ids(catalog)


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "number", "x-mcp-header": "Region"},
        {"type": "string", "x-mcp-header": ""},
        {"type": "string", "x-mcp-header": "no token"},
        {"type": "string", "x-mcp-header": 5},
        {"x-mcp-header": "Region"},
        {"type": ["string", "null"], "x-mcp-header": "Region"},
    ],
)
def test_header_that_clients_refuse_is_dropped_and_told(schema: Json) -> None:
    catalog = imported(_document(schema))
    assert "x-mcp-header" not in catalog.tools["find"].input_schema["properties"]["p0"]
    assert "mcp-header-dropped" in finding_ids(catalog)


def test_header_names_are_unique_whatever_their_case() -> None:
    catalog = imported(
        _document({"type": "string", "x-mcp-header": "Region"}, {"type": "string", "x-mcp-header": "REGION"})
    )
    properties = catalog.tools["find"].input_schema["properties"]
    assert [schema.get("x-mcp-header") for schema in properties.values()] == ["Region", None]
    assert "mcp-header-dropped" in finding_ids(catalog)
