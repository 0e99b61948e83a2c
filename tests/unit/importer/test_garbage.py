"""Garbage anywhere in a good document: an error with a name, or a catalogue whose every tool is sound."""

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bridge.importer import Budgets, ImportFailed, load
from bridge.model import Catalog, Json
from tests.kit.documents import broken_schemas, finding_ids, imported

CASES = sorted((Path(__file__).parents[2] / "golden" / "importer").glob("*/document.yaml"))
DOCUMENTS: dict[str, Json] = {case.parent.name: load(str(case), fetch=None, budgets=Budgets()).root for case in CASES}
REFERRED_TO = {"recursion"}
"""Documents of which one operation refers to another's schemas."""

_strange: list[Json] = [
    None, True, 0, -1, 1e300, 2**63, "", "x", "é€", "{", "http://[", "1.0e999", "9" * 30, [], {}, [[]], [{}], [None],
    {"a": 1},
    {"type": {}}, {"type": [[]]}, {"$ref": 5}, {"$ref": "#"}, {"$ref": "#/nowhere"}, {"$ref": "#/paths"}, {"$ref": "http://["},
    {"$ref": "file:///etc/passwd"}, {"$ref": "../up.yaml#/a"}, {"$ref": "#/servers/" + "9" * 5000}, {"__proto__": {}},
    {"allOf": [{"$ref": "#"}]}, ["a", ["b"]],
]  # fmt: skip
_json = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.text(max_size=9)
    | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=6,
)  # fmt: skip
_keys = st.sampled_from(
    [
        "type",
        "allOf",
        "enum",
        "required",
        "properties",
        "$ref",
        "items",
        "nullable",
        "discriminator",
        "x-mcp",
        "parameters",
        "schema",
        "content",
        "security",
        "servers",
        "encoding",
        "schemes",
        "pattern",
        "minimum",
        "maxLength",
        "description",
        "in",
        "name",
        "style",
        "$id",
        "$anchor",
        "$defs",
        "summary",
        "tags",
        "operationId",
        "responses",
        "url",
        "variables",
        "default",
        "additionalProperties",
        "xml",
        "readOnly",
        "requestBody",
        "get",
        "headers",
    ]
)


def places(value: Json, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, member in members:
        yield (*path, key)
        yield from places(member, (*path, key))


def planted(document: Json, place: tuple[str | int, ...], key: str | None, garbage: Json) -> Json:
    """The garbage instead of what is at the place, or as one more member of it."""
    changed = copy.deepcopy(document)
    owner = changed
    for step in place[:-1]:
        owner = owner[step]
    last = place[-1]
    if isinstance(owner, dict) and not isinstance(last, str):
        raise KeyError(last)  # a list was here; no document has such a key
    if key is not None and isinstance(owner[last], dict):
        owner[last][key] = garbage
    else:
        owner[last] = garbage
    return changed


@pytest.mark.timeout(120)
@pytest.mark.parametrize("case", sorted(DOCUMENTS))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_garbage_raises_import_failed_or_leaves_sound_tools(case: str, data: Any) -> None:
    document = DOCUMENTS[case]
    where = list(places(document))
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.sampled_from(where))
        garbage = data.draw(st.sampled_from(_strange) | _json)
        try:
            document = planted(document, place, data.draw(st.none() | _keys), garbage)
        except (KeyError, IndexError, TypeError):
            continue  # an earlier piece of garbage took this place away
    try:
        catalog = imported(document)
    except ImportFailed:
        return
    assert not broken_schemas(catalog.tools.values())
    unforeseen = [one.message for one in catalog.findings if "cannot be read (" in one.message]
    assert not unforeseen


@pytest.mark.timeout(120)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_garbage_in_one_operation_leaves_the_tools_of_all_others_equal(data: Any) -> None:
    document = DOCUMENTS[data.draw(st.sampled_from(sorted(DOCUMENTS.keys() - REFERRED_TO)))]
    before = imported(document)
    operation = data.draw(st.sampled_from(sorted(before.operations.values(), key=lambda one: one.key)))
    steps = [step.replace("~1", "/").replace("~0", "~") for step in operation.where.split("/")[1:]]
    own = document
    for step in steps:
        own = own[step]
    inside = data.draw(st.sampled_from([(), *places(own)]))
    garbage = data.draw(st.sampled_from(_strange) | _json)
    after = imported(planted(document, (*steps, *inside), data.draw(st.none() | _keys), garbage))
    told = words(after)
    for key, tool in words(before).items():
        assert key == operation.key or told[key] == tool


def words(catalog: Catalog) -> dict[str, Json]:
    """What each operation's tool says, by method and path: its name may change with an operationId next door."""
    return {
        catalog.operations[one.api, one.operation].key: (
            one.input_schema,
            one.output_schema,
            one.annotations,
            one.confirm,
        )
        for one in catalog.tools.values()
    }


def test_good_documents_say_what_they_are_good_for() -> None:
    """The property above means something only if the documents themselves are read almost whole."""
    assert len(DOCUMENTS) >= 12
    assert sum("operation-skipped" in finding_ids(imported(document)) for document in DOCUMENTS.values()) <= 1
