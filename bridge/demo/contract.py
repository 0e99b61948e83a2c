"""The hand-written document as the upstream's own contract.

The document is the single statement of what the API takes: routes, parameters, styles and schemas are read from it,
so the service cannot understand anything else than what it publishes. `reading` interprets what is declared here.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, cast

import jsonschema_rs
import yaml

from bridge.demo.styles import Shape, Style, default_style

Json = Any
Schema = dict[str, Json]

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")


@dataclass(frozen=True, slots=True)
class Field:
    """A schema made ready: resolved for reading text by its types, compiled for checking the result."""

    schema: Schema
    validator: jsonschema_rs.Draft202012Validator

    @property
    def shape(self) -> Shape:
        kind = self.schema.get("type")
        return cast(Shape, kind) if kind in ("array", "object") else "primitive"


@dataclass(frozen=True, slots=True)
class Parameter:
    """`style` is None for a parameter with `content`: its value is JSON text."""

    name: str
    where: str
    required: bool
    style: Style | None
    field: Field


@dataclass(frozen=True, slots=True)
class Part:
    """A field of a form or of a multipart body, with what its Encoding Object says."""

    style: Style
    content_types: tuple[str, ...]
    field: Field


@dataclass(frozen=True, slots=True)
class Body:
    """A request body of one media type; `field` is None where any bytes will do."""

    media_type: str
    required: bool
    field: Field | None
    parts: Mapping[str, Part]


@dataclass(frozen=True, slots=True)
class Operation:
    id: str
    method: str
    path: str
    parameters: tuple[Parameter, ...]
    bodies: Mapping[str, Body]


def document_path() -> Path:
    """The document: beside this module in an installed wheel, under specs/ in a checkout."""
    packaged = Path(__file__).with_name("orders.yaml")
    return packaged if packaged.exists() else Path(__file__).parents[2] / "specs" / "orders.yaml"


@cache
def document() -> bytes:
    return document_path().read_bytes()


def operations(source: bytes) -> Iterator[Operation]:
    """Every operation of an OpenAPI 3.1 document in one file."""
    reader = _Reader(yaml.load(source, yaml.CSafeLoader))
    for path, item in reader.root["paths"].items():
        for method in METHODS:
            if method in item:
                yield reader.operation(method, path, item, item[method])


class _Reader:
    def __init__(self, root: Schema) -> None:
        self.root = root

    def operation(self, method: str, path: str, item: Schema, declared: Schema) -> Operation:
        parameters = [self.resolve(it) for it in (*item.get("parameters", ()), *declared.get("parameters", ()))]
        return Operation(
            id=declared["operationId"],
            method=method.upper(),
            path=path,
            parameters=tuple(self.parameter(it) for it in parameters),
            bodies=self.bodies(self.resolve(declared.get("requestBody", {}))),
        )

    def parameter(self, declared: Schema) -> Parameter:
        content = declared.get("content")
        field = self.field(next(iter(content.values()))["schema"] if content else declared["schema"])
        style = None if content else _style(declared["name"], declared["in"], declared, field)
        return Parameter(declared["name"], declared["in"], declared.get("required", False), style, field)

    def bodies(self, declared: Schema) -> dict[str, Body]:
        content = declared.get("content", {})
        required = declared.get("required", False)
        return {name: self.body(name, media, required=required) for name, media in content.items()}

    def body(self, media_type: str, media: Schema, *, required: bool) -> Body:
        field = self.field(media["schema"]) if "schema" in media else None
        properties = field.schema.get("properties", {}) if field else {}
        encoding = media.get("encoding", {})
        parts = {name: self.part(name, schema, encoding.get(name, {})) for name, schema in properties.items()}
        return Body(media_type, required, field, parts)

    def part(self, name: str, schema: Schema, encoding: Schema) -> Part:
        field = self.field(schema)
        types = tuple(it.strip() for it in encoding.get("contentType", "").split(",") if it.strip())
        style = _style(name, "query", encoding, field)
        # A field with a content type of its own is one text in that type, whatever its schema.
        return Part(replace(style, shape="primitive") if types else style, types, field)

    def field(self, schema: Schema) -> Field:
        # The components travel along, so that every "#/components/…" inside a schema, recursive ones too, is found.
        rooted = {"allOf": [schema], "components": self.root["components"]}
        return Field(self.flat(schema), jsonschema_rs.Draft202012Validator(rooted, validate_formats=True))

    def flat(self, schema: Schema) -> Schema:
        """The schema with its own reference, its properties' and its items' replaced: what reading text needs."""
        resolved = self.resolve(schema)
        if "properties" in resolved:
            properties = {name: self.resolve(it) for name, it in resolved["properties"].items()}
            resolved = {**resolved, "properties": properties}
        if "items" in resolved:
            resolved = {**resolved, "items": self.resolve(resolved["items"])}
        return resolved

    def resolve(self, node: Schema) -> Schema:
        if "$ref" not in node:
            return node
        target: Json = self.root
        for key in node["$ref"].removeprefix("#/").split("/"):
            target = target[key]
        # In a schema of OpenAPI 3.1 the keywords beside $ref count too.
        return {**self.resolve(target), **{key: value for key, value in node.items() if key != "$ref"}}


def _style(name: str, where: str, declared: Schema, field: Field) -> Style:
    style, explode = default_style(where, declared)
    return Style(name, style, explode, field.shape, tuple(field.schema.get("properties", ())))
