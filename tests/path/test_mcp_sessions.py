"""The revisions before 2026-07-28 with a session: two replicas, one shared state."""

import asyncio
import gc
import weakref
from dataclasses import replace
from typing import NoReturn

import pytest

from bridge.ingress.mcp.sessions.attend import MOST
from bridge.model import (
    Call,
    Grant,
    Json,
    Principal,
    PrincipalKind,
    Resource,
    StateUnavailable,
)
from bridge.pipeline.addresses import Locator
from bridge.pipeline.policy import Approvals
from bridge.pipeline.runtime import Legacy, Limits, McpDoor, Rate
from bridge.pipeline.toolset import Offer
from bridge.state.base import Ring
from bridge.state.memory import MemoryBus, MemoryStore
from tests.kit.agent import Agent
from tests.kit.replicas import Replicas, replicas
from tests.kit.runtime import NOTHING, Plan, endpoint, memory, world
from tests.kit.session import ELICITS, Client, Exchange, parsed
from tests.kit.upstream import Played, plays

REVISIONS = ["2025-11-25", "2025-06-18", "2025-03-26"]
CALL: Json = {"name": "a", "arguments": {}}
SLOW: Json = {**CALL, "_meta": {"progressToken": "p"}}


class Watcher:
    """Everybody is who calls from their address."""

    async def authenticate(self, call: Call) -> Principal:
        return Principal(call.peer, PrincipalKind.AGENT, Grant(), call.peer)


@pytest.fixture(params=REVISIONS)
def revision(request: pytest.FixtureRequest) -> str:
    return str(request.param)


# --- a session's life -------------------------------------------------------------------------------------------------


@pytest.mark.statement("A20")
async def test_a_session_is_known_to_every_replica(revision: str) -> None:
    both = replicas()
    client = await Client(both.one, revision).begin()
    assert client.session is not None
    assert len(client.session) >= 22
    assert client.session.isascii()
    assert (await client.at(both.two).ask("tools/call", CALL)).status == 200


async def test_what_a_session_can_be_told_is_declared() -> None:
    both = replicas()
    answer = await Client(both.one).ask("initialize", {"protocolVersion": "2025-11-25"})
    assert answer.result["capabilities"] == {"tools": {"listChanged": True}}


@pytest.mark.parametrize("id", ["x" * 32, "gone", "", "a:b", "é"])
@pytest.mark.parametrize("method", ["POST", "GET", "DELETE"])
async def test_an_unknown_session_is_not_found(id: str, method: str) -> None:
    client = Client(replicas().one, session="x")
    if method == "POST":
        answer = await client.post(client.request("ping", id=5), mcp_session_id=id.encode().decode("latin-1"))
        assert answer.json["id"] == 5
    else:
        sends = client.get if method == "GET" else client.delete
        answer = await sends(mcp_session_id=id.encode().decode("latin-1"))
    assert (answer.status, answer.code) == (404, -32600)


async def test_a_session_ends_everywhere_with_delete() -> None:
    both = replicas()
    client = await Client(both.one).begin()
    async with client.at(both.two).listening() as stream:
        answer = await client.delete()
        assert (answer.status, answer.body) == (204, b"")
        await stream.ended()
    for holder in (both.one, both.two):
        assert (await client.at(holder).ask("ping")).status == 404
    assert (await client.delete()).status == 404


async def test_a_session_belongs_to_whoever_opened_it() -> None:
    both = replicas(Plan(authenticator=Watcher()))
    client = await Client(both.one).begin()
    eve = replace(client, peer="192.0.2.66")
    for method in ("ping", "tools/list", "tools/call"):
        answer = await eve.ask(method, CALL)
        assert (answer.status, answer.code) == (404, -32600)
    assert (await eve.get()).status == 404
    assert (await eve.delete()).status == 404
    assert (await eve.tell("notifications/cancelled", {"requestId": 1})).status == 404
    assert (await client.ask("ping")).status == 200


@pytest.mark.statement("A20")
async def test_a_batch_in_somebody_elses_session_is_not_found() -> None:
    client = await Client(replicas(Plan(authenticator=Watcher())).one, "2025-03-26").begin()
    eve = replace(client, peer="192.0.2.66")
    answer = await eve.post([client.request("ping"), client.request("tools/call", CALL)])
    assert (answer.status, [entry["error"]["code"] for entry in answer.json]) == (404, [-32600, -32600])


