"""2026-07-28: headers that repeat the message, and arguments that are mirrored in headers."""

from typing import Any

import orjson
import pytest

from bridge.model import Json
from tests.conformance.worlds import shop
from tests.kit.agent import Agent, Answer
from tests.kit.documents import imported, paths

MISMATCH = -32020


async def call(name: str = "listOrders", arguments: Json = None, **headers: str | None) -> tuple[Answer, int]:
    """The answer, and how many calls went upstream."""
    made = shop()
    params = {"name": name} if arguments is None else {"name": name, "arguments": arguments}
    return await Agent(made.rt).ask("tools/call", params, **headers), len(made.upstream.wires)


def refused(became: tuple[Answer, int]) -> bool:
    answer, sent = became
    return (answer.status, sent) == (400, 0) and answer.code == MISMATCH


def served(became: tuple[Answer, int]) -> bool:
    answer, sent = became
    return (answer.status, sent) == (200, 1)


@pytest.mark.requirement("modern.headers.version")
@pytest.mark.parametrize("version", [None, "2025-11-25", "2026-07-2", ""])
@pytest.mark.statement("A23")
async def test_the_version_header_says_what_the_message_says(version: str | None) -> None:
    assert refused(await call(mcp_protocol_version=version))


@pytest.mark.requirement("modern.headers.method")
@pytest.mark.parametrize("method", [None, "tools/list", "", "tools/call/", "tools/call, tools/list"])
@pytest.mark.statement("A23")
async def test_the_method_header_says_what_the_message_says(method: str | None) -> None:
    assert refused(await call(mcp_method=method))


@pytest.mark.requirement("modern.headers.name")
@pytest.mark.parametrize("name", [None, "createOrder", "", "listorders", "listOrders, createOrder"])
@pytest.mark.statement("A23")
async def test_the_name_header_says_which_tool_is_called(name: str | None) -> None:
    assert refused(await call(mcp_name=name))


@pytest.mark.requirement("modern.headers.duplicate")
@pytest.mark.parametrize("name", ["Mcp-Method", "Mcp-Name", "MCP-Protocol-Version"])
@pytest.mark.parametrize("again", ["the same", "another"])
async def test_a_routing_header_that_comes_twice_is_refused(name: str, again: str) -> None:
    made = shop()
    agent = Agent(made.rt)
    message = agent.message("tools/call", {"name": "listOrders"})
    mirrored = agent.mirrored(message)
    twice = {**mirrored, name: mirrored[name.lower()] if again == "the same" else "x"}
    assert refused((await agent.post(orjson.dumps(message), twice), len(made.upstream.wires)))


@pytest.mark.requirement("modern.headers.whitespace")
@pytest.mark.parametrize("name", [" listOrders", "listOrders\t ", "\t listOrders"])
async def test_white_space_around_a_header_is_left_out(name: str) -> None:
    assert served(await call(mcp_name=name))


@pytest.mark.requirement("modern.headers.case")
@pytest.mark.parametrize("changed", [{"mcp_method": "TOOLS/CALL"}, {"mcp_name": "LISTORDERS"}])
async def test_values_of_headers_are_compared_in_their_own_case(changed: dict[str, str]) -> None:
    assert refused(await call(**changed))


@pytest.mark.requirement("modern.headers.base64")
async def test_a_header_in_base64_is_decoded_before_it_is_compared() -> None:
    assert served(await call(mcp_name="=?base64?bGlzdE9yZGVycw==?="))
    assert refused(await call(mcp_name="=?base64?Y3JlYXRlT3JkZXI=?="))


@pytest.mark.requirement("modern.headers.base64-broken")
@pytest.mark.parametrize(
    "name", ["=?base64?bGlzdE9yZGVycw?=", "=?base64?!!!?=", "=?base64?bGlzdE9yZGVycx==?=", "=?base64??="]
)
async def test_a_header_that_is_no_base64_is_refused(name: str) -> None:
    assert refused(await call(mcp_name=name))


