"""One operation, one principal, either door: the same verdict, the same record, the same upstream request.

Agents call every tool of every document of this repository with generated arguments; what the upstream was sent is
then sent by a person. Only what is written down differs, and the last tests here are about that: consent is asked of
agents alone, a person's own headers and body go through, and a person cannot say which of two operations with the same
method and path is meant.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path

import orjson
import pytest

from bridge.egress.general import General
from bridge.model import (
    Arguments,
    BadArguments,
    Endpoint,
    Operation,
    UpstreamBroken,
    UpstreamTimeout,
    UpstreamUnreachable,
    Wire,
)
from bridge.state.memory import MemoryBuckets
from tests.kit.documents import paths
from tests.kit.doors import PREFIX, Arrangement, Became, Gateway, differences, gateway, given, granting, spoilt
from tests.kit.needs import CORPUS, needs_corpus
from tests.kit.origin import OK, answering, playing
from tests.kit.runtime import Badge
from tests.kit.upstream import JSON, Played, Script, ScriptedUpstream, plays

ROOT = Path(__file__).parents[2]
SAMPLES = (ROOT / "specs" / "orders.yaml", ROOT / "specs" / "parcels.yaml")
WRITTEN = tuple(sorted(ROOT.glob("tests/golden/importer/*/document.yaml")))
REAL = (
    "alertmanager.yaml", "docker-engine.yaml", "museum.yaml", "prism-petstore2.yaml", "prism-petstore3.yaml",
    "readme30-parameters-style.json", "readme31-parameters-style.json", "readme31-schema-encoding-style.json",
    "readme31-train-travel.json", "xero-files.yaml",
)  # fmt: skip
TURNS = 3


def named(document: Path) -> str:
    return document.parent.name if document in WRITTEN else document.stem


# --- the same call ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("validate", ["off", "enforce"])
@pytest.mark.parametrize("document", SAMPLES + WRITTEN, ids=named)
async def test_either_door_sends_the_same_request_and_leaves_the_same_record(document: Path, validate: str) -> None:
    """With `enforce` a person's request is also held against the document, by code that knows nothing of builders."""
    await all_agree(document, validate)


@needs_corpus
@pytest.mark.parametrize("name", REAL)
async def test_the_doors_agree_about_documents_from_elsewhere(name: str) -> None:
    await all_agree(CORPUS / name, "enforce")


async def all_agree(document: Path, validate: str) -> None:
    gw = gateway(document, Arrangement({"validate": validate}))
    told = [said for one in comparable(gw) for turn in range(TURNS) async for said in disagreements(gw, one, turn)]
    assert not told, "\n".join(told)
    assert gw.records


async def disagreements(gw: Gateway, one: Endpoint, turn: int) -> AsyncIterator[str]:
    arguments = given(one, turn)
    agent = await gw.agent(name_of(one), arguments)
    if agent.sent is None:
        # What no schema can say (a cookie's characters) is refused while the request is built.
        assert agent.record.verdict == "bad_arguments", agent.answer.body
        return
    person = await gw.person(agent.sent.wire)
    for said in differences(agent, person):
        yield f"{one.operation.key} {orjson.dumps(arguments).decode()[:300]}: {said}"


def comparable(gw: Gateway) -> Iterator[Endpoint]:
    """All tools but those whose calls are, by what is written down, no matter of both doors."""
    shared = ambiguous(one.operation for one in gw.tools.values())
    for one in gw.tools.values():
        assert one.tool is not None
        if not one.tool.confirm and one.operation.id not in shared:
            yield one


def ambiguous(operations: Iterator[Operation]) -> set[str]:
    """Ids of operations that a fragment alone tells from others (`/files/{id}#add_link`): no request carries it."""
    return {one.id for one in operations if "#" in one.path}


def refusal(became: Became) -> tuple[int, str]:
    """What a person is told; no body answers a HEAD."""
    return became.answer.status, became.answer.json["detail"] if became.answer.body else ""


def name_of(one: Endpoint) -> str:
    assert one.tool is not None
    return one.tool.name


# --- the same answers of the upstream ---------------------------------------------------------------------------------

