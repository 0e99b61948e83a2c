import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from bridge.importer import Options, Sources, import_api
from bridge.importer.examples import examples
from bridge.model import Finding, Json, Severity
from tests.kit.documents import document, paths


def judged(content: Json, **options: Any) -> list[Finding]:
    return list(examples([import_api("api", Sources(document(content)), Options())], **options))


def invalid(content: Json) -> list[tuple[str, str]]:
    """Place and reason of each example that breaks its schema."""
    found = judged(content)
    assert {one.id for one in found} <= {"example-invalid"}, found
    return [(one.where, one.message.removeprefix("this example breaks its own schema: ")) for one in found]


def asking(parameter: Json, openapi: str = "3.1.0") -> Json:
    named = {"name": "q", "in": "query"} | parameter
    return paths({"GET /things": {"parameters": [named]}}, openapi=openapi)


def sending(schema: Json, example: Json, openapi: str = "3.1.0", media_type: str = "application/json") -> Json:
    content = {media_type: {"schema": schema, "example": example}}
    return paths({"POST /things": {"requestBody": {"content": content}}}, openapi=openapi)


def answering(schema: Json, example: Json, openapi: str = "3.1.0") -> Json:
    content = {"application/json": {"schema": schema, "example": example}}
    return paths(
        {"GET /things": {"responses": {"200": {"description": "OK", "content": content}}}}, openapi=openapi
    )  # fmt: skip


def thing(**properties: Json) -> Json:
    return {"type": "object", "properties": properties, "required": list(properties)}


@pytest.mark.parametrize("openapi", ["3.0.3", "3.1.0", "3.2.0"])
def test_an_example_that_breaks_its_schema_is_a_warning_at_the_very_value(openapi: str) -> None:
    (found,) = judged(sending(thing(size={"type": "integer"}), {"size": "big"}, openapi))
    assert (found.id, found.severity) == ("example-invalid", Severity.WARNING)
    assert found.where == "/paths/~1things/post/requestBody/content/application~1json/example/size"
    assert found.message == "this example breaks its own schema: 'big' is not of type 'integer'"
    assert (found.source, found.api) == ("api.yaml", "api")


@pytest.mark.parametrize(
    ("parameter", "where"),
    [
        ({"schema": {"type": "integer"}, "example": "big"}, "example"),
        ({"schema": {"type": "integer"}, "examples": {"1": {"value": 1}, "2": {"value": "big"}}}, "examples/2/value"),
        ({"schema": {"type": "integer", "example": "big"}}, "schema/example"),
        ({"schema": {"type": "integer", "default": "big"}}, "schema/default"),
        ({"schema": {"type": "integer", "examples": [1, "big"]}}, "schema/examples/1"),
        ({"content": {"application/json": {"schema": {"type": "integer"}, "example": "big"}}},
         "content/application~1json/example"),
    ],
)  # fmt: skip
def test_each_place_of_a_parameter_that_shows_a_value_is_held_against_the_schema(parameter: Json, where: str) -> None:
    assert invalid(asking(parameter)) == [
        (f"/paths/~1things/get/parameters/0/{where}", "'big' is not of type 'integer'")
    ]


@pytest.mark.parametrize(
    ("schema", "text"),
    [({"type": "integer"}, "5"), ({"type": "boolean"}, "true"), ({"type": "string"}, "5"), ({"type": "array"}, "a,b")],
)
def test_a_parameter_may_be_shown_as_the_text_that_is_sent(schema: Json, text: str) -> None:
    assert invalid(asking({"schema": schema, "example": text})) == []


def test_the_fields_of_a_form_may_be_shown_as_the_text_that_is_sent() -> None:
    form = "application/x-www-form-urlencoded"
    assert invalid(sending(thing(size={"type": "integer"}), {"size": "5"}, media_type=form)) == []
    assert invalid(sending(thing(size={"type": "integer"}), {"size": "big"}, media_type=form)) != []


def test_parameters_of_the_path_are_judged_too_and_once() -> None:
    content = paths({"GET /things": {}, "POST /things": {}})
    content["paths"]["/things"]["parameters"] = [
        {"name": "q", "in": "query", "schema": {"type": "integer"}, "example": "x"}
    ]
    assert [where for where, _ in invalid(content)] == ["/paths/~1things/parameters/0/example"]


