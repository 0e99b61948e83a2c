"""Path keys as people write them."""

import pytest

from bridge.model import Where
from tests.kit.documents import broken_schemas, finding_ids, imported, inputs, only_operation, only_tool, paths

ID = {"name": "id", "in": "path", "required": True, "schema": {"type": "integer"}}


def test_parameter_that_only_the_path_names_takes_any_text() -> None:
    catalog = imported(paths({"GET /a/{id}": {}}))
    assert inputs(catalog) == {"id": {"type": "string", "minLength": 1}}
    assert finding_ids(catalog) == {"path-parameter-missing"}


def test_parameter_that_the_path_does_not_name_is_left_out() -> None:
    catalog = imported(paths({"GET /a": {"parameters": [ID]}}))
    assert not inputs(catalog)
    assert finding_ids(catalog) == {"path-parameter-unused"}


def test_case_of_a_path_parameter_is_forgiven() -> None:
    catalog = imported(paths({"GET /a/{ID}": {"parameters": [ID]}}))
    assert only_operation(catalog).path == "/a/{id}"
    assert inputs(catalog) == {"id": {"type": "integer"}}
    assert finding_ids(catalog) == {"path-parameter-name"}


@pytest.mark.parametrize("written", ["{id+}", "{id*}", "{id=projects/*}", "{id:[0-9]+}"])
def test_gateways_ways_to_write_a_parameter_are_read(written: str) -> None:
    catalog = imported(paths({f"GET /a/{written}": {"parameters": [ID]}}))
    assert only_operation(catalog).path == "/a/{id}"
    assert set(inputs(catalog)) == {"id"}


def test_parameter_named_twice_in_a_path_is_one_argument() -> None:
    catalog = imported(paths({"GET /a/{id}/b/{id}": {"parameters": [ID]}}))
    assert only_tool(catalog).input_schema["required"] == ["id"]


def test_literal_query_in_a_path_key_stays_part_of_it() -> None:
    operation = only_operation(imported(paths({"GET /a?beta=true&x=1": {}})))
    assert operation.path == "/a?beta=true&x=1"


def test_parameters_in_the_query_of_a_path_key_become_query_parameters() -> None:
    catalog = imported(paths({"GET /a?beta=true&page={page}&page={again}": {}}))
    operation = only_operation(catalog)
    assert operation.path == "/a?beta=true&page={page}&page={again}"
    assert [(one.name, one.where, one.required) for one in operation.params] == [("page", Where.QUERY, True)]
    assert not broken_schemas(catalog.tools.values())


def test_fragments_tell_operations_on_one_path_apart() -> None:
    catalog = imported(paths({"PUT /a#one": {"operationId": "one"}, "PUT /a#two": {"operationId": "two"}}))
    assert sorted(catalog.tools) == ["one", "two"]


def test_slash_is_added_where_it_is_missing() -> None:
    catalog = imported(paths({"GET a/b": {}}))
    assert only_operation(catalog).path == "/a/b"
    assert finding_ids(catalog) == {"path-without-slash"}
