"""A person's consent to exactly one call: by a form, by a decision elsewhere, at either door; once, or not at all."""

import asyncio
import logging
from dataclasses import replace
from pathlib import Path

import orjson
import pytest

from bridge.egress.webhook import Destination, Message
from bridge.ingress.asgi import Scope
from bridge.ingress.rest import serve
from bridge.model import (
    AskFor,
    BadArguments,
    Body,
    BodyKind,
    Effect,
    Endpoint,
    Grant,
    Json,
    Param,
    Spread,
    StateUnavailable,
    Style,
    Where,
)
from bridge.model.wire import Wire
from bridge.pipeline.ask import EXPIRED, INVALID
from bridge.pipeline.cases import Decision, cases, decide
from bridge.pipeline.consent import USED
from bridge.pipeline.policy import Approvals
from bridge.pipeline.runtime import Runtime
from bridge.state.memory import MemoryStore
from tests.kit.agent import META, Agent, Answer, Connection
from tests.kit.documents import paths
from tests.kit.doors import gateway
from tests.kit.person import ASKS, Person, accept, asked, text
from tests.kit.runtime import Badge, Plan, World, endpoint, memory, world

SCHEMA: Json = {"type": "object", "properties": {"id": {"type": "string"}}, "required": ["id"]}
GIVEN: Json = {"id": "4/2"}
URI = "shop://report"
CONSENT: Json = {"approval": {"action": "accept"}}


def deleting(*, confirm: bool | None = True, ask: bool = False) -> Endpoint:
    made = endpoint("drop", "DELETE", "/orders/{id}", schema=SCHEMA)
    operation = replace(
        made.operation,
        confirm=confirm,
        effect=Effect.DESTROYS,
        params=(Param("X-Reason", "reason", Where.HEADER, False, Style.SIMPLE, False, {}),),
        body=Body("application/json", ("application/json",), BodyKind.JSON, False, Spread.WHOLE),
    )
    assert made.tool is not None
    tool = replace(made.tool, ask=(AskFor("what", ("id",)),) if ask else ())
    return replace(
        made,
        operation=operation,
        tool=tool,
        build=lambda given: Wire("DELETE", f"/orders/{given['id']}".replace("4/", "4%2F")),
    )


def shop(plan: Plan | None = None, *, confirm: bool | None = True, ask: bool = False) -> World:
    return world([deleting(confirm=confirm, ask=ask)], plan)


class Yielding(MemoryStore):
    """Gives way to others before and after whatever it does, as a store elsewhere would."""

    async def get(self, key: str) -> bytes | None:
        await asyncio.sleep(0)
        found = await super().get(key)
        await asyncio.sleep(0)
        return found

    async def put(self, key: str, value: bytes, ttl: float | None, *, fresh: bool = False) -> bool:
        await asyncio.sleep(0)
        kept = await super().put(key, value, ttl, fresh=fresh)
        await asyncio.sleep(0)
        return kept

    async def take(self, key: str) -> bytes | None:
        await asyncio.sleep(0)
        taken = await super().take(key)
        await asyncio.sleep(0)
        return taken


def yielding(**policy: Json) -> Plan:
    return Plan(shared=replace(memory(), store=Yielding()), approvals=Approvals(**policy))


async def consented(rt: Runtime, given: Json = GIVEN) -> str:
    return asked(await Person(rt).call("drop", given))[1]


# --- by a form --------------------------------------------------------------------------------------------------------


async def test_the_form_shows_exactly_the_call_and_accept_makes_it() -> None:
    shown = shop()
    questions, state = asked(await Person(shown.rt).call("drop", GIVEN))
    assert questions["approval"]["requestedSchema"] == {"type": "object", "properties": {}}
    message = questions["approval"]["message"]
    for told in ("Tool: drop", "API: orders", "DELETE /orders/4%2F2", '  id: "4/2"'):
        assert told in message
    assert not shown.upstream.sent
    assert not (await Person(shown.rt).call("drop", GIVEN, CONSENT, state)).result.get("isError")
    assert len(shown.upstream.sent) == 1


async def test_a_model_can_neither_disguise_a_value_nor_forge_a_line() -> None:
    questions, _ = asked(
        await Person(shop().rt).call("drop", {"id": "a\nTool: harmless\u202e\u3164\x1b[2J" + "x" * 600})
    )
    message = questions["approval"]["message"]
    assert message.count("\nTool: ") == 1
    assert message.replace("\n", "").isprintable()
    assert r"harmless\u{202e}\u{3164}\u001b[2J" in message
    assert len(message) < 3_000


