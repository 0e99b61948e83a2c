"""API descriptions written inside tests, and what becomes of them."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import jsonschema_rs
import orjson

from bridge.importer import Budgets, Options, Sources, build, import_api
from bridge.importer.keywords import subschemas
from bridge.importer.load import Document, parse
from bridge.model import Catalog, Finding, Json, Operation, Tool

HOME = "/specs"
"""Where written documents pretend to stand: nothing may depend on it."""


def document(content: Json, name: str = "api.yaml", home: str = HOME, budgets: Budgets | None = None) -> Document:
    """YAML or JSON text, bytes, or plain data, as the importer gets it from a file."""
    text = content if isinstance(content, str | bytes) else orjson.dumps(content)
    data = text.encode() if isinstance(text, str) else text
    return parse(data, f"{home}/{name}", name, None, budgets or Budgets())


def imported(
    content: Json, *, api: str = "api", home: str = HOME, lock: Mapping[str, str] | None = None, **options: Any
) -> Catalog:
    """The catalogue of one document; `options` are those of an import."""
    chosen = Options(**options)
    source = document(content, home=home, budgets=chosen.budgets)
    return build([import_api(api, Sources(source), chosen)], lock)


def paths(methods: Mapping[str, Json], *, openapi: str = "3.1.0", **more: Json) -> dict[str, Json]:
    """A document with one operation per `METHOD /path`."""
    items: dict[str, Json] = {}
    for key, operation in methods.items():
        method, _, path = key.partition(" ")
        items.setdefault(path, {})[method.lower()] = {"responses": {"200": {"description": "OK"}}} | operation
    version = {"swagger": "2.0"} if openapi == "2.0" else {"openapi": openapi}
    return version | {"info": {"title": "Things", "version": "1"}, "paths": items} | more


def posting(schema: Json, *, media_type: str = "application/json", openapi: str = "3.1.0", **components: Json) -> Json:
    """A document whose one operation, `send`, takes a body; `components` are its schemas."""
    body = {"required": True, "content": {media_type: {"schema": schema}}}
    return paths(
        {"POST /things": {"operationId": "send", "requestBody": body}},
        openapi=openapi, components={"schemas": components},
    )  # fmt: skip


def answering(schema: Json, *, openapi: str = "3.1.0", **components: Json) -> Json:
    """A document whose one operation, `fetch`, answers with JSON; `components` are its schemas."""
    response = {"description": "OK", "content": {"application/json": {"schema": schema}}}
    return paths(
        {"GET /things": {"operationId": "fetch", "responses": {"200": response}}},
        openapi=openapi, components={"schemas": components},
    )  # fmt: skip


def only_tool(catalog: Catalog) -> Tool:
    """The tool of a document with one operation."""
    (found,) = catalog.tools.values()
    return found


def only_operation(catalog: Catalog) -> Operation:
    (found,) = catalog.operations.values()
    return found


def tool(catalog: Catalog, name: str) -> Tool:
    """The tool of this name; a wrong name shows those there are."""
    assert name in catalog.tools, f"{name!r} is none of {sorted(catalog.tools)}"
    return catalog.tools[name]


def inputs(catalog: Catalog) -> dict[str, Json]:
    """The argument schemas of the only tool."""
    found: dict[str, Json] = only_tool(catalog).input_schema["properties"]
    return found


def finding_ids(catalog: Catalog) -> set[str]:
    """Without what the OpenAPI schema says: the importer's own findings."""
    return {finding.id for finding in catalog.findings} - {"schema-violation"}


def finding(catalog: Catalog, id: str) -> Finding:
    """The only finding of its kind."""
    found = [one for one in catalog.findings if one.id == id]
    assert len(found) == 1, f"{id}: {len(found)} times; there are {sorted(finding_ids(catalog))}"
    return found[0]


def broken_schemas(tools: Iterable[Tool]) -> list[str]:
    """What is wrong with the schemas of tools: no 2020-12 schema, no object at the root, or a reference to nowhere."""
    return [
        f"{one.name}: {problem}"
        for one in tools
        for schema in (one.input_schema, one.output_schema)
        if schema is not None
        for problem in _problems(schema)
    ]


def _problems(schema: Json) -> Iterator[str]:
    if not isinstance(schema, dict) or schema.get("type") != "object":
        yield "the root is no object"
        return
    validator = jsonschema_rs.validator_for({"$ref": "https://json-schema.org/draft/2020-12/schema"})
    yield from (error.message[:200] for error in validator.iter_errors(schema))
    known = {f"#/$defs/{name}" for name in schema.get("$defs", {})}
    yield from (f"dangling {ref}" for ref in references(schema) if ref not in known)


def references(schema: Json) -> Iterator[str]:
    """Every `$ref` in a finished schema, its definitions included."""
    waiting = [schema]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            if "$ref" in value:
                yield value["$ref"]
            waiting.extend(subschemas(value))
            waiting.extend(value.get("$defs", {}).values())
