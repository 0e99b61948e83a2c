"""Documents made to cost more than they are worth: refused by a named budget, or read in time that grows with size."""

import time

import pytest

from bridge.importer import Budgets, ImportFailed, Options, Sources, build, import_api
from bridge.model import Json
from tests.kit.documents import answering, broken_schemas, document, finding_ids, imported, only_tool, paths, posting

TEXT = {"type": "string"}


def doubling(levels: int, keyword: str) -> dict[str, Json]:
    """Schemas of which each holds the next one twice: written out, 2^levels."""
    schemas: dict[str, Json] = {
        f"L{level}": {"type": "object", keyword: [{"$ref": f"#/components/schemas/L{level + 1}"}] * 2}
        for level in range(levels)
    }
    return schemas | {f"L{levels}": {"type": "object", "properties": {"end": TEXT}}}


@pytest.mark.timeout(10)
@pytest.mark.parametrize("keyword", ["allOf", "anyOf", "oneOf"])
@pytest.mark.parametrize("make", [posting, answering])
@pytest.mark.statement("A24")
def test_doubling_is_never_written_out(make: Json, keyword: str) -> None:
    catalog = imported(make({"$ref": "#/components/schemas/L0"}, **doubling(60, keyword)), output_bytes=1 << 20)
    assert not broken_schemas(catalog.tools.values())
    assert only_tool(catalog).tokens < 10_000


@pytest.mark.timeout(10)
def test_doubling_through_properties_is_never_written_out() -> None:
    schemas: dict[str, Json] = {
        f"L{level}": {
            "type": "object",
            "properties": {side: {"$ref": f"#/components/schemas/L{level + 1}"} for side in ("left", "right")},
        }
        for level in range(60)
    }
    catalog = imported(posting({"$ref": "#/components/schemas/L0"}, **schemas, L60=TEXT))
    assert only_tool(catalog).tokens < 10_000
    assert not broken_schemas(catalog.tools.values())


@pytest.mark.timeout(10)
def test_doubling_that_has_to_be_written_out_ends_and_it_is_said() -> None:
    """A neighbour hides a property that every level requires, so that no level can stay a reference."""
    schemas: dict[str, Json] = {
        f"L{level}": {"required": ["x"], "allOf": [{"$ref": f"#/components/schemas/L{level + 1}"}] * 2}
        for level in range(18)
    }
    schemas["L18"] = {"required": ["x"]}
    root = {"properties": {"x": TEXT | {"readOnly": True}}, "allOf": [{"$ref": "#/components/schemas/L0"}]}
    catalog = imported(posting({"type": "array", "items": root}, **schemas))
    assert "required-but-hidden" in finding_ids(catalog)
    assert not broken_schemas(catalog.tools.values())


@pytest.mark.timeout(10)
def test_more_members_of_all_of_than_the_budget_end_the_import() -> None:
    parts = [{"type": "object", "properties": {f"p{number}": TEXT}} for number in range(30)]
    assert imported(posting({"type": "array", "items": {"allOf": parts}})).tools
    with pytest.raises(ImportFailed, match="all_of"):
        imported(posting({"type": "array", "items": {"allOf": parts}}), budgets=Budgets(all_of=20))


@pytest.mark.timeout(10)
@pytest.mark.parametrize("keyword", ["allOf", "anyOf", "items", "properties", "additionalProperties", "not"])
def test_long_chain_of_components_becomes_a_sound_schema(keyword: str) -> None:
    def link(ref: Json) -> Json:
        return {"allOf": [ref], "anyOf": [ref], "properties": {"next": ref}}.get(keyword, ref)

    schemas: dict[str, Json] = {
        f"C{number}": {"type": "object", keyword: link({"$ref": f"#/components/schemas/C{number + 1}"})}
        for number in range(150)
    }
    catalog = imported(posting({"type": "array", "items": {"$ref": "#/components/schemas/C0"}}, **schemas, C150=TEXT))
    assert not broken_schemas(catalog.tools.values())


def deep(levels: int, *, ends: Json) -> Json:
    value: Json = ends
    for _ in range(levels):
        value = {"type": "array", "items": value}
    return value


@pytest.mark.timeout(10)
def test_deep_components_in_a_chain_do_not_exhaust_the_stack() -> None:
    schemas = {f"D{number}": deep(100, ends={"$ref": f"#/components/schemas/D{number + 1}"}) for number in range(20)}
    catalog = imported(posting({"type": "array", "items": {"$ref": "#/components/schemas/D0"}}, **schemas, D20=TEXT))
    assert not broken_schemas(catalog.tools.values())