ANSWERS: dict[str, tuple[Script, int, str]] = {
    "no content": (plays(b"", 204, ()), 204, "allowed"),
    "elsewhere": (plays(b"", 303, ((b"location", b"/x"),)), 303, "allowed"),
    "not found": (plays(b'{"title": "Not Found"}', 404), 404, "allowed"),
    "failed": (plays(b"oh", 500, ((b"content-type", b"text/plain"),)), 500, "allowed"),
    "no JSON after all": (plays(b"<html>", 200, JSON), 200, "allowed"),
    "late": (UpstreamTimeout("late"), 504, "upstream_timeout"),
    "unreachable": (UpstreamUnreachable("gone"), 502, "upstream_unreachable"),
    "broken": (UpstreamBroken("broke off"), 502, "upstream_broken"),
}


@pytest.mark.parametrize("document", SAMPLES, ids=named)
@pytest.mark.parametrize("case", ANSWERS)
async def test_the_outcome_is_the_same_whatever_the_upstream_does(document: Path, case: str) -> None:
    script, status, verdict = ANSWERS[case]
    gw = gateway(document)
    gw.upstream.scripts = [script]
    for one in gw.tools.values():
        agent = await gw.agent(name_of(one), given(one))
        assert agent.sent is not None
        person = await gw.person(agent.sent.wire)
        assert list(differences(agent, person)) == []
        assert (agent.record.status, agent.record.verdict) == (status, verdict)
        assert person.answer.status == status
        assert agent.answer.result.get("isError", False) is (status >= 300)


# --- the same refusals ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("document", SAMPLES, ids=named)
async def test_what_is_not_granted_is_not_there_at_either_door(document: Path) -> None:
    open_to_all = gateway(document)
    closed = gateway(document, Arrangement(authenticator=Badge(granting())))
    for one in open_to_all.tools.values():
        arguments = given(one)
        agent = await closed.agent(name_of(one), arguments)
        person = await closed.person(one.build(arguments))
        assert list(differences(agent, person)) == []
        assert (agent.record.verdict, agent.record.status) == ("not_granted", 404)
        method = one.build(arguments).method
        unknown = await closed.agent("no_such_tool", arguments), await closed.person(Wire(method, "/no/such/path"))
        assert refusal(person) == refusal(unknown[1])
        assert agent.answer.json["error"]["code"] == unknown[0].answer.json["error"]["code"] == -32602
        assert agent.answer.message == unknown[0].answer.message.replace("no_such_tool", name_of(one))
    assert closed.upstream.sent == []


async def test_a_grant_opens_the_same_operations_at_either_door() -> None:
    gw = gateway(SAMPLES[0], Arrangement(authenticator=Badge(granting("getOrder", "placeOrder"))))
    for one in gw.tools.values():
        arguments = given(one)
        agent, person = await gw.agent(name_of(one), arguments), await gw.person(one.build(arguments))
        assert list(differences(agent, person)) == []
        assert (agent.record.verdict == "allowed") is (one.operation.id in {"getOrder", "placeOrder"})


async def test_whoever_is_not_known_is_challenged_at_either_door() -> None:
    gw = gateway(SAMPLES[0], Arrangement(authenticator=Badge(None)))
    for one in gw.tools.values():
        arguments = given(one)
        agent, person = await gw.agent(name_of(one), arguments), await gw.person(one.build(arguments))
        assert list(differences(agent, person)) == []
        assert (agent.record.verdict, agent.answer.status, person.answer.status) == ("unauthenticated", 401, 401)
        assert agent.answer.headers["www-authenticate"] == person.answer.headers["www-authenticate"]


@pytest.mark.parametrize("first", ["agent", "person"])
async def test_both_doors_draw_on_one_quota(first: str) -> None:
    for name in gateway(SAMPLES[0]).tools:
        gw = gateway_of_one_call(name)
        one = gw.tools[name]
        arguments = given(one)
        used = await (gw.agent(name, arguments) if first == "agent" else gw.person(one.build(arguments)))
        agent, person = await gw.agent(name, arguments), await gw.person(one.build(arguments))
        assert used.record.verdict == "allowed"
        assert list(differences(agent, person)) == []
        assert (agent.record.verdict, agent.record.status) == ("limit_exceeded", 429)
        assert agent.answer.result["isError"] is True
        assert person.answer.headers["retry-after"]
        assert len(gw.upstream.sent) == 1


_limited: list[Gateway] = []


def gateway_of_one_call(name: str) -> Gateway:
    """A fresh quota of one call; compiled once, because the document stays the same."""
    if not _limited:
        _limited.append(gateway(SAMPLES[0], Arrangement(limits={"requests": {"rate": "1/h", "burst": 1}})))
    upstream, records = ScriptedUpstream(), _limited[0].records
    return Gateway(replace(_limited[0].rt, buckets=MemoryBuckets(), upstream=upstream), upstream, records)


