"""Schemas become forms that every client can show, and what people fill in becomes arguments again."""

import pytest

from bridge.ingress.mcp.asking import question_params
from bridge.model import Json, Question
from bridge.pipeline.forms import form, may_be_null
from tests.kit.mcp_schema import holds

ROOT: Json = {
    "$defs": {
        "Place": {"title": "Place", "oneOf": [{"const": "rome", "title": "Rome"}, {"const": "oslo", "title": "Oslo"}]},
        "Name": {"type": "string", "minLength": 2, "maxLength": 9, "description": "A name"},
    }
}
SHOWN: dict[str, tuple[Json, Json]] = {
    "text": ({"type": "string", "minLength": 1, "pattern": "x"}, {"type": "string", "minLength": 1}),
    "format": ({"type": "string", "format": "email"}, {"type": "string", "format": "email"}),
    "own format": ({"type": "string", "format": "int64"}, {"type": "string"}),
    "number": ({"type": "number", "minimum": 0.5, "multipleOf": 2}, {"type": "number", "minimum": 0.5}),
    "integer": (
        {"type": ["integer", "null"], "maximum": 9, "default": 3},
        {"type": "integer", "maximum": 9, "default": 3},
    ),
    "boolean": ({"type": "boolean", "default": False}, {"type": "boolean", "default": False}),
    "wrong default": ({"type": "integer", "default": "3"}, {"type": "integer"}),
    "true is no number": ({"type": "integer", "default": True}, {"type": "integer"}),
    "reference": (
        {"$ref": "#/$defs/Name", "title": "Who"},
        {"type": "string", "title": "Who", "description": "A name", "minLength": 2, "maxLength": 9},
    ),
    "choice": ({"enum": ["a", "b"], "default": "b"}, {"type": "string", "enum": ["a", "b"], "default": "b"}),
    "numbers": ({"type": "integer", "enum": [1, 2]}, {"type": "string", "enum": ["1", "2"]}),
    "titled": (
        {"$ref": "#/$defs/Place"},
        {
            "type": "string",
            "title": "Place",
            "oneOf": [{"const": "rome", "title": "Rome"}, {"const": "oslo", "title": "Oslo"}],
        },
    ),
    "several": (
        {"type": "array", "items": {"enum": ["a", "b"]}, "minItems": 1, "default": ["a"]},
        {"type": "array", "items": {"type": "string", "enum": ["a", "b"]}, "minItems": 1, "default": ["a"]},
    ),
    "several titled": (
        {"type": "array", "items": {"$ref": "#/$defs/Place"}},
        {
            "type": "array",
            "items": {"anyOf": [{"const": "rome", "title": "Rome"}, {"const": "oslo", "title": "Oslo"}]},
        },
    ),
    "either": (
        {"anyOf": [{"type": "string", "minLength": 3}, {"type": "integer", "minimum": 7}]},
        {"type": "string"},
    ),
    "anything": ({}, {"type": "string"}),
}  # fmt: skip


@pytest.mark.parametrize("name", SHOWN)
def test_a_schema_is_reduced_to_what_a_form_can_show(name: str) -> None:
    schema, field = SHOWN[name]
    made = form("key", "Please", {"a": schema}, ["a"], ROOT)
    assert made.question.schema["properties"]["a"] == field


@pytest.mark.parametrize("revision", ["2026-07-28", "2025-11-25", "2025-06-18"])
@pytest.mark.parametrize("name", SHOWN)
def test_every_form_is_one_of_the_revision(name: str, revision: str) -> None:
    made = form("key", "Please", {"a": SHOWN[name][0]}, ["a"], ROOT)
    params = question_params(made.question, mode=revision != "2025-06-18")
    request = {"method": "elicitation/create", "params": params}
    if revision != "2026-07-28":
        request |= {"jsonrpc": "2.0", "id": 1} if revision == "2025-11-25" else {}
    holds(request, revision, "ElicitRequest")
    for field in params["requestedSchema"]["properties"].values():
        holds(field, revision, "PrimitiveSchemaDefinition")
        if revision == "2025-06-18":
            assert field["type"] != "array"
            assert "oneOf" not in field
            assert "default" not in field or field["type"] == "boolean"


FILLED: list[tuple[Json, Json, Json]] = [
    ({"type": "integer", "enum": [1, 2]}, "2", 2),
    ({"enum": [True, "x"]}, "true", True),
    ({"type": "array", "items": {"enum": [1, 2]}}, ["1", "2"], [1, 2]),
    ({"type": "array", "items": {"enum": ["a", "b"]}}, "a, b", ["a", "b"]),
    ({"type": "string"}, "5", "5"),
    ({"type": "number"}, 5, 5),
]


@pytest.mark.parametrize(("schema", "said", "meant"), FILLED)
def test_what_is_filled_in_means_the_argument(schema: Json, said: Json, meant: Json) -> None:
    assert form("key", "", {"a": schema}, ["a"], ROOT).values({"a": said, "extra": 1}) == {"a": meant}


@pytest.mark.parametrize(
    ("schema", "said"),
    [
        ({"type": "integer"}, "5"),
        ({"type": "integer"}, 5.5),
        ({"type": "boolean"}, "true"),
        ({"enum": ["a"]}, "b"),
        ({"type": "array", "items": {"enum": ["a"]}}, ["b"]),
        ({"type": "string", "minLength": 2}, "x"),
        ({"type": "string"}, None),
    ],
)
def test_what_does_not_fit_is_nothing(schema: Json, said: Json) -> None:
    assert form("key", "", {"a": schema}, ["a"], ROOT).values({"a": said}) is None


def test_what_is_optional_may_be_left_out_or_null() -> None:
    made = form("key", "", {"a": {"type": "string"}, "b": {"type": "string"}}, ["a"], ROOT)
    assert made.question.schema["required"] == ["a"]
    assert made.values({"a": "x", "b": None}) == {"a": "x"}


def test_only_a_schema_that_says_so_takes_null() -> None:
    assert may_be_null({"type": ["string", "null"]}, ROOT)
    assert may_be_null({}, ROOT)
    assert not may_be_null({"$ref": "#/$defs/Name"}, ROOT)


def test_the_older_form_leaves_the_newer_one_as_it_is() -> None:
    made = form("key", "", {"a": SHOWN["several"][0]}, [], ROOT).question
    before = Question(made.message, dict(made.schema))
    question_params(made, mode=False)
    assert made == before