async def test_a_session_belongs_to_its_toolset() -> None:
    both = replicas(Plan(toolsets={"few": ("a",)}))
    client = await Client(both.one).begin()
    client.path = "/mcp/few"
    assert (await client.ask("ping")).status == 404


async def test_a_version_that_is_not_the_sessions_is_a_bad_request() -> None:
    client = await Client(replicas().one, "2025-06-18").begin()
    answer = await client.ask("ping", mcp_protocol_version="2025-11-25")
    assert (answer.status, answer.code) == (400, -32600)


async def test_a_session_without_a_version_header_speaks_its_own() -> None:
    client = await Client(replicas().one, "2025-11-25").begin()
    assert "title" in (await client.ask("tools/list", mcp_protocol_version=None)).result["tools"][0]


async def test_who_does_not_send_the_id_back_is_served_without_a_session(revision: str) -> None:
    client = await Client(replicas().one, revision).begin()
    assert (await client.ask("tools/call", CALL, mcp_session_id=None)).status == 200
    assert (await client.ask("resources/subscribe", {"uri": "x"}, mcp_session_id=None)).code == -32601


async def test_a_session_is_begun_anew_whatever_id_goes_along() -> None:
    client = await Client(replicas().one).begin()
    before, client.session = client.session, "x" * 32
    await client.begin()
    assert client.session not in {before, "x" * 32}


async def test_an_idle_session_is_over_and_a_used_one_is_not() -> None:
    now = [0.0]
    shared = replace(memory(), store=MemoryStore(clock=lambda: now[0]))
    client = await Client(replicas(shared=shared).one).begin()
    now[0] = 3601.0
    assert (await client.ask("ping")).status == 404


async def test_batches_belong_to_the_one_revision_that_has_them() -> None:
    both = replicas()
    old, new = await Client(both.one, "2025-03-26").begin(), await Client(both.one).begin()
    entries = [old.request("ping"), old.request("tools/call", CALL)]
    assert len((await old.post(entries)).json) == 2
    assert (await old.post(entries, mcp_session_id="x" * 32)).status == 404
    assert (await new.post(entries, mcp_protocol_version=None)).status == 400


async def test_get_and_delete_without_a_session_are_not_allowed() -> None:
    client = Client(replicas().one)
    for answer in (await client.get(), await client.delete()):
        assert (answer.status, answer.headers["allow"]) == (405, "POST")


async def test_the_current_revision_knows_no_sessions() -> None:
    client = await Client(replicas().one).begin()
    for answer in (
        await client.get(mcp_protocol_version="2026-07-28"),
        await client.delete(mcp_protocol_version="2026-07-28"),
    ):
        assert answer.status == 405


@pytest.mark.parametrize("legacy", [Legacy.SESSIONLESS, Legacy.OFF])
async def test_without_sessions_their_headers_mean_nothing(legacy: Legacy) -> None:
    client = Client(replicas(Plan(mcp=McpDoor(legacy=legacy))).one, session="gone")
    assert (await client.get()).status == 405
    answer = await client.ask("ping")
    assert (answer.status, "error" in answer.json) == ((200, False) if legacy is Legacy.SESSIONLESS else (400, True))


async def test_sessionless_initialize_gives_no_id_and_promises_nothing() -> None:
    client = Client(replicas(Plan(mcp=McpDoor(legacy=Legacy.SESSIONLESS))).one)
    answer = await client.ask("initialize", {"protocolVersion": "2025-11-25"})
    assert "mcp-session-id" not in answer.headers
    assert answer.result["capabilities"] == {"tools": {}}


async def test_where_old_revisions_are_off_their_clients_learn_which_is_spoken() -> None:
    client = Client(replicas(Plan(mcp=McpDoor(legacy=Legacy.OFF))).one)
    answer = await client.ask("initialize", {"protocolVersion": "2025-11-25"})
    assert (answer.status, answer.code) == (400, -32022)
    assert answer.json["error"]["data"] == {"supported": ["2026-07-28"], "requested": "2025-11-25"}
    assert (await client.ask("tools/list", mcp_protocol_version="2025-06-18")).code == -32022
    assert (await client.post([client.request("ping")])).code == -32022


