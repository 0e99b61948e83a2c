"""A caller narrows its own authority for one task: the token opens less, ends sooner, and cannot be widened again."""

import time
from pathlib import Path
from urllib.parse import urlencode

import orjson
import pytest
import trustme

from bridge.ingress.asgi import CERTIFICATE, Scope
from bridge.ingress.oauth import ACCESS_TOKEN, EXCHANGE
from bridge.ingress.traffic import Traffic
from bridge.model import Json, Wire
from bridge.pipeline.runtime import Holder
from tests.kit.agent import Connection
from tests.kit.certificates import der
from tests.kit.documents import paths
from tests.kit.doors import Arrangement, Gateway, gateway
from tests.kit.narrowing import bearing, exchange, key, narrowed, post, verdicts

PEPPER = "p" * 32
AMOUNT = {"name": "amount", "in": "query", "schema": {"type": "integer"}}
LIST = {"type": "object", "properties": {"list": {"type": "array", "items": {"type": "integer"}}}}
DOCUMENT = paths(
    {
        "GET /things": {"operationId": "listThings"},
        "GET /pay": {"operationId": "pay", "parameters": [AMOUNT]},
        "DELETE /things": {"operationId": "clearThings"},
        "PUT /list": {"operationId": "keep", "requestBody": {"content": {"application/json": {"schema": LIST}}}},
    },
    servers=[{"url": "http://upstream.test/base"}],
)


@pytest.fixture
def gw(tmp_path: Path) -> Gateway:
    file = tmp_path / "things.json"
    file.write_bytes(orjson.dumps(DOCUMENT))
    root: dict[str, Json] = {
        "identity": {"api_keys": {"pepper": PEPPER}, "capabilities": {"ttl": "10m", "most": 5}},
        "grants": {
            "staff": {"who": {"groups": ["staff"]}, "may": ["effect:reads"]},
            "boss": {"who": {"groups": ["boss"]}, "may": ["**", "effect:destroys", "effect:reads"], "unlisted": True},
        },
    }
    return gateway(file, Arrangement(root=root))


async def test_a_capability_opens_what_it_names_and_nothing_else(gw: Gateway) -> None:
    token = await narrowed(gw, await key(gw, "boss"), operations=["listThings"])
    assert await verdicts(gw, token) == ["allowed", "allowed"]
    assert await verdicts(gw, token, "clear_things") == ["not_granted", "not_granted"]
    listed = await gw.method("tools/list", {}, bearing(token))
    assert [tool["name"] for tool in listed.answer.result["tools"]] == ["list_things"]
    assert (await gw.person(Wire("GET", "/unlisted"), bearing(token))).record.verdict == "not_granted"
    record = next(one for one in gw.records if one.operation == "listThings")
    assert (record.principal, record.identified, len(record.capability)) == ("ann", "api_keys", 16)


async def test_it_is_never_more_than_whoever_made_it_may(gw: Gateway) -> None:
    staff = await key(gw, "staff")
    token = await narrowed(gw, staff, operations=["listThings", "clearThings"])
    assert await verdicts(gw, token, "clear_things") == ["not_granted", "not_granted"]
    refused = await exchange(gw, staff, operations=["clearThings"])
    assert (refused.status, refused.json["error"]) == (400, "invalid_authorization_details")


async def test_a_condition_holds_at_both_doors(gw: Gateway) -> None:
    token = await narrowed(gw, await key(gw, "boss"), when="!has(args.amount) || args.amount <= 100")
    assert await verdicts(gw, token, "pay", amount=100) == ["allowed", "allowed"]
    assert await verdicts(gw, token, "pay", amount=101) == ["not_permitted", "not_permitted"]
    assert (await gw.person(Wire("GET", "/pay?amount=5&amount=500"), bearing(token))).record.verdict == "not_permitted"


@pytest.mark.parametrize("loops", ["args.list.all(one, one >= 0)", "args.list == args.list"])
async def test_a_condition_is_not_asked_about_more_than_it_can_judge_at_once(gw: Gateway, loops: str) -> None:
    token = await narrowed(gw, await key(gw, "boss"), when=loops)
    for size, verdict in ((100, "allowed"), (300_000, "not_permitted")):
        came = await gw.agent("keep", {"list": [1] * size}, bearing(token))
        assert came.record.verdict == verdict


async def test_of_a_capability_only_a_narrower_one_can_be_made(gw: Gateway) -> None:
    first = await narrowed(gw, await key(gw, "boss"), operations=["listThings", "pay"], calls=3, when="true")
    wider = await narrowed(gw, first, operations=["listThings", "clearThings", "pay"], calls=1_000)
    assert await verdicts(gw, wider, "clear_things") == ["not_granted", "not_granted"]
    assert await verdicts(gw, wider) == ["allowed", "allowed"]
    assert await verdicts(gw, first) == ["allowed", "budget_spent"], "all draw on the budget of the first"
    assert await verdicts(gw, wider) == ["budget_spent", "budget_spent"]


