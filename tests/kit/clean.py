"""What makes a tool one that every client and model provider takes, checked from outside."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

import jsonschema_rs

from bridge.model import Json, Tool

NAME = re.compile(r"[a-z][a-z0-9_]{0,47}")
KEY = re.compile(r"[a-zA-Z0-9_.-]{1,64}")
COMBINATORS = ("oneOf", "anyOf", "allOf")


@dataclass(frozen=True, slots=True)
class Fault:
    kind: str
    """name, invalid, root, dangling or key."""
    tool: str
    message: str


def faults(tool: Tool) -> Iterator[Fault]:
    schema = tool.input_schema
    if not NAME.fullmatch(tool.name):
        yield Fault("name", tool.name, "the name is not legal")
    for what in (schema, tool.output_schema):
        if what is None:
            continue
        if error := _invalid(what):
            yield Fault("invalid", tool.name, error)
        for reference in dangling(what):
            yield Fault("dangling", tool.name, f"{reference} leads nowhere")
    if schema.get("type") != "object" or any(key in schema for key in COMBINATORS):
        yield Fault("root", tool.name, "the root of the input is no plain object")
    for key in schema.get("properties", {}):
        if not KEY.fullmatch(key):
            yield Fault("key", tool.name, f"the property key {key!r} is not legal")


def _invalid(schema: Json) -> str:
    try:
        jsonschema_rs.meta.validate(schema)
        jsonschema_rs.Draft202012Validator(schema)
    except (jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError, ValueError) as error:
        return str(error).partition("\n")[0]
    return ""


def dangling(schema: Json) -> Iterator[str]:
    """References that no local definition answers."""
    for reference in set(_references(schema)):
        node = schema
        for part in reference.removeprefix("#").split("/")[1:]:
            key = part.replace("~1", "/").replace("~0", "~")
            node = node.get(key) if isinstance(node, dict) else None
        if node is None or not reference.startswith("#"):
            yield reference


def _references(node: Json) -> Iterator[str]:
    """`properties` may have one named `$ref`, whose schema is no text."""
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        for key, value in node.items():
            if key not in {"const", "enum", "default", "examples"}:
                yield from _references(value)
    elif isinstance(node, list):
        for value in node:
            yield from _references(value)