async def test_what_is_spoken_follows_from_how_old_revisions_are_served() -> None:
    modern = Agent(replicas(Plan(mcp=McpDoor(legacy=Legacy.OFF))).one.current)
    assert (await modern.ask("server/discover")).result["supportedVersions"] == ["2026-07-28"]
    answer = await modern.ask("initialize")
    assert (answer.status, answer.code) == (404, -32601)
    assert len((await Agent(replicas().one.current).ask("server/discover")).result["supportedVersions"]) == 5


# --- the stream of news -----------------------------------------------------------------------------------------------


def changed(both: Replicas, *names: str) -> None:
    """Both replicas take over a catalogue with these tools."""
    for holder in (both.one, both.two):
        made = world(
            [endpoint(name) for name in names], Plan(shared=both.shared, offer=holder.current.toolsets[""].offer)
        )
        holder.swap(replace(made.rt, changes=holder.current.changes))


async def test_a_stream_tells_of_changed_lists(revision: str) -> None:
    both = replicas()
    client = await Client(both.one, revision).begin()
    async with client.at(both.two).listening() as stream:
        if revision == "2025-11-25":
            opening = await stream.next()
            assert (opening.data, bool(opening.id), int(opening.retry) > 0) == ("", True, True)
        await asyncio.sleep(0)
        changed(both, "a", "c")
        told = await stream.next()
        assert client.check(told)["method"] == "notifications/tools/list_changed"
        assert told.id


async def test_a_client_that_was_away_learns_at_once_what_changed() -> None:
    both = replicas()
    client = await Client(both.one).begin()
    async with client.listening() as stream:
        last = (await stream.next()).id
    changed(both, "a", "c")
    async with client.at(both.two).listening(last) as stream:
        events = [await stream.next(), await stream.next()]
    assert client.check(events[1])["method"] == "notifications/tools/list_changed"
    async with client.listening(events[1].id) as stream:
        await stream.next()
        await asyncio.sleep(0.05)
        assert len(stream.events) == 1


async def test_of_several_streams_one_tells_the_news() -> None:
    both = replicas()
    client = await Client(both.one).begin()
    async with client.listening() as first, client.at(both.two).listening() as second:
        await first.next(), await second.next()
        await asyncio.sleep(0.02)
        changed(both, "c")
        await second.next()
        await asyncio.sleep(0.02)
        assert len(first.events) == 1


async def test_when_the_stream_that_speaks_ends_another_goes_on() -> None:
    both = replicas()
    client = await Client(both.one).begin()
    async with client.listening() as first:
        async with client.at(both.two).listening() as second:
            await first.next(), await second.next()
        await asyncio.sleep(0.02)
        changed(both, "c")
        assert client.check(await first.next())["method"] == "notifications/tools/list_changed"


async def test_a_session_holds_eight_streams_at_most() -> None:
    client = await Client(replicas().one).begin()
    streams = [client.listening() for _ in range(MOST)]
    for stream in streams:
        await (await stream.__aenter__()).next()
    assert (await client.get()).status == 429
    for stream in streams:
        await stream.__aexit__(None, None, None)


async def test_a_stream_is_for_clients_that_accept_one() -> None:
    client = await Client(replicas().one).begin()
    assert (await client.get(accept="application/json")).status == 406


async def test_a_stream_keeps_no_runtime_alive() -> None:
    both = replicas()
    client = await Client(both.one).begin()
    kept = weakref.ref(both.one.current.toolsets[""])
    async with client.listening() as stream:
        await stream.next()
        changed(both, "c")
        await stream.next()
        del both
        gc.collect()
        assert kept() is None


# --- subscriptions ----------------------------------------------------------------------------------------------------


def _readable() -> Plan:
    offer = Offer(
        readable={("orders", "b"): endpoint("b")},
        locator=Locator([(Resource("api://x", "b", "", "", "orders", "b"), NOTHING)]),
    )
    return Plan(offer=offer, mcp=McpDoor(poll=0.02))


