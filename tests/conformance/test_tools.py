"""Tools: how they are listed, what their schemas are, how calls fail."""

from pathlib import Path
from typing import Any

import orjson
import pytest

from bridge.importer import Profile
from bridge.model import Grant, Json
from bridge.pipeline.runtime import Limits, Rate
from tests.conformance.worlds import FIXTURE, shop
from tests.kit.agent import Agent
from tests.kit.documents import imported, paths, posting
from tests.kit.doors import Arrangement, gateway
from tests.kit.runtime import Badge, Plan, endpoint, world
from tests.kit.upstream import plays

REVISIONS = ["2026-07-28", "2025-11-25", "2025-06-18", "2025-03-26"]


@pytest.mark.requirement("modern.tools.list-stable")
async def test_a_list_is_the_same_each_time() -> None:
    made = shop()
    lists = [(await Agent(made.rt).ask("tools/list", id=7)).body for _ in range(3)]
    assert len(set(lists)) == 1


@pytest.mark.requirement("modern.tools.list-granted", "modern.tools.access", "modern.cache.scope")
@pytest.mark.parametrize("revision", REVISIONS)
@pytest.mark.statement("A22")
async def test_what_is_not_granted_is_neither_listed_nor_called(revision: str) -> None:
    made = shop(authenticator=Badge(Grant(frozenset({("orders", "listOrders")}), "few")))
    agent = Agent(made.rt, revision)
    listed = (await agent.ask("tools/list")).result
    assert [tool["name"] for tool in listed["tools"]] == ["listOrders"]
    assert listed.get("cacheScope", "private") == "private"
    assert "error" in (await agent.ask("tools/call", {"name": "createOrder", "arguments": {"sku": "x"}})).json
    assert made.upstream.wires == []


@pytest.mark.requirement("modern.pages.cursors", "modern.cache.scope")
@pytest.mark.parametrize("revision", REVISIONS)
async def test_cursors_lead_through_the_whole_list(revision: str) -> None:
    agent = Agent(world([endpoint(f"t{number}") for number in range(7)], Plan(page=3)).rt, revision)
    names, scopes, params = list[str](), set[str](), dict[str, Any]()
    while params.get("cursor", "") is not None:
        result = (await agent.ask("tools/list", params)).result
        names += [tool["name"] for tool in result["tools"]]
        scopes.add(result.get("cacheScope", ""))
        params = {"cursor": result.get("nextCursor")}
    assert names == [f"t{number}" for number in range(7)]
    assert len(scopes) == 1


@pytest.mark.requirement("modern.pages.invalid-cursor")
@pytest.mark.parametrize("revision", REVISIONS)
@pytest.mark.parametrize("cursor", ["x", "AAAA", "-1", "é"])
async def test_a_cursor_that_nobody_gave_is_invalid(cursor: str, revision: str) -> None:
    assert (await Agent(shop().rt, revision).ask("tools/list", {"cursor": cursor})).code == -32602


@pytest.mark.requirement("modern.pages.empty-cursor")
async def test_an_empty_cursor_is_a_cursor_and_not_the_beginning() -> None:
    assert (await Agent(shop().rt).ask("tools/list", {"cursor": ""})).code == -32602


# --- calls ------------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("modern.tools.unknown")
async def test_an_unknown_tool_is_a_protocol_error() -> None:
    answer = await Agent(shop().rt).ask("tools/call", {"name": "nope"})
    assert (answer.status, answer.code) == (400, -32602)


@pytest.mark.requirement("modern.tools.malformed")
@pytest.mark.parametrize("params", [{}, {"name": None}, {"name": "listOrders", "arguments": [1]}])
async def test_a_call_that_is_not_made_like_one_is_a_protocol_error(params: Json) -> None:
    made = shop()
    answer = await Agent(made.rt).ask("tools/call", params)
    assert (answer.status, answer.code) == (400, -32602)
    assert made.upstream.wires == []


@pytest.mark.requirement("modern.tools.input-errors", "modern.tools.inputs-validated", "legacy.errors.input")
@pytest.mark.parametrize("revision", REVISIONS)
async def test_arguments_that_do_not_fit_are_told_to_the_model(revision: str) -> None:
    made = shop()
    answer = await Agent(made.rt, revision).ask("tools/call", {"name": "createOrder", "arguments": {}})
    assert (answer.status, answer.result["isError"]) == (200, True)
    assert "sku" in answer.result["content"][0]["text"]
    assert made.upstream.wires == []


@pytest.mark.requirement("modern.tools.upstream-errors")
@pytest.mark.parametrize("status", [400, 404, 409, 500, 503])
async def test_a_failure_of_the_api_is_told_to_the_model(status: int) -> None:
    made = shop()
    made.upstream.scripts[:] = [plays(b'{"detail":"no"}', status=status)]
    answer = await Agent(made.rt).ask("tools/call", {"name": "listOrders"})
    assert (answer.status, answer.result["isError"]) == (200, True)