async def test_it_ends_with_its_time(gw: Gateway) -> None:
    answer = await exchange(gw, await key(gw, "boss"), expires=86_400)
    assert answer.json["expires_in"] in {599, 600}, "no longer than is configured"
    short = await exchange(gw, await key(gw, "boss", lasts=5.0), expires=300)
    assert short.json["expires_in"] <= 5, "nor longer than what it was made from"
    token = await narrowed(gw, await key(gw, "boss"), expires=1)
    assert await verdicts(gw, token) == ["allowed", "allowed"]
    time.sleep(1.05)
    assert await verdicts(gw, token) == ["unauthenticated", "unauthenticated"]


async def test_it_ends_with_its_budget(gw: Gateway) -> None:
    token = await narrowed(gw, await key(gw, "boss"), bytes=3)
    assert await verdicts(gw, token) == ["allowed", "budget_spent"]
    token = await narrowed(gw, await key(gw, "boss"), tokens=1)
    assert await verdicts(gw, token) == ["allowed", "budget_spent"]


@pytest.mark.statement("A11")
async def test_it_ends_when_it_is_revoked_and_so_does_all_that_was_made_from_it(gw: Gateway) -> None:
    first = await narrowed(gw, await key(gw, "boss"))
    second = await narrowed(gw, first)
    assert await verdicts(gw, second) == ["allowed", "allowed"]
    assert (await post(gw, "revoke", {"token": first})).status == 200
    time.sleep(1.05)
    assert await verdicts(gw, first) == ["unauthenticated", "unauthenticated"]
    assert await verdicts(gw, second) == ["unauthenticated", "unauthenticated"]
    assert (await exchange(gw, second)).json["error"] == "invalid_request"


@pytest.mark.statement("A11", "A28")
async def test_it_ends_with_the_key_it_was_made_from(gw: Gateway) -> None:
    mother = await key(gw, "boss")
    token = await narrowed(gw, mother)
    assert gw.rt.keys is not None
    await gw.rt.keys.revoke(mother.split("_")[1])
    time.sleep(2.05)
    assert await verdicts(gw, token) == ["unauthenticated", "unauthenticated"]


async def test_it_tells_its_owner_what_it_is_and_nobody_else(gw: Gateway) -> None:
    mother, stranger = await key(gw, "boss"), await key(gw, "boss", subject="eve")
    token = await narrowed(gw, mother, operations=["listThings"], calls=7)
    told = (await post(gw, "introspect", {"token": token}, bearing(mother))).json
    assert (told["active"], told["sub"]) == (True, "ann")
    assert told["authorization_details"] == [{"type": "operations", "operations": ["listThings"], "calls": 7}]
    assert (await post(gw, "introspect", {"token": token}, bearing(stranger))).json == {"active": False}
    assert (await post(gw, "introspect", {"token": "dbc_nothing"}, bearing(mother))).json == {"active": False}
    assert (await post(gw, "introspect", {"token": token})).status == 401


async def test_one_caller_has_so_many_and_no_more(gw: Gateway) -> None:
    mother = await key(gw, "boss")
    answers = [await exchange(gw, mother) for _ in range(6)]
    assert [answer.status for answer in answers] == [200] * 5 + [400]
    assert (await exchange(gw, await key(gw, "boss", subject="bob"))).status == 200


DEEP = "[1,2,3].all(a, " * 10 + "true" + ")" * 10
WRONG: dict[str, tuple[dict[str, str], str]] = {
    "no grant": ({"grant_type": ""}, "unsupported_grant_type"),
    "another grant": ({"grant_type": "client_credentials"}, "unsupported_grant_type"),
    "no subject": ({"subject_token": ""}, "invalid_request"),
    "a bad subject": ({"subject_token": "dbk_0000000000000000_" + "A" * 43}, "invalid_request"),
    "a type": ({"subject_token_type": "urn:ietf:params:oauth:token-type:id_token"}, "invalid_request"),
    "an actor": ({"actor_token": "x"}, "invalid_request"),
    "a target": ({"audience": "https://other.test"}, "invalid_target"),
    "a scope": ({"scope": "all"}, ""),
    "no JSON": ({"authorization_details": "{"}, "invalid_authorization_details"),
    "no list": ({"authorization_details": '{"type": "operations"}'}, "invalid_authorization_details"),
    "another type": ({"authorization_details": '[{"type": "payment"}]'}, "invalid_authorization_details"),
    "an unknown member": (
        {"authorization_details": '[{"type": "operations", "operation": ["x"]}]'},
        "invalid_authorization_details",
    ),
    "a bad condition": (
        {"authorization_details": '[{"type": "operations", "when": "args.amount <"}]'},
        "invalid_authorization_details",
    ),
    "a strange condition": (
        {"authorization_details": '[{"type": "operations", "when": "secrets.x == 1"}]'},
        "invalid_authorization_details",
    ),
    "loops in loops": (
        {"authorization_details": f'[{{"type": "operations", "when": "{DEEP}"}}]'},
        "invalid_authorization_details",
    ),
    "a list that grows": (
        {"authorization_details": '[{"type": "operations", "when": "[1].map (args, args + args) == []"}]'},
        "invalid_authorization_details",
    ),
    "patterns in a loop": (
        {"authorization_details": '[{"type": "operations", "when": "[1].exists(a, \'a\'.matches(\'a\'))"}]'},
        "invalid_authorization_details",
    ),
    "a long condition": (
        {"authorization_details": '[{"type": "operations", "when": "%s"}]' % ("true && " * 512 + "true")},
        "invalid_authorization_details",
    ),
    "a member twice": (
        {"authorization_details": '[{"type": "operations", "operations": ["listThings"], "operations": ["*"]}]'},
        "invalid_authorization_details",
    ),
    "many gaps": (
        {"authorization_details": '[{"type": "operations", "operations": ["/**a**b**c"]}]'},
        "invalid_authorization_details",
    ),
    "no calls": ({"authorization_details": '[{"type": "operations", "calls": 0}]'}, "invalid_authorization_details"),
    "true calls": (
        {"authorization_details": '[{"type": "operations", "calls": true}]'},
        "invalid_authorization_details",
    ),
    "no operation": (
        {"authorization_details": '[{"type": "operations", "operations": ["nope"]}]'},
        "invalid_authorization_details",
    ),
    "no time": ({"expires_in": "0"}, "invalid_request"),
    "bad time": ({"expires_in": "-1"}, "invalid_request"),
}  # fmt: skip