async def test_a_subscriber_is_told_of_a_changed_resource_on_whatever_replica_it_listens(revision: str) -> None:
    both = replicas(_readable())
    other = both.other.upstream
    client = await Client(both.one, revision).begin()
    async with client.at(both.two).listening() as stream:
        if revision == "2025-11-25":
            await stream.next()
        assert (await client.ask("resources/subscribe", {"uri": "api://x"})).result == {}
        await other.reached()
        other.scripts[:] = [plays(b'{"other":1}')]
        told = client.check(await stream.next())
        assert told == {"jsonrpc": "2.0", "method": "notifications/resources/updated", "params": {"uri": "api://x"}}
        assert (await client.ask("resources/unsubscribe", {"uri": "api://x"})).result == {}
        await asyncio.sleep(0.05)
        count = len(stream.events)
        other.scripts[:] = [plays(b'{"another":1}')]
        await asyncio.sleep(0.1)
        assert len(stream.events) == count


async def test_what_is_not_there_cannot_be_subscribed_to() -> None:
    client = await Client(replicas(_readable()).one).begin()
    assert (await client.ask("resources/subscribe", {"uri": "file:///x"})).code == -32002


# --- streams that answer, and their resumption ------------------------------------------------------------------------


async def test_the_rest_of_a_lost_stream_comes_from_any_replica() -> None:
    both = replicas(slow=True)
    client = await Client(both.one).begin()
    async with client.posting(client.request("tools/call", SLOW, id=9)) as lost:
        both.slow.report(1)
        assert (await lost.next()).data == ""
        last = (await lost.next()).id
        lost.leave.set()
        both.slow.report(2)
        await asyncio.sleep(0.02)
        async with client.at(both.two).listening(last) as stream:
            second = client.check(await stream.next())
            both.slow.report(3)
            third = client.check(await stream.next())
            assert [one["params"]["progress"] for one in (second, third)] == [2, 3]
            both.slow.end()
            answer = client.check(await stream.next(), "tools/call")
            assert answer["id"] == 9
            assert answer["result"]["content"]
    assert (await client.get(stream.events[-1].id)).status == 405
    assert both.slow.cancelled == 0


async def test_an_answer_that_came_while_nobody_listened_is_fetched_later() -> None:
    both = replicas(slow=True)
    client = await Client(both.one).begin()
    async with client.posting(client.request("tools/call", SLOW, id=9)) as lost:
        both.slow.report(1)
        last = (await lost.next()).id
        lost.leave.set()
        both.slow.end()
    answer = await client.at(both.two).get(last)
    assert answer.status == 200
    assert client.check(parsed(answer.body)[-1], "tools/call")["id"] == 9


async def test_only_the_stream_that_was_lost_is_replayed() -> None:
    both = replicas(slow=True)
    client = await Client(both.one).begin()
    async with client.posting(client.request("tools/call", SLOW, id="x")) as first:
        both.slow.report(1)
        last = (await first.next()).id
        await first.next()
        async with client.posting(client.request("tools/call", SLOW, id="y")) as second:
            both.slow.report(1)
            await second.next()
            both.slow.end()
            both.slow.end()
    replayed = parsed((await client.get(last)).body)
    answers = [event.json["id"] for event in replayed if event.data and "result" in event.json]
    assert answers == ["x"]


async def test_streams_end_when_the_gateway_stops() -> None:
    both = replicas(slow=True)
    client = await Client(both.one).begin()
    async with client.posting(client.request("tools/call", SLOW)) as call:
        both.slow.report(1)
        last = (await call.next()).id
        async with client.listening(last) as rest, client.listening() as news:
            await rest.next(), await news.next()
            both.one.current.changes.stop()
            await rest.ended(), await news.ended()
        both.slow.end()


@pytest.mark.parametrize("last", ["nonsense", "a.1-1", "news.x", "a.99999999999999999999-1", "../x.1-1"])
async def test_an_unknown_event_id_is_a_bad_request(last: str) -> None:
    client = await Client(replicas().one).begin()
    answer = await client.get(last)
    assert (answer.status, answer.code) == (400, -32600)


async def test_another_sessions_stream_cannot_be_fetched() -> None:
    both = replicas(slow=True)
    ann, eve = await Client(both.one).begin(), await Client(both.one).begin()
    async with ann.posting(ann.request("tools/call", SLOW)) as stream:
        both.slow.report(1)
        last = (await stream.next()).id
        assert (await eve.get(last)).status == 400
        both.slow.end()
        await stream.next()