@pytest.mark.requirement("modern.tools.output-schema", "modern.tools.text-too")
async def test_a_promised_object_comes_structured_and_as_text() -> None:
    made = shop()
    made.upstream.scripts[:] = [plays(b'{"id": 7}')]
    result = (await Agent(made.rt).ask("tools/call", {"name": "listOrders"})).result
    assert result["structuredContent"] == {"id": 7}
    assert orjson.loads(result["content"][0]["text"]) == {"id": 7}


@pytest.mark.requirement("modern.schema.structured")
@pytest.mark.parametrize("value", [b"[1]", b"7", b'"x"', b"null", b"{}"])
async def test_structured_content_may_be_any_value(value: bytes) -> None:
    made = shop()
    made.upstream.scripts[:] = [plays(value)]
    result = (await Agent(made.rt).ask("tools/call", {"name": "search"})).result
    assert result["structuredContent"] == orjson.loads(value)


@pytest.mark.requirement("modern.tools.rate")
@pytest.mark.parametrize("revision", REVISIONS)
async def test_calls_beyond_the_limit_are_refused_with_a_time_to_come_back(revision: str) -> None:
    made = shop(limits=Limits(requests=Rate(0.01, 1)))
    agent = Agent(made.rt, revision)
    assert "isError" not in (await agent.ask("tools/call", {"name": "listOrders"})).result
    again = (await agent.ask("tools/call", {"name": "listOrders"})).result
    assert again["isError"] is True
    assert "try again" in again["content"][0]["text"]
    assert len(made.upstream.wires) == 1


@pytest.mark.requirement("modern.tools.sanitised")
async def test_an_answer_beyond_the_bound_is_cut() -> None:
    made = shop(limits=Limits(result_bytes=100))
    made.upstream.scripts[:] = [plays(b'"' + b"x" * 10_000 + b'"')]
    answer = await Agent(made.rt).ask("tools/call", {"name": "search"})
    assert answer.status == 200
    assert len(answer.body) < 1_000


# --- schemas ----------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("modern.tools.names")
def test_names_are_short_plain_and_unique() -> None:
    odd = ["list orders", "liste/bestellungen", "Ünïcode", "x" * 200, "list_orders"]
    tools = imported(paths({f"GET /{place}": {"operationId": name} for place, name in enumerate(odd)})).tools
    assert len(tools) == len(odd)
    for name in tools:
        assert 1 <= len(name) <= 64
        assert name.isascii()
        assert name.replace("_", "").replace("-", "").replace(".", "").isalnum()


@pytest.mark.requirement("modern.schema.input")
def test_an_input_schema_keeps_every_keyword_where_the_operator_wants_it_so() -> None:
    tools = imported(FIXTURE.read_bytes(), profile=Profile.VERBATIM).tools
    schema = tools["json_schema_2020_12_tool"].input_schema
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["type"] == "object"
    assert {"allOf", "if", "then", "else", "additionalProperties", "$defs"} <= schema.keys()
    assert schema["$defs"]["address"]["$anchor"] == "addressDef"


@pytest.mark.requirement("modern.schema.local-refs")
def test_references_lead_into_the_schema_itself() -> None:
    node: Json = {
        "type": "object",
        "properties": {"next": {"$ref": "#/components/schemas/Node"}, "name": {"type": "string"}},
    }
    (tool,) = imported(posting({"$ref": "#/components/schemas/Node"}, Node=node)).tools.values()
    found = list(references(tool.input_schema))
    assert found
    assert all(one.startswith("#/$defs/") for one in found)


def references(value: Json) -> list[str]:
    if isinstance(value, dict):
        own = [value["$ref"]] if isinstance(value.get("$ref"), str) else []
        return own + [one for below in value.values() for one in references(below)]
    return [one for below in value for one in references(below)] if isinstance(value, list) else []


@pytest.mark.requirement("modern.schema.bounded")
async def test_a_message_nested_without_end_is_refused_before_it_is_validated() -> None:
    made = shop()
    agent = Agent(made.rt)
    deep = b'{"sku":' + b"[" * 2000 + b"]" * 2000 + b"}"
    message = orjson.dumps(agent.message("tools/call", {"name": "createOrder", "arguments": 1}))
    body = message.replace(b'"arguments":1', b'"arguments":' + deep)
    answer = await agent.post(body, agent.mirrored(agent.message("tools/call", {"name": "createOrder"})))
    assert answer.status == 400
    assert made.upstream.wires == []


@pytest.mark.requirement("modern.schema.dialect")
@pytest.mark.parametrize("profile", ["portable", "verbatim"])
async def test_a_dialect_that_is_not_known_is_read_as_far_as_it_is_understood(profile: str, tmp_path: Path) -> None:
    schema: Json = {"$schema": "https://example.com/dialect", "type": "object", "properties": {"a": {"type": "string"}}}
    file = tmp_path / "api.json"
    file.write_bytes(orjson.dumps(posting(schema)))
    made = gateway(file, Arrangement(api={"tools": {"profile": profile}}))
    assert (await made.agent("send", {"a": "x"})).sent is not None
    refused = await made.agent("send", {"a": 7})
    assert (refused.answer.result["isError"], refused.sent) == (True, None)
