"""Whose address counts at both doors, behind proxies and without: limits, allow-lists, and what upstreams are told."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import orjson
import pytest

from bridge.ingress.asgi import CERTIFICATE, Scope
from bridge.ingress.mcp.exchange import further
from bridge.ingress.traffic import Traffic
from bridge.model import Call, Json, Principal
from bridge.pipeline.authenticate import Anonymous
from bridge.pipeline.peers import Addresses
from bridge.pipeline.runtime import Holder, McpDoor
from tests.kit.agent import BOTH, META, MODERN, Answer, Connection
from tests.kit.runtime import Plan, World, endpoint, world

PROXY, STRANGER = "10.0.0.1", "198.51.100.9"
TRUSTING = Addresses(trusted=("10.0.0.0/8",))
CLOSED = Addresses(trusted=("10.0.0.0/8",), allowed=("192.0.2.0/24", "10.0.0.0/8"))


@dataclass(slots=True)
class Noting:
    """Lets everybody in, and keeps who it was."""

    calls: list[Call] = field(default_factory=list)

    async def authenticate(self, call: Call) -> Principal:
        self.calls.append(call)
        return await Anonymous().authenticate(call)


def gateway(addresses: Addresses, noting: Noting | None = None) -> World:
    door = McpDoor(sse=True)
    made = world([endpoint("a"), endpoint("b", "POST")], Plan(authenticator=noting or Noting(), mcp=door))
    return replace(made, rt=replace(made.rt, addresses=addresses))


async def asked(w: World, scope: Scope, body: bytes = b"") -> Answer:
    connection = Connection(body)
    await Traffic(Holder(w.rt))(scope, connection.receive, connection.send)
    return connection.answer()


def scoped(method: str, path: str, peer: str, headers: Mapping[str, str]) -> Scope:
    path, _, query = path.partition("?")
    return {
        "type": "http", "method": method, "scheme": "http", "path": path, "raw_path": path.encode(),
        "query_string": query.encode(), "http_version": "1.1", "client": (peer, 4711),
        "headers": [(name.encode(), value.encode()) for name, value in ({"host": "gw.test"} | dict(headers)).items()],
    }  # fmt: skip


def person(peer: str, path: str = "/a", method: str = "GET", **headers: str) -> Scope:
    return scoped(method, path, peer, {name.replace("_", "-"): value for name, value in headers.items()})


def agent(peer: str, path: str = "/mcp", **headers: str) -> Scope:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    about = {"mcp-protocol-version": MODERN, "mcp-method": "tools/call", "mcp-name": "a"}
    return scoped("POST", path, peer, {"content-type": "application/json", "accept": BOTH, **about, **named})


CALL = orjson.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "a", "_meta": META}})


@pytest.mark.statement("A26")
async def test_both_doors_see_the_caller_behind_a_trusted_proxy_and_the_proxy_behind_no_other() -> None:
    noting = Noting()
    w = gateway(TRUSTING, noting)
    claims = {"x_forwarded_for": "6.6.6.6, 192.0.2.7", "x_forwarded_proto": "https"}
    for peer in (PROXY, STRANGER):
        assert (await asked(w, person(peer, **claims))).status == 200
        assert (await asked(w, agent(peer, **claims), CALL)).status == 200
    seen = [(call.door.value, call.peer, call.via, call.scheme) for call in noting.calls]
    assert seen == [
        ("rest", "192.0.2.7", (PROXY,), "https"), ("mcp", "192.0.2.7", (PROXY,), "https"),
        ("rest", STRANGER, (), "http"), ("mcp", STRANGER, (), "http"),
    ]  # fmt: skip
    assert {call.principal.limit_key for call in noting.calls if call.principal} == {
        "peer:192.0.2.7",
        f"peer:{STRANGER}",
    }


@pytest.mark.statement("H13")
async def test_an_upstream_is_told_of_the_chain_that_was_verified_and_an_agents_headers_reach_none() -> None:
    w = gateway(TRUSTING)
    claims = {"x_forwarded_for": "6.6.6.6, 192.0.2.7", "x_real_ip": "6.6.6.6", "x_own": "1", "cookie": "a=b"}
    await asked(w, person(PROXY, **claims))
    await asked(w, person(STRANGER, **claims))
    await asked(w, agent(PROXY, **claims), CALL)
    behind, alone, called = (dict(sent.wire.headers) for sent in w.upstream.sent)
    assert behind[b"x-forwarded-for"] == b"192.0.2.7, 10.0.0.1"
    assert alone[b"x-forwarded-for"] == STRANGER.encode()
    assert b"x-real-ip" not in behind | alone
    assert called == {}


REFUSED: list[tuple[str, Scope, bytes]] = [
    ("a call", person(STRANGER), b""),
    ("a path that nobody knows", person(STRANGER, "/nowhere"), b""),
    ("a request that makes no sense", person(STRANGER, "/a/%2e%2e/b"), b""),
    ("a method that nobody knows", person(STRANGER, method="BREW"), b""),
    ("a tool", agent(STRANGER), CALL),
    ("a message that makes no sense", agent(STRANGER), b"{"),
    ("a media type that is not taken", agent(STRANGER, content_type="text/plain"), CALL),
    ("a method that is not taken", scoped("PUT", "/mcp", STRANGER, {}), b""),
    ("a session that is none", scoped("GET", "/mcp", STRANGER, {"mcp-session-id": "x", "accept": BOTH}), b""),
    ("a toolset that is none", agent(STRANGER, "/mcp/none"), CALL),
    ("the old stream", scoped("GET", "/mcp/sse", STRANGER, {"accept": BOTH}), b""),
    ("the old post", scoped("POST", "/mcp/messages?session_id=x", STRANGER, {}), b"{"),
    ("a spoofed header", person(STRANGER, x_forwarded_for="192.0.2.7"), b""),
    ("a caller behind a proxy", agent(PROXY, x_forwarded_for=f"10.0.0.9, {STRANGER}"), CALL),
]


@pytest.mark.statement("A26")
@pytest.mark.parametrize(("scope", "body"), [pytest.param(*one, id=what) for what, *one in REFUSED])
async def test_whoever_calls_from_elsewhere_is_told_nothing_and_not_asked_who_it_is(scope: Scope, body: bytes) -> None:
    noting = Noting()
    w = gateway(CLOSED, noting)
    answer = await asked(w, dict(scope), body)
    assert answer.status == 403, answer.body
    told: Json = answer.json
    if "error" in told:
        assert told["error"]["message"] == "calls from this address are not answered"
    else:
        assert (told["code"], told["detail"]) == ("forbidden", "calls from this address are not answered")
    assert (noting.calls, w.upstream.sent) == ([], [])


async def test_limits_take_the_addresses_of_one_site_for_one_caller() -> None:
    noting = Noting()
    w = gateway(Addresses(), noting)
    for peer in ("2001:db8:1:2::7", "2001:db8:1:2:ffff::9", "2001:db8:1:3::7", "::ffff:192.0.2.7", "192.0.2.7"):
        assert (await asked(w, person(peer))).status == 200
    buckets = [(await Anonymous().authenticate(call)).limit_key for call in noting.calls]
    assert buckets == ["peer:2001:db8:1:2::"] * 2 + ["peer:2001:db8:1:3::"] + ["peer:192.0.2.7"] * 2


@pytest.mark.statement("A26")
@pytest.mark.parametrize("peer", ["192.0.2.7", "::ffff:192.0.2.7"])
async def test_whoever_calls_from_an_allowed_network_is_answered(peer: str) -> None:
    w = gateway(CLOSED)
    assert (await asked(w, person(peer))).status == 200
    assert (await asked(w, agent(peer), CALL)).status == 200
    assert [record.status for record in w.records] == [200, 200]


async def test_a_refused_address_is_accounted() -> None:
    w = gateway(CLOSED)
    await asked(w, person(STRANGER))
    await asked(w, agent(STRANGER), CALL)
    assert [(record.door, record.verdict) for record in w.records] == [("rest", "forbidden"), ("mcp", "forbidden")]


@pytest.mark.statement("A27")
async def test_both_doors_hand_on_the_certificate_of_the_connection() -> None:
    noting = Noting()
    w = gateway(TRUSTING, noting)
    for scope, body in ((person(STRANGER), b""), (agent(STRANGER), CALL)):
        await asked(w, dict(scope) | {CERTIFICATE: b"der"}, body)
        await asked(w, dict(scope), body)
    assert [call.certificate for call in noting.calls] == [b"der", None, b"der", None]


async def test_what_an_agent_sent_is_there_for_whoever_asks_who_it_is_and_goes_with_what_is_read_on_the_side() -> None:
    noting = Noting()
    w = gateway(TRUSTING, noting)
    scope = agent(PROXY, X_Key="secret", x_forwarded_for="192.0.2.7", x_forwarded_proto="https")
    await asked(w, dict(scope) | {CERTIFICATE: b"der"}, CALL)
    (first,) = noting.calls
    assert (b"x-key", b"secret") in first.headers
    await further(w.rt, first, w.rt.endpoints["orders", "a"], {})
    _, second = noting.calls
    for name in ("headers", "certificate", "peer", "via", "scheme", "toolset"):
        assert getattr(first, name) == getattr(second, name), name