async def test_both_doors_share_the_places_for_calls_in_flight() -> None:
    gw = gateway(SAMPLES[0], Arrangement(limits={"concurrent": 1}))
    gw.upstream.scripts = [Played(hold=(hold := asyncio.Event()))]
    wire = gw.tools["get_order"].build({"orderId": 1})
    for count, of_agent in enumerate((True, False), start=1):
        hold.clear()
        held = asyncio.create_task(gw.agent("get_order", {"orderId": 1}) if of_agent else gw.person(wire))
        await gw.upstream.reached(count)
        agent, person = await gw.agent("get_order", {"orderId": 1}), await gw.person(wire)
        assert list(differences(agent, person)) == []
        assert agent.record.verdict == "limit_exceeded"
        hold.set()
        assert (await held).record.verdict == "allowed"


async def test_what_does_not_exist_is_not_found_at_either_door() -> None:
    gw = gateway(SAMPLES[0], Arrangement({"unlisted": "refuse"}))
    agent, person = await gw.agent("no_such_tool", {}), await gw.person(Wire("GET", "/no/such/path"))
    for became in (agent, person):
        assert (became.record.verdict, became.record.status, became.sent) == ("not_found", 404, None)


# --- the same judgement of arguments ----------------------------------------------------------------------------------


@pytest.mark.parametrize("document", SAMPLES, ids=named)
async def test_bad_arguments_are_refused_at_either_door_before_the_upstream_hears_of_them(document: Path) -> None:
    gw = gateway(document, Arrangement({"validate": "enforce"}))
    compared = 0
    for one in gw.tools.values():
        for what, arguments in spoilt(one, given(one)):
            agent = await gw.agent(name_of(one), arguments)
            assert agent.record.verdict == "bad_arguments", f"{one.operation.key}: {what}"
            wire = written(one, arguments)
            if wire is not None:
                person = await gw.person(wire)
                assert list(differences(agent, person)) == [], f"{one.operation.key}: {what}"
                assert (agent.answer.result["isError"], person.answer.status) == (True, 400)
                compared += 1
    assert gw.upstream.sent == []
    assert compared > 10


def written(one: Endpoint, arguments: Arguments) -> Wire | None:
    """The request that these arguments would be, unchecked; None where there is none (a path without its id)."""
    try:
        return one.build(arguments)
    except BadArguments:
        return None


async def test_where_validation_only_reports_a_person_is_let_through_and_the_record_says_what_was_wrong() -> None:
    gw = gateway(SAMPLES[0], Arrangement({"validate": "report"}))
    person = await gw.person(Wire("GET", "/customers?limit=many"))
    assert person.record.verdict == "allowed"
    assert "limit" in person.record.reported[0]
    assert person.sent is not None


# --- the same way to the upstream -------------------------------------------------------------------------------------

HEADERS = [
    {"name": name, "in": "header", "schema": {"type": "string"}} for name in ("x_trace", "X-Real-IP", "X_Operator")
]
PARAMETER = {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}
WAYS = paths(
    {
        "GET /slow": {"operationId": "slow", "x-mcp": {"timeout": 2}},
        "GET /elsewhere": {"operationId": "elsewhere", "servers": [{"url": "https://other.test/v2"}]},
        "GET /headers": {"operationId": "headers", "parameters": HEADERS},
        "GET /größe/a b": {"operationId": "spelled"},
        "GET /things": {"operationId": "things"},
        "GET /things/{id}": {"operationId": "thing", "parameters": [PARAMETER]},
        "GET /things/@mine": {"operationId": "mine"},
        "GET /things#short": {"operationId": "short"},
        "DELETE /things": {"operationId": "clear", "x-mcp": {"confirm": True}},
    },
    servers=[{"url": "http://upstream.test/base"}],
    components={"securitySchemes": {"key": {"type": "apiKey", "in": "header", "name": "api_key"}}},
)


@pytest.fixture
def ways(tmp_path: Path) -> Path:
    file = tmp_path / "ways.json"
    file.write_bytes(orjson.dumps(WAYS))
    return file


