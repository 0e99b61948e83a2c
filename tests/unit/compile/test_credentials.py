"""Which credential goes with which operation, and what is told of those that cannot go."""

import json

import pytest

from bridge.egress.credentials.fixed import Fixed
from bridge.egress.credentials.issued import OfCaller, OfClient
from bridge.model import Endpoint, Json, Presented, Severity, Wire
from bridge.pipeline.runtime import Runtime
from tests.kit.documents import paths
from tests.unit.compile.kit import URL, compiled, findings
from tests.unit.egress.credentials.kit import call

AT: Json = {"url": "https://api.test"}
FLOW: Json = {"tokenUrl": "https://id.test/token?t=1", "scopes": {}}
SCHEMES: Json = {
    "head": {"type": "apiKey", "in": "header", "name": "X-Shop-Key"},
    "query": {"type": "apiKey", "in": "query", "name": "key"},
    "cookie": {"type": "apiKey", "in": "cookie", "name": "sid"},
    "bearer": {"type": "http", "scheme": "Bearer"},
    "basic": {"type": "http", "scheme": "basic"},
    "digest": {"type": "http", "scheme": "digest"},
    "oauth": {"type": "oauth2", "flows": {"clientCredentials": FLOW}},
    "oidc": {"type": "openIdConnect", "openIdConnectUrl": "https://id.test"},
    "mutual": {"type": "mutualTLS"},
    "odd": {"type": "apiKey", "in": "header", "name": "Content-Length"},
}  # fmt: skip
KEY: Json = {"key": "s3cret"}
CLIENT: Json = {"id": "gw", "secret": "s3cret", "token_url": "https://id.test/token"}


def one(credentials: Json, *security: Json, root: Json = None, spec: str = "api.json", **api: Json) -> Runtime:
    """An API whose operations, `a`, `b`, …, have one `security` each; None leaves it out."""
    operations = {
        f"GET /{name}": {"operationId": name} | ({} if given is None else {"security": given})
        for name, given in zip("abcdef", security, strict=False)
    }
    more: Json = {} if root is None else {"security": root}
    described = paths(operations, components={"securitySchemes": SCHEMES}, **more)
    chosen = {"upstream": AT, "credentials": credentials} | api
    return compiled({"shop": described}, spec=spec, apis={"shop": chosen})


def endpoint(rt: Runtime, name: str = "a") -> Endpoint:
    return rt.endpoints["shop", name]


async def sent(rt: Runtime, name: str = "a", at: int = 0) -> Wire:
    key = endpoint(rt, name).route.targets[at].credential
    wire = Wire("GET", f"/{name}")
    return await rt.credentials[key].attach(wire, call()) if key else wire


# --- how each goes ----------------------------------------------------------------------------------------------------


@pytest.mark.statement("A15")
@pytest.mark.parametrize(
    ("scheme", "entry", "target", "header"),
    [
        ("head", KEY, "/a", (b"x-shop-key", b"s3cret")),
        ("query", KEY, "/a?key=s3cret", None),
        ("cookie", KEY, "/a", (b"cookie", b"sid=s3cret")),
        ("bearer", {"token": "s3cret"}, "/a", (b"authorization", b"Bearer s3cret")),
        ("oauth", {"token": "s3cret"}, "/a", (b"authorization", b"Bearer s3cret")),
        ("oidc", {"token": "s3cret"}, "/a", (b"authorization", b"Bearer s3cret")),
        ("basic", {"username": "u", "password": "p"}, "/a", (b"authorization", b"Basic dTpw")),
    ],
)
async def test_a_credential_goes_as_its_scheme_says(
    scheme: str, entry: Json, target: str, header: tuple[bytes, bytes] | None
) -> None:
    rt = one({scheme: entry}, [{scheme: []}])
    assert await sent(rt) == Wire("GET", target, (header,) if header else ())
    assert not [found for found in rt.catalog.findings if found.id.startswith("credential")]


def test_a_client_asks_where_the_documents_flow_says_or_where_the_operator_does() -> None:
    rt = one({"oauth": {"client": {"id": "gw", "secret": "s3cret"}}}, [{"oauth": ["read"]}])
    (made,) = rt.credentials.values()
    assert isinstance(made, OfClient)
    assert (made.client.origin, made.client.target, made.client.basic) == ("https://id.test", "/token?t=1", True)
    given = {**CLIENT, "token_url": "https://other.test", "auth": "post", "scopes": ["x"], "audience": ["a"]}
    (made,) = one({"oauth": {"exchange": given}}, [{"oauth": []}]).credentials.values()
    assert isinstance(made, OfCaller)
    assert (made.client.origin, made.client.target, made.client.basic) == ("https://other.test", "/", False)
    assert (made.client.scopes, made.client.audience) == (("x",), ("a",))


