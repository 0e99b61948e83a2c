"""Following `$ref`: within a document, into other files, and where it must not be followed."""

from pathlib import Path

import pytest

from bridge.importer import Budgets, ImportFailed, Options, Sources, build, import_api
from bridge.model import Catalog, Json
from tests.kit.documents import (
    broken_schemas,
    finding,
    finding_ids,
    imported,
    inputs,
    only_operation,
    only_tool,
    paths,
    posting,
)

TEXT = {"type": "string"}


def asked(ref: str, **more: Json) -> Catalog:
    """A document whose one parameter has a referenced schema."""
    parameter = {"name": "it", "in": "query", "schema": {"$ref": ref}}
    return imported(paths({"GET /a": {"operationId": "a", "parameters": [parameter]}}, **more))


@pytest.mark.parametrize(
    "ref",
    [
        "#/components/schemas/Word",
        "#/components/schemas/Word/",
        "#/components/schemas/Holder/properties/word",
        "#/components/schemas/Holder/allOf/0",
        "#/components/parameters/P/schema",
        "#/paths/~1other~1%7Bid%7D/get/parameters/0/schema",
        "#/paths/~1other~1{id}/get/parameters/0/schema",
        "#/components/schemas/odd%20%25name",
        "#/components/schemas/til~0de",
        "#word",
    ],
)
def test_reference_leads_anywhere_in_the_document(ref: str) -> None:
    word = {"type": "string", "maxLength": 7}
    schemas = {"Word": word | {"$anchor": "word"}, "odd %name": word, "til~de": word,
               "Holder": {"properties": {"word": word}, "allOf": [word]}}  # fmt: skip
    if ref.endswith("/"):
        schemas["Word"] = {"": word}
    document = paths(
        {"GET /a": {"parameters": [{"name": "it", "in": "query", "schema": {"$ref": ref}}]}},
        components={"schemas": schemas, "parameters": {"P": {"name": "p", "in": "query", "schema": word}}},
    )
    document["paths"]["/other/{id}"] = {"x-y": 1, "get": {"parameters": [{"name": "id", "in": "path", "schema": word}]}}
    (tool,) = [tool for tool in imported(document).tools.values() if "it" in tool.input_schema["properties"]]
    assert tool.input_schema["properties"]["it"] == word


@pytest.mark.parametrize(
    "ref",
    [
        "#/components/schemas/Nowhere", "#/paths/01", "#/servers/9", f"#/servers/{'9' * 5000}", "#nowhere",
        "#/info/title/x",
        "http://[", "http://[::1", "#/%zz", "\x00", "nowhere.yaml#/A", "//host/file", "javascript:alert(1)",
    ],
)  # fmt: skip
def test_reference_to_nowhere_costs_what_it_described(ref: str) -> None:
    catalog = asked(ref, servers=[{"url": "/"}])
    assert inputs(catalog) == {"it": {}}
    assert finding(catalog, "dangling-reference").lost


def test_references_in_a_circle_are_reported() -> None:
    schemas = {"A": {"$ref": "#/components/schemas/B"}, "B": {"$ref": "#/components/schemas/A"},
               "Me": {"$ref": "#/components/schemas/Me"}}  # fmt: skip
    for name in schemas:
        catalog = asked(f"#/components/schemas/{name}", components={"schemas": schemas})
        assert inputs(catalog) == {"it": {}}
        assert "circle" in finding(catalog, "dangling-reference").message


def test_chain_of_references_is_followed() -> None:
    schemas: dict[str, Json] = {f"S{number}": {"$ref": f"#/components/schemas/S{number + 1}"} for number in range(30)}
    schemas["S30"] = TEXT
    assert inputs(asked("#/components/schemas/S0", components={"schemas": schemas})) == {"it": TEXT}


def test_document_may_refer_to_itself_as_a_whole() -> None:
    assert not broken_schemas(asked("#").tools.values())


def test_definitions_beside_a_schema_are_found_from_within() -> None:
    schema = {"type": "object", "properties": {"a": {"$ref": "#/$defs/Short"}}, "$defs": {"Short": {"maxLength": 3}}}
    assert inputs(imported(posting(schema))) == {"a": {"maxLength": 3}}


def test_id_makes_a_schema_the_root_of_its_references() -> None:
    inner = {"$id": "https://example.com/inner", "type": "object", "$defs": {"S": {"maxLength": 3}},
             "properties": {"a": {"$ref": "#/$defs/S"}, "b": {"$ref": "#/components/schemas/Plain"}}}  # fmt: skip
    document = posting({"$ref": "https://example.com/inner"}, Inner=inner, Plain=TEXT)
    assert inputs(imported(document)) == {"a": {"maxLength": 3}, "b": TEXT}


def test_document_is_known_by_its_self() -> None:
    me = "https://api.example.com/v1/openapi.yaml"
    catalog = asked(
        f"{me}#/components/schemas/W", openapi="3.2.0", components={"schemas": {"W": TEXT}}, **{"$self": me}
    )
    assert inputs(catalog) == {"it": TEXT}


