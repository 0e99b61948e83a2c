"""Parameters outside the body: where they travel, how they are written, and which are nobody's to set."""

import string
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.importer.naming import Arguments, argument_key
from bridge.model import Json, Param, Style, Where
from tests.kit.documents import (
    broken_schemas,
    finding,
    finding_ids,
    imported,
    inputs,
    only_operation,
    only_tool,
    paths,
)

TEXT = {"type": "string"}


def asking(*parameters: Json, path: str = "/a", openapi: str = "3.1.0", body: Json = None, **more: Json) -> Json:
    operation: dict[str, Json] = {"parameters": list(parameters)}
    if body is not None:
        operation["requestBody"] = {"content": {"application/json": {"schema": body}}}
    return paths({f"POST {path}": operation}, openapi=openapi, **more)


def param(*parameters: Json, **more: Any) -> Param:
    (found,) = only_operation(imported(asking(*parameters, **more))).params
    return found


@pytest.mark.parametrize(
    ("where", "style", "explode"),
    [("path", Style.SIMPLE, False), ("query", Style.FORM, True), ("header", Style.SIMPLE, False),
     ("cookie", Style.FORM, True)],
)  # fmt: skip
def test_style_and_explode_have_the_defaults_of_their_place(where: str, style: Style, explode: bool) -> None:
    path = "/a/{x}" if where == "path" else "/a"
    found = param({"name": "x", "in": where, "required": True, "schema": TEXT}, path=path)
    assert (found.where, found.style, found.explode) == (Where(where), style, explode)


@pytest.mark.parametrize("style", ["spaceDelimited", "pipeDelimited", "deepObject"])
def test_explode_is_off_for_every_style_but_form(style: str) -> None:
    assert not param({"name": "x", "in": "query", "style": style, "schema": {"type": "array"}}).explode


def test_style_that_its_place_does_not_know_is_replaced_by_the_default() -> None:
    catalog = imported(asking({"name": "x", "in": "query", "style": "matrix", "schema": TEXT}))
    assert only_operation(catalog).params[0].style is Style.FORM
    assert "style-not-allowed" in finding_ids(catalog)


def test_operation_overrides_its_path_by_name_and_place() -> None:
    document = asking({"name": "x", "in": "query", "schema": {"type": "integer"}})
    document["paths"]["/a"]["parameters"] = [
        {"name": "x", "in": "query", "schema": TEXT},
        {"name": "y", "in": "query", "schema": TEXT},
    ]
    assert inputs(imported(document)) == {"x": {"type": "integer"}, "y": TEXT}


def test_path_parameters_are_required_whatever_the_document_says() -> None:
    document = asking({"name": "id", "in": "path", "schema": TEXT}, path="/a/{id}")
    assert only_tool(imported(document)).input_schema["required"] == ["id"]


def test_path_parameter_cannot_be_empty() -> None:
    """An empty segment would call another resource."""
    assert inputs(imported(asking({"name": "id", "in": "path", "required": True, "schema": TEXT}, path="/{id}"))) == {
        "id": {"type": "string", "minLength": 1}
    }


def test_content_gives_a_parameter_its_media_type() -> None:
    content = {"application/json": {"schema": {"type": "object", "properties": {"a": TEXT}}}}
    found = param({"name": "x", "in": "query", "content": content})
    assert found.media_type == "application/json"
    assert found.schema == {"type": "object", "properties": {"a": TEXT}}


def test_querystring_takes_the_whole_query() -> None:
    content = {"application/x-www-form-urlencoded": {"schema": {"type": "object"}}}
    found = param({"name": "all", "in": "querystring", "content": content}, openapi="3.2.0")
    assert (found.where, found.media_type) == (Where.QUERYSTRING, "application/x-www-form-urlencoded")


@pytest.mark.parametrize("name", ["Accept", "content-type", "AUTHORIZATION"])
def test_headers_that_openapi_ignores_are_no_arguments(name: str) -> None:
    catalog = imported(asking({"name": name, "in": "header", "schema": TEXT}))
    assert not inputs(catalog)
    assert "header-parameter-ignored" in finding_ids(catalog)