@pytest.mark.parametrize("what", WRONG)
async def test_what_cannot_be_made_is_refused_as_oauth_has_it(gw: Gateway, what: str) -> None:
    changes, error = WRONG[what]
    mother = await key(gw, "boss")
    form = {"grant_type": EXCHANGE, "subject_token": mother, "subject_token_type": ACCESS_TOKEN} | changes
    answer = await post(gw, "token", form)
    if not error:
        assert answer.status == 200, "whoever has no scopes may be given fewer than all"
        return
    assert (answer.status, answer.json["error"]) == (400, error)
    assert answer.headers["cache-control"] == "no-store"
    assert mother not in answer.body.decode()


async def test_the_endpoints_take_forms_once_each_parameter_and_posts_alone(gw: Gateway) -> None:
    mother = await key(gw, "boss")
    twice = f"grant_type={EXCHANGE}&subject_token={mother}&subject_token={mother}".encode()
    lines = ((b"host", b"localhost"), (b"content-type", b"application/x-www-form-urlencoded"))
    answer = await gw.raw(Wire("POST", "/oauth/token", (*lines, (b"content-length", str(len(twice)).encode())), twice))
    assert answer.json["error"] == "invalid_request"
    json = await gw.raw(
        Wire("POST", "/oauth/token", ((b"host", b"localhost"), (b"content-type", b"application/json")), b"{}")
    )
    assert json.json["error"] == "invalid_request"
    assert (await gw.raw(Wire("GET", "/oauth/token", lines))).status == 405
    assert (await gw.raw(Wire("POST", "/oauth/authorize", lines))).status == 401, "the API's own, if it has one"


async def test_a_request_and_its_subject_token_are_one_callers(gw: Gateway) -> None:
    form = {"grant_type": EXCHANGE, "subject_token": await key(gw, "boss")}
    assert (await post(gw, "token", form, bearing(await key(gw, "boss")))).status == 200
    other = await post(gw, "token", form, bearing(await key(gw, "boss", subject="eve")))
    assert (other.status, other.json["error"]) == (400, "invalid_request")


async def test_a_subject_token_that_is_none_does_not_stand_for_the_certificate_that_was_shown(tmp_path: Path) -> None:
    file = tmp_path / "things.json"
    file.write_bytes(orjson.dumps(DOCUMENT))
    pem = {name: str(file) for name in ("certificate", "key", "client_ca")}
    identity: Json = {"api_keys": {"pepper": PEPPER}, "certificates": {"subject": "dn"}}
    gw = gateway(file, Arrangement(root={"tls": pem | {"client": "optional"}, "identity": identity}))
    connection = Connection(urlencode({"grant_type": EXCHANGE, "subject_token": "none"}).encode())
    scope: Scope = {
        "type": "http", "method": "POST", "scheme": "https", "path": "/oauth/token", "raw_path": b"/oauth/token",
        "query_string": b"", "http_version": "1.1", "client": ("192.0.2.7", 4711),
        CERTIFICATE: der(trustme.CA().issue_cert("billing.test")),
        "headers": [(b"host", b"localhost"), (b"content-type", b"application/x-www-form-urlencoded")],
    }  # fmt: skip
    await Traffic(Holder(gw.rt))(scope, connection.receive, connection.send)
    assert connection.answer().json["error"] == "invalid_request"


async def test_each_request_leaves_a_record_with_its_caller(gw: Gateway) -> None:
    await exchange(gw, await key(gw, "boss"))
    record = gw.records[-1]
    assert (record.principal, record.status, record.verdict, record.door) == ("ann", 200, "allowed", "rest")