# --- other documents --------------------------------------------------------------------------------------------------

ROOT = """
openapi: 3.1.0
info: {title: t, version: '1'}
paths:
  /a:
    get:
      operationId: a
      parameters: [{name: it, in: query, schema: {$ref: '%s'}}]
      responses: {'200': {description: OK}}
"""


def files(folder: Path, ref: str, **others: str) -> Catalog:
    (folder / "api").mkdir()
    (folder / "api" / "openapi.yaml").write_text(ROOT % ref)
    for name, text in others.items():
        file = folder / name.replace("__", "/").replace("_yaml", ".yaml")
        file.parent.mkdir(exist_ok=True, parents=True)
        file.write_text(text)
    return build([import_api("api", Sources(str(folder / "api" / "openapi.yaml")), Options())])


def test_reference_into_a_file_beside_the_document_is_followed(tmp_path: Path) -> None:
    catalog = files(tmp_path, "parts/words.yaml#/Word", api__parts__words_yaml="Word: {$ref: '../more.yaml'}",
                    api__more_yaml="{type: string, maxLength: 3}")  # fmt: skip
    assert inputs(catalog) == {"it": {"type": "string", "maxLength": 3}}


def test_recursion_through_two_files_is_kept(tmp_path: Path) -> None:
    catalog = files(
        tmp_path, "tree.yaml#/Tree",
        api__tree_yaml="Tree: {type: object, properties: {leaf: {$ref: 'leaf.yaml#/Leaf'}}}",
        api__leaf_yaml="Leaf: {type: object, properties: {tree: {$ref: 'tree.yaml#/Tree'}}}",
    )  # fmt: skip
    assert set(only_tool(catalog).input_schema["$defs"]) == {"Tree"}
    assert not broken_schemas(catalog.tools.values())


def test_path_item_in_another_file_brings_its_own_references(tmp_path: Path) -> None:
    catalog = files(tmp_path, "#/nowhere", api__item_yaml="get: {operationId: b, parameters: [{$ref: '#/P'}]}\n"
                    "P: {name: p, in: query, schema: {$ref: '#/P/x-schema'}, x-schema: {type: integer}}")  # fmt: skip
    assert finding_ids(catalog) == {"dangling-reference"}
    document = (tmp_path / "api" / "openapi.yaml").read_text() + "  /b: {$ref: item.yaml}\n"
    (tmp_path / "api" / "openapi.yaml").write_text(document)
    catalog = build([import_api("api", Sources(str(tmp_path / "api" / "openapi.yaml")), Options())])
    assert catalog.tools["b"].input_schema["properties"] == {"p": {"type": "integer"}}


@pytest.mark.parametrize("ref", ["../secret.yaml#/S", "/etc/passwd", "file:///etc/passwd", "%2e%2e/secret.yaml#/S"])
def test_reference_out_of_the_documents_folder_is_refused(tmp_path: Path, ref: str) -> None:
    catalog = files(tmp_path, ref, secret_yaml="S: {type: string, description: leaked}")
    assert inputs(catalog) == {"it": {}}
    assert "refused" in finding(catalog, "dangling-reference").message


def test_link_out_of_the_documents_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "secret.yaml").write_text("S: {type: string}")
    (tmp_path / "api").mkdir()
    (tmp_path / "api" / "link.yaml").symlink_to(tmp_path / "secret.yaml")
    (tmp_path / "api" / "openapi.yaml").write_text(ROOT % "link.yaml#/S")
    catalog = build([import_api("api", Sources(str(tmp_path / "api" / "openapi.yaml")), Options())])
    assert "refused" in finding(catalog, "dangling-reference").message


@pytest.mark.parametrize("ref", ["http://127.0.0.1:9/x.yaml", "http://169.254.169.254/latest", "ftp://example.com/x"])
def test_file_refers_to_no_address(tmp_path: Path, ref: str) -> None:
    catalog = files(tmp_path, ref)
    assert inputs(catalog) == {"it": {}}
    assert "refused" in finding(catalog, "dangling-reference").message


def test_broken_file_costs_what_it_described(tmp_path: Path) -> None:
    catalog = files(tmp_path, "bad.yaml#/S", api__bad_yaml="{{{")
    assert only_operation(catalog).key == "GET /a"
    assert "cannot be read" in finding(catalog, "dangling-reference").message


# --- budgets ----------------------------------------------------------------------------------------------------------


def test_more_references_than_the_budget_end_the_import() -> None:
    schemas: dict[str, Json] = {f"S{number}": TEXT for number in range(20)}
    properties = {name: {"$ref": f"#/components/schemas/{name}"} for name in schemas}
    document = posting({"type": "object", "properties": properties}, **schemas)
    assert len(inputs(imported(document, budgets=Budgets(references=25)))) == 20
    with pytest.raises(ImportFailed, match="references"):
        imported(document, budgets=Budgets(references=10))
