"""2026-07-28: versions, methods, `_meta`, errors, results and their hints."""

import importlib
import pkgutil
from collections.abc import Iterator
from typing import Any

import pytest

import bridge
from bridge.model import Refusal
from bridge.pipeline.runtime import McpDoor
from tests.conformance.worlds import shop
from tests.kit import mcp_schema
from tests.kit.agent import META, MODERN, Agent

SERVER_INFO = "io.modelcontextprotocol/serverInfo"
REMOVED = ["initialize", "ping", "logging/setLevel", "resources/subscribe", "resources/unsubscribe"]


@pytest.mark.requirement("modern.version.unsupported")
@pytest.mark.parametrize("version", ["2030-01-01", "v999.0.0", "2024-11-05"])
async def test_a_version_that_is_not_spoken_is_told_with_those_that_are(version: str) -> None:
    meta = {**META, "io.modelcontextprotocol/protocolVersion": version}
    answer = await Agent(shop().rt).ask("server/discover", {"_meta": meta}, mcp_protocol_version=version)
    discovered = await Agent(shop().rt).ask("server/discover")
    assert (answer.status, answer.code) == (400, -32022)
    assert answer.json["error"]["data"] == {"requested": version, "supported": discovered.result["supportedVersions"]}


@pytest.mark.requirement("modern.methods.unknown")
@pytest.mark.parametrize("method", ["unknown/method", "tools", "tools/list/", "rpc.discover", "tasks/get"])
async def test_a_method_that_is_not_served_is_not_found(method: str) -> None:
    answer = await Agent(shop().rt).ask(method)
    assert (answer.status, answer.code) == (404, -32601)


@pytest.mark.requirement("modern.methods.removed")
@pytest.mark.parametrize("method", REMOVED)
async def test_methods_of_earlier_revisions_are_not_found(method: str) -> None:
    answer = await Agent(shop().rt).ask(method, {"uri": "x:y"})
    assert (answer.status, answer.code) == (404, -32601)


@pytest.mark.requirement("modern.meta.required")
@pytest.mark.parametrize("missing", list(META))
async def test_version_and_capabilities_stand_in_every_request(missing: str) -> None:
    meta = {key: value for key, value in META.items() if key != missing}
    answer = await Agent(shop().rt).ask("server/discover", {"_meta": meta})
    assert (answer.status, answer.code) == (400, -32602)


@pytest.mark.requirement("modern.meta.required")
@pytest.mark.parametrize("meta", [None, [], "x", 7])
async def test_a_request_without_meta_is_refused(meta: Any) -> None:
    answer = await Agent(shop().rt).ask("server/discover", {"_meta": meta})
    assert (answer.status, answer.code) == (400, -32602)


@pytest.mark.requirement("modern.meta.client-info-optional")
async def test_who_does_not_say_what_it_is_is_served() -> None:
    assert "io.modelcontextprotocol/clientInfo" not in META
    assert (await Agent(shop().rt).ask("server/discover")).status == 200


@pytest.mark.requirement("modern.errors.id")
@pytest.mark.parametrize("id", [0, 7, -1, "a", "", "7"])
async def test_an_error_has_the_id_of_its_request(id: Any) -> None:
    for method, params in (("nope", {}), ("tools/call", {"name": "nope"}), ("tools/list", {"cursor": "?"})):
        answer = await Agent(shop().rt).ask(method, params, id=id)
        assert answer.json["id"] == id
        assert "result" not in answer.json


@pytest.mark.requirement("modern.errors.parse")
@pytest.mark.parametrize("body", [b"", b"{", b"{}{}", b"\xff", b'{"jsonrpc":"2.0"', b"NaN"])
async def test_what_is_no_json_is_a_parse_error(body: bytes) -> None:
    agent = Agent(shop().rt)
    answer = await agent.post(body, agent.mirrored(agent.message("tools/list")))
    assert (answer.status, answer.code) == (400, -32700)
    assert answer.json.get("id") is None


@pytest.mark.requirement("modern.errors.invalid")
@pytest.mark.parametrize(
    "body",
    [
        b"7",
        b'"x"',
        b'{"jsonrpc":"1.0","id":1,"method":"tools/list"}',
        b'{"id":1,"method":"tools/list"}',
        b'{"jsonrpc":"2.0","id":1}',
        b'{"jsonrpc":"2.0","id":1,"method":7}',
        b'{"jsonrpc":"2.0","id":null,"method":"tools/list"}',
        b'{"jsonrpc":"2.0","id":true,"method":"tools/list"}',
        b'{"jsonrpc":"2.0","id":{},"method":"tools/list"}',
        b'{"jsonrpc":"2.0","id":1,"method":"a","method":"tools/list"}',
    ],
)
async def test_json_that_is_no_request_is_invalid(body: bytes) -> None:
    agent = Agent(shop().rt)
    answer = await agent.post(body, agent.mirrored(agent.message("tools/list")))
    assert (answer.status, answer.code) == (400, -32600)
    mcp_schema.check(answer.json, MODERN)


@pytest.mark.requirement("modern.errors.codes")
def test_codes_mean_what_json_rpc_and_the_specification_say() -> None:
    for module in pkgutil.walk_packages(bridge.__path__, "bridge."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    said = {-32700, -32600, -32601, -32602, -32603, -32020, -32021, -32022}
    reserved = {one: one.rpc for one in refusals() if -32768 <= one.rpc <= -32000}
    assert set(reserved.values()) <= said


def refusals(of: type[Refusal] = Refusal) -> Iterator[type[Refusal]]:
    for one in of.__subclasses__():
        if one.__module__.partition(".")[0] == "bridge":
            yield one
        yield from refusals(one)


# --- results ----------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("modern.discover", "modern.result.server-info")
async def test_discover_tells_what_a_client_needs_to_know() -> None:
    answer = await Agent(shop(mcp=McpDoor(version="9", instructions="Be brief.")).rt).ask("server/discover")
    assert answer.result["supportedVersions"][0] == MODERN
    assert answer.result["instructions"] == "Be brief."
    assert answer.result["_meta"][SERVER_INFO] == {"name": "dualbridge", "version": "9"}


@pytest.mark.requirement("modern.discover.honest")
@pytest.mark.parametrize(
    ("capability", "method"),
    [
        ("tools", "tools/list"),
        ("prompts", "prompts/list"),
        ("resources", "resources/list"),
    ],
)
async def test_what_is_there_is_declared_and_what_is_declared_is_served(capability: str, method: str) -> None:
    agent = Agent(shop().rt)
    declared = (await agent.ask("server/discover")).result["capabilities"]
    answer = await agent.ask(method, {})
    offered = bool(answer.json.get("result", {}).get(capability))
    assert not offered or capability in declared
    assert capability not in declared or "result" in answer.json


@pytest.mark.requirement("modern.result.type", "modern.result.server-info")
@pytest.mark.parametrize("method", ["server/discover", "tools/list", "tools/call"])
async def test_a_result_says_that_it_is_complete_and_whose_it_is(method: str) -> None:
    result = (await Agent(shop().rt).ask(method, {"name": "listOrders"} if method == "tools/call" else {})).result
    assert result["resultType"] == "complete"
    assert result["_meta"][SERVER_INFO]["name"] == "dualbridge"


@pytest.mark.requirement("modern.cache.hints")
@pytest.mark.parametrize("method", ["server/discover", "tools/list"])
async def test_what_may_be_kept_says_for_how_long_and_by_whom(method: str) -> None:
    result = (await Agent(shop(mcp=McpDoor(ttl_ms=2500)).rt).ask(method)).result
    assert (result["ttlMs"], result["cacheScope"]) == (2500, "private")
