"""What a tool promises about its answers, and when it promises nothing."""

import pytest

from bridge.model import Json
from tests.kit.documents import answering, finding, finding_ids, imported, only_operation, only_tool, paths

TEXT = {"type": "string"}
THING = {"type": "object", "required": ["a"], "properties": {"a": TEXT | {"minLength": 3}}}


def json_of(schema: Json) -> Json:
    return {"description": "OK", "content": {"application/json": {"schema": schema}}}


def test_object_is_promised_as_it_is() -> None:
    tool = only_tool(imported(answering({"$ref": "#/components/schemas/Thing"}, Thing=THING)))
    assert tool.output_schema == {"type": "object", "properties": {"a": TEXT}}
    assert not tool.wrapped


def test_promise_leaves_out_what_would_turn_a_good_answer_into_an_error() -> None:
    schema = {
        "type": "object",
        "required": ["n"],
        "properties": {"n": {"type": "integer", "maximum": 3}},
        "oneOf": [{}],
    }
    output = only_tool(imported(answering(schema))).output_schema
    assert output == {"type": "object", "properties": {"n": {"type": "integer"}}, "anyOf": [{}]}


@pytest.mark.parametrize(
    "schema", [{"type": "array", "items": TEXT}, TEXT, {"type": ["object", "null"]}, {}, {"oneOf": [THING]}, True]
)
def test_answer_that_may_be_no_object_is_wrapped(schema: Json) -> None:
    tool = only_tool(imported(answering(schema)))
    assert tool.wrapped
    assert list(tool.output_schema["properties"]) == ["result"]


def test_nullable_object_is_wrapped() -> None:
    tool = only_tool(imported(answering(THING | {"nullable": True}, openapi="3.0.3")))
    assert tool.wrapped
    assert tool.output_schema["properties"]["result"]["type"] == ["object", "null"]


def test_object_is_recognised_through_all_of() -> None:
    schema = {"allOf": [{"$ref": "#/components/schemas/Thing"}, {"description": "more"}]}
    assert not only_tool(imported(answering(schema, Thing=THING))).wrapped


def test_successes_that_differ_promise_nothing_and_it_is_said() -> None:
    responses = {"200": json_of(THING), "201": json_of({"type": "object", "properties": {"b": TEXT}})}
    catalog = imported(paths({"GET /a": {"responses": responses}}))
    assert only_tool(catalog).output_schema is None
    assert finding(catalog, "output-schema-left-out").lost


def test_successes_that_agree_promise_it() -> None:
    catalog = imported(paths({"GET /a": {"responses": {"200": json_of(THING), "201": json_of(THING)}}}))
    assert only_tool(catalog).output_schema is not None


def test_default_counts_where_no_success_is_named() -> None:
    assert only_tool(imported(paths({"GET /a": {"responses": {"default": json_of(THING)}}}))).output_schema
    both = {"GET /a": {"responses": {"204": {"description": "-"}, "default": json_of(THING)}}}
    assert only_tool(imported(paths(both))).output_schema is None


def test_integer_status_in_yaml_is_a_status() -> None:
    text = """
openapi: 3.1.0
info: {title: t, version: '1'}
paths: {/a: {get: {responses: {200: {description: Fine things}, 404: {description: Not there}}}}}
"""
    assert only_tool(imported(text)).description == "GET /a. Returns: Fine things. Errors: 404 Not there."


def test_output_schema_beyond_its_budget_is_left_out_and_it_is_said() -> None:
    big = {"type": "object", "properties": {f"property_{number}": TEXT for number in range(200)}}
    catalog = imported(answering(big))
    assert only_tool(catalog).output_schema is None
    assert finding(catalog, "output-schema-left-out").advice
    assert only_tool(imported(answering(big), output_bytes=100_000)).output_schema is not None


@pytest.mark.parametrize("media_type", ["text/event-stream", "application/x-ndjson", "application/json-seq"])
def test_stream_is_promised_as_a_list_of_its_items(media_type: str) -> None:
    response = {"description": "OK", "content": {media_type: {"itemSchema": THING}}}
    catalog = imported(paths({"GET /a": {"responses": {"200": response}}}, openapi="3.2.0"))
    assert only_operation(catalog).output.streamed
    assert only_tool(catalog).output_schema["properties"]["items"]["items"]["properties"] == {"a": TEXT}


def test_write_only_properties_are_not_promised() -> None:
    schema = {"type": "object", "properties": {"a": TEXT, "secret": TEXT | {"writeOnly": True}}}
    assert set(only_tool(imported(answering(schema))).output_schema["properties"]) == {"a"}


def test_2_0_response_schema_has_the_media_types_that_the_document_produces() -> None:
    responses = {"200": {"description": "OK", "schema": THING}}
    catalog = imported(paths({"GET /a": {"responses": responses}}, openapi="2.0", produces=["application/x+json"]))
    assert only_operation(catalog).output.media_types == ("application/x+json",)
    assert only_tool(catalog).output_schema == {"type": "object", "properties": {"a": TEXT}}


def test_2_0_file_is_no_json() -> None:
    responses = {"200": {"description": "OK", "schema": {"type": "file"}}}
    catalog = imported(paths({"GET /a": {"produces": ["image/png"], "responses": responses}}, openapi="2.0"))
    assert only_operation(catalog).output.media_types == ("image/png",)
    assert only_tool(catalog).output_schema is None


@pytest.mark.parametrize(
    "responses",
    [None, [], {"200": None}, {"200": {"content": []}}, {"200": {"content": {"application/json": 5}}},
     {"200": {"$ref": "#/components/responses/Gone"}}, {"x-note": {}}],
)  # fmt: skip
def test_responses_of_the_wrong_shape_cost_the_promise_alone(responses: Json) -> None:
    catalog = imported(paths({"GET /a": {"responses": responses}}))
    assert only_tool(catalog).output_schema is None
    assert finding_ids(catalog) <= {"dangling-reference", "invalid-media-type"}


def test_circular_all_of_in_an_answer_is_survived() -> None:
    first = {"allOf": [{"$ref": "#/components/schemas/Second"}]}
    second = {"allOf": [{"$ref": "#/components/schemas/First"}]}
    tool = only_tool(imported(answering({"$ref": "#/components/schemas/First"}, First=first, Second=second)))
    assert tool.wrapped


def test_content_blocks_promise_no_structure_of_their_own() -> None:
    blocks = {"application/vnd.mcp.content+json": {"schema": {"type": "array", "items": {"type": "object"}}}}
    thing = {"application/json": {"schema": {"type": "object", "properties": {"id": {"type": "integer"}}}}}
    alone = paths({"get": {"operationId": "a", "responses": {"200": {"description": "", "content": blocks}}}})
    assert only_tool(imported(alone)).output_schema is None
    beside = {"get": {"operationId": "a", "responses": {"200": {"description": "", "content": {**blocks, **thing}}}}}
    assert only_tool(imported(paths(beside))).output_schema == thing["application/json"]["schema"]
