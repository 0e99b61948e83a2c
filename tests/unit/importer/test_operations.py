"""What becomes a tool: every operation that can be carried, whatever its neighbours look like."""

import pytest

from bridge.model import Effect, Json
from tests.kit.documents import finding, finding_ids, imported, only_operation, only_tool, paths, tool


def test_every_operation_becomes_a_tool_under_its_operation_id() -> None:
    catalog = imported(paths({"GET /a": {"operationId": "listAll"}, "POST /a": {"operationId": "addOne"}}))
    assert sorted(catalog.tools) == ["add_one", "list_all"]
    assert set(catalog.operations) == {("api", "listAll"), ("api", "addOne")}


def test_operation_without_an_id_is_named_after_method_and_path() -> None:
    operation = only_operation(imported(paths({"GET /users/{id}/keys": {}})))
    assert operation.id == "GET /users/{id}/keys"
    assert operation.operation_id == ""


def test_repeated_operation_id_keeps_both_operations() -> None:
    catalog = imported(paths({"GET /a": {"operationId": "same"}, "GET /b": {"operationId": "same"}}))
    assert {operation.id for operation in catalog.operations.values()} == {"GET /a", "GET /b"}
    assert len(catalog.tools) == 2
    assert "duplicate-operation-id" in finding_ids(catalog)


@pytest.mark.parametrize(
    "items",
    [
        {"/a": {"get": {"operationId": "x"}}, "a": {"get": {"operationId": "y"}}},
        {"/a": {"get": {"operationId": "x"}, "GET": {"operationId": "y"}}},
        {"/a/{id}": {"get": {"operationId": "x"}}, "/a/{id+}": {"get": {"operationId": "y"}}},
        {"/a": {"get": {"operationId": "GET /b"}}, "/b": {"get": {}}},
    ],
)
def test_operation_described_twice_is_kept_once_and_the_second_is_reported(items: Json) -> None:
    catalog = imported({"openapi": "3.1.0", "info": {"title": "t", "version": "1"}, "paths": items})
    assert len(catalog.operations) == len(catalog.tools) == 1
    assert "second time" in finding(catalog, "operation-skipped").message


@pytest.mark.parametrize(
    ("method", "effect", "read_only", "destructive", "idempotent"),
    [
        ("GET", Effect.READS, True, False, True),
        ("HEAD", Effect.READS, True, False, True),
        ("POST", Effect.WRITES, False, False, False),
        ("PUT", Effect.WRITES, False, True, True),
        ("PATCH", Effect.WRITES, False, True, False),
        ("DELETE", Effect.DESTROYS, False, True, True),
    ],
)
def test_method_says_what_a_call_does(
    method: str, effect: Effect, read_only: bool, destructive: bool, idempotent: bool
) -> None:
    """RFC 9110 section 9.2: which methods are safe, and which idempotent."""
    catalog = imported(paths({f"{method} /a": {}}))
    hints = only_tool(catalog).annotations
    assert only_operation(catalog).effect is effect
    assert (hints.read_only, hints.destructive, hints.idempotent) == (read_only, destructive, idempotent)


@pytest.mark.parametrize(
    "bad",
    [
        "not an operation",
        [],
        {"requestBody": {"$ref": "#/components/requestBodies/Nowhere"}},
    ],
)
def test_operation_that_cannot_be_read_costs_itself_alone(bad: Json) -> None:
    document = paths({"GET /good": {"operationId": "good"}})
    document["paths"]["/bad"] = {"post": bad}
    catalog = imported(document)
    assert list(catalog.tools) == ["good"]
    skipped = finding(catalog, "operation-skipped")
    assert skipped.where == "/paths/~1bad/post"
    assert skipped.lost == "this operation"


