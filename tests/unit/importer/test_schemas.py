"""Schemas of every dialect become 2020-12, for one direction, and nothing that a validator could refuse is left."""

import pytest

from bridge.importer import Profile
from bridge.model import Json, Severity
from tests.kit.documents import (
    answering,
    broken_schemas,
    finding,
    finding_ids,
    imported,
    inputs,
    only_tool,
    posting,
)

TEXT = {"type": "string"}


def made(schema: Json, *, openapi: str = "3.0.3", **components: Json) -> Json:
    """What becomes of a schema that is a property of a body."""
    catalog = imported(posting({"type": "object", "properties": {"it": schema}}, openapi=openapi, **components))
    assert not broken_schemas(catalog.tools.values())
    return inputs(catalog)["it"]


@pytest.mark.parametrize(
    ("written", "becomes"),
    [
        ({"type": "string", "nullable": True}, {"type": ["string", "null"]}),
        ({"type": "string", "nullable": True, "enum": ["a"]}, {"type": "string", "enum": ["a"]}),
        (
            {"type": "string", "nullable": True, "enum": ["a", None]},
            {"type": ["string", "null"], "enum": ["a", None]},
        ),
        ({"type": "string", "x-nullable": True}, {"type": ["string", "null"]}),
        ({"type": "string", "nullable": False}, TEXT),
        ({"nullable": True}, {}),
        ({"type": "number", "minimum": 1, "exclusiveMinimum": True}, {"type": "number", "exclusiveMinimum": 1}),
        ({"type": "number", "minimum": 1, "exclusiveMinimum": False}, {"type": "number", "minimum": 1}),
        ({"type": "number", "exclusiveMaximum": 9}, {"type": "number", "exclusiveMaximum": 9}),
        ({"type": "number", "exclusiveMaximum": True}, {"type": "number"}),
        ({"type": "file"}, TEXT),
        ({"type": "any"}, {}),
        ({"type": "Integer"}, {"type": "integer"}),
        ({"type": ["string", None]}, {"type": ["string", "null"]}),
        ({"type": ["string"]}, TEXT),
        ({"type": {}}, {}),
        ({"type": []}, {}),
        ({"type": "string", "enum": []}, TEXT),
        ({"type": "string", "enum": "a"}, TEXT),
        ({"type": "string", "enum": ["a", "a", 1, True]}, {"type": "string", "enum": ["a", "1", "true"]}),
        ({"enum": [1, True, 1.0]}, {"enum": [1, True, 1.0]}),
        ({"type": "string", "maxLength": "5"}, {"type": "string", "maxLength": 5}),
        ({"type": "string", "maxLength": 1e300}, TEXT),
        ({"type": "string", "maxLength": "1.0e999"}, TEXT),
        ({"type": "string", "minLength": -1}, TEXT),
        ({"type": "number", "maximum": "9" * 30}, {"type": "number", "maximum": 1e30}),
        ({"type": "number", "multipleOf": 0}, {"type": "number"}),
        ({"type": "string", "pattern": "["}, TEXT),
        ({"type": "string", "pattern": 5}, TEXT),
        ({"type": "string", "example": 5, "examples": 3, "externalDocs": {}, "xml": {}}, TEXT),
        ({"type": "string", "x-anything": {"$ref": "#/nowhere"}}, TEXT),
        ({"type": "array"}, {"type": "array", "items": {}}),
        ({"type": "array", "items": [TEXT]}, {"type": "array", "prefixItems": [TEXT]}),
        ({"type": "array", "items": None}, {"type": "array", "items": {}}),
        ({"allOf": []}, {}),
        ({"oneOf": {}}, {}),
        ({"properties": []}, {}),
        ({"required": True}, {}),
        ({"required": ["a", "a", 5]}, {"required": ["a"]}),
        ({"required": "a"}, {}),
        ({"additionalProperties": "no"}, {"additionalProperties": {}}),
        ({"patternProperties": {"[": TEXT, "^x": TEXT}}, {"patternProperties": {"^x": TEXT}}),
        ({"default": "x" * 1000}, {}),
        ({"default": {"$ref": "#/nowhere"}}, {"default": {"$ref": "#/nowhere"}}),
        ("text", {}),
        (None, {}),
        (True, True),
    ],
)
def test_keyword_is_read_by_what_it_holds(written: Json, becomes: Json) -> None:
    assert made(written) == becomes