async def test_an_answer_too_large_to_keep_is_kept_as_an_error() -> None:
    both = replicas(slow=True)
    client = await Client(both.one).begin()
    async with client.posting(client.request("tools/call", {**SLOW, "name": "large"}, id=9)) as lost:
        both.slow.report(1)
        last = (await lost.next()).id
        both.slow.end()
    replayed = parsed((await client.get(last)).body)
    assert client.check(replayed[-1])["error"]["message"].startswith("the answer was too large")


async def test_an_answer_that_takes_long_becomes_a_stream() -> None:
    both = replicas(Plan(mcp=McpDoor(long=0.01)))
    hold = asyncio.Event()
    both.made.upstream.scripts[:] = [Played(hold=hold)]
    client = await Client(both.one).begin()
    async with client.posting(client.request("tools/call", CALL)) as stream:
        opening = await stream.next()
        assert (opening.data, bool(opening.id)) == ("", True)
        hold.set()
        assert client.check(await stream.next(), "tools/call")["result"]["content"]


# --- cancelling -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("identity", [7, "seven"])
async def test_a_request_is_cancelled_from_any_replica_and_not_answered(identity: Json, revision: str) -> None:
    both = replicas()
    both.made.upstream.scripts[:] = [Played(hold=asyncio.Event())]
    client = await Client(both.one, revision).begin()
    async with client.posting(client.request("tools/call", CALL, id=identity)) as call:
        await both.made.upstream.reached()
        told = await client.at(both.two).tell("notifications/cancelled", {"requestId": identity, "reason": "enough"})
        assert told.status == 202
        answer = await call.ended()
        assert (answer.status, answer.body) == (200, b"")
        assert answer.headers["content-type"] == "text/event-stream"
    assert both.made.upstream.cancelled == 1
    assert both.made.records[-1].gone or both.made.records[-2].gone


async def test_a_stream_whose_request_is_cancelled_ends_and_has_no_rest() -> None:
    both = replicas(slow=True)
    client = await Client(both.one).begin()
    async with client.posting(client.request("tools/call", SLOW, id=3)) as call:
        both.slow.report(1)
        opening, progress = await call.next(), await call.next()
        await client.tell("notifications/cancelled", {"requestId": 3})
        await call.ended()
    assert both.slow.cancelled == 1
    missed = parsed((await client.get(opening.id)).body)
    assert [event.id for event in missed] == [progress.id]
    assert (await client.get(progress.id)).status == 405, "or its client would ask again and again"


@pytest.mark.parametrize("params", [{"requestId": 8}, {"requestId": "7"}, {"requestId": None}, {}, {"requestId": [7]}])
async def test_a_cancellation_of_something_else_is_ignored(params: Json) -> None:
    both, hold = replicas(), asyncio.Event()
    both.made.upstream.scripts[:] = [Played(hold=hold)]
    client = await Client(both.one).begin()
    async with client.posting(client.request("tools/call", CALL, id=7)) as call:
        await both.made.upstream.reached()
        assert (await client.tell("notifications/cancelled", params)).status == 202
        await asyncio.sleep(0.02)
        hold.set()
        assert (await call.began()).status == 200
        assert call.answer.json["id"] == 7


async def test_a_request_of_another_session_is_not_cancelled() -> None:
    both, hold = replicas(), asyncio.Event()
    both.made.upstream.scripts[:] = [Played(hold=hold)]
    client, other = await Client(both.one).begin(), await Client(both.one).begin()
    async with client.posting(client.request("tools/call", CALL, id=7)) as call:
        await both.made.upstream.reached()
        await other.tell("notifications/cancelled", {"requestId": 7})
        await asyncio.sleep(0.02)
        hold.set()
        await call.began()
        assert "result" in call.answer.json
    assert both.made.upstream.cancelled == 0


async def test_a_client_that_leaves_has_not_cancelled(revision: str) -> None:
    both, hold = replicas(), asyncio.Event()
    both.made.upstream.scripts[:] = [Played(hold=hold)]
    client = await Client(both.one, revision).begin()
    async with client.posting(client.request("tools/call", CALL)) as call:
        await both.made.upstream.reached()
        call.leave.set()
        await asyncio.sleep(0.02)
        hold.set()
    assert both.made.upstream.cancelled == 0