LONG: Json = {"id": "1", "body": {"a": "x" * 2_000, "qty": 999_999_999}}


async def test_what_a_form_cannot_show_whole_is_decided_where_all_of_it_is_seen() -> None:
    shown = shop()
    answer = await Person(shown.rt).call("drop", LONG)
    assert answer.result["isError"]
    this = await waiting(shown.rt)
    assert this in text(answer)
    assert shown.rt.shared is not None
    (case,) = await cases(shown.rt.shared.store)
    assert dict(case.approval.arguments)["body.qty"] == "999999999"
    assert len(dict(case.approval.arguments)["body.a"]) == 2_002
    await decided(shown.rt, this, "approve")
    assert "isError" not in (await Person(shown.rt).call("drop", LONG)).result
    assert len(shown.upstream.sent) == 1


async def test_what_nobody_could_read_is_refused_and_keeps_nothing() -> None:
    shown = shop()
    for meta in (META, None):
        answer = await Person(shown.rt).call("drop", {"id": "1", "body": "x" * 140_000}, meta=meta)
        assert "too long for a person to read" in text(answer)
    assert shown.rt.shared is not None
    assert not await cases(shown.rt.shared.store)


@pytest.mark.parametrize("given", [{"id": "x", "approval": True}, {"id": "x", "confirm": "yes", "action": "accept"}])
async def test_no_argument_is_consent(given: Json) -> None:
    shown = shop()
    asked(await Person(shown.rt).call("drop", given))
    asked(await Person(shown.rt).call("drop", given, CONSENT))
    assert not shown.upstream.sent


async def test_consent_without_the_state_of_its_question_is_none() -> None:
    shown = shop(ask=True)
    _, state = asked(await Person(shown.rt).call("drop", {}))
    # The state of a question for arguments carries no consent, whatever the answer is called.
    answers = {"what": accept(id="1"), **CONSENT}
    questions, consent = asked(await Person(shown.rt).call("drop", {}, answers, state))
    assert list(questions) == ["approval"]
    assert not shown.upstream.sent
    await Person(shown.rt).call("drop", {}, CONSENT, consent)
    assert [wire.target for wire in shown.upstream.wires] == ["/orders/1"]


@pytest.mark.parametrize("action", ["decline", "cancel"])
async def test_a_no_is_final(action: str) -> None:
    shown = shop()
    state = await consented(shown.rt)
    answer = await Person(shown.rt).call("drop", GIVEN, {"approval": {"action": action}}, state)
    assert answer.result["isError"]
    assert shown.records[-1].verdict == "approval_denied"
    again = await Person(shown.rt).call("drop", GIVEN, CONSENT, state)
    assert (again.status, again.code, again.message) == (400, -32602, USED)
    assert not shown.upstream.sent


@pytest.mark.parametrize(
    "answer", [{}, {"approval": {}}, {"approval": {"action": "ACCEPT"}}, {"other": {"action": "accept"}}]
)
async def test_an_unclear_answer_is_asked_for_again_and_counts_once_all_the_same(answer: Json) -> None:
    shown = shop()
    state = await consented(shown.rt)
    _, again = asked(await Person(shown.rt).call("drop", GIVEN, answer, state))
    assert not (await Person(shown.rt).call("drop", GIVEN, CONSENT, again)).result.get("isError")
    assert (await Person(shown.rt).call("drop", GIVEN, CONSENT, state)).message == USED
    assert len(shown.upstream.sent) == 1


async def test_of_many_replays_exactly_one_is_carried_out() -> None:
    shown = shop(yielding())
    state = await consented(shown.rt)
    answers = await asyncio.gather(*(Person(shown.rt).call("drop", GIVEN, CONSENT, state) for _ in range(50)))
    assert len(shown.upstream.sent) == 1
    assert sorted({answer.status for answer in answers}) == [200, 400]
    assert sum(answer.status == 200 for answer in answers) == 1


async def test_consent_to_one_call_is_none_to_another() -> None:
    shown = shop()
    state = await consented(shown.rt)
    other = await Person(shown.rt).call("drop", {"id": "5"}, CONSENT, state)
    assert (other.code, other.message) == (-32602, INVALID)
    stranger = replace(shown.rt, authenticator=Badge(Grant()))
    assert (await Person(stranger).call("drop", GIVEN, CONSENT, state)).message == INVALID
    assert not shown.upstream.sent


