"""What does not fit is explained in a bounded number of steps, and only with what is wrong indeed."""

import inspect
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.model import Json
from bridge.pipeline.explain import MOST_STEPS, Budget, Spent, faults
from bridge.pipeline.problems import Problem, explained
from bridge.pipeline.validators import compiled

FILTER = {
    "$ref": "#/$defs/Filter",
    "$defs": {
        "Filter": {"oneOf": [{"$ref": "#/$defs/And"}, {"$ref": "#/$defs/Or"}, {"$ref": "#/$defs/Leaf"}]},
        **{
            name: {
                "type": "object",
                "properties": {
                    "operands": {"type": "array", "items": {"$ref": "#/$defs/Filter"}},
                    "type": {"const": name.lower()},
                },
                "required": ["operands", "type"],
            }
            for name in ("And", "Or")
        },
        "Leaf": {"type": "object", "properties": {"field": {"type": "string"}}, "required": ["field"]},
    },
}
CHILD = {"type": "object", "properties": {"child": {"$ref": "#/$defs/Node"}}}
NODE = {
    "$ref": "#/$defs/Node",
    "$defs": {
        "Node": {"anyOf": [{**CHILD, "required": ["a"]}, {**CHILD, "required": ["b"]}, {"type": "string"}]},
    },
}
FORMS = [
    {
        "type": "object",
        "properties": {f"p{form}_{at}": {"type": "string"} for at in range(5)},
        "required": [f"p{form}_{at}" for at in range(5)],
        "additionalProperties": False,
    }
    for form in range(20)
]
TEXTS = {"properties": {f"r{at}": {"type": "string"} for at in range(5000)}, "additionalProperties": False}


def conjunction(depth: int) -> Json:
    value: Json = {"field": 5}
    for _ in range(depth):
        value = {"operands": [value], "type": "and"}
    return value


def chain(depth: int) -> Json:
    value: Json = 5
    for _ in range(depth):
        value = {"child": value, "a": 1, "b": 1}
    return value


def steps(value: Json, schema: Json, limit: int = 11) -> tuple[int, list[Problem]]:
    assert not compiled(schema, "x").is_valid(value)
    budget = Budget()
    found = explained(value, schema, limit, budget)
    return MOST_STEPS - budget.steps, found


@pytest.mark.parametrize(("schema", "nested"), [(FILTER, conjunction), (NODE, chain)])
def test_a_recursive_union_is_explained_in_steps_that_grow_with_the_depth_alone(schema: Json, nested: Any) -> None:
    shallow, _ = steps(nested(10), schema)
    deep, (problem,) = steps(nested(30), schema)
    assert deep < 4 * shallow
    assert problem.message.endswith(", not 5")


@pytest.mark.parametrize(("schema", "nested"), [(FILTER, conjunction), (NODE, chain)])
def test_what_is_nested_too_deeply_to_be_explained_is_told_so(schema: Json, nested: Any) -> None:
    (problem,) = steps(nested(100), schema)[1]
    assert "too deep to say where" in problem.message


@pytest.mark.parametrize(
    ("value", "schema", "problems"),
    [
        ([{} for _ in range(4_900)], {"items": {"oneOf": FORMS}}, 11),
        ([f"x{at}" for at in range(9_900)], {"items": {"enum": [f"choice{at}" for at in range(20_000)]}}, 1),
        ({f"m{at}": 1 for at in range(9_000)}, {"required": [f"r{at}" for at in range(200)]}, 11),
        ({f"m{at}": 1 for at in range(9_000)}, TEXTS, 11),
        ([1] * 500_000, {"items": {"type": "object"}}, 11),
        ([*[{f"p19_{at}": "" for at in range(5)}] * 4_900, {}], {"items": {"oneOf": FORMS}}, 1),
    ],
)
def test_what_is_wide_is_explained_within_the_budget(value: Json, schema: Json, problems: int) -> None:
    taken, found = steps(value, schema)
    assert taken <= MOST_STEPS + 20_000 // 32  # the step that exceeds the budget is one rule's
    assert len(found) >= problems


def test_when_the_budget_ends_what_was_found_is_told() -> None:
    value = [1, *["a"] * 100_000, 1]
    assert steps(value, {"items": {"type": "string"}})[1] == [Problem("[0]", "must be a string, not 1")]
    ((_, message),) = steps(["a"] * 100_000 + [1], {"items": {"type": "string"}})[1]
    assert "too large or too deep to say where" in message


