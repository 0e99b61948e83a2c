"""Request bodies: the media type that is chosen, and the arguments that make it up."""

import pytest

from bridge.importer import Profile
from bridge.model import Body, BodyKind, Catalog, Json, Spread, Style
from tests.kit.documents import (
    broken_schemas,
    finding_ids,
    imported,
    inputs,
    only_operation,
    only_tool,
    paths,
    posting,
)

TEXT = {"type": "string"}
FORM = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data"
PLAIN = {"type": "object", "required": ["a"], "properties": {"a": TEXT, "b": {"type": "integer"}}}


def body_of(catalog: Catalog) -> Body:
    body = only_operation(catalog).body
    assert body is not None
    return body


def offering(*media_types: str, schema: Json = None) -> Json:
    content = {media_type: {"schema": schema or PLAIN} for media_type in media_types}
    return paths({"POST /a": {"requestBody": {"content": content}}})


def test_properties_of_a_plain_object_become_arguments() -> None:
    catalog = imported(posting({"$ref": "#/components/schemas/Plain"}, Plain=PLAIN))
    assert inputs(catalog) == {"a": TEXT, "b": {"type": "integer"}}
    assert only_tool(catalog).input_schema["required"] == ["a"]
    assert body_of(catalog).spread is Spread.FIELDS


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "array", "items": TEXT},
        TEXT,
        {"oneOf": [PLAIN, {"type": "object", "properties": {"c": TEXT}}]},
        {"type": "object", "properties": {"a": TEXT}, "anyOf": [{"required": ["a"]}]},
        {"type": "object", "properties": {"a": TEXT}, "additionalProperties": TEXT},
        {"type": "object", "properties": {"a": TEXT}, "minProperties": 1},
        {"type": "object"},
        {},
        True,
    ],
)
def test_body_that_is_no_plain_object_is_one_argument(schema: Json) -> None:
    """Spread over the root, combinators would be refused by providers and restrictions of the whole be lost."""
    catalog = imported(posting(schema))
    assert set(inputs(catalog)) == {"body"}
    assert body_of(catalog).spread is Spread.WHOLE
    assert not {"oneOf", "anyOf", "allOf"} & only_tool(catalog).input_schema.keys()


@pytest.mark.parametrize("schema", [{"type": "object"}, {"type": "object", "properties": {"a": TEXT}}])
def test_required_body_without_required_properties_asks_for_nothing(schema: Json) -> None:
    """The gateway sends `{}` by itself."""
    catalog = imported(posting(schema))
    assert "required" not in only_tool(catalog).input_schema
    assert body_of(catalog).required


def test_optional_body_with_required_properties_stays_optional_as_a_whole() -> None:
    document = posting(PLAIN)
    document["paths"]["/things"]["post"]["requestBody"]["required"] = False
    catalog = imported(document)
    assert "required" not in only_tool(catalog).input_schema
    assert inputs(catalog)["body"]["required"] == ["a"]


@pytest.mark.parametrize(
    ("offered", "chosen", "kind"),
    [
        (["application/xml", "application/json"], "application/json", BodyKind.JSON),
        ([FORM, "application/vnd.x+json"], "application/vnd.x+json", BodyKind.JSON),
        (["application/json; charset=utf-8"], "application/json; charset=utf-8", BodyKind.JSON),
        ([FORM, MULTIPART], MULTIPART, BodyKind.MULTIPART),
        (["text/plain", "application/xml"], "text/plain", BodyKind.TEXT),
        (["application/soap+xml"], "application/soap+xml", BodyKind.XML),
        (["image/png"], "image/png", BodyKind.BINARY),
        (["*/*"], "application/json", BodyKind.JSON),
        (["application/yaml"], "application/yaml", BodyKind.TEXT),
    ],
)
def test_easiest_media_type_is_chosen(offered: list[str], chosen: str, kind: BodyKind) -> None:
    body = body_of(imported(offering(*offered)))
    assert (body.media_type, body.kind) == (chosen, kind)
    assert body.media_types == tuple(offered)


def test_bytes_are_asked_for_in_base64() -> None:
    catalog = imported(posting({"type": "string", "format": "binary"}, media_type="image/png"))
    assert body_of(catalog).binary
    assert inputs(catalog)["body"]["contentEncoding"] == "base64"


def test_text_body_without_a_schema_is_text() -> None:
    assert inputs(imported(posting({}, media_type="text/plain"))) == {"body": TEXT}


def test_body_described_by_a_reference_is_found() -> None:
    document = paths(
        {"POST /a": {"requestBody": {"$ref": "#/components/requestBodies/B"}}},
        components={"requestBodies": {"B": {"content": {"application/json": {"schema": PLAIN}}}}},
    )
    assert set(inputs(imported(document))) <= {"a", "b", "body"}
    assert body_of(imported(document)).kind is BodyKind.JSON


