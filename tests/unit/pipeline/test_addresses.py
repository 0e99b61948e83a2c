"""Addresses find their resource and give its arguments; arguments find their address."""

from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.model import Json, Resource
from bridge.model.template import LONGEST_URI
from bridge.pipeline.addresses import Addressed, Locator, arguments_of

SCHEMA: Json = {
    "type": "object",
    "properties": {
        "id": {"type": "integer"}, "name": {"type": "string"}, "ratio": {"type": "number"}, "on": {"type": "boolean"},
        "tags": {"type": "array", "items": {"type": "string"}},
        "sizes": {"type": "array", "items": {"$ref": "#/$defs/N"}},
        "any": {}, "maybe": {"type": ["integer", "null"]},
        "either": {"anyOf": [{"type": "integer"}, {"type": "string"}]},
        "level": {"enum": [1, 2]}, "page": {"type": "integer", "default": 1}, "mixed": {"type": ["string", "array"]},
        "ref": {"$ref": "#/$defs/N"},
    },
    "required": ["id", "page"],
    "$defs": {"N": {"type": "integer"}},
}  # fmt: skip


def resource(uri: str) -> Resource:
    return Resource(uri, uri, "", "", "api", uri)


def locator(*uris: str) -> Locator:
    return Locator((resource(uri), SCHEMA) for uri in uris)


def found(uris: list[str], uri: str) -> str | None:
    """Whatever the order in which they are given."""
    answers = {
        one and one[0].uri for one in (locator(*uris).find(uri), locator(*reversed(uris)).find(uri))
    }  # fmt: skip
    assert len(answers) == 1
    return answers.pop()


@pytest.mark.parametrize(
    ("uri", "expected"),
    [
        ("x://a", "x://a"), ("x://a/new", "x://a/new"), ("x://a/7", "x://a/{id}"), ("x://a/7/b", "x://a/{id}/b"),
        ("x://a/7/c", "x://a/{+name}"), ("x://a/v7", "x://a/v{id}"), ("x://a?page=2", "x://a{?page}"),
        ("x://b?f=1&page=2", "x://b?f=1{&page}"), ("x://b?page=2", None), ("x://d/1/2", "x://d{/id,name}"),
        ("x://d", "x://d{/id,name}"), ("x://e#7", "x://e{#id}"), ("x://e;id=7", "x://e{;id}"), ("y://a", None),
        ("", None), ("x://a/\ud800", None), ("x://" + "a" * LONGEST_URI, None), ("x://f.7", "x://f{.id}"),
    ],
)  # fmt: skip
def test_most_specific_resource_is_found(uri: str, expected: str | None) -> None:
    uris = [
        "x://a", "x://a/new", "x://a/{id}", "x://a/{id}/b", "x://a/{+name}", "x://a/v{id}", "x://a{?page}",
        "x://b?f=1{&page}", "x://d{/id,name}", "x://e{#id}", "x://e{;id}", "x://f{.id}",
    ]  # fmt: skip
    assert found(uris, uri) == expected


def test_address_gives_arguments_of_their_types_and_required_defaults() -> None:
    place = locator("x://a/{id}{?tags*,on}").find("x://a/7?tags=1&on=true&tags=b")
    assert place is not None
    assert place[1] == {"id": 7, "tags": ["1", "b"], "on": True, "page": 1}
    literal = locator("x://a").find("x://a")
    assert literal is not None
    assert literal[1] == {"page": 1}


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("id", "7", 7), ("id", "-0", 0), ("id", "07", "07"), ("id", "7.0", "7.0"),
        ("id", "\u0667", "\u0667"), ("id", "", ""),
        ("id", "9" * 5_000, "9" * 5_000), ("ratio", "1e3", 1000.0), ("ratio", "7", 7), ("ratio", "nan", "nan"),
        ("on", "true", True), ("on", "True", "True"), ("name", "7", "7"), ("name", ["a", "b"], "a,b"),
        ("tags", "a", ["a"]), ("tags", ["1", "b"], ["1", "b"]), ("sizes", ["1", "b"], [1, "b"]), ("any", "7", "7"),
        ("maybe", "7", 7), ("maybe", "null", None), ("either", "7", "7"), ("level", "2", 2), ("ref", "7", 7),
        ("mixed", "a", "a"), ("mixed", ["a", "b"], ["a", "b"]), ("unknown", "7", "7"),
    ],
)  # fmt: skip
def test_text_becomes_what_the_schema_takes_or_stays_text(name: str, text: str | list[str], value: Json) -> None:
    assert arguments_of({name: text}, SCHEMA) == {"page": 1, name: value}


@pytest.mark.parametrize(
    ("arguments", "uri"),
    [
        ({"id": 7}, "x://a/7"), ({"id": 7, "page": 1}, "x://a/7?page=1"), ({"id": 7, "name": "a b"}, "x://a/7?name=a%20b"),
        ({"id": 7, "tags": ["a", "b"]}, "x://a/7?tags=a&tags=b"), ({"id": 7, "name": None}, "x://a/7"),
        ({"id": 7, "ratio": 1.5}, None), ({"id": "7"}, None), ({"id": 7, "tags": [["a"]]}, None),
        ({"id": 7, "tags": []}, None), ({"id": 7, "name": ""}, "x://a/7?name="), ({}, None),
    ],
)  # fmt: skip
def test_arguments_have_an_address_where_it_stands_for_them_and_no_others(arguments: Json, uri: str | None) -> None:
    assert Addressed("x://a/{id}{?name,tags*,page}", SCHEMA)(arguments) == uri


@given(st.integers(), st.text(st.characters(exclude_categories=["Cs"])), st.lists(st.integers(), min_size=1))
def test_address_written_for_arguments_gives_these_arguments(number: int, text: str, sizes: list[int]) -> None:
    template, arguments = "x://a/{id}{?name,sizes*,page}", {"id": number, "name": text, "sizes": sizes, "page": 3}
    uri = Addressed(template, SCHEMA)(arguments)
    if abs(number) >= 10**40 or any(abs(size) >= 10**40 for size in sizes):
        return  # longer numbers stay text
    assert uri is not None
    assert locator(template).find(uri) == (resource(template), arguments)


def test_thousands_of_templates_that_begin_alike_are_not_tried_one_by_one() -> None:
    uris = [f"api://x/repos/{{name}}/{{either}}/part{number}/{{id}}{{?page}}" for number in range(5_000)]
    many, few = locator(*uris), locator(uris[4_999])
    uri = "api://x/repos/a/b/part4999/7"
    assert many.find(uri) == few.find(uri) is not None
    assert spent(many, uri) < 20 * spent(few, uri) + 0.05


def spent(one: Locator, uri: str) -> float:
    started = process_time()
    for _ in range(100):
        one.find(uri)
    return process_time() - started