async def test_consent_is_void_once_the_operation_has_changed() -> None:
    shown = shop()
    state = await consented(shown.rt)
    moved = replace(deleting(), operation=replace(deleting().operation, digest="another"))
    changed = world([moved], Plan(shared=shown.rt.shared))
    assert (await Person(changed.rt).call("drop", GIVEN, CONSENT, state)).message == INVALID
    assert not changed.upstream.sent


async def test_consent_expires() -> None:
    shown = shop()
    state = await consented(replace(shown.rt, approvals=Approvals(ttl=-1)))
    assert (await Person(shown.rt).call("drop", GIVEN, CONSENT, state)).message == EXPIRED


async def test_another_replica_takes_the_answer_once() -> None:
    first = shop()
    second = shop(Plan(shared=first.rt.shared))
    state = await consented(first.rt)
    both = [Person(one.rt).call("drop", GIVEN, CONSENT, state) for one in (first, second)]
    await asyncio.gather(*both)
    assert len(first.upstream.sent) + len(second.upstream.sent) == 1


async def test_nothing_is_asked_for_a_call_that_cannot_be_made() -> None:
    def unwritable(given: Json) -> Wire:
        raise BadArguments("id: no")

    shown = world([replace(deleting(), build=unwritable)])
    answer = await Person(shown.rt).call("drop", GIVEN)
    assert answer.result["isError"]
    assert shown.records[-1].verdict == "bad_arguments"


# --- which calls ------------------------------------------------------------------------------------------------------

DESTROYS = Approvals(effects=frozenset({Effect.DESTROYS}))
WRITES = Approvals(effects=frozenset({Effect.WRITES}))


@pytest.mark.parametrize(
    ("confirm", "policy", "covered"),
    [
        (None, Approvals(), False),
        (None, DESTROYS, True),
        (None, WRITES, False),
        (False, DESTROYS, False),
        (True, WRITES, True),
    ],
)
async def test_the_operation_decides_and_else_the_policy_for_its_effect(
    confirm: bool | None, policy: Approvals, covered: bool
) -> None:
    shown = shop(Plan(approvals=policy), confirm=confirm)
    answer = await Person(shown.rt).call("drop", GIVEN)
    assert (answer.result["resultType"] == "input_required") is covered
    assert bool(shown.upstream.sent) is not covered


async def test_what_is_read_by_its_address_needs_the_same_consent(tmp_path: Path) -> None:
    report = {"operationId": "report", "x-mcp": {"expose": "resource", "uri": URI, "confirm": True}}
    document = tmp_path / "reports.json"
    document.write_bytes(orjson.dumps(paths({"GET /report": report, "GET /other": {"operationId": "other"}})))
    made = gateway(document)
    rt = replace(made.rt, mcp=replace(made.rt.mcp, hosts=None))

    async def read(**more: Json) -> Answer:
        return await Agent(rt).ask("resources/read", {"uri": URI, "_meta": ASKS, **more}, mcp_name=URI)

    questions, state = asked(await read())
    assert "GET /report" in questions["approval"]["message"]
    assert not made.upstream.sent
    assert (await read(inputResponses=CONSENT, requestState=state)).result["contents"]
    assert (await read(inputResponses=CONSENT, requestState=state)).message == USED
    assert len(made.upstream.sent) == 1
    refused = await Agent(rt).ask("resources/read", {"uri": URI}, mcp_name=URI)
    assert refused.json["error"]["data"]["approval"] in refused.message


# --- by a decision elsewhere ------------------------------------------------------------------------------------------


async def unasked(rt: Runtime, given: Json = GIVEN) -> Answer:
    """By a client that cannot ask."""
    return await Person(rt).call("drop", given, meta=META)


async def waiting(rt: Runtime) -> str:
    assert rt.shared is not None
    (case,) = [case for case in await cases(rt.shared.store) if case.status == "pending"]
    return case.approval.id


async def decided(rt: Runtime, id: str, verdict: str, *, at: float = 0.0, reason: str = "") -> None:
    assert rt.shared is not None
    case = next(case for case in await cases(rt.shared.store) if case.approval.id == id)
    moment = at or case.approval.created
    await decide(rt.shared.store, case.approval, Decision(verdict, "ann", reason, moment), rt.approvals.ttl)


async def test_a_client_that_cannot_ask_is_told_whom_to_ask_for_what() -> None:
    shown = shop()
    answer = await unasked(shown.rt)
    this = await waiting(shown.rt)
    assert answer.result["isError"]
    assert this in text(answer)
    assert shown.records[-1].verdict == "approval_required"
    assert this in text(await unasked(shown.rt))
    assert not shown.upstream.sent