def test_a_document_from_the_network_does_not_say_where_a_secret_goes() -> None:
    rt = one({"oauth": {"client": {"id": "gw", "secret": "s3cret"}}}, [{"oauth": []}], spec=URL)
    (found,) = findings(rt, "credential-misfit")
    assert "may not say where a secret goes" in found.message
    assert (endpoint(rt).route.targets[0].credential, dict(rt.credentials)) == ("", {})
    assert one({"oauth": {"client": CLIENT}}, [{"oauth": []}], spec=URL).credentials


# --- which operation gets which ---------------------------------------------------------------------------------------


async def test_the_first_alternative_that_is_covered_whole_counts() -> None:
    credentials: Json = {"head": {"key": "h"}, "query": {"key": "q"}, "bearer": {"token": "b"}}
    alternatives: Json = [{"basic": [], "head": []}, {}, {"head": [], "query": []}, {"bearer": []}]
    wire = await sent(one(credentials, alternatives))
    assert wire == Wire("GET", "/a?key=q", ((b"x-shop-key", b"h"),))


async def test_an_operation_that_needs_nothing_gets_nothing() -> None:
    rt = one({"head": KEY}, [], [{}], None, [{"head": []}], root=[{"head": []}])
    assert [bool(endpoint(rt, name).route.targets[0].credential) for name in "abcd"] == [False, False, True, True]


async def test_what_says_itself_how_it_goes_goes_with_everything() -> None:
    credentials: Json = {"head": KEY, "tenant": {"key": "t", "in": "query", "name": "tenant"}}
    rt = one(credentials, [], [{"head": []}])
    assert (await sent(rt)).target == "/a?tenant=t"
    assert await sent(rt, "b") == Wire("GET", "/b?tenant=t", ((b"x-shop-key", b"s3cret"),))
    (match,) = (rt.router.match("x", "GET", "/unlisted", ""),)
    assert match is not None
    assert rt.credentials[match.route.targets[0].credential].places[0].name == "tenant"


async def test_unlisted_paths_get_what_the_document_requires_in_general() -> None:
    rt = one({"head": KEY, "bearer": {"token": "b"}}, [{"bearer": []}], root=[{"head": []}])
    match = rt.router.match("x", "GET", "/unlisted", "")
    assert match is not None
    assert isinstance(made := rt.credentials[match.route.targets[0].credential], Fixed)
    assert made.place.name == "x-shop-key"
    assert (await sent(rt)).headers == ((b"authorization", b"Bearer b"),)


async def test_each_target_gets_its_own() -> None:
    several: Json = [{"url": "https://a.test"}, {"url": "https://b.test", "credentials": {"head": {"key": "of b"}}},
                     {"url": "https://c.test", "credentials": {}}, {"url": "https://d.test"}]  # fmt: skip
    rt = one({"head": {"key": "common"}}, [{"head": []}], upstream={"targets": several})
    wires = [(await sent(rt, at=at)).headers for at in range(4)]
    common = ((b"x-shop-key", b"common"),)
    assert wires == [common, ((b"x-shop-key", b"of b"),), (), common]
    keys = [target.credential for target in endpoint(rt).route.targets]
    assert keys[0] == keys[3]
    assert len(set(keys)) == 3


def test_operations_with_the_same_requirement_share_a_route() -> None:
    rt = one({"head": KEY}, [{"head": []}], [{"head": ["x"]}], [], [], [{"head": []}], root=[{"head": []}])
    routes = {name: endpoint(rt, name).route for name in "abcde"}
    assert routes["a"] is routes["b"] is routes["e"]
    assert routes["c"] is routes["d"]
    assert routes["a"] is not routes["c"]


def test_a_key_names_no_secret_so_that_another_one_compiles_nothing_anew() -> None:
    first, second = (one({"head": {"key": key}}, [{"head": []}]) for key in ("s3cret", "other"))
    assert endpoint(first).route == endpoint(second).route
    assert json.loads(endpoint(first).route.targets[0].credential) == ["shop", "head"]


# --- whose address ----------------------------------------------------------------------------------------------------


def bound(own: str) -> str:
    described = paths(
        {"GET /a": {"operationId": "a", "servers": [{"url": own}]}},
        components={"securitySchemes": SCHEMES}, servers=[{"url": "https://api.test/v1"}], security=[{"head": []}],
    )  # fmt: skip
    rt = compiled(
        {"shop": described}, apis={"shop": {"credentials": {"head": KEY, "x": {**KEY, "in": "query", "name": "k"}}}}
    )
    return endpoint(rt).route.targets[0].credential


