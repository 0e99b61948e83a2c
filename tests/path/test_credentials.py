"""What an upstream gets to see of callers' credentials and of the gateway's own: both doors, every byte."""

import hashlib
import json
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import orjson
import pytest
from prometheus_client import generate_latest

from bridge.egress.upstream import Response
from bridge.model import Call, Grant, Headers, Json, Principal, PrincipalKind, Target, Wire
from bridge.telemetry.log import log_call
from bridge.telemetry.metrics import Metrics
from tests.kit.agent import Answer
from tests.kit.documents import paths
from tests.kit.doors import Arrangement, Gateway, gateway
from tests.kit.upstream import Played, ScriptedUpstream, plays
from tests.unit.egress.credentials.kit import error, form, issued

IN, OUT = "inbound-canary", "outbound-canary"
"""What callers present, and what the gateway does: neither may show where it does not belong."""
AUTHORITY = "https://id.test"
SCHEMES: Json = {
    "head": {"type": "apiKey", "in": "header", "name": "X_Shop_Key"},
    "query": {"type": "apiKey", "in": "query", "name": "shop_key"},
    "cookie": {"type": "apiKey", "in": "cookie", "name": "sid"},
    "bearer": {"type": "http", "scheme": "bearer"},
    "basic": {"type": "http", "scheme": "basic"},
    "machine": {"type": "oauth2", "flows": {}},
    "person": {"type": "oauth2", "flows": {}},
}
ISSUED: Json = {"id": "gw", "secret": OUT, "token_url": f"{AUTHORITY}/token", "auth": "post"}
CREDENTIALS: Json = {
    "head": {"key": OUT},
    "query": {"key": OUT},
    "cookie": {"key": OUT},
    "bearer": {"token": OUT},
    "basic": {"username": "u", "password": OUT},
    "machine": {"client": ISSUED},
    "person": {"exchange": ISSUED},
}
OPEN = "open"
PRESENTED: Headers = (
    (b"authorization", f"Bearer {IN}".encode()),
    (b"x-api-key", IN.encode()),
    (b"x_shop_key", IN.encode()),
    (b"x-shop-key", IN.encode()),
    (b"cookie", f"sid={IN}; theme=dark; session={IN}".encode()),
    (b"proxy-authorization", IN.encode()),
    (b"dpop", IN.encode()),
    (b"x-forwarded-client-cert", IN.encode()),
    (b"x-auth-token", IN.encode()),
)
QUERY = f"shop_key={IN}&a=1&access_token={IN}&Shop%5Fkey={IN}"


@dataclass(slots=True)
class Presenting:
    """Everybody presents the access token that a test puts here; with none, a caller came with something else."""

    token: str = ""

    async def authenticate(self, call: Call) -> Principal:
        given = call.subject = self.token
        call.withheld = frozenset({b"authorization"})
        return Principal(
            hashlib.sha256(given.encode()).hexdigest(), PrincipalKind.PERSON, Grant(), "k", issuer="https://issuer.test"
        )


@dataclass(slots=True)
class Sides:
    """The API's upstream and the authorization server, told apart by their address."""

    api: ScriptedUpstream = field(default_factory=ScriptedUpstream)
    authority: ScriptedUpstream = field(default_factory=ScriptedUpstream)

    def __post_init__(self) -> None:
        self.authority.scripts[:] = [issued(f"{OUT}-issued")]

    async def send(self, wire: Wire, target: Target, deadline: float) -> Response:
        side = self.authority if target.origin == AUTHORITY else self.api
        return await side.send(wire, target, deadline)

    async def aclose(self) -> None:
        """Nothing is open."""


@dataclass(frozen=True, slots=True)
class World:
    gateway: Gateway
    sides: Sides
    presenting: Presenting

    async def person(self, name: str, *headers: tuple[bytes, bytes], query: str = "") -> Answer:
        wire = Wire("GET", f"/{name}?{query}" if query else f"/{name}", headers)
        return (await self.gateway.person(wire)).answer

    async def agent(self, name: str, *headers: tuple[bytes, bytes]) -> Answer:
        return (await self.gateway.agent(name, {}, *headers)).answer

    async def both(self, name: str, *headers: tuple[bytes, bytes], token: str = "") -> tuple[Answer, Answer]:
        self.presenting.token = token
        return await self.person(name, *headers), await self.agent(name, *headers)


def world(home: Path, **api: Json) -> World:
    operations: Json = {
        f"GET /{name}": {"operationId": name, "security": [{name: []}] if name in SCHEMES else []}
        for name in (*SCHEMES, OPEN)
    }
    file = home / "shop.json"
    file.write_bytes(
        orjson.dumps(paths(operations, components={"securitySchemes": SCHEMES}, security=[{"bearer": []}]))
    )
    sides, presenting = Sides(), Presenting(IN)
    chosen: Json = {"credentials": CREDENTIALS, "credential": "none", "rewrite": {}} | api
    return World(gateway(file, Arrangement(chosen, authenticator=presenting, upstream=sides)), sides, presenting)