@pytest.mark.parametrize("name", ["type", "required", "properties", "enum", "$ref", "allOf", "items", "default", "not"])
def test_property_may_be_named_like_a_keyword(name: str) -> None:
    schema = {"type": "object", "required": [name], "properties": {name: {"type": "integer", "minimum": 1}}}
    assert made(schema) == schema


def test_dropped_restriction_is_reported_where_it_stood() -> None:
    catalog = imported(posting({"type": "object", "properties": {"a": {"type": "string", "pattern": "("}}}))
    dropped = finding(catalog, "keyword-dropped")
    assert dropped.where.endswith("/schema/properties/a/pattern")
    assert dropped.lost == "this restriction"


def test_catastrophic_pattern_is_judged_in_no_time() -> None:
    assert made({"type": "string", "pattern": "(a+)+$"}) == {"type": "string", "pattern": "(a+)+$"}
    made({"type": "string", "pattern": "((a{1,1000}){1,1000}){1,1000}$"})


# --- readOnly and writeOnly -------------------------------------------------------------------------------------------

USER: dict[str, Json] = {
    "type": "object",
    "required": ["id", "name", "password"],
    "properties": {"id": TEXT | {"readOnly": True}, "name": TEXT, "password": TEXT | {"writeOnly": True}},
}


def test_read_only_properties_are_neither_offered_nor_required() -> None:
    schema = only_tool(imported(posting({"$ref": "#/components/schemas/User"}, User=USER))).input_schema
    assert set(schema["properties"]) == {"name", "password"}
    assert schema["required"] == ["name", "password"]


def test_read_only_is_seen_below_arrays_and_references() -> None:
    stamp = {"type": "string", "readOnly": True}
    user = USER | {"properties": USER["properties"] | {"at": {"$ref": "#/components/schemas/Stamp"}}}
    assert made({"type": "array", "items": {"$ref": "#/components/schemas/User"}}, User=user, Stamp=stamp)["items"] == {
        "type": "object", "required": ["name", "password"], "properties": {"name": TEXT, "password": TEXT}
    }  # fmt: skip


def test_nobody_under_all_of_requires_what_a_neighbour_hides() -> None:
    admin = {"allOf": [{"$ref": "#/components/schemas/User"}, {"$ref": "#/components/schemas/Needs"}]}
    needs = {"type": "object", "required": ["id", "level"], "properties": {"level": {"type": "integer"}}}
    whole = made({"$ref": "#/components/schemas/Admin"}, Admin=admin, User=USER, Needs=needs)
    assert [part["required"] for part in whole["allOf"]] == [["name", "password"], ["level"]]


def test_circle_of_all_of_with_hidden_properties_ends() -> None:
    first = {"properties": {"x": TEXT | {"readOnly": True}}, "allOf": [{"$ref": "#/components/schemas/Second"}]}
    second = {"required": ["x"], "allOf": [{"$ref": "#/components/schemas/Third"}]}
    third = {"required": ["x"], "allOf": [{"$ref": "#/components/schemas/Second"}]}
    made({"$ref": "#/components/schemas/First"}, First=first, Second=second, Third=third)


# --- combinators ------------------------------------------------------------------------------------------------------


def test_all_of_plain_objects_is_spread_over_the_root() -> None:
    base = {"type": "object", "required": ["a"], "properties": {"a": TEXT}}
    schema = {"allOf": [{"$ref": "#/components/schemas/Base"}, {"required": ["b"], "properties": {"b": TEXT}}]}
    root = only_tool(imported(posting(schema, Base=base))).input_schema
    assert root["properties"] == {"a": TEXT, "b": TEXT}
    assert root["required"] == ["a", "b"]