async def test_an_approved_call_passes_once(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    shown = shop(yielding())
    await unasked(shown.rt)
    this = await waiting(shown.rt)
    await decided(shown.rt, this, "approve")
    answers = await asyncio.gather(*(unasked(shown.rt) for _ in range(50)))
    assert len(shown.upstream.sent) == 1
    assert sum("isError" not in answer.result for answer in answers) == 1
    assert await waiting(shown.rt) != this
    assert [word for word in ("asked for", "approve", "used") if f"approval {this}: {word}" in caplog.text] == [
        "asked for",
        "approve",
        "used",
    ]


async def test_approval_of_one_call_is_none_of_another() -> None:
    shown = shop()
    await unasked(shown.rt)
    await decided(shown.rt, await waiting(shown.rt), "approve")
    assert (await unasked(shown.rt, {"id": "5"})).result["isError"]
    stranger = replace(shown.rt, authenticator=Badge(Grant()))
    assert (await unasked(stranger)).result["isError"]
    assert not shown.upstream.sent


async def test_a_denied_call_is_refused_with_the_reason() -> None:
    shown = shop()
    await unasked(shown.rt)
    await decided(shown.rt, await waiting(shown.rt), "deny", reason="wrong order")
    for _ in range(2):
        assert "wrong order" in text(await unasked(shown.rt))
    assert shown.records[-1].verdict == "approval_denied"


async def test_many_requests_at_once_for_the_same_call_wait_for_one_decision() -> None:
    shown = shop(yielding())
    told = {
        text(answer).partition("approval ")[2][:32]
        for answer in await asyncio.gather(*(unasked(shown.rt) for _ in range(50)))
    }
    assert len({one for one in told if one}) == 1
    assert await waiting(shown.rt) in told


async def test_what_has_expired_is_asked_for_anew() -> None:
    shown = shop(Plan(approvals=Approvals(ttl=0.01)))
    first = await unasked(shown.rt)
    await asyncio.sleep(0.02)
    assert text(await unasked(shown.rt)) != text(first)


async def test_a_decision_made_at_one_replica_holds_at_another() -> None:
    first = shop()
    second = shop(Plan(shared=first.rt.shared))
    await unasked(first.rt)
    await decided(second.rt, await waiting(second.rt), "approve")
    assert "isError" not in (await unasked(second.rt)).result
    assert (await unasked(first.rt)).result["isError"]


async def test_a_caller_can_have_so_many_calls_waiting_and_no_more() -> None:
    shown = shop(Plan(approvals=Approvals(pending=2)))
    for number in range(4):
        await unasked(shown.rt, {"id": str(number)})
    assert "2 calls wait" in text(await unasked(shown.rt, {"id": "9"}))
    assert shown.rt.shared is not None
    assert len(await cases(shown.rt.shared.store)) == 2
    # Those that wait already are not affected.
    assert "2 calls wait" not in text(await unasked(shown.rt, {"id": "0"}))


async def test_who_is_told_gets_what_is_asked_and_no_values() -> None:
    told: list[tuple[Destination, Message]] = []
    there = Destination("https://hooks.test", "/", b"k")
    plan = Plan(approvals=Approvals(webhook=there), post=lambda where, message: told.append((where, message)))
    shown = shop(plan)
    await unasked(shown.rt, {"id": "token"})
    await unasked(shown.rt, {"id": "token"})
    ((where, message),) = told
    body = orjson.loads(message.body)
    assert body["data"]["summary"] == "drop of orders: DELETE /orders/{id}"
    this = await waiting(shown.rt)
    assert (where, message.id, body["type"]) == (there, this, "approval.pending")
    assert body["data"]["link"] == f"/admin/approvals/{this}"
    assert "token" not in message.body.decode()


# --- closed where it fails --------------------------------------------------------------------------------------------


class Down:
    """A store out of reach."""

    async def get(self, key: str) -> bytes | None:
        raise StateUnavailable("out of reach")

    async def put(self, key: str, value: bytes, ttl: float | None, *, fresh: bool = False) -> bool:
        raise StateUnavailable("out of reach")

    async def take(self, key: str) -> bytes | None:
        raise StateUnavailable("out of reach")

    async def family(self, name: str) -> list[tuple[str, bytes]]:
        raise StateUnavailable("out of reach")


@pytest.mark.parametrize("meta", [META, None])
async def test_without_a_store_the_call_is_refused(meta: Json) -> None:
    shown = shop()
    state = await consented(shown.rt)
    down = replace(shown.rt, shared=replace(memory(), store=Down()))
    without = replace(shown.rt, shared=None)
    for rt, verdict in ((down, "state_unavailable"), (without, "approval_required")):
        answer = await Person(rt).call("drop", GIVEN, meta=meta)
        assert answer.result["isError"]
        assert shown.records[-1].verdict == verdict
        await Person(rt).call("drop", GIVEN, CONSENT, state)
        assert shown.records[-1].verdict == "state_unavailable"
    assert not shown.upstream.sent


async def test_a_store_that_was_lost_voids_what_was_sealed_even_with_a_key_of_ones_own() -> None:
    plan = Plan(approvals=Approvals(secret=b"s" * 32))
    state = await consented(shop(plan).rt)
    assert (await Person(shop(plan).rt).call("drop", GIVEN, CONSENT, state)).message == INVALID


# --- people -----------------------------------------------------------------------------------------------------------

PEOPLE = Approvals(effects=frozenset({Effect.DESTROYS}), people=True)


async def person(rt: Runtime, target: str = "/orders/42?soft=1", body: bytes = b"", **headers: str) -> Answer:
    path, _, query = target.partition("?")
    lines = {"host": "gw.test", **headers, **({"content-length": str(len(body))} if body else {})}
    scope: Scope = {
        "type": "http", "method": "DELETE", "scheme": "http", "path": path, "raw_path": path.encode(),
        "query_string": query.encode(), "http_version": "1.1", "client": ("192.0.2.7", 4711),
        "headers": [(name.replace("_", "-").encode(), value.encode()) for name, value in lines.items()],
    }  # fmt: skip
    connection = Connection(body)
    await serve(rt, scope, connection.receive, connection.send)
    return connection.answer()


async def test_people_are_not_asked_unless_the_policy_says_so() -> None:
    for policy in (Approvals(), Approvals(effects=PEOPLE.effects)):
        shown = shop(Plan(approvals=policy))
        assert (await person(shown.rt)).status == 200


async def test_a_persons_request_waits_for_a_decision_and_passes_once() -> None:
    shown = shop(Plan(approvals=PEOPLE), confirm=None)
    answer = await person(shown.rt, body=b'{"why":1}')
    assert (answer.status, answer.headers["content-type"]) == (403, "application/problem+json")
    this = await waiting(shown.rt)
    assert (answer.json["approval"], answer.json["code"]) == (this, "approval_required")
    await decided(shown.rt, this, "approve")
    assert (await person(shown.rt, body=b'{"why":1}')).status == 200
    assert (shown.upstream.wires[0].target, shown.upstream.wires[0].body) == ("/orders/42?soft=1", b'{"why":1}')
    assert (await person(shown.rt, body=b'{"why":1}')).status == 403
    assert len(shown.upstream.sent) == 1


async def test_a_persons_approval_is_for_path_query_body_and_declared_fields() -> None:
    shown = shop(Plan(approvals=PEOPLE), confirm=None)
    await person(shown.rt, body=b"1", x_reason="a")
    await decided(shown.rt, await waiting(shown.rt), "approve")
    others = (
        person(shown.rt, "/orders/43?soft=1", b"1", x_reason="a"),
        person(shown.rt, "/orders/42?soft=0", b"1", x_reason="a"),
        person(shown.rt, body=b"2", x_reason="a"),
        person(shown.rt, body=b"1", x_reason="b"),
        person(shown.rt, body=b"1", x_reason="a", content_type="text/plain"),
    )
    assert {(await other).status for other in others} == {403}
    # What the operation does not read may differ: browsers and proxies add to every request.
    assert (await person(shown.rt, body=b"1", x_reason="a", accept_language="de")).status == 200


async def test_a_body_that_no_document_describes_is_part_of_the_request() -> None:
    made = deleting()
    shown = world([replace(made, operation=replace(made.operation, body=None))], Plan(approvals=PEOPLE))
    assert (await person(shown.rt, body=b"1")).status == 403
    await decided(shown.rt, await waiting(shown.rt), "approve")
    assert (await person(shown.rt, body=b"2")).status == 403
    assert (await person(shown.rt, body=b"1")).status == 200


async def test_a_body_too_large_to_be_read_is_refused() -> None:
    shown = shop(Plan(approvals=PEOPLE, limits=replace(Plan().limits, body_bytes=4)), confirm=None)
    assert (await person(shown.rt, body=b"12345")).status == 413