def said(wire: Wire) -> str:
    return repr(wire)


def values(wire: Wire, name: bytes) -> list[bytes]:
    return [value for key, value in wire.headers if key == name]


# --- callers' own -----------------------------------------------------------------------------------------------------


@pytest.mark.statement("A14")
@pytest.mark.parametrize("name", [*SCHEMES, OPEN, "unlisted"])
async def test_no_upstream_sees_what_a_caller_presented(tmp_path: Path, name: str) -> None:
    w = world(tmp_path)
    await w.person(name, *PRESENTED, query=QUERY)
    if name != "unlisted":
        await w.agent(name, *PRESENTED)
    assert w.sides.api.wires
    assert all(IN not in said(wire) for wire in w.sides.api.wires)
    exchanged = name == "person"
    assert any(IN in said(wire) for wire in w.sides.authority.wires) is exchanged, "but its exchange does"


@pytest.mark.statement("A14")
async def test_without_identity_a_person_passes_its_own_and_an_agent_does_not(tmp_path: Path) -> None:
    w = world(tmp_path, credential="passthrough", credentials={})
    theirs = PRESENTED[1:]
    await w.person(OPEN, (b"authorization", b"Bearer a"), *theirs, query=QUERY)
    await w.agent(OPEN, (b"authorization", b"Bearer a"), *theirs)
    person, agent = w.sides.api.wires
    assert values(person, b"authorization") == [], "this one the gateway took"
    assert values(person, b"cookie") == [dict(theirs)[b"cookie"]]
    assert (values(person, b"x-api-key"), person.target) == ([IN.encode()], f"/{OPEN}?{QUERY}")
    assert IN not in said(agent)


@pytest.mark.statement("A14")
@pytest.mark.parametrize("passing", ["passthrough", "none"])
@pytest.mark.parametrize("name", ["head", "query", "cookie", "bearer"])
async def test_the_gateways_own_replaces_a_callers_of_the_same_place(tmp_path: Path, name: str, passing: str) -> None:
    w = world(tmp_path, credential=passing)
    await w.person(name, (b"x_shop_key", IN.encode()), (b"x-shop-key", IN.encode()), (b"authorization", b"Bearer a"),
                   (b"cookie", f"sid={IN}".encode()), query=f"shop_key={IN}&b=%2f")  # fmt: skip
    (wire,) = w.sides.api.wires
    places = {"head": values(wire, b"x_shop_key") + values(wire, b"x-shop-key"), "query": [wire.target.encode()],
              "cookie": values(wire, b"cookie"), "bearer": values(wire, b"authorization")}  # fmt: skip
    assert OUT.encode() in places[name][0]
    assert IN.encode() not in b"".join(places[name])
    assert len(places[name]) == 1


# --- the gateway's own ------------------------------------------------------------------------------------------------


@pytest.mark.statement("A15")
@pytest.mark.parametrize("name", list(SCHEMES))
async def test_both_doors_present_the_same(tmp_path: Path, name: str) -> None:
    w = world(tmp_path)
    answers = await w.both(name, token="ann")
    assert [answer.status for answer in answers] == [200, 200]
    person, agent = w.sides.api.wires
    assert person.target == agent.target
    for place in (b"authorization", b"cookie", b"x_shop_key"):
        assert values(person, place) == values(agent, place)
    assert len(w.sides.authority.sent) == (name in ("machine", "person")), "one request for both"


async def test_unlisted_paths_get_what_the_document_requires_in_general(tmp_path: Path) -> None:
    w = world(tmp_path)
    await w.person("unlisted")
    assert values(w.sides.api.wires[0], b"authorization") == [f"Bearer {OUT}".encode()]


@pytest.mark.statement("A15")
async def test_each_callers_exchanged_token_is_its_own(tmp_path: Path) -> None:
    w = world(tmp_path)
    w.sides.authority.scripts[:] = [lambda sent: issued(f"for-{dict(form(sent))['subject_token']}")]
    for who in ("ann", "bob", "ann"):
        await w.both("person", token=who)
    got = [values(wire, b"authorization")[0].decode() for wire in w.sides.api.wires]
    assert got == ["Bearer for-ann"] * 2 + ["Bearer for-bob"] * 2 + ["Bearer for-ann"] * 2
    assert len(w.sides.authority.sent) == 2


