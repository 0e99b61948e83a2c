"""The ladder against the SDK's: for each request, the same verdict."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mcp.shared.inbound import InboundLadderRejection, classify_inbound_request

from bridge.ingress.mcp.envelope import Message
from bridge.ingress.mcp.eras import VERSION_KEY
from bridge.ingress.mcp.modern import CAPABILITIES_KEY, climb
from bridge.model import Refusal
from bridge.pipeline.runtime import McpDoor

VERSIONS = st.sampled_from(["2026-07-28", "2025-11-25", "2027-01-01", ""])
NAMES = st.sampled_from(["search", "Search", "=?base64?c2VhcmNo?=", "=?base64?!?=", "é"])
METHODS = st.sampled_from(["tools/call", "tools/list", "resources/read", "prompts/get", "nope"])


@given(
    METHODS,
    st.fixed_dictionaries({}, optional={VERSION_KEY: VERSIONS, CAPABILITIES_KEY: st.just({}), "other": st.just("x")}),
    st.fixed_dictionaries({}, optional={"name": NAMES, "uri": NAMES}),
    st.fixed_dictionaries({}, optional={"mcp-protocol-version": VERSIONS, "mcp-method": METHODS, "mcp-name": NAMES}),
    st.booleans(),
)  # fmt: skip
def test_a_request_is_judged_as_the_sdk_judges_it(
    method: str, meta: dict[str, Any], own: dict[str, str], headers: dict[str, str], with_meta: bool
) -> None:
    headers = {name: value for name, value in headers.items() if value.isascii()}
    params: dict[str, Any] = {**own, "_meta": meta} if with_meta else dict(own)
    body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
    verdict = classify_inbound_request(body, headers=headers)
    expected = verdict.code if isinstance(verdict, InboundLadderRejection) else None
    fields = {name.encode(): value.encode() for name, value in headers.items()}
    assert _code(Message(method, params, b"1"), fields) == expected


def _code(message: Message, fields: dict[bytes, bytes]) -> int | None:
    try:
        climb(McpDoor(), message, fields)
    except Refusal as refusal:
        return refusal.rpc
    return None


GOOD = {VERSION_KEY: "2026-07-28", CAPABILITIES_KEY: {}}
HEADERS = {b"mcp-protocol-version": b"2026-07-28", b"mcp-method": b"tools/call", b"mcp-name": b"search"}


@pytest.mark.parametrize("name", list(HEADERS))
@pytest.mark.parametrize("change", [b"\n", b"\x80", b"\x01"])
def test_a_repeated_or_unprintable_header_is_a_mismatch(name: bytes, change: bytes) -> None:
    fields = {**HEADERS, name: HEADERS[name] + change + HEADERS[name]}
    assert _code(Message("tools/call", {"name": "search", "_meta": GOOD}, b"1"), fields) == -32020


@pytest.mark.parametrize(
    "change", [{CAPABILITIES_KEY: []}, {CAPABILITIES_KEY: None}, {VERSION_KEY: None}, {VERSION_KEY: 7}]
)
def test_meta_of_the_wrong_type_is_invalid(change: dict[str, Any]) -> None:
    message = Message("tools/call", {"name": "search", "_meta": GOOD | change}, b"1")
    assert _code(message, HEADERS) == -32602


def test_the_client_need_not_say_who_it_is() -> None:
    assert _code(Message("tools/call", {"name": "search", "_meta": GOOD}, b"1"), HEADERS) is None


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, None),
        ({b"mcp-method": b"notifications/cancelled"}, None),
        ({b"mcp-method": b"tools/call"}, -32020),
        ({b"mcp-protocol-version": b"2027-01-01"}, -32022),
    ],
)
def test_a_notification_needs_no_meta_but_may_not_contradict_itself(
    headers: dict[bytes, bytes], expected: int | None
) -> None:
    fields = {b"mcp-protocol-version": b"2026-07-28", **headers}
    assert _code(Message("notifications/cancelled", {"requestId": 1}), fields) == expected