@pytest.mark.parametrize("method", ["TRACE", "trace", "CONNECT", "X\r\nX-Evil: 1", "LI ST", ""])
def test_a_method_that_is_never_called_is_no_operation(method: str) -> None:
    """Neither in an agent's request to an upstream, nor in the `Allow` of an answer to a person."""
    item: Json = {"get": {"operationId": "good"}, "additionalOperations": {method: {"operationId": "bad"}}}
    if method == "trace":
        item = {"get": {"operationId": "good"}, "trace": {"operationId": "bad"}}
    catalog = imported({"openapi": "3.2.0", "info": {"title": "t", "version": "1"}, "paths": {"/a": item}})
    assert list(catalog.tools) == ["good"]
    assert finding(catalog, "operation-skipped").lost == "this operation"


@pytest.mark.parametrize("items", [None, [], "x", {"/a": None}, {"x-hidden": {"get": {}}}, {"/a": {"summary": "no"}}])
def test_document_without_operations_is_an_empty_catalogue(items: Json) -> None:
    assert not imported({"openapi": "3.1.0", "info": {"title": "t", "version": "1"}, "paths": items}).tools


def test_paths_of_the_wrong_shape_are_reported() -> None:
    catalog = imported({"openapi": "3.1.0", "info": {}, "paths": {"/a": [], "/b": {"$ref": "#/nowhere"}}})
    assert finding_ids(catalog) == {"invalid-path-item", "dangling-reference"}
    assert finding_ids(imported({"openapi": "3.1.0", "paths": []})) == {"invalid-paths"}


def test_path_item_may_be_a_reference() -> None:
    document = paths({}, components={"pathItems": {"Thing": {"get": {"operationId": "read"}}}})
    document["paths"]["/thing"] = {"$ref": "#/components/pathItems/Thing"}
    assert only_operation(imported(document)).key == "GET /thing"


def test_webhooks_are_no_tools_and_said_to_be_none() -> None:
    catalog = imported(paths({}, webhooks={"changed": {"post": {}}}))
    assert not catalog.tools
    assert finding_ids(catalog) == {"webhooks"}


def test_query_method_and_additional_operations_are_read_from_3_2_on() -> None:
    more = {"query": {"operationId": "search"}, "additionalOperations": {"LINK": {"operationId": "link"}}}
    document = {"openapi": "3.2.0", "info": {"title": "t", "version": "1"}, "paths": {"/a": more}}
    catalog = imported(document)
    assert {operation.method for operation in catalog.operations.values()} == {"QUERY", "LINK"}
    assert tool(catalog, "search").annotations.read_only
    assert not tool(catalog, "link").annotations.read_only
    assert not imported(document | {"openapi": "3.1.0"}).tools


@pytest.mark.parametrize("version", ["3.0.0", "3.0.4", "3.1.1", "3.2.0", "3.7.0", "2.0"])
def test_every_generation_of_the_specification_is_read(version: str) -> None:
    assert only_operation(imported(paths({"GET /a": {}}, openapi=version))).key == "GET /a"


def test_tool_takes_nothing_that_its_operation_does_not_name() -> None:
    schema = only_tool(imported(paths({"GET /a": {}}))).input_schema
    assert schema == {"type": "object", "properties": {}, "additionalProperties": False}


def test_digest_says_the_same_wherever_the_document_stands() -> None:
    document = paths(
        {"GET /a": {"parameters": [{"name": "q", "in": "query", "schema": {"$ref": "#/components/schemas/Tree"}}]}},
        components={
            "schemas": {"Tree": {"type": "object", "properties": {"in": {"$ref": "#/components/schemas/Tree"}}}}
        },
    )
    here, there = imported(document, home="/here"), imported(document, home="/quite/another/place")
    assert here.digest == there.digest
    assert here.tools == there.tools


def test_digest_changes_with_a_component_that_the_operation_uses() -> None:
    def digest(kind: str) -> str:
        schemas = {"schemas": {"Q": {"type": kind}}}
        parameter = {"name": "q", "in": "query", "schema": {"$ref": "#/components/schemas/Q"}}
        return imported(paths({"GET /a": {"parameters": [parameter]}}, components=schemas)).digest

    assert digest("string") != digest("integer")
