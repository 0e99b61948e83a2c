"""The SDK's own functions are the oracle; they are not promised as public, so only tests lean on them."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mcp.shared.inbound import (
    encode_header_value,
    find_invalid_x_mcp_header,
    validate_mcp_param_headers,
    x_mcp_header_map,
)

from bridge.ingress.mcp.mirror import check_mirrors, unwrap
from bridge.ingress.mcp.refusals import HeaderMismatch
from bridge.pipeline.mirror import mirrors_of

SCHEMA = {
    "type": "object",
    "properties": {
        "region": {"type": "string", "x-mcp-header": "Region"},
        "count": {"type": "integer", "x-mcp-header": "Count"},
        "dry": {"type": "boolean", "x-mcp-header": "Dry"},
        "where": {"type": "object", "properties": {"zone": {"type": "string", "x-mcp-header": "Zone"}}},
        "note": {"type": "string", "default": {"x-mcp-header": "NotOne"}},
    },
}
NAMES = ("Region", "Count", "Dry", "Zone")


def test_annotated_properties_are_found_at_any_depth() -> None:
    found = {(mirror.path, mirror.name) for mirror in mirrors_of(SCHEMA)}
    expected = {(path, f"mcp-param-{name.lower()}".encode()) for path, name in x_mcp_header_map(SCHEMA).items()}
    assert found == expected
    assert len(found) == 4


@pytest.mark.parametrize(
    "broken",
    [
        {"properties": {"a": {"type": "number", "x-mcp-header": "A"}}},
        {"properties": {"a": {"type": ["string", "null"], "x-mcp-header": "A"}}},
        {"properties": {"a": {"x-mcp-header": "A"}}},
        {"properties": {"a": {"type": "string", "x-mcp-header": ""}}},
        {"properties": {"a": {"type": "string", "x-mcp-header": "a b"}}},
        {"properties": {"a": {"type": "string", "x-mcp-header": "é"}}},
        {"properties": {"a": {"type": "string", "x-mcp-header": 7}}},
        {"properties": {"a": {"type": "string", "x-mcp-header": "A"}, "b": {"type": "string", "x-mcp-header": "a"}}},
        {"properties": {"a": {"type": "array", "items": {"type": "string", "x-mcp-header": "A"}}}},
        {"properties": {"a": {"oneOf": [{"type": "string", "x-mcp-header": "A"}]}}},
        {"$defs": {"a": {"type": "string", "x-mcp-header": "A"}}},
        {"type": "object", "x-mcp-header": "A"},
    ],
)
def test_one_annotation_against_the_rules_takes_all_away(broken: dict[str, Any]) -> None:
    schema = {**broken, "properties": {**broken.get("properties", {}), "good": {"type": "string", "x-mcp-header": "G"}}}
    assert find_invalid_x_mcp_header(schema) is not None
    assert mirrors_of(schema) == ()


@pytest.mark.parametrize("schema", [True, None, {}, {"properties": []}, {"properties": {"a": True}}])
def test_a_schema_without_annotations_wants_no_headers(schema: Any) -> None:
    assert mirrors_of(schema) == ()


SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-100, 100)
    | st.sampled_from(["", "é", "a b", " a", "=?base64?YQ==?=", "42"])
)
PLAIN = ["true", "false", "0", "1", "42", "42.0", "42.5", "-7", "a b", "1e2", "a, b"]
WRAPPED = ["=?base64?w6k=?=", "=?base64?x?=", "=?base64?w6l=?=", "=?base64?YQ==?="]
SENT = st.sampled_from(PLAIN + WRAPPED)


@given(
    st.fixed_dictionaries({}, optional={"region": SCALARS, "count": SCALARS | st.floats(-5, 50), "dry": SCALARS,
                                        "where": st.fixed_dictionaries({}, optional={"zone": SCALARS}) | SCALARS}),
    st.data(),
)  # fmt: skip
def test_headers_are_judged_as_the_sdk_judges_them(arguments: dict[str, Any], data: st.DataObject) -> None:
    honest = {"Region": arguments.get("region"), "Count": arguments.get("count"), "Dry": arguments.get("dry")}
    headers = {}
    for name in NAMES:
        value = honest.get(name)
        text = ("true" if value else "false") if isinstance(value, bool) else str(value)
        sent = data.draw(st.none() | SENT | st.just(encode_header_value(text)))
        if sent is not None and sent.isascii():
            headers[f"mcp-param-{name.lower()}"] = sent
    expected = validate_mcp_param_headers(SCHEMA, arguments, headers)
    fields = {name.encode(): value.encode() for name, value in headers.items()}
    if expected is None:
        check_mirrors(mirrors_of(SCHEMA), arguments, fields)
    else:
        with pytest.raises(HeaderMismatch):
            check_mirrors(mirrors_of(SCHEMA), arguments, fields)


def test_a_truth_is_not_the_number_one() -> None:
    with pytest.raises(HeaderMismatch):
        check_mirrors(mirrors_of(SCHEMA), {"count": True}, {b"mcp-param-count": b"1"})


def test_a_header_sent_twice_is_refused_though_both_lines_agree() -> None:
    with pytest.raises(HeaderMismatch):
        check_mirrors(mirrors_of(SCHEMA), {"region": "a\na"}, {b"mcp-param-region": b"a\na"})


def test_white_space_around_a_header_is_not_part_of_it() -> None:
    check_mirrors(mirrors_of(SCHEMA), {"region": "eu"}, {b"mcp-param-region": b" eu \t"})


@pytest.mark.parametrize("sent", ["=?base64?!?=", "=?base64?gA==?=", "=?base64?YR==?=", "=?base64?YQ?="])
def test_a_broken_base64_value_is_nothing(sent: str) -> None:
    assert unwrap(sent) is None


@pytest.mark.parametrize("value", ["plain", "héé", " padded ", "a\nb", "=?base64?literal?=", "=?BASE64?YQ==?="])
def test_what_the_sdk_wraps_is_unwrapped(value: str) -> None:
    assert unwrap(encode_header_value(value)) == value