async def test_calls_end_with_their_session() -> None:
    both = replicas()
    both.made.upstream.scripts[:] = [Played(hold=asyncio.Event())]
    client = await Client(both.one).begin()
    async with client.posting(client.request("tools/call", CALL)):
        await both.made.upstream.reached()
        await client.at(both.two).delete()
    assert both.made.upstream.cancelled == 1


# --- asking -----------------------------------------------------------------------------------------------------------

SURE: Json = {"name": "sure", "arguments": {}}


@pytest.mark.parametrize("version", ["2025-11-25", "2025-06-18"])
async def test_a_person_is_asked_while_the_call_waits_and_answers_at_another_replica(version: str) -> None:
    both = replicas()
    client = await Client(both.one, version).begin(ELICITS)
    async with client.posting(client.request("tools/call", SURE, id=4)) as call:
        question = await asked(client, call)
        assert question["method"] == "elicitation/create"
        assert ("mode" in question["params"]) == (version == "2025-11-25")
        answer = {"jsonrpc": "2.0", "id": question["id"], "result": {"action": "accept", "content": {}}}
        taken = await client.at(both.two).post(answer)
        assert (taken.status, taken.body) == (202, b"")
        result = client.check(await call.next(), "tools/call")
        assert result["id"] == 4
        assert "isError" not in result["result"]
    assert len(both.made.upstream.sent) == 1


async def asked(client: Client, call: Exchange) -> Json:
    """The next event that says something."""
    event = await call.next()
    return client.check(event if event.data else await call.next())


@pytest.mark.parametrize(
    "answer",
    [
        {"result": {"action": "decline"}},
        {"result": {"action": "cancel"}},
        {"error": {"code": -1, "message": "nobody is here"}},
        {"result": "yes"},
        {"result": None},
    ],
)
async def test_without_a_yes_nothing_is_called(answer: Json) -> None:
    both = replicas()
    client = await Client(both.one).begin(ELICITS)
    async with client.posting(client.request("tools/call", SURE)) as call:
        question = await asked(client, call)
        await client.post({"jsonrpc": "2.0", "id": question["id"], **answer})
        assert client.check(await call.next(), "tools/call")["result"]["isError"]
    assert both.made.upstream.sent == []


async def test_nobody_is_asked_whose_client_did_not_declare_it(revision: str) -> None:
    both = replicas()
    client = await Client(both.one, revision).begin()
    answer = await client.ask("tools/call", SURE)
    assert answer.result["isError"]
    assert both.made.upstream.sent == []


async def test_a_question_on_a_lost_stream_is_fetched_and_answered() -> None:
    both = replicas()
    client = await Client(both.one).begin(ELICITS)
    async with client.posting(client.request("tools/call", SURE)) as call:
        last = (await call.next()).id
        call.leave.set()
        await call.next()
        async with client.at(both.two).listening(last) as stream:
            question = client.check(await stream.next())
            await client.post({"jsonrpc": "2.0", "id": question["id"], "result": {"action": "accept"}})
            assert "isError" not in client.check(await stream.next(), "tools/call")["result"]


async def test_a_question_that_nobody_answers_is_given_up() -> None:
    both = replicas(Plan(approvals=Approvals(ttl=0.05)))
    client = await Client(both.one).begin(ELICITS)
    async with client.posting(client.request("tools/call", SURE)) as call:
        question = await asked(client, call)
        given_up = client.check(await call.next())
        assert given_up["method"] == "notifications/cancelled"
        assert given_up["params"]["requestId"] == question["id"]
        assert client.check(await call.next(), "tools/call")["result"]["isError"]
        late = await client.post({"jsonrpc": "2.0", "id": question["id"], "result": {"action": "accept"}})
        assert late.status == 202
    assert both.made.upstream.sent == []


async def test_a_gateway_that_stops_gives_a_question_up() -> None:
    both = replicas()
    client = await Client(both.one).begin(ELICITS)
    async with client.posting(client.request("tools/call", SURE)) as call:
        await asked(client, call)
        both.one.current.changes.stop()
        assert client.check(await call.next(), "tools/call")["result"]["isError"]
    assert both.made.upstream.sent == []