@pytest.mark.statement("A15")
def test_a_credential_goes_to_no_other_origin() -> None:
    assert bound("https://api.test/v2")
    assert bound("/v2")
    assert not bound("https://files.test/v1")
    assert not bound("http://api.test/v1")
    assert not bound("https://api.test:8443/v1")


# --- what is told -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "entry", "id", "told"),
    [
        ("heed", KEY, "credential-unknown", "no security scheme 'heed'; did you mean head?; or say with `in`"),
        ("zzz", KEY, "credential-unknown", "it has head, query"),
        ("head", {"token": "s3cret"}, "credential-misfit", "'head' is apiKey, which a token does not fit; give key"),
        ("bearer", KEY, "credential-misfit", "http bearer, which a key does not fit; give token or client or exchange"),
        ("basic", {"token": "s3cret"}, "credential-misfit", "give username and password"),
        ("oauth", {"username": "s3cret", "password": ""}, "credential-misfit", "user and password does not fit"),
        ("digest", {"token": "s3cret"}, "credential-misfit", "nothing of the gateway's fits"),
        ("oidc", {"client": {"id": "gw", "secret": "s3cret"}}, "credential-misfit", "names no token endpoint"),
        ("head", {"key": "s3crét"}, "credential-misfit", "use visible ASCII"),
        ("cookie", {"key": "s3cret; x"}, "credential-misfit", "is no cookie's value"),
        ("odd", KEY, "credential-misfit", "is written by the gateway itself"),
    ],
)  # fmt: skip
def test_what_cannot_go_is_an_error_and_left_out(name: str, entry: Json, id: str, told: str) -> None:
    rt = one({name: entry}, [{name: []}] if name in SCHEMES else [])
    (found,) = findings(rt, id)
    assert told in f"{found.message}; {found.advice}"
    assert "s3cr" not in repr(rt.catalog.findings)
    assert (found.severity, found.where, found.api) == (Severity.ERROR, f"/apis/shop/credentials/{name}", "shop")
    assert not endpoint(rt).route.targets[0].credential


def test_what_nothing_covers_is_told_once_for_each_requirement() -> None:
    rt = one({"head": KEY}, [{"bearer": []}, {"basic": [], "head": []}], [{"bearer": []}, {"basic": [], "head": []}],
             [{"query": []}], [{"query": []}, {}], [{"head": []}])  # fmt: skip
    first, second = findings(rt, "credential-missing")
    assert first.message == "there is no credential for bearer or basic with head, which GET /a and 1 more asks for"
    assert second.message == "there is no credential for query, which GET /c asks for"
    assert {first.severity, second.severity} == {Severity.WARNING}
    assert not findings(one({}, [{"bearer": []}]), "credential-missing"), "callers bring their own"


def test_a_header_of_the_operator_that_wins_is_told() -> None:
    rt = one({"head": KEY}, [{"head": []}], upstream=AT | {"headers": {"X_Shop_Key": "other"}})
    (found,) = findings(rt, "credential-replaced")
    assert "upstream.headers has x-shop-key as well" in found.message


def test_two_that_go_into_one_place_are_told() -> None:
    credentials: Json = {"bearer": {"token": "a"}, "basic": {"username": "u", "password": "p"}}
    (found,) = findings(one(credentials, [{"bearer": [], "basic": []}]), "credential-replaced")
    assert "bearer and basic go into one place" in found.message


# --- people's own -----------------------------------------------------------------------------------------------------


def test_peoples_own_credentials_go_on_unless_they_prove_who_they_are_or_the_api_says_otherwise() -> None:
    described = paths({"GET /a": {"operationId": "a"}}, components={"securitySchemes": SCHEMES})
    apis = {"a": {"upstream": AT}, "b": {"upstream": AT, "credential": "none"},
            "c": {"upstream": AT, "credential": "passthrough"}}  # fmt: skip
    for identity, passed in ((None, [True, False, True]), ({"anonymous": "true"}, [False, False, True])):
        more: Json = {} if identity is None else {"identity": identity}
        rt = compiled(dict.fromkeys("abc", described), apis=apis, **more)
        assert [rt.endpoints[name, "a"].route.passthrough for name in "abc"] == passed


def test_a_route_knows_where_callers_would_present_theirs() -> None:
    rt = one({"x": {**KEY, "in": "query", "name": "Tenant"}}, [])
    presented = endpoint(rt).route.presented
    assert presented == Presented(frozenset({b"x-shop-key", b"content-length"}), frozenset({"key", "tenant"}))
