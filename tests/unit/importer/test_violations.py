"""Which fault is named where a value has to fit one of several schemas."""

import pytest

from bridge.model import Json
from tests.kit.documents import imported, paths


def violations(*, parameter: Json = None, openapi: str = "3.0.3", **more: Json) -> list[tuple[str, str]]:
    """Places and messages for an operation with one parameter."""
    asked = {"operationId": "ask", "parameters": [parameter] if parameter is not None else []}
    catalog = imported(paths({"GET /a": asked}, openapi=openapi, **more))
    return [(one.where, one.message) for one in catalog.findings if one.id == "schema-violation"]


PARAMETER = "/paths/~1a/get/parameters/0"


@pytest.mark.parametrize(
    ("parameter", "place", "message"),
    [
        pytest.param({"name": "q", "in": "query"}, "", '"schema" is a required property', id="what is missing"),
        pytest.param(
            {"name": "q", "in": "query", "schema": {"type": "integer", "minimum": "low"}},
            "/schema/minimum", '"low" is not of type "number"', id="deep inside the schema",
        ),
        pytest.param(
            {"name": "q", "in": "query", "schema": {"anyOf": [{"type": "string"}, {"items": {"maxLength": "x"}}]}},
            "/schema/anyOf/1/items/maxLength", '"x" is not of type "integer"', id="below several choices",
        ),
        pytest.param({"$ref": 5}, "/$ref", '5 is not of type "string"', id="a reference"),
    ],
)  # fmt: skip
def test_the_fault_is_that_of_the_branch_that_was_meant(parameter: Json, place: str, message: str) -> None:
    assert (PARAMETER + place, message) in violations(parameter=parameter)


def test_a_kind_is_told_by_its_constant_before_what_it_lacks() -> None:
    scheme = {"type": "apiKey", "name": "key"}
    found = violations(components={"securitySchemes": {"key": scheme}})
    assert found == [("/components/securitySchemes/key", '"in" is a required property')]


def test_nothing_is_said_about_schemas_of_schemas() -> None:
    assert not [one for one in violations(parameter={"name": "q"}) if "valid under any" in one[1]]


@pytest.mark.parametrize(
    ("type", "advice"),
    [
        ("strng", "write one of array, boolean, integer, null, number, object, string; did you mean 'string'?"),
        ("datetime", "write one of array, boolean, integer, null, number, object, string; did you mean 'string'?"),
        ("qqq", "write one of array, boolean, integer, null, number, object, string; leave it out for any type"),
    ],
)
def test_a_type_that_is_none_is_answered_with_those_that_are(type: str, advice: str) -> None:
    asked = {"operationId": "a", "parameters": [{"name": "q", "in": "query", "schema": {"type": type}}]}
    found = [one for one in imported(paths({"GET /a": asked})).findings if one.id == "unknown-type"]
    assert [one.advice for one in found] == [advice]
