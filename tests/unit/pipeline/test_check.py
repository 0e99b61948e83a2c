"""Arguments against the input schema: what fits passes as it is, what does not is explained to its sender."""

import time

import pytest

from bridge.model import Annotations, Arguments, BadArguments, Check, Json, Tool
from bridge.pipeline.arguments import compile_check


def check_of(schema: Json) -> Check:
    hints = Annotations(read_only=True, destructive=False, idempotent=True)
    return compile_check(Tool("orders", "Orders", "", schema, hints, "api", "op"))


CARD = {
    "type": "object",
    "properties": {"kind": {"const": "card"}, "number": {"type": "string"}},
    "required": ["kind", "number"],
}
IBAN = {
    "type": "object",
    "properties": {"kind": {"const": "iban"}, "iban": {"type": "string", "minLength": 4}},
    "required": ["kind", "iban"],
}
PROPERTIES = {
    "owner": {"type": "string", "minLength": 1},
    "page": {"type": "integer", "minimum": 1, "maximum": 100},
    "ratio": {"type": "number", "exclusiveMinimum": 0, "multipleOf": 0.5},
    "state": {"enum": ["open", "closed"]},
    "code": {"type": ["string", "null"], "pattern": "^[A-Z]{2}$"},
    "tags": {"type": "array", "items": {"type": "string"}, "minItems": 1, "maxItems": 2, "uniqueItems": True},
    "filter": {"$ref": "#/$defs/Filter"},
    "pay": {"oneOf": [CARD, IBAN, {"type": "null"}]},
    "version": {"const": 1},
}
SCHEMA = {
    "type": "object",
    "properties": PROPERTIES,
    "required": ["owner"],
    "additionalProperties": False,
    "$defs": {
        "Filter": {
            "type": "object",
            "properties": {"since": {"type": "string", "format": "date"}, "deep": {"$ref": "#/$defs/Filter"}},
            "additionalProperties": False,
        }
    },
}


def refused(arguments: Arguments, schema: Json = SCHEMA) -> list[tuple[str, str]]:
    with pytest.raises(BadArguments) as caught:
        check_of(schema)(arguments)
    errors = caught.value.detail["errors"]
    assert caught.value.message.startswith("\n".join(f"{error['argument']}: {error['message']}" for error in errors))
    return [(error["argument"], error["message"]) for error in errors]


@pytest.mark.parametrize(
    "arguments",
    [
        {"owner": "x"},
        {"owner": "x", "page": 5.0, "code": None, "tags": ["a"], "pay": None},
        {"owner": "x", "pay": {"kind": "iban", "iban": "DE00"}, "filter": {"deep": {"since": "no date"}}},
    ],
)
def test_what_fits_passes(arguments: Arguments) -> None:
    check_of(SCHEMA)(arguments)


@pytest.mark.parametrize(
    ("extra", "problem"),
    [
        ({"page": "5"}, ("page", 'must be an integer, not "5"')),
        ({"page": 0}, ("page", "must be at least 1, not 0")),
        ({"page": 101}, ("page", "must be at most 100, not 101")),
        ({"ratio": 0}, ("ratio", "must be above 0, not 0")),
        ({"ratio": 0.7}, ("ratio", "must be a multiple of 0.5, not 0.7")),
        ({"state": "opn"}, ("state", 'must be one of "open", "closed", not "opn"')),
        ({"code": "abc"}, ("code", 'must match the pattern ^[A-Z]{2}$, not "abc"')),
        ({"code": 1}, ("code", "must be a string or null, not 1")),
        ({"tags": []}, ("tags", "must have at least 1 item, not []")),
        ({"tags": ["a", "b", "c"]}, ("tags", 'must have at most 2 items, not ["a","b","c"]')),
        ({"tags": ["a", "a"]}, ("tags", 'must have no item twice, not ["a","a"]')),
        ({"tags": ["a", 3]}, ("tags[1]", "must be a string, not 3")),
        ({"version": 2}, ("version", "must be 1, not 2")),
        ({"owner": ""}, ("owner", 'must have at least 1 character, not ""')),
        ({"filter": {"deep": {"until": 1}}}, ("filter.deep.until", "unknown argument 'until'; known: since, deep")),
        ({"pay": {"kind": "iban", "iban": "x"}}, ("pay.iban", 'must have at least 4 characters, not "x"')),
        ({"pay": {"kind": "card"}}, ("pay.number", "is missing, but required: a string")),
        ({"pay": {"kind": "cash"}}, ("pay.kind", 'must be "card" or "iban", not "cash"')),
        ({"pay": 5}, ("pay", "must be an object or null, not 5")),
        ({"page": 10**30}, ("page", f"must be at most 100, not {10**30}")),
    ],
)
def test_a_problem_names_the_argument_what_came_and_what_would_be_right(
    extra: dict[str, Json], problem: tuple[str, str]
) -> None:
    assert refused({"owner": "x", **extra}) == [problem]