def test_property_that_two_parts_describe_must_satisfy_both() -> None:
    parts = [{"type": "object", "properties": {"a": TEXT}}, {"type": "object", "properties": {"a": {"maxLength": 3}}}]
    assert inputs(imported(posting({"allOf": parts}))) == {"a": {"allOf": [TEXT, {"maxLength": 3}]}}


def test_closed_part_of_all_of_is_not_spread() -> None:
    parts = [{"type": "object", "properties": {"a": TEXT}, "additionalProperties": False},
             {"type": "object", "properties": {"b": TEXT}}]  # fmt: skip
    assert set(inputs(imported(posting({"allOf": parts})))) == {"body"}


@pytest.mark.parametrize("mapping", [{"hound": "Dog"}, {"hound": "#/components/schemas/Dog"}])
def test_discriminator_tells_each_branch_its_value(mapping: Json) -> None:
    pets = {"oneOf": [{"$ref": "#/components/schemas/Dog"}, {"$ref": "#/components/schemas/Cat"}],
            "discriminator": {"propertyName": "kind", "mapping": mapping}}  # fmt: skip
    animal = {"type": "object", "properties": {"kind": TEXT, "of": {"type": "array", "items": pets}}}
    root = only_tool(
        imported(posting({"type": "object", "properties": {"it": pets}}, Dog=animal, Cat=animal))
    ).input_schema
    branches = root["properties"]["it"]["oneOf"]
    assert [branch["properties"]["kind"] for branch in branches] == [{"const": "hound"}, {"const": "Cat"}]


@pytest.mark.parametrize(
    "bad", [5, [], {}, {"propertyName": 5}, {"propertyName": "k", "mapping": {"a": 5, "b": "#/x"}}]
)
def test_discriminator_that_cannot_be_read_is_no_discriminator(bad: Json) -> None:
    assert made({"oneOf": [TEXT], "discriminator": bad}) == {"oneOf": [TEXT]}


# --- references inside finished schemas -------------------------------------------------------------------------------

TREE: dict[str, Json] = {
    "type": "object",
    "properties": {"name": TEXT, "children": {"type": "array", "items": {"$ref": "#/components/schemas/Tree"}}},
}


def test_recursion_stays_a_local_definition() -> None:
    catalog = imported(posting({"type": "array", "items": {"$ref": "#/components/schemas/Tree"}}, Tree=TREE))
    schema = only_tool(catalog).input_schema
    assert schema["properties"]["body"]["items"] == {"$ref": "#/$defs/Tree"}
    assert schema["$defs"]["Tree"]["properties"]["children"]["items"] == {"$ref": "#/$defs/Tree"}
    assert not broken_schemas(catalog.tools.values())


def test_component_used_once_is_written_in_place() -> None:
    assert made({"$ref": "#/components/schemas/Once"}, Once={"type": "string", "maxLength": 9}) == {
        "type": "string", "maxLength": 9
    }  # fmt: skip


def test_components_of_one_name_from_two_places_are_told_apart() -> None:
    big = {"type": "object", "properties": {f"long_property_name_{number}": TEXT for number in range(9)}}
    document = posting({"type": "object", "properties": {
        "a": {"$ref": "#/components/schemas/Same"}, "b": {"$ref": "#/components/schemas/Same"},
        "c": {"$ref": "#/components/schemas/Holder/$defs/Same"},
        "d": {"$ref": "#/components/schemas/Holder/$defs/Same"},
    }}, Same=big, Holder={"$defs": {"Same": big | {"title": "other", "required": ["x"]}}})  # fmt: skip
    catalog = imported(document)
    found = inputs(catalog)
    assert found["a"] == found["b"] != found["c"] == found["d"]
    assert len(only_tool(catalog).input_schema["$defs"]) == 2
    assert not broken_schemas(catalog.tools.values())
    assert only_tool(imported(document, home="/elsewhere")).input_schema == only_tool(catalog).input_schema