# --- arguments in headers ---------------------------------------------------------------------------------------------


@pytest.mark.requirement("modern.mirror.required", "modern.mirror.different")
@pytest.mark.parametrize("region", [None, "us", "EU", ""])
async def test_an_argument_that_is_to_be_mirrored_must_be(region: str | None) -> None:
    assert refused(await call("search", {"region": "eu"}, mcp_param_region=region))


@pytest.mark.requirement("modern.mirror.required", "modern.mirror.base64")
@pytest.mark.parametrize(
    ("value", "header"),
    [
        ("eu", "eu"),
        ("eu", "=?base64?ZXU=?="),
        ("été", "=?base64?w6l0w6k=?="),
        ("=?base64?ZXU=", "=?base64?ZXU="),
        ("ZXU=", "ZXU="),
    ],
)
async def test_a_mirrored_text_is_literal_unless_it_is_marked(value: str, header: str) -> None:
    assert served(await call("search", {"region": value}, mcp_param_region=header))


@pytest.mark.requirement("modern.mirror.absent")
@pytest.mark.parametrize("arguments", [{}, {"region": None}])
async def test_what_is_not_there_needs_no_header(arguments: Json) -> None:
    assert served(await call("search", arguments))


@pytest.mark.requirement("modern.mirror.numbers")
@pytest.mark.parametrize(
    ("arguments", "headers", "fits"),
    [
        ({"amount": 42}, {"mcp_param_amount": "42"}, True),
        ({"amount": 42}, {"mcp_param_amount": "42.0"}, True),
        ({"amount": 42.0}, {"mcp_param_amount": "42"}, True),
        ({"amount": 42}, {"mcp_param_amount": "43"}, False),
        ({"urgent": True}, {"mcp_param_urgent": "true"}, True),
        ({"urgent": True}, {"mcp_param_urgent": "True"}, False),
        ({"urgent": False}, {"mcp_param_urgent": "true"}, False),
    ],
)
async def test_numbers_are_compared_as_numbers(arguments: Json, headers: dict[str, str], fits: bool) -> None:
    became = await call("search", arguments, **headers)
    assert served(became) if fits else refused(became)


@pytest.mark.requirement("modern.mirror.unknown")
async def test_headers_that_no_argument_asks_for_are_left_alone() -> None:
    assert served(await call(mcp_param_region="eu", mcp_param_other="x"))


@pytest.mark.requirement("modern.mirror.annotations")
@pytest.mark.parametrize(
    ("names", "kept"),
    [
        (("Region", "Place"), 2),
        (("Region", "region"), 1),
        (("Not a token", "Place"), 1),
        (("", "Place"), 1),
        (("Regíon", "Place"), 1),
    ],
)
def test_an_annotation_that_breaks_the_rules_is_never_listed(names: tuple[str, str], kept: int) -> None:
    kinds: tuple[Any, Any] = ("string", "integer")
    given = [
        {"name": f"p{place}", "in": "query", "schema": {"type": kind, "x-mcp-header": name}}
        for place, (name, kind) in enumerate(zip(names, kinds, strict=True))
    ]
    (tool,) = imported(paths({"GET /things": {"operationId": "list", "parameters": given}})).tools.values()
    assert sum("x-mcp-header" in schema for schema in tool.input_schema["properties"].values()) == kept


@pytest.mark.requirement("modern.mirror.annotations")
@pytest.mark.parametrize("kind", ["number", "array", "object"])
def test_what_no_header_can_carry_is_not_annotated(kind: str) -> None:
    parameter = {"name": "p", "in": "query", "schema": {"type": kind, "x-mcp-header": "P"}}
    (tool,) = imported(paths({"GET /things": {"operationId": "list", "parameters": [parameter]}})).tools.values()
    assert "x-mcp-header" not in tool.input_schema["properties"]["p"]