def test_a_missing_argument_is_named_with_what_it_should_be() -> None:
    assert refused({}) == [("owner", "is missing, but required: a string")]


def test_an_unknown_argument_gets_the_name_that_was_meant_and_all_that_are_known() -> None:
    known = "known: owner, page, ratio, state, code, tags, filter, pay, version"
    assert refused({"owner": "x", "pge": 1, "zzz": 2}) == [
        ("pge", f"unknown argument 'pge'; did you mean 'page'?; {known}"),
        ("zzz", "unknown argument 'zzz'"),
    ]


def test_all_problems_are_told_at_once_but_ten_at_most() -> None:
    assert len(refused({"page": "5", "state": "x", "tags": 1})) == 4
    properties = {f"p{number}": {"type": "string"} for number in range(20)}
    schema = {"type": "object", "properties": properties}
    with pytest.raises(BadArguments, match="and more") as caught:
        check_of(schema)(dict.fromkeys(properties, 1))
    assert len(caught.value.detail["errors"]) == 10


def test_a_value_that_fits_exclusive_forms_at_once_is_told_so() -> None:
    schema = {"type": "object", "properties": {"x": {"oneOf": [{"type": "integer"}, {"type": "number"}]}}}
    ((argument, message),) = refused({"x": 1}, schema)
    assert argument == "x"
    assert "more than one of the forms" in message


def test_of_several_forms_the_one_that_comes_closest_is_explained() -> None:
    forms = [{"type": "object", "required": list(names)} for names in ("abc", "d", "ef")]
    schema = {"type": "object", "properties": {"x": {"anyOf": forms}}}
    assert refused({"x": {}}, schema) == [("x.d", "is missing, but required")]


def test_a_problem_of_the_arguments_as_a_whole_has_no_name() -> None:
    schema = {"type": "object", "minProperties": 1}
    with pytest.raises(BadArguments, match=r"^must have at least 1 member, not \{\}$"):
        check_of(schema)({})


def test_long_values_are_abbreviated() -> None:
    ((_, message),) = refused({"owner": "x", "page": "y" * 10_000})
    assert len(message) < 120


@pytest.mark.parametrize("value", [object(), {1: 2}, b"x"])
def test_what_is_no_json_is_refused(value: Json) -> None:
    with pytest.raises(BadArguments, match="not JSON"):
        check_of(SCHEMA)({"owner": value})


def test_a_pattern_that_needs_lookaround_is_left_to_the_upstream_and_the_rest_still_holds() -> None:
    properties = {
        "a": {"type": "string", "pattern": "^(?!x).*$", "maxLength": 2},
        "b": {"patternProperties": {"(?=x)": False, "^y": {"type": "string"}}},
        "pattern": {"pattern": "^z$"},
        "data": {"const": {"pattern": "(?=x)"}},
    }
    check = check_of({"type": "object", "properties": properties})
    check({"a": "x", "b": {"x": 1, "y": "1"}, "pattern": "z", "data": {"pattern": "(?=x)"}})
    with pytest.raises(BadArguments) as caught:
        check({"a": "xxx", "b": {"y": 1}, "pattern": "y"})
    assert sorted(error["argument"] for error in caught.value.detail["errors"]) == ["a", "b.y", "pattern"]


def test_a_hostile_pattern_takes_no_time() -> None:
    check = check_of({"type": "object", "properties": {"x": {"pattern": "^(a+)+$"}}})
    started = time.perf_counter()
    with pytest.raises(BadArguments):
        check({"x": "a" * 50_000 + "!"})
    assert time.perf_counter() - started < 5


@pytest.mark.parametrize("schema", [{"type": "nonsense"}, {"$ref": "http://127.0.0.1:1/x"}, {"$ref": "#/$defs/Gone"}])
def test_a_schema_that_is_none_does_not_compile(schema: Json) -> None:
    with pytest.raises(ValueError, match="the input schema of 'orders' is not valid"):
        check_of(schema)


def test_recursive_schemas_hold_at_every_depth() -> None:
    value: Json = {"since": 1}
    for _ in range(20):
        value = {"deep": value}
    ((argument, _),) = refused({"owner": "x", "filter": value})
    assert argument == "filter" + ".deep" * 20 + ".since"