@pytest.mark.parametrize("name", ["Host", "content-length", "Transfer-Encoding", "Cookie", "X-Forwarded-For"])
def test_headers_that_frame_the_message_are_refused(name: str) -> None:
    catalog = imported(asking({"name": name, "in": "header", "schema": TEXT}))
    assert not inputs(catalog)
    assert "header-parameter-refused" in finding_ids(catalog)


@pytest.mark.parametrize(
    "bad",
    [None, 5, [], {}, {"name": "x"}, {"in": "query"}, {"name": 5, "in": "query"}, {"name": "x", "in": "body"},
     {"name": "x", "in": ["query"]}, {"$ref": "#/components/parameters/Nowhere"}],
)  # fmt: skip
def test_parameter_that_cannot_be_read_is_left_out_alone(bad: Json) -> None:
    catalog = imported(asking(bad, {"name": "good", "in": "query", "schema": TEXT}))
    assert inputs(catalog) == {"good": TEXT}
    assert finding_ids(catalog) <= {"invalid-parameter", "dangling-reference"}
    assert finding_ids(catalog)


def test_parameter_without_a_schema_takes_anything() -> None:
    catalog = imported(asking({"name": "x", "in": "query"}))
    assert inputs(catalog) == {"x": {}}
    assert "parameter-without-schema" in finding_ids(catalog)


def test_description_of_a_parameter_is_cleaned() -> None:
    parameter = {"name": "x", "in": "query", "schema": TEXT, "description": "<b>How</b>\u202e many\u200b &amp; why"}
    assert inputs(imported(asking(parameter)))["x"]["description"] == "How many & why"


@pytest.mark.parametrize("where", ["query", "header", "cookie"])
def test_api_keys_are_never_arguments(where: str) -> None:
    schemes = {"securitySchemes": {"key": {"type": "apiKey", "in": where, "name": "X-Key"}}}
    parameters = [{"name": "x-key", "in": where, "schema": TEXT}, {"name": "q", "in": "query", "schema": TEXT}]
    catalog = imported(asking(*parameters, components=schemes, security=[{"key": []}]))
    assert set(inputs(catalog)) == {"q"}
    assert finding(catalog, "security-parameter").lost
    assert only_operation(catalog).security == ({"key": ()},)
    assert only_operation(catalog).reserved == {(where, "x-key")}


def test_parameter_in_another_place_than_the_key_of_its_name_is_an_argument() -> None:
    schemes = {"securitySchemes": {"key": {"type": "apiKey", "in": "header", "name": "token"}}}
    document = asking({"name": "token", "in": "query", "schema": TEXT}, components=schemes)
    assert set(inputs(imported(document))) == {"token"}


def test_bearer_and_oauth_never_become_arguments() -> None:
    schemes = {"bearer": {"type": "http", "scheme": "Bearer"}, "oauth": {"type": "oauth2", "flows": {}}}
    document = asking(components={"securitySchemes": schemes}, security=[{"bearer": []}, {"oauth": ["read"]}, {}])
    catalog = imported(document)
    assert not inputs(catalog)
    assert only_operation(catalog).security == ({"bearer": ()}, {"oauth": ("read",)}, {})
    assert catalog.apis[0].security_schemes["bearer"].scheme == "bearer"


# --- Swagger 2.0 ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("collection", "style", "explode"),
    [("csv", Style.FORM, False), ("ssv", Style.SPACE, False), ("tsv", Style.TABS, False), ("pipes", Style.PIPE, False),
     ("multi", Style.FORM, True), (None, Style.FORM, False)],
)  # fmt: skip
def test_collection_format_becomes_style_and_explode(collection: str | None, style: Style, explode: bool) -> None:
    parameter = {"name": "x", "in": "query", "type": "array", "items": TEXT}
    if collection:
        parameter["collectionFormat"] = collection
    found = param(parameter, openapi="2.0")
    assert (found.style, found.explode) == (style, explode)
    assert found.schema == {"type": "array", "items": TEXT}


@pytest.mark.parametrize("collection", ["strange", 5, ["csv"]])
def test_unknown_collection_format_is_read_as_csv(collection: Json) -> None:
    parameter = {"name": "x", "in": "query", "type": "array", "items": TEXT, "collectionFormat": collection}
    catalog = imported(asking(parameter, openapi="2.0"))
    assert only_operation(catalog).params[0].style is Style.FORM
    assert "collection-format" in finding_ids(catalog)


