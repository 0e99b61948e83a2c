"""The revisions before 2026-07-28, to clients that hold no session."""

import orjson
import pytest

from bridge.model import Json
from tests.conformance.worlds import shop
from tests.kit.agent import Agent, Answer
from tests.kit.upstream import plays

REVISIONS = ["2025-11-25", "2025-06-18", "2025-03-26"]
CLIENT = {"capabilities": {}, "clientInfo": {"name": "c", "version": "1"}}

pytestmark = pytest.mark.requirement("legacy.sessionless")


@pytest.fixture(params=REVISIONS)
def revision(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.mark.requirement("legacy.initialize")
@pytest.mark.parametrize(
    ("asked", "spoken"), [*((one, one) for one in REVISIONS), ("2026-07-28", "2025-11-25"), ("x", "2025-11-25")]
)
async def test_initialize_agrees_or_offers_the_latest(asked: str, spoken: str) -> None:
    answer = await Agent(shop().rt, spoken).ask("initialize", {"protocolVersion": asked, **CLIENT})
    assert answer.result["protocolVersion"] == spoken
    assert answer.result["serverInfo"]["name"] == "dualbridge"


@pytest.mark.requirement("legacy.initialize.honest")
@pytest.mark.parametrize(
    ("capability", "method", "params"),
    [
        ("tools", "tools/list", {}),
        ("prompts", "prompts/list", {}),
        ("resources", "resources/list", {}),
    ],
)
async def test_what_is_there_is_declared_and_what_is_declared_is_served(
    capability: str, method: str, params: Json, revision: str
) -> None:
    agent = Agent(shop().rt, revision)
    declared = (await agent.ask("initialize", {"protocolVersion": revision, **CLIENT})).result["capabilities"]
    answer = await agent.ask(method, params)
    offered = bool(answer.json.get("result", {}).get(capability))
    assert not offered or capability in declared
    assert capability not in declared or "result" in answer.json


@pytest.mark.requirement("legacy.initialized")
@pytest.mark.parametrize("method", ["notifications/initialized", "notifications/cancelled", "notifications/own"])
async def test_notifications_are_taken_in_silence(method: str, revision: str) -> None:
    answer = await Agent(shop().rt, revision).notify(method)
    assert (answer.status, answer.body) == (202, b"")


@pytest.mark.requirement("legacy.ping")
async def test_ping_is_answered_with_nothing(revision: str) -> None:
    assert (await Agent(shop().rt, revision).ask("ping")).result == {}


@pytest.mark.requirement("legacy.version.absent")
async def test_without_a_version_the_first_one_over_http_is_spoken() -> None:
    listed = (await Agent(shop().rt, "2025-03-26").ask("tools/list", mcp_protocol_version=None)).result["tools"]
    assert "outputSchema" not in listed[0]


@pytest.mark.requirement("legacy.version.invalid")
@pytest.mark.parametrize("version", ["1900-01-01", "latest", ""])
async def test_a_version_that_is_not_spoken_is_a_bad_request(version: str) -> None:
    assert (await Agent(shop().rt, "2025-11-25").ask("tools/list", mcp_protocol_version=version)).status == 400


@pytest.mark.requirement("legacy.errors.http")
async def test_errors_of_requests_come_with_200_and_those_of_transport_without(revision: str) -> None:
    agent = Agent(shop().rt, revision)
    assert (await agent.ask("nope")).status == 200
    assert (await agent.ask("tools/call", {"name": "nope"})).status == 200
    assert (await agent.post(b"{", agent.mirrored(agent.message("ping")))).status == 400


@pytest.mark.requirement("legacy.surface")
async def test_results_hold_what_the_revision_knows_and_no_more(revision: str) -> None:
    made = shop()
    made.upstream.scripts[:] = [plays(b'{"id":7}')]
    agent = Agent(made.rt, revision)
    listed = {tool["name"]: tool for tool in (await agent.ask("tools/list")).result["tools"]}
    called = (await agent.ask("tools/call", {"name": "listOrders"})).result
    later = {key for key in ("outputSchema", "title") if key in listed["listOrders"]} | called.keys() - {"content"}
    assert later == ({"outputSchema", "title", "structuredContent"} if revision > "2025-03-26" else set())


@pytest.mark.requirement("legacy.structured-objects")
@pytest.mark.parametrize("later", ["2025-11-25", "2025-06-18"])
@pytest.mark.parametrize("value", [b"[1]", b"7", b'"x"', b"null"])
async def test_structured_content_is_an_object_or_not_there(value: bytes, later: str) -> None:
    made = shop()
    made.upstream.scripts[:] = [plays(value)]
    result = (await Agent(made.rt, later).ask("tools/call", {"name": "search"})).result
    assert isinstance(result.get("structuredContent", {}), dict)
    assert result["content"][0]["text"] == value.decode()


# --- batches ----------------------------------------------------------------------------------------------------------


async def batch(agent: Agent, *entries: Json) -> Answer:
    return await agent.post(orjson.dumps(entries), agent.mirrored(agent.message("ping")))


def ping(id: Json) -> Json:
    return {"jsonrpc": "2.0", "id": id, "method": "ping"}


@pytest.mark.requirement("legacy.batches")
async def test_each_entry_of_a_batch_is_answered_by_its_id() -> None:
    noted: Json = {"jsonrpc": "2.0", "method": "notifications/own"}
    answer = await batch(Agent(shop().rt, "2025-03-26"), ping(1), noted, ping("b"), {**ping(3), "method": "nope"})
    answers = {one["id"]: one for one in answer.json}
    assert answers.keys() == {1, "b", 3}
    assert answers[3]["error"]["code"] == -32601


@pytest.mark.requirement("legacy.no-batches")
@pytest.mark.parametrize("later", ["2025-11-25", "2025-06-18"])
async def test_later_revisions_have_no_batches(later: str) -> None:
    assert (await batch(Agent(shop().rt, later), ping(1))).status == 400
