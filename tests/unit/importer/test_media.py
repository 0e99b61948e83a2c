"""Media types that are none, and Swagger 2.0's collection formats where OpenAPI 3 has no style for them."""

import pytest

from bridge.egress.encode import compile_builder
from bridge.model import Json
from tests.kit.documents import finding_ids, imported

OK = {"200": {"description": "ok"}}
BODY = {"schema": {"type": "object", "properties": {"x": {"type": "string"}}}}


def _posting(content: Json) -> Json:
    operation = {"operationId": "post", "requestBody": {"content": content}, "responses": OK}
    return {"openapi": "3.0.3", "info": {"title": "t", "version": "1"}, "paths": {"/a": {"post": operation}}}


def _swagger(**more: Json) -> Json:
    operation = {"operationId": "post", "responses": OK, **more}
    return {"swagger": "2.0", "info": {"title": "t", "version": "1"}, "paths": {"/a/{ids}": {"post": operation}}}


def _ids(where: str, collection: str) -> Json:
    name = "ids" if where == "path" else "X-Ids"
    items = {"type": "string"}
    return {
        "name": name,
        "in": where,
        "required": True,
        "type": "array",
        "items": items,
        "collectionFormat": collection,
    }


@pytest.mark.parametrize(
    ("written", "read"), [("json", "application/json"), ("form-data", "multipart/form-data"), ("text", "text/plain")]
)
def test_what_is_no_media_type_is_read_as_what_it_means(written: str, read: str) -> None:
    catalog = imported(_posting({written: BODY}))
    (operation,) = catalog.operations.values()
    assert operation.body is not None
    assert operation.body.media_type == read
    assert "invalid-media-type" in finding_ids(catalog)
    compile_builder(operation)


@pytest.mark.parametrize("written", ["", "a b/c", "application/json\r\nX: y", "application/json; charset"])
def test_a_media_type_that_means_nothing_costs_itself_alone(written: str) -> None:
    catalog = imported(_posting({written: BODY, "text/plain": {"schema": {"type": "string"}}}))
    (operation,) = catalog.operations.values()
    assert operation.body is not None
    assert operation.body.media_types == ("text/plain",)
    assert "invalid-media-type" in finding_ids(catalog)


def test_consumes_is_read_the_same_way() -> None:
    body = {"name": "b", "in": "body", **BODY}
    catalog = imported(_swagger(consumes=["json"], parameters=[_ids("path", "csv"), body]))
    (operation,) = catalog.operations.values()
    assert operation.body is not None
    assert operation.body.media_type == "application/json"


@pytest.mark.parametrize(
    ("collection", "target"), [("csv", "/a/x,y"), ("ssv", "/a/x%20y"), ("pipes", "/a/x%7Cy"), ("tsv", "/a/x,y")]
)
def test_collection_formats_hold_in_a_path(collection: str, target: str) -> None:
    (operation,) = imported(_swagger(parameters=[_ids("path", collection)])).operations.values()
    assert compile_builder(operation)({"ids": ["x", "y"]}).target == target


@pytest.mark.parametrize(("collection", "value"), [("csv", b"x,y"), ("ssv", b"x y"), ("pipes", b"x|y")])
def test_collection_formats_hold_in_a_header(collection: str, value: bytes) -> None:
    parameters = [_ids("path", "csv"), _ids("header", collection)]
    (operation,) = imported(_swagger(parameters=parameters)).operations.values()
    wire = compile_builder(operation)({"ids": ["1"], "X-Ids": ["x", "y"]})
    assert dict(wire.headers)[b"x-ids"] == value


def test_an_encoding_with_names_that_are_none_is_left_to_its_defaults() -> None:
    encoding = {"x": {"contentType": "a b", "style": "matrix", "headers": {"a b": {"schema": {"default": "q"}}}}}
    for version in ("3.0.3", "3.1.0"):
        document = _posting({"multipart/form-data": BODY | {"encoding": encoding}}) | {"openapi": version}
        (operation,) = imported(document).operations.values()
        assert b"q" not in bytes(compile_builder(operation)({"x": "1"}).body or b"")  # type: ignore[arg-type]