def test_keywords_on_a_2_0_parameter_are_its_schema() -> None:
    parameter = {"name": "x", "in": "query", "type": "integer", "maximum": 9, "exclusiveMaximum": True, "default": 3,
                 "description": "How many"}  # fmt: skip
    assert inputs(imported(asking(parameter, openapi="2.0"))) == {
        "x": {"type": "integer", "exclusiveMaximum": 9, "default": 3, "description": "How many"}
    }


def test_2_0_parameters_may_be_shared() -> None:
    shared = {"Limit": {"name": "limit", "in": "query", "type": "integer"}}
    document = asking({"$ref": "#/parameters/Limit"}, openapi="2.0", parameters=shared)
    assert inputs(imported(document)) == {"limit": {"type": "integer"}}


# --- the keys that agents see -----------------------------------------------------------------------------------------


def test_colliding_names_are_told_apart_and_all_reach_their_place() -> None:
    parameters = [{"name": name, "in": where, "schema": TEXT, "required": where == "path"}
                  for name, where in [("id", "path"), ("id", "query"), ("ID", "header"), ("id", "cookie")]]  # fmt: skip
    body = {"type": "object", "properties": {"id": TEXT, "Id": TEXT}}
    operation = only_operation(imported(asking(*parameters, path="/{id}", body=body)))
    where = {(one.where.value, one.name): one.argument for one in operation.params}
    assert operation.body is not None
    where |= {("body", field.name): field.argument for field in operation.body.fields}
    assert where["path", "id"] == "id"
    assert len({argument.casefold() for argument in where.values()}) == len(where) == 6


@pytest.mark.parametrize(
    ("name", "key"),
    [("filter[name]", "filter_name"), ("$ref", "ref"), ("__proto__", "proto"), ("a b", "a_b"), ("@type", "type"),
     ("X-Trace.Id", "X-Trace.Id"), ("constructor", "constructor"), ("../x", ".._x")],
)  # fmt: skip
def test_illegal_keys_are_renamed_readably(name: str, key: str) -> None:
    found = param({"name": name, "in": "query", "schema": TEXT})
    assert (found.name, found.argument) == (name, key)


@pytest.mark.parametrize("name", ["", "🚀", "名前", "[]", "x" * 10_240, "x" * 65, "\u202e"])
def test_names_without_a_readable_key_get_a_legal_one(name: str) -> None:
    catalog = imported(asking({"name": name, "in": "query", "schema": TEXT}))
    (key,) = inputs(catalog)
    assert 0 < len(key) <= 64
    assert set(key) <= set(string.ascii_letters + string.digits + "_.-")
    assert only_operation(catalog).params[0].name == name
    assert not broken_schemas(catalog.tools.values())


def test_legal_name_is_kept_however_early_an_illegal_one_asks_for_it() -> None:
    names = ["$top", "top"]
    for order in (names, names[::-1]):
        assert Arguments().take_all("query", order) == {"top": "top", "$top": "top_query"}


def test_arguments_come_in_the_order_of_the_document() -> None:
    body = {"type": "object", "properties": dict.fromkeys(("yes", "$b", "no"), TEXT)}
    document = asking(*({"name": name, "in": "query", "schema": TEXT} for name in ("zeta", "$a", "mid")), body=body)
    assert list(inputs(imported(document))) == ["zeta", "a", "mid", "yes", "b", "no"]


@given(st.lists(st.text(max_size=80), max_size=12), st.lists(st.text(max_size=80), max_size=12), st.randoms())
def test_keys_are_legal_unique_and_do_not_depend_on_order(query: list[str], body: list[str], random: Any) -> None:
    def taken(first: list[str], second: list[str]) -> dict[tuple[str, str], str]:
        arguments = Arguments()
        found = {("query", name): key for name, key in arguments.take_all("query", first).items()}
        return found | {("body", name): key for name, key in arguments.take_all("body", second).items()}

    keys = taken(query, body)
    assert all(argument_key(key) == key for key in keys.values())
    assert len({key.casefold() for key in keys.values()}) == len(keys)
    assert taken(random.sample(query, len(query)), random.sample(body, len(body))) == keys
