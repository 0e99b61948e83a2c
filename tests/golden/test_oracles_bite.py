"""The measurements notice what they are there to notice: each is shown something broken."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from bridge.egress.encode import compile_builder
from bridge.importer import Options, Sources, build, import_api
from bridge.model import Json, Operation, Tool, Wire
from tests.bench.corpus import of, tools_by_place
from tests.kit.clean import faults
from tests.kit.exposure import is_reachable
from tests.kit.generate import arguments
from tests.kit.judge import Judge
from tests.kit.needs import needs_swagger_client
from tests.kit.swagger_client import SwaggerClient, differences, ours, theirs
from tests.kit.written import Written, WrittenOperation, read

SPEC = Path(__file__).parents[2] / "specs" / "orders.yaml"
CASES = list[tuple[WrittenOperation, Operation, Tool]]


@pytest.fixture(scope="module")
def written() -> Written:
    return read(SPEC)


@pytest.fixture(scope="module")
def cases(written: Written) -> CASES:
    tools = tools_by_place(build([import_api("orders", Sources(str(SPEC)), Options())]))
    return [(place, *pair) for place in written.operations() if (pair := of(tools, place)) is not None]


def without(schema: Json, key: str) -> Json:
    left = {name: value for name, value in schema["properties"].items() if name != key}
    return {**schema, "properties": left}


def test_an_argument_that_is_taken_away_is_missed(written: Written, cases: CASES) -> None:
    for place, operation, tool in cases:
        media_type = operation.body.media_type if operation.body else None
        for expected in written.expected(place, media_type):
            lost = [key for key in tool.input_schema["properties"] if key == expected.name]
            assert is_reachable(expected, operation, tool)
            for key in lost:
                assert not is_reachable(
                    expected, operation, replace(tool, input_schema=without(tool.input_schema, key))
                )


@pytest.mark.parametrize(
    ("broken", "kind"),
    [
        ({"type": "object", "anyOf": []}, "root"),
        ({"type": "object", "properties": {"filter[name]": {}}}, "key"),
        ({"type": "object", "properties": {"a": {"$ref": "#/$defs/gone"}}}, "dangling"),
        ({"type": "object", "properties": {"a": {"type": "text"}}}, "invalid"),
    ],
)
def test_a_tool_that_is_not_clean_is_found(cases: CASES, broken: Json, kind: str) -> None:
    tool = replace(cases[0][2], input_schema=broken, output_schema=None)
    assert kind in {fault.kind for fault in faults(tool)}


def spoilt(wire: Wire) -> Iterator[Wire]:
    """The same request with one thing wrong, as often as there are things."""
    yield replace(wire, method="TRACE")
    yield replace(wire, target="/elsewhere" + wire.target)
    if wire.body is not None:
        yield replace(wire, headers=tuple(pair for pair in wire.headers if pair[0] != b"content-type"))


def test_openapi_core_refuses_requests_that_were_spoilt(written: Written, cases: CASES) -> None:
    judge = Judge(written)
    for place, operation, tool in cases:
        wire = compile_builder(operation)(arguments(tool.input_schema, tool.name, full=False))
        for one in spoilt(wire):
            assert list(judge.errors(place, one)), (place.key, one)


def test_openapi_core_looks_into_bodies(written: Written, cases: CASES) -> None:
    judge = Judge(written)
    refused = 0
    for place, operation, tool in cases:
        wire = compile_builder(operation)(arguments(tool.input_schema, tool.name, full=True))
        if (b"content-type", b"application/json") in wire.headers:
            refused += bool(list(judge.errors(place, replace(wire, body=b'"not what was asked for"'))))
    assert refused >= 3


@needs_swagger_client
def test_swagger_client_tells_spoilt_requests_apart(written: Written, cases: CASES) -> None:
    place, operation, tool = next(case for case in cases if case[1].method == "POST" and case[1].body)
    made = arguments(tool.input_schema, tool.name, full=False)
    wire = compile_builder(operation)(made)
    with SwaggerClient() as client:
        expected = theirs(client.build(written, place, operation, made), frozenset())
    assert differences(ours(wire, frozenset()), expected) == []
    for one in spoilt(wire):
        assert differences(ours(one, frozenset()), expected) != []