def test_keywords_beside_a_reference_count_since_3_1() -> None:
    beside = {"$ref": "#/components/schemas/Word", "maxLength": 3, "description": "Short"}
    word = {"type": "string", "description": "Any"}
    assert made(beside, openapi="3.1.0", Word=word) == {"type": "string", "description": "Short", "maxLength": 3}
    assert made(beside, openapi="3.0.3", Word=word) == {"type": "string", "description": "Short"}


def test_definition_names_are_legal_pointers_whatever_the_component_is_called() -> None:
    itself: Json = {"type": "object", "properties": {"next": {"$ref": "#/components/schemas/a~1b%20%7Bc%7D"}}}
    catalog = imported(
        posting(
            {"type": "array", "items": {"$ref": "#/components/schemas/a~1b%20%7Bc%7D"}},
            **dict[str, Json]({"a/b {c}": itself}),
        )
    )
    assert list(only_tool(catalog).input_schema["$defs"]) == ["a_b__c_"]
    assert not broken_schemas(catalog.tools.values())


def test_verbatim_profile_keeps_annotations() -> None:
    schema: Json = {
        "type": "object",
        "properties": {"a": {"type": "string", "title": "A", "$comment": "why", "description": "<b>x</b>"}},
    }
    assert inputs(imported(posting(schema), profile=Profile.VERBATIM))["a"] == schema["properties"]["a"]


def test_2_0_definitions_are_found() -> None:
    document = {"swagger": "2.0", "info": {"title": "t", "version": "1"},
                "definitions": {"Pet": {"type": "object", "required": ["name"], "properties": {"name": TEXT}}},
                "paths": {"/a": {"post": {"parameters": [
                    {"name": "b", "in": "body", "schema": {"type": "array", "items": {"$ref": "#/definitions/Pet"}}}
                ]}}}}  # fmt: skip
    assert inputs(imported(document))["body"]["items"]["required"] == ["name"]


def test_answers_and_inputs_of_one_component_are_separate() -> None:
    document = posting({"$ref": "#/components/schemas/User"}, User=USER)
    document["paths"]["/things"]["post"]["responses"] = {
        "200": {"description": "OK", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/User"}}}}
    }
    tool = only_tool(imported(document))
    assert set(tool.input_schema["properties"]) == {"name", "password"}
    assert set(tool.output_schema["properties"]) == {"id", "name"}


def test_sound_document_has_no_findings() -> None:
    assert not finding_ids(imported(posting({"type": "object", "properties": {"a": TEXT}})))
    assert not finding_ids(imported(answering({"type": "array", "items": TREE}, Tree=TREE)))


@pytest.mark.parametrize(
    ("schema", "place"),
    [({"enum": ["a", "b\u202ec"]}, "/enum"), ({"type": "string", "default": "\x1b[2J"}, "/default"),
     ({"default": {"a": ["\U000e0041"]}}, "/default"), ({"type": "string", "pattern": "a\u200b"}, "/pattern"),
     ({"const": "\u2066"}, "/const"), ({"properties": {"a\u202e": TEXT}}, "/properties")],
)  # fmt: skip
def test_what_cannot_be_seen_in_what_is_sent_is_told(schema: Json, place: str) -> None:
    catalog = imported(posting({"type": "object", "properties": {"a": schema}}))
    told = finding(catalog, "hidden-characters")
    assert told.where.endswith(f"/schema/properties/a{place}")
    assert told.severity is Severity.INFO


def test_other_writing_hides_nothing() -> None:
    schema = {"enum": ["日本語", "ü", "a\tb"], "default": "🚀"}
    catalog = imported(posting({"type": "object", "properties": {"größe": schema}}))
    assert "hidden-characters" not in finding_ids(catalog)