def test_media_types_may_be_shared_since_3_2() -> None:
    document = paths(
        {"POST /a": {"requestBody": {"required": True,
                                     "content": {"application/json": {"$ref": "#/components/mediaTypes/M"}}}}},
        openapi="3.2.0", components={"mediaTypes": {"M": {"schema": PLAIN}}},
    )  # fmt: skip
    assert set(inputs(imported(document))) == {"a", "b"}


@pytest.mark.parametrize("body", [{}, {"content": {}}, {"content": []}])
def test_body_without_a_media_type_is_read_as_json(body: Json) -> None:
    catalog = imported(paths({"POST /a": {"requestBody": body}}))
    assert body_of(catalog).media_type == "application/json"
    assert "body-without-content" in finding_ids(catalog)


def test_body_of_the_wrong_shape_costs_the_body_alone() -> None:
    catalog = imported(paths({"POST /a": {"requestBody": "none"}}))
    assert only_operation(catalog).body is None
    assert finding_ids(catalog) == {"invalid-body"}


def test_argument_named_body_yields_to_the_property_of_that_name() -> None:
    parameters = [{"name": "body", "in": "query", "schema": TEXT}]
    document = posting({"type": "array", "items": TEXT})
    document["paths"]["/things"]["post"]["parameters"] = parameters
    catalog = imported(document)
    assert body_of(catalog).argument == "body_body"
    assert set(inputs(catalog)) == {"body", "body_body"}


def test_verbatim_profile_keeps_combinators_at_the_root() -> None:
    schema = PLAIN | {"oneOf": [{"required": ["a"]}, {"required": ["b"]}]}
    root = only_tool(imported(posting(schema), profile=Profile.VERBATIM)).input_schema
    assert root["oneOf"] == schema["oneOf"]
    assert set(root["properties"]) == {"a", "b"}


# --- forms and multipart ----------------------------------------------------------------------------------------------


def test_form_fields_become_arguments_with_their_encoding() -> None:
    schema = {"type": "object", "properties": {"tags": {"type": "array", "items": TEXT}, "meta": {"type": "object"}}}
    document = posting(schema, media_type=FORM)
    content = document["paths"]["/things"]["post"]["requestBody"]["content"][FORM]
    content["encoding"] = {
        "tags": {"style": "pipeDelimited", "contentType": "x/y"},
        "meta": {"contentType": "a/b, c/d"},
    }
    fields = {field.name: field for field in body_of(imported(document)).fields}
    assert (fields["tags"].style, fields["tags"].explode, fields["tags"].media_type) == (Style.PIPE, False, None)
    assert (fields["meta"].style, fields["meta"].media_type) == (None, "a/b")


@pytest.mark.parametrize(
    "schema",
    [{"type": "string", "format": "binary"}, {"contentMediaType": "image/png"},
     {"type": "string", "contentMediaType": "image/png", "format": "binary"}],
)  # fmt: skip
def test_files_of_a_multipart_body_are_asked_for_in_base64(schema: Json) -> None:
    catalog = imported(posting({"type": "object", "properties": {"file": schema, "note": TEXT}}, media_type=MULTIPART))
    fields = {field.name: field.binary for field in body_of(catalog).fields}
    assert fields == {"file": True, "note": False}
    assert inputs(catalog)["file"]["contentEncoding"] == "base64"


def test_files_of_a_multipart_body_that_is_one_argument_are_asked_for_in_base64() -> None:
    file = {"type": "string", "format": "binary"}
    upload = {
        "type": "object",
        "minProperties": 1,
        "properties": {"one": file, "more": {"type": "array", "items": file}},
    }
    catalog = imported(posting({"$ref": "#/components/schemas/Upload"}, media_type=MULTIPART, Upload=upload))
    offered = inputs(catalog)["body"]["properties"]
    assert offered["one"]["contentEncoding"] == offered["more"]["items"]["contentEncoding"] == "base64"


def test_arrays_of_a_multipart_body_are_parts_of_their_own() -> None:
    files = {"type": "array", "items": {"$ref": "#/components/schemas/File"}}
    document = posting({"type": "object", "properties": {"files": files}}, media_type=MULTIPART,
                       File={"type": "string", "format": "binary"})  # fmt: skip
    catalog = imported(document)
    item = body_of(catalog).fields[0].item
    assert item is not None
    assert item.binary
    assert inputs(catalog)["files"]["items"]["contentEncoding"] == "base64"