@pytest.mark.parametrize("arrangement", [Arrangement(), Arrangement(url="")], ids=["configured", "documents"])
async def test_timeouts_servers_and_spellings_of_single_operations_hold_at_either_door(
    ways: Path, arrangement: Arrangement
) -> None:
    gw = gateway(ways, arrangement)
    for one in comparable(gw):
        assert [said async for said in disagreements(gw, one, 1)] == []
    origins = {sent.wire.target: sent.target.origin for sent in gw.upstream.sent}
    assert origins["/elsewhere"] == ("http://upstream.test" if arrangement.url else "https://other.test")


async def test_a_prefix_that_is_not_stripped_is_in_the_request_of_either_door(ways: Path) -> None:
    gw = gateway(ways, Arrangement({"rewrite": {"strip_prefix": False}}))
    agent = await gw.agent("things", {})
    assert agent.sent is not None
    assert agent.sent.wire.target == f"{PREFIX}/things"
    person = await gw.person(replace(agent.sent.wire, target="/things"))
    assert list(differences(agent, person)) == []


async def test_the_operators_credential_reaches_the_upstream_through_either_door_and_no_other_one(ways: Path) -> None:
    upstream = General()
    async with playing(answering(OK)) as origin:
        gw = gateway(ways, Arrangement(url=origin.url, upstream=upstream))
        await gw.agent("headers", {"x_trace": "1", "X_Operator": "mine"})
        await gw.person(
            Wire("GET", "/headers", ((b"x_trace", b"1"), (b"x_operator", b"mine"), (b"x-operator", b"mine")))
        )
        await upstream.aclose()
    for arrived in origin.requests:
        assert arrived.values(b"x-operator") == [b"the operator's own"]
        assert arrived.values(b"x_operator") == []
        assert arrived.values(b"x_trace") == [b"1"]


async def test_nobody_says_through_either_door_that_a_request_came_from_somewhere_else(ways: Path) -> None:
    gw = gateway(ways)
    agent = await gw.agent("headers", {"X-Real-IP": "192.0.2.1"})
    person = await gw.person(Wire("GET", "/headers", ((b"x-real-ip", b"192.0.2.1"),)))
    assert agent.record.verdict == "bad_arguments"
    assert person.sent is not None
    assert b"x-real-ip" not in dict(person.sent.wire.headers)


async def test_no_argument_spells_the_address_of_another_operation(ways: Path) -> None:
    """A person asks for that operation by its address; an agent has asked, and was allowed, for another one."""
    gw = gateway(ways, Arrangement(authenticator=Badge(granting("thing"))))
    agent, person = await gw.agent("thing", {"id": "@mine"}), await gw.person(Wire("GET", "/things/%40mine"))
    assert (agent.record.verdict, person.record.verdict) == ("bad_arguments", "not_granted")
    assert "id: must not spell the address of another operation, GET /things/@mine" in agent.answer.body.decode()
    assert (await gw.agent("thing", {"id": "mine too"})).record.verdict == "allowed"
    assert len(gw.upstream.sent) == 1


# --- what is written down to differ -----------------------------------------------------------------------------------


async def test_consent_is_asked_of_agents_alone(ways: Path) -> None:
    gw = gateway(ways)
    agent, person = await gw.agent("clear", {}), await gw.person(Wire("DELETE", "/things"))
    assert (agent.record.verdict, agent.sent) == ("approval_required", None)
    assert (person.record.verdict, person.record.operation) == ("allowed", "clear")


async def test_a_persons_own_headers_go_through_and_an_agents_never(ways: Path) -> None:
    gw = gateway(ways)
    own = ((b"authorization", b"Bearer own"), (b"api_key", b"k"))
    person = await gw.person(Wire("GET", "/things"), *own)
    assert person.sent is not None
    assert set(own) <= set(person.sent.wire.headers)
    agent = await gw.agent("things", {}, *own)
    assert agent.sent is not None
    assert not {name for name, _ in own} & {name for name, _ in agent.sent.wire.headers}


async def test_a_persons_body_goes_through_byte_for_byte() -> None:
    gw = gateway(SAMPLES[0])
    body = b'{"name": "Ann",\n "email":"\xff not JSON'
    person = await gw.person(Wire("POST", "/customers", ((b"content-type", b"application/json"),), body))
    assert person.sent is not None
    assert person.sent.wire.body == body


async def test_of_two_operations_that_a_fragment_tells_apart_a_person_gets_the_plain_one(ways: Path) -> None:
    gw = gateway(ways)
    agent = await gw.agent("short", {})
    assert agent.sent is not None
    person = await gw.person(agent.sent.wire)
    assert (agent.record.operation, person.record.operation) == ("short", "things")
    assert agent.sent.wire.target == "/things"