def test_nesting_beyond_the_budget_is_refused() -> None:
    with pytest.raises(ImportFailed, match="depth"):
        imported(posting(deep(60, ends=TEXT)), budgets=Budgets(depth=50))


def test_time_beyond_the_budget_ends_the_import() -> None:
    with pytest.raises(ImportFailed, match="seconds"):
        imported(paths({"GET /a": {}}), budgets=Budgets(seconds=-1))


@pytest.mark.timeout(15)
def test_thousands_of_operations_are_read() -> None:
    """Each with its own component; the time is bounded by the test's, its growth was looked at by hand."""
    schemas = {f"S{n}": {"type": "object", "properties": {"a": TEXT, "b": {"type": "integer"}}} for n in range(2000)}
    operations = {f"POST /things/{n}/{{id}}": {"operationId": f"doThing{n}", "requestBody": {"content": {
        "application/json": {"schema": {"$ref": f"#/components/schemas/S{n}"}}}}} for n in range(2000)}  # fmt: skip
    assert len(imported(paths(operations, components={"schemas": schemas})).tools) == 2000


@pytest.mark.timeout(10)
@pytest.mark.parametrize("piece", ["[", "<a", "](", "[a](b", "&lt;", "(", "![", "[x](y(", "[](" + "(" * 10, '[a](b "'])
def test_description_made_to_confuse_is_cleaned_in_time(piece: str) -> None:
    text = piece * 20_000 + "]("
    before = time.monotonic()
    imported(paths({"GET /a": {"description": text}}))
    assert time.monotonic() - before < 5


@pytest.mark.timeout(10)
def test_endless_names_are_cut_in_time() -> None:
    long = "A" * 200_000
    parameter = {"name": long, "in": "query", "schema": TEXT}
    catalog = imported(paths({f"GET /{long}": {}, "GET /a": {"operationId": long, "parameters": [parameter]}}))
    assert all(len(name) <= 48 for name in catalog.tools)


def test_time_that_passes_between_import_and_build_does_not_count() -> None:
    """Many documents are read one after the other before the tools of all are built."""
    options = Options(budgets=Budgets(seconds=0.5))
    read = import_api("api", Sources(document(answering(TEXT))), options)
    time.sleep(0.6)
    assert build([read]).tools


@pytest.mark.timeout(15)
def test_patterns_that_take_long_to_compile_are_dropped() -> None:
    properties: dict[str, Json] = {
        f"p{n}": {"type": "string", "pattern": rf"[\w\W]{{1,1000}}\p{{L}}{{1,1000}}x{n}"} for n in range(3000)
    }
    catalog = imported(posting({"type": "object", "properties": properties | {"ok": TEXT | {"pattern": "^a{1,9}$"}}}))
    kept = {name for name, schema in only_tool(catalog).input_schema["properties"].items() if "pattern" in schema}
    assert kept == {"ok"} or not kept, "what came after the budget was spent may be dropped too"
    assert "keyword-dropped" in finding_ids(catalog)


def test_patterns_beyond_their_budget_are_dropped() -> None:
    properties: dict[str, Json] = {f"p{n}": TEXT | {"pattern": f"^{'a' * 100_000}{n}$"} for n in range(3)}
    catalog = imported(posting({"type": "object", "properties": properties}))
    kept = [name for name, schema in only_tool(catalog).input_schema["properties"].items() if "pattern" in schema]
    assert kept == ["p0", "p1"]


def fan(operations: int) -> Json:
    """Operations that share sixty definitions, none of which can be written in place."""
    schemas: dict[str, Json] = {
        f"S{n}": {"type": "object", "properties": {f"p{m}": {"$ref": f"#/components/schemas/S{n + 1}"} for m in "abc"}}
        for n in range(60)
    }
    content = {"application/json": {"schema": {"$ref": "#/components/schemas/S0"}}}
    made = {f"POST /a{n}": {"requestBody": {"content": content}} for n in range(operations)}
    return paths(made, components={"schemas": schemas | {"S60": TEXT}})


def test_operations_share_their_definitions() -> None:
    tools = list(imported(fan(3)).tools.values())
    definitions = [tool.input_schema["$defs"] for tool in tools]
    assert len(definitions[0]) == 59
    for name in definitions[0]:
        assert len({id(one[name]) for one in definitions}) == 1
    assert not broken_schemas(tools)


def test_definitions_that_operations_share_are_charged_once() -> None:
    limit = 40_000
    assert len(imported(fan(50), budgets=Budgets(schemas=limit)).tools) == 50
    with pytest.raises(ImportFailed, match=r"input schemas of its operations take more bytes than 9,000 .*'schemas'"):
        imported(fan(50), budgets=Budgets(schemas=9_000))