async def test_an_answer_too_long_to_be_one_is_none() -> None:
    both = replicas()
    client = await Client(both.one).begin(ELICITS)
    async with client.posting(client.request("tools/call", SURE)) as call:
        question = await asked(client, call)
        content = {"action": "accept", "content": {"x": "x" * 70_000}}
        assert (await client.post({"jsonrpc": "2.0", "id": question["id"], "result": content})).status == 202
        assert client.check(await call.next(), "tools/call")["result"]["isError"]
    assert both.made.upstream.sent == []


@pytest.mark.parametrize("id", ["unknown", 7, None, {}])
async def test_answers_to_nothing_are_taken_and_dropped(id: Json) -> None:
    client = await Client(replicas().one).begin()
    assert (await client.post({"jsonrpc": "2.0", "id": id, "result": {}})).status == 202


async def test_without_a_session_nothing_was_asked_and_nothing_is_answered() -> None:
    answer = await Client(replicas().one).post({"jsonrpc": "2.0", "id": "x", "result": {}})
    assert (answer.status, answer.code) == (400, -32600)


@pytest.mark.parametrize("token", ["x" * 257, "x" * 1_000_000])
async def test_a_token_too_long_to_be_repeated_is_refused(token: str) -> None:
    both = replicas()
    client = await Client(both.one).begin()
    answer = await client.ask("tools/call", {**CALL, "_meta": {"progressToken": token}})
    assert answer.code == -32602
    assert both.made.upstream.sent == []


@pytest.mark.parametrize("record", [b"", b"{", b"7", b"{}", b'{"principal":1}', b"\xff"])
async def test_a_record_that_is_none_counts_as_gone(record: bytes) -> None:
    both = replicas()
    client = await Client(both.one).begin()
    assert both.one.current.shared is not None
    await both.one.current.shared.store.put(f"session:{client.session}", record, 60)
    assert (await client.ask("ping")).status == 404


# --- when what is shared fails ----------------------------------------------------------------------------------------


class _Dead:
    """State that cannot be reached."""

    def __getattr__(self, name: str) -> object:
        async def fails(*args: object, **more: object) -> None:
            raise StateUnavailable("out of reach")

        return fails


class _Deaf(MemoryBus):
    """Nobody is heard."""

    def subscribe(self, channel: str, ring: Ring | None = None) -> NoReturn:
        raise StateUnavailable("out of reach")


async def test_state_out_of_reach_is_said_and_nothing_hangs() -> None:
    dead = replace(memory(), store=_Dead())  # type: ignore[arg-type]
    client = Client(replicas(shared=dead).one, session="x" * 32)
    assert (await client.ask("ping")).status == 503
    assert (await client.get()).status == 503
    assert (await client.delete()).status == 503
    assert (await client.ask("initialize", {"protocolVersion": "2025-11-25"})).status == 503
    assert (await client.ask("tools/call", CALL, mcp_session_id=None)).status == 200


async def test_without_a_bus_streams_are_refused_and_calls_say_why() -> None:
    dead = replace(memory(), bus=_Deaf())
    client = await Client(replicas(shared=dead).one).begin()
    assert (await client.get()).status == 503
    answer = await client.ask("tools/call", CALL)
    assert answer.result["isError"]
    assert (await client.ask("tools/list")).status == 200


async def test_a_stream_goes_on_without_ids_where_its_events_cannot_be_kept() -> None:
    shared = replace(memory(), log=_Dead())  # type: ignore[arg-type]
    both = replicas(slow=True, shared=shared)
    client = await Client(both.one).begin()
    async with client.posting(client.request("tools/call", SLOW)) as call:
        both.slow.report(1)
        event = await call.next()
        assert event.id == ""
        assert client.check(event)["params"]["progress"] == 1
        both.slow.end()
        client.check(await call.next(), "tools/call")


async def test_guessing_sessions_is_limited() -> None:
    both = replicas(Plan(limits=Limits(requests=Rate(0.001, 2))))
    client = Client(both.one, session="x" * 32)
    answers = [(await client.ask("ping", mcp_session_id=f"{n}" * 32)).status for n in range(4)]
    assert answers == [404, 404, 429, 429]