@pytest.mark.statement("A15")
async def test_who_has_nothing_to_exchange_gets_nobody_elses(tmp_path: Path) -> None:
    w = world(tmp_path)
    await w.both("person", token="ann")
    await w.both("machine", token="ann")
    before = len(w.sides.api.sent)
    person, agent = await w.both("person", (b"authorization", b"Bearer ann"))
    assert (person.status, person.json["code"]) == (403, "no_subject")
    assert agent.result["isError"] is True
    assert len(w.sides.api.sent) == before


@pytest.mark.statement("A15", "F40")
@pytest.mark.parametrize(
    ("name", "script", "status", "code"),
    [
        ("person", error("invalid_grant"), 403, "exchange_refused"),
        ("person", error("invalid_client", 401), 502, "credential_refused"),
        ("machine", error("invalid_client", 401), 502, "credential_refused"),
        ("machine", error("x", 503), 503, "credential_unavailable"),
        ("person", plays(b"", 302, ((b"location", b"https://evil.test"),)), 502, "credential_refused"),
    ],
)  # fmt: skip
async def test_without_a_credential_nothing_is_sent_and_the_caller_is_told_whose_fault_it_is(
    tmp_path: Path, name: str, script: Played, status: int, code: str
) -> None:
    w = world(tmp_path)
    w.sides.authority.scripts[:] = [script]
    person, agent = await w.both(name, token=IN)
    assert (person.status, person.json["code"]) == (status, code)
    assert ("retry-after" in person.headers) is (status != 403)
    assert agent.result["isError"] is True
    assert w.sides.api.sent == []
    for answer in (person, agent):
        assert not any(canary.encode() in answer.body for canary in (IN, OUT, AUTHORITY, "canary-of-the-server"))


async def test_a_rejected_token_is_not_used_for_the_next_call(tmp_path: Path) -> None:
    w = world(tmp_path)
    w.sides.authority.scripts[:] = [issued("old"), issued("new")]
    w.sides.api.scripts[:] = [plays(b"{}", 401), plays(b"{}")]
    assert (await w.person("machine")).status == 401
    assert (await w.person("machine")).status == 200
    assert [values(wire, b"authorization") for wire in w.sides.api.wires] == [[b"Bearer old"], [b"Bearer new"]]


async def test_another_target_gets_its_own_credential(tmp_path: Path) -> None:
    targets: Json = [{"url": "https://a.test"}, {"url": "https://b.test", "credentials": {"head": {"key": "of-b"}}}]
    w = world(tmp_path, upstream={"targets": targets})
    for _ in range(40):
        await w.person("head")
    got = {sent.target.origin: values(sent.wire, b"x_shop_key") for sent in w.sides.api.sent}
    assert got == {"https://a.test": [OUT.encode()], "https://b.test": [b"of-b"]}


async def test_a_page_of_another_origin_does_not_act_with_the_gateways_credential(tmp_path: Path) -> None:
    w = world(tmp_path, upstream={"url": "https://a.test"})
    foreign = Wire("POST", "/unlisted", ((b"origin", b"https://evil.test"),))
    assert (await w.gateway.person(foreign)).answer.status == 403


# --- nothing shows ----------------------------------------------------------------------------------------------------


@pytest.fixture
def logged(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.DEBUG)
    return caplog


@asynccontextmanager
async def everything(home: Path) -> AsyncIterator[tuple[World, list[Answer]]]:
    """Every scheme through both doors: as it should be, with an upstream that fails, and without a token."""
    w = world(home)
    answers: list[Answer] = []
    for scripts in ([plays(b"{}")], [plays(b"no", 500)], [RuntimeError("a fault of ours")]):
        w.sides.api.scripts[:] = [*scripts]
        for name in (*SCHEMES, OPEN):
            try:
                answers += await w.both(name, *PRESENTED, token=IN)
            except RuntimeError:
                continue
    w.sides.authority.scripts[:] = [error(f"{OUT}")]
    answers += await w.both("person", token=f"{IN}-2")
    yield w, answers


@pytest.mark.statement("A14", "B27")
async def test_no_credential_is_in_logs_metrics_records_or_answers(
    tmp_path: Path, logged: pytest.LogCaptureFixture
) -> None:
    metrics = Metrics("1", lambda: 0)
    async with everything(tmp_path) as (w, answers):
        for record in w.gateway.records:
            metrics.account(record)
            log_call(record)
        lines = [f"{line.getMessage()} {json.dumps(line.__dict__, default=repr)}" for line in logged.records]
        told = [f"{answer.headers} {answer.body!r}" for answer in answers]
        rt = w.gateway.rt
        inside = [generate_latest(metrics.registry).decode(), repr(rt.credentials), repr(rt.catalog.findings)]
    shown = "\n".join((*lines, *told, *inside))
    assert "call" in shown
    for canary in (IN, OUT, "canary-of-the-server"):
        assert canary not in shown