@pytest.mark.parametrize(
    ("schema", "headers"),
    [
        ({"const": "x"}, (("X-Kind", "x"),)),
        ({"default": "x"}, (("X-Kind", "x"),)),
        ({"enum": ["x"]}, (("X-Kind", "x"),)),
        ({"enum": ["x", "y"]}, ()),
        ({"enum": 5}, ()),
        (TEXT, ()),
        (None, ()),
    ],
)
def test_part_headers_are_sent_where_the_document_fixes_them(schema: Json, headers: Json) -> None:
    document = posting({"type": "object", "properties": {"a": TEXT}}, media_type=MULTIPART)
    content = document["paths"]["/things"]["post"]["requestBody"]["content"][MULTIPART]
    content["encoding"] = {"a": {"headers": {"X-Kind": {"schema": schema}}}}
    assert body_of(imported(document)).fields[0].headers == headers


def test_xml_names_are_resolved_along_the_schema() -> None:
    order = {"type": "object", "xml": {"name": "order", "namespace": "urn:x", "prefix": "o"}, "properties": {
        "id": {"type": "integer", "xml": {"attribute": True}},
        "lines": {"type": "array", "xml": {"wrapped": True}, "items": {"type": "string", "xml": {"name": "line"}}},
    }}  # fmt: skip
    shape = body_of(imported(posting({"$ref": "#/components/schemas/O"}, media_type="application/xml", O=order))).xml
    assert shape is not None
    assert (shape.name, shape.namespace, shape.prefix) == ("order", "urn:x", "o")
    assert shape.properties["id"].attribute
    assert shape.properties["lines"].wrapped
    assert shape.properties["lines"].item is not None
    assert shape.properties["lines"].item.name == "line"


def test_xml_shape_of_a_schema_that_holds_itself_many_times_stays_small() -> None:
    itself = {"$ref": "#/components/schemas/Node"}
    node = {"type": "object", "xml": {"name": "n"}, "properties": {f"p{number}": itself for number in range(30)}}
    shape = body_of(imported(posting(itself, media_type="application/xml", Node=node))).xml
    assert shape is not None
    assert shape.properties["p29"].name == "n"
    assert len(repr(shape)) < 1_000_000


# --- Swagger 2.0 ------------------------------------------------------------------------------------------------------


def old(*parameters: Json, consumes: Json = None) -> Json:
    operation: dict[str, Json] = {"parameters": list(parameters)}
    return paths({"POST /a": operation | ({"consumes": consumes} if consumes else {})}, openapi="2.0")


def test_2_0_body_parameter_is_a_body() -> None:
    catalog = imported(old({"name": "pet", "in": "body", "required": True, "schema": PLAIN}))
    assert inputs(catalog) == {"a": TEXT, "b": {"type": "integer"}}
    assert body_of(catalog).media_type == "application/json"


@pytest.mark.parametrize(
    ("consumes", "kind"),
    [
        (None, BodyKind.FORM),
        ([FORM], BodyKind.FORM),
        ([MULTIPART], BodyKind.MULTIPART),
        ([MULTIPART, FORM], BodyKind.FORM),
    ],
)
def test_2_0_form_data_is_a_form(consumes: Json, kind: BodyKind) -> None:
    field = {"name": "a", "in": "formData", "type": "string", "required": True, "description": "What"}
    catalog = imported(old(field, consumes=consumes))
    assert body_of(catalog).kind is kind
    assert inputs(catalog) == {"a": {"type": "string", "description": "What"}}
    assert only_tool(catalog).input_schema["required"] == ["a"]


def test_2_0_file_makes_a_form_multipart() -> None:
    catalog = imported(old({"name": "f", "in": "formData", "type": "file"}))
    assert body_of(catalog).kind is BodyKind.MULTIPART
    assert inputs(catalog)["f"]["contentEncoding"] == "base64"


def test_2_0_form_field_keeps_its_collection_format() -> None:
    field = {"name": "a", "in": "formData", "type": "array", "items": TEXT, "collectionFormat": "ssv"}
    assert (body_of(imported(old(field))).fields[0].style, False) == (Style.SPACE, False)


def test_2_0_body_wins_over_form_data() -> None:
    catalog = imported(
        old({"name": "b", "in": "body", "schema": PLAIN}, {"name": "f", "in": "formData", "type": "file"})
    )
    assert body_of(catalog).kind is BodyKind.JSON
    assert "second-body" in finding_ids(catalog)


def test_every_kind_of_body_makes_a_sound_schema() -> None:
    for media_type in ("application/json", FORM, MULTIPART, "application/xml", "text/plain", "image/png"):
        assert not broken_schemas(imported(posting(PLAIN, media_type=media_type)).tools.values())