def test_a_schema_that_leads_in_a_circle_ends() -> None:
    schema = {"$ref": "#/$defs/A", "$defs": {"A": {"anyOf": [{"$ref": "#/$defs/A"}, {"allOf": [{"$ref": "#"}]}]}}}
    with pytest.raises(Spent):
        list(faults(1, schema, Budget()))


@pytest.mark.parametrize(("schema", "nested"), [(FILTER, conjunction), (NODE, chain)])
def test_the_deepest_explanation_takes_no_more_than_six_hundred_frames(schema: Json, nested: Any) -> None:
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(len(inspect.stack(0)) + 600)
    try:
        for depth in range(10, 120, 5):
            explained(nested(depth), schema, 11)
    finally:
        sys.setrecursionlimit(limit)


@pytest.mark.parametrize(
    ("value", "schema", "argument", "message"),
    [
        ({"a": 1}, {"if": {"required": ["a"]}, "then": {"required": ["b"]}}, "b", "is missing, but required"),
        ({"a": 1}, {"dependentRequired": {"a": ["b"]}}, "b", "is missing, but required"),
        ({"a": 1}, {"dependentSchemas": {"a": {"required": ["b"]}}}, "b", "is missing, but required"),
        ({"a": 1}, {"properties": {"a": False}}, "a", "must not be given: nothing fits here"),
        ({"a": 1}, {"propertyNames": {"minLength": 2}}, "a", 'must have at least 2 characters, not "a"'),
        ("a", {"not": {"type": "string"}}, "", 'must not be what the schema excludes here, as "a" is'),
        ([1], {"contains": {"type": "string"}}, "", "must fit what 'contains' demands here, but does not: [1]"),
        ([1, "a"], {"prefixItems": [True], "items": {"type": "integer"}}, "[1]", 'must be an integer, not "a"'),
        ([True], {"items": {"enum": [1]}}, "[0]", "must be one of 1, not true"),
        (
            {"abd": 1},
            {"allOf": [{"properties": {"abc": {}}}], "unevaluatedProperties": False},
            "abd",
            "unknown argument 'abd'; did you mean 'abc'?; known: abc",
        ),
    ],
)
def test_every_keyword_has_its_explanation(value: Json, schema: Json, argument: str, message: str) -> None:
    assert steps(value, schema)[1] == [Problem(argument, message)]


NAMES = st.sampled_from(["a", "b"])
VALUES = st.recursive(
    st.sampled_from([None, True, False, 0, 1, 1.0, 0.5, 5, "", "a", "abc"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=2),
    max_leaves=6,
)
RULES = st.sampled_from(
    [
        {"type": "integer"},
        {"type": ["string", "null"]},
        {"type": "object"},
        {"enum": [1, "a", None, [True]]},
        {"const": True},
        {"minimum": 1, "exclusiveMaximum": 5},
        {"minLength": 1, "maxLength": 2, "pattern": "^a"},
        {"multipleOf": 0.5, "uniqueItems": True},
        {"minItems": 1, "maxItems": 2, "minProperties": 1, "maxProperties": 1},
        {"required": ["a"]},
        {"dependentRequired": {"a": ["b"]}},
        {"$ref": "#/$defs/Tree"},
        True,
        False,
    ]
)


def _applied(inner: st.SearchStrategy[Json]) -> st.SearchStrategy[Json]:
    several = st.lists(inner, min_size=1, max_size=3)
    return st.fixed_dictionaries(
        {},
        optional={
            "properties": st.dictionaries(NAMES, inner, max_size=2),
            "patternProperties": st.dictionaries(st.just("^a"), inner, max_size=1),
            "additionalProperties": inner,
            "unevaluatedProperties": st.just(False),
            "propertyNames": inner,
            "items": inner,
            "prefixItems": several,
            "contains": inner,
            "allOf": several,
            "anyOf": several,
            "oneOf": several,
            "not": inner,
            "if": inner,
            "then": inner,
            "else": inner,
            "dependentSchemas": st.dictionaries(NAMES, inner, max_size=1),
        },
    )


SCHEMAS = st.recursive(RULES, _applied, max_leaves=6)
TREE = {"anyOf": [{"type": "array", "items": {"$ref": "#/$defs/Tree"}}, {"const": 1}]}


@given(SCHEMAS, VALUES)
def test_faults_are_found_where_the_validator_finds_one_and_nowhere_else(schema: Json, value: Json) -> None:
    root = {**schema, "$defs": {"Tree": TREE}} if isinstance(schema, dict) else schema
    found = list(faults(value, root, Budget(100_000)))
    assert (not found) == compiled(root, "x").is_valid(value)