def test_an_example_behind_references_is_found_where_it_stands() -> None:
    content = paths({"POST /things": {"requestBody": {"$ref": "#/components/requestBodies/T"}}})
    content["components"] = {
        "requestBodies": {"T": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/T"}}}}},
        "schemas": {"T": thing(size={"type": "integer"}) | {"example": {"size": "big"}}},
    }
    assert [where for where, _ in invalid(content)] == ["/components/schemas/T/example/size"]


@pytest.mark.parametrize("openapi", ["3.0.3", "3.1.0"])
def test_only_the_side_that_sends_a_property_must_show_it(openapi: str) -> None:
    schema = thing(id={"type": "integer", "readOnly": True}, pin={"type": "string", "writeOnly": True})
    assert invalid(sending(schema, {"pin": "1"}, openapi)) == []
    assert invalid(answering(schema, {"id": 1}, openapi)) == []
    assert invalid(sending(schema, {}, openapi)) != []
    assert invalid(answering(schema, {}, openapi)) != []
    assert invalid(sending(schema | {"example": {}}, {"pin": "1"}, openapi)) == []


def test_a_null_is_held_against_nullable_as_each_version_writes_it() -> None:
    assert invalid(answering({"type": "string", "nullable": True}, None, "3.0.3")) == []
    assert invalid(answering({"type": ["string", "null"]}, None)) == []
    assert invalid(answering({"type": "string"}, None, "3.0.3")) != []


def test_json_written_as_text_is_told_as_such() -> None:
    ((_, reason),) = invalid(sending(thing(size={"type": "integer"}), '{"size": 5}'))
    assert reason == "it is JSON written as text"


def test_what_is_not_json_is_left_alone() -> None:
    assert invalid(sending({"type": "object"}, "<thing/>", media_type="application/xml")) == []


def test_a_document_of_2_0_is_left_alone() -> None:
    parameter = {"name": "q", "in": "query", "type": "integer", "default": "x"}
    assert judged(paths({"GET /things": {"parameters": [parameter]}}, openapi="2.0")) == []


def test_path_keys_with_a_hash_are_judged_like_others() -> None:
    content = paths({"POST /things#add": sending({"type": "integer"}, "x")["paths"]["/things"]["post"]})
    assert [where for where, _ in invalid(content)] == [
        "/paths/~1things#add/post/requestBody/content/application~1json/example"
    ]


def test_schemas_of_other_files_are_followed_as_import_follows_them(tmp_path: Path) -> None:
    (tmp_path / "parts.yaml").write_text("Size: {type: integer, maximum: 3}")
    source = tmp_path / "api.yaml"
    source.write_text(
        "{openapi: 3.1.0, info: {title: T, version: '1'}, paths: {/a: {post: {requestBody: {content: {application/json:"
        " {schema: {type: object, properties: {size: {$ref: 'parts.yaml#/Size'}}}, example: {size: 4}}}}}}}}"
    )
    (found,) = examples([import_api("api", Sources(str(source)), Options())])
    assert found.message.endswith("4 is greater than the maximum of 3")


@pytest.mark.parametrize(
    "ref", ["file:///etc/passwd", "http://127.0.0.1:9/x.json", "../x.yaml", "ftp://a/b", "#/nowhere"]
)
def test_references_that_import_refuses_are_not_followed_here_either(ref: str) -> None:
    found = judged(sending(thing(size={"$ref": ref}), {"size": 5}))
    assert {one.id for one in found} <= {"examples-not-judged"}


# Each of these takes years where nothing holds the judge back.
CHAIN = {f"S{n}": {"allOf": [{"$ref": f"#/components/schemas/S{n + 1}"}] * 2} for n in range(60)} | {"S60": {}}
HOSTILE: Sequence[tuple[Json, Json]] = [
    ({"$ref": "#/components/schemas/S0"}, "x"),
    ({"type": "string", "pattern": "^(a+)+$"}, "a" * 60 + "!"),
    ({"type": "object", "patternProperties": {"^(a+)+$": {}}, "additionalProperties": False}, {"a" * 60 + "!": 1}),
    ({"type": "object", "patternProperties": {"^(a+)+$": {}}, "unevaluatedProperties": False}, {"a" * 60 + "!": 1}),
    ({"type": "array", "uniqueItems": True}, [{"n": n} for n in range(20_000)]),
]


@pytest.mark.parametrize(("schema", "example"), HOSTILE, ids=["allOf", "pattern", "names", "evaluated", "unique"])
@pytest.mark.parametrize("openapi", ["3.0.3", "3.1.0"])
def test_a_hostile_document_cannot_hold_up_the_judge(schema: Json, example: Json, openapi: str) -> None:
    content = sending(schema, example, openapi) | {"components": {"schemas": CHAIN}}
    api = import_api("api", Sources(document(content)), Options())
    began = time.monotonic()
    found = list(examples([api], seconds=0.5))
    assert time.monotonic() - began < 5
    assert {one.id for one in found} <= {"examples-not-judged", "example-invalid"}


def test_when_the_time_is_up_it_is_said_where() -> None:
    (found,) = judged(sending({"type": "integer"}, "x"), seconds=0)
    assert (found.id, found.severity, found.where) == ("examples-not-judged", Severity.INFO, "/paths/~1things/post")
    assert "0 seconds" in found.message


def test_what_openapi_core_cannot_judge_is_one_finding_for_the_document() -> None:
    content = sending({"$ref": "#/components/schemas/A"}, "x")
    content["paths"]["/other"] = content["paths"]["/things"]
    content["components"] = {"schemas": {"A": {"allOf": [{"$ref": "#/components/schemas/A"}]}}}
    (found,) = judged(content)
    assert (found.id, found.severity) == ("examples-not-judged", Severity.INFO)
    assert "1 more" in found.message
