"""Resources on their way from the configuration to endpoints."""

from pathlib import Path

import orjson
import pytest

from bridge.compile import Loaded, load_apis
from bridge.compile.operations import Known, endpoint, endpoints
from bridge.compile.routes import routes
from bridge.config import load
from bridge.importer import Options, Sources, build, import_api
from bridge.model import AskFor, BadArguments, Endpoint, Json, Route
from bridge.model.steps import at_once
from bridge.pipeline.addresses import Addressed, Locator, Template
from tests.kit.documents import paths

SPECS = Path(__file__).parents[3] / "specs"

DOCUMENT = paths({
    "GET /things/{id}": {
        "operationId": "getThing", "tags": ["read"],
        "parameters": [
            {"name": "id", "in": "path", "required": True, "schema": {"type": "integer"}},
            {"name": "X-Trace", "in": "header", "schema": {"type": "string"}},
        ],
    },
    "PUT /things/{id}": {
        "operationId": "putThing",
        "parameters": [{"name": "id", "in": "path", "required": True, "schema": {"type": "integer"}}],
    },
})  # fmt: skip


def loaded(home: Path, **api: Json) -> Loaded:
    (home / "shop.json").write_bytes(orjson.dumps(DOCUMENT))
    file = home / "bridge.yaml"
    file.write_bytes(orjson.dumps({"apis": {"shop": {"spec": "shop.json", **api}}}))
    return load_apis(load(file, {}))


def compiled(one: Loaded, name: str) -> Endpoint:
    tool = next((tool for tool in one.catalog.tools.values() if tool.operation == name), None)
    operation = one.catalog.operations["shop", name]
    uri = next((one.uri for one in one.catalog.resources if one.operation == name), "")
    address = Addressed(uri, operation.input_schema) if uri else None
    return endpoint(operation, tool, Route(api="shop", prefix="", host=None, targets=()), address=address)


def test_configuration_chooses_resources_by_pattern(tmp_path: Path) -> None:
    catalog = loaded(tmp_path, resources={"include": ["tag:read"]}).catalog
    assert [(one.uri, one.listed) for one in catalog.resources] == [("api://shop/things/{id}", True)]
    assert list(catalog.tools) == ["put_thing"]


def test_api_of_nothing_but_resources_is_not_said_to_be_empty(tmp_path: Path) -> None:
    chosen = {"tools": {"exclude": ["putThing"]}, "resources": {"include": ["GET"]}}
    assert not [one for one in loaded(tmp_path, **chosen).catalog.findings if one.id == "no-tools"]


def test_configuration_says_what_an_operation_is_read_by_and_what_is_asked_for(tmp_path: Path) -> None:
    hints = {"audience": ["user"], "priority": "0.5"}
    reading = {"expose": "resource", "uri": "x://{id}", "name": "thing", "annotations": hints}
    asking = {"ask": {"which": {"message": "Which?", "arguments": ["id"]}}}
    catalog = loaded(tmp_path, operations={"getThing": reading, "PUT /things/{id}": asking}).catalog
    (found,) = catalog.resources
    assert (found.uri, found.name, found.audience, found.priority) == ("x://{id}", "thing", ("user",), 0.5)
    assert catalog.tools["put_thing"].ask == (AskFor("which", ("id",), "Which?"),)


@pytest.mark.parametrize("api", [{"operations": {"getThing": {"expose": "resource"}}}, {}])
def test_what_is_read_is_checked_like_a_tool(tmp_path: Path, api: Json) -> None:
    one = loaded(tmp_path, **api)
    read = compiled(one, "getThing")
    place = Locator(
        (found, one.catalog.operations["shop", found.operation].input_schema) for found in one.catalog.resources
    )
    found = place.find("api://shop/things/7")
    assert found is not None
    read.check(found[1])
    assert read.build(found[1]).target == "/things/7"
    wrong = place.find("api://shop/things/seven")
    assert wrong is not None
    with pytest.raises(BadArguments, match="id: must be"):
        read.check(wrong[1])


def test_endpoint_writes_the_address_of_an_answer_where_there_is_one(tmp_path: Path) -> None:
    one = loaded(tmp_path)
    read = compiled(one, "getThing")
    assert read.address is not None
    assert read.address({"id": 7}) == "api://shop/things/7"
    assert read.address({"id": 7, "X-Trace": "a"}) is None
    assert compiled(one, "putThing").address is None


@pytest.mark.parametrize("name", ["orders", "parcels"])
def test_every_address_of_the_sample_documents_leads_back_to_its_operation_and_arguments(name: str) -> None:
    catalog = build([import_api(name, Sources(str(SPECS / f"{name}.yaml")), Options())])
    schemas = {key: operation.input_schema for key, operation in catalog.operations.items()}
    place = Locator((one, schemas[one.api, one.operation]) for one in catalog.resources)
    assert catalog.resources
    for one in catalog.resources:
        schema = schemas[one.api, one.operation]
        arguments = {name: example(schema["properties"][name]) for name in Template.parse(one.uri).variables}
        uri = Addressed(one.uri, schema)(arguments)
        assert uri is not None
        assert place.find(uri) == (one, arguments)


def example(schema: Json) -> Json:
    """Of the parameters in those documents."""
    if "enum" in schema:
        return schema["enum"][0]
    if schema.get("type") == "array":
        return [example(schema["items"]), example(schema["items"])]
    return {"integer": 7, "number": 1.5, "boolean": True}.get(schema.get("type"), "a/b, ä")


def test_operation_that_is_read_elsewhere_now_is_compiled_again_and_others_are_not(tmp_path: Path) -> None:
    def made(uri: str, known: Known) -> Known:
        one = loaded(tmp_path, upstream={"url": "https://a.example.com"}, operations={"getThing": {"uri": uri}})
        chosen = load(tmp_path / "bridge.yaml", {})
        return at_once(endpoints(one.catalog, routes(chosen.apis, one.catalog), known))

    first = made("x://{id}", {})
    again, moved = made("x://{id}", first), made("y://{id}", first)
    assert again["shop", "getThing"] is first["shop", "getThing"]
    assert moved["shop", "putThing"] is first["shop", "putThing"]
    address = moved["shop", "getThing"].address
    assert address is not None
    assert address({"id": 7}) == "y://7"


def test_what_changes_something_is_called_as_a_tool_or_not_at_all(tmp_path: Path) -> None:
    hidden = compiled(loaded(tmp_path, operations={"putThing": {"expose": "none"}}), "putThing")
    with pytest.raises(BadArguments, match="is no tool"):
        hidden.check({"id": 7})
