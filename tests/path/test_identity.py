"""Who calls, at either door: tokens of issuers, and what is told to whoever shows none, a bad one, or one too small."""

import asyncio
import time
from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from functools import partial
from hashlib import sha256
from pathlib import Path
from urllib.parse import urlencode

import orjson
import pytest

from bridge.ingress.oauth import EXCHANGE
from bridge.model import Json, Wire
from bridge.pipeline.identity.front import Front
from tests.kit import issuer as issuers
from tests.kit.agent import Answer as Agents
from tests.kit.bad_tokens import REFUSED
from tests.kit.documents import paths
from tests.kit.doors import Arrangement, Became, Gateway, gateway
from tests.kit.issuer import FAILS, HTML, HUGE, INTROSPECT, JWKS, NO_KEYS, Answer, Issuer, says
from tests.kit.jws import new_key

PUBLIC = "https://gw.test"
SCOPED: Json = [{"login": ["things:read"]}]
DOCUMENT = paths(
    {
        "GET /things": {"operationId": "listThings", "security": SCOPED},
        "DELETE /things": {"operationId": "clearThings", "security": [{"login": ["things:read", "things:delete"]}]},
        "GET /open": {"operationId": "openThings"},
    },
    servers=[{"url": "http://upstream.test/base"}],
    components={"securitySchemes": {"login": {"type": "openIdConnect", "openIdConnectUrl": "https://id.test/x"}}},
)


@pytest.fixture(scope="module")
def corp() -> Iterator[Issuer]:
    with issuers.issuer(f"{PUBLIC}/mcp", alg="ES256") as made:
        yield made


@pytest.fixture
def document(tmp_path: Path) -> Path:
    file = tmp_path / "things.json"
    file.write_bytes(orjson.dumps(DOCUMENT))
    return file


_open: list[Gateway] = []


@pytest.fixture(autouse=True)
async def closed() -> AsyncIterator[None]:
    yield
    while _open:
        await _open.pop().links.aclose()


def protected(document: Path, *given: Issuer, grants: Json = None, **more: Json) -> Gateway:
    """Behind these issuers, called `corp`, `corp2`, …; `more` are keys of each."""
    named = {f"corp{n or ''}": {"issuer": one.url, "allow_private": True, **more} for n, one in enumerate(given)}
    root: dict[str, Json] = {"public_url": PUBLIC, "identity": {"issuers": named}}
    _open.append(gateway(document, Arrangement(root=root | ({"grants": grants} if grants else {}))))
    return _open[-1]


def bearing(token: str) -> tuple[bytes, bytes]:
    return b"authorization", f"Bearer {token}".encode()


async def both(gw: Gateway, tool: str, target: str, *more: tuple[bytes, bytes], method: str = "GET") -> list[Became]:
    return [await gw.agent(tool, {}, *more), await gw.person(Wire(method, target), *more)]


# --- nobody, and somebody ---------------------------------------------------------------------------------------------


@pytest.mark.statement("A1", "A3")
async def test_whoever_shows_nothing_is_told_where_to_get_a_token_and_for_what(document: Path, corp: Issuer) -> None:
    gw = protected(document, corp)
    agent, person = await both(gw, "list_things", "/things", (b"x-forwarded-host", b"evil.test"))
    for became, place in ((agent, "/mcp"), (person, "")):
        assert became.answer.status == 401
        told = f'scope="things:read", resource_metadata="{PUBLIC}/.well-known/oauth-protected-resource{place}"'
        assert became.answer.headers["www-authenticate"] == f"Bearer {told}"
        assert became.record.verdict == "unauthenticated"
    other = await gw.agent("open_things", {})
    assert "scope=" not in other.answer.headers["www-authenticate"], "never the whole catalogue"
    assert gw.upstream.sent == []


@pytest.mark.statement("A2", "A3")
async def test_the_resource_describes_itself_to_everybody(document: Path, corp: Issuer) -> None:
    gw = protected(document, corp)
    for path, resource in (("", PUBLIC), ("/mcp", f"{PUBLIC}/mcp")):
        well_known = f"/.well-known/oauth-protected-resource{path}"
        became = await raw(gw, "GET", well_known, (b"x-forwarded-host", b"evil.test"))
        assert became.status == 200
        assert became.json == {
            "resource": resource,
            "authorization_servers": [corp.url],
            "bearer_methods_supported": ["header"],
        }
    assert (await raw(gw, "GET", "/.well-known/oauth-protected-resource/other")).status == 401
    assert (await raw(gw, "POST", "/.well-known/oauth-protected-resource")).status == 405


@pytest.mark.statement("A5", "A8")
async def test_a_good_token_opens_either_door_and_is_named_in_the_record(document: Path, corp: Issuer) -> None:
    gw = protected(document, corp)
    for audience in (f"{PUBLIC}/mcp", PUBLIC, ["https://other.test", f"{PUBLIC}/mcp"]):
        token = corp.token(aud=audience, scope="things:read")
        for became in await both(gw, "list_things", "/things", bearing(token)):
            assert became.record.verdict == "allowed", became.answer.body
            assert (became.record.principal, became.record.client, became.record.identified) == ("ann", "agent", "corp")
            assert became.sent is not None
            assert b"authorization" not in dict(became.sent.wire.headers)


@pytest.mark.statement("A5", "A6", "A7")
@pytest.mark.parametrize("what", REFUSED)
async def test_a_token_that_is_not_good_here_is_refused_without_a_reason(
    document: Path, corp: Issuer, what: str
) -> None:
    gw = protected(document, corp)
    for became in await both(gw, "open_things", "/open", bearing(REFUSED[what](corp))):
        assert became.answer.status == 401
        challenge = became.answer.headers["www-authenticate"]
        assert challenge.startswith('Bearer error="invalid_token", resource_metadata="')
        assert "error_description" not in challenge
        assert became.record.verdict == "unauthenticated"
        assert became.record.principal == ""
        assert became.record.cause
        assert became.record.cause not in became.answer.body.decode()
    assert gw.upstream.sent == []


@pytest.mark.statement("A5")
@pytest.mark.parametrize("alg", ["RS256", "PS256", "ES256", "EdDSA", "Ed25519"])
async def test_every_algorithm_that_is_taken_by_default_is(document: Path, alg: str) -> None:
    with issuers.issuer(f"{PUBLIC}/mcp", alg=alg) as made:
        gw = protected(document, made)
        assert (await gw.agent("open_things", {}, bearing(made.token()))).record.verdict == "allowed"


@pytest.mark.statement("A5")
async def test_an_issuer_whose_tokens_have_another_type_can_be_taken_at_its_word(document: Path, corp: Issuer) -> None:
    gw = protected(document, corp, types=["JWT", "at+jwt"])
    good, login = corp.token(header={"typ": "JWT"}), corp.token(header={"typ": "JWT"}, nonce="n")
    assert (await gw.agent("open_things", {}, bearing(good))).record.verdict == "allowed"
    assert (await gw.agent("open_things", {}, bearing(login))).answer.status == 401, "an ID token all the same"


@pytest.mark.statement("A4")
@pytest.mark.parametrize("door", ["rest", "mcp"])
async def test_a_token_in_the_address_is_refused_and_written_down_nowhere(
    document: Path, corp: Issuer, door: str, caplog: pytest.LogCaptureFixture
) -> None:
    gw = protected(document, corp)
    token = corp.token()
    wire = gw.message("ping", {}) if door == "mcp" else Wire("GET", "/people/open", ((b"host", b"localhost"),))
    answer = await gw.raw(replace(wire, target=f"{wire.target}?access_token={token}"))
    assert answer.status in {400, 401}
    assert token not in repr(gw.records) + caplog.text + answer.body.decode()


async def test_a_token_is_remembered_without_being_kept(document: Path, corp: Issuer) -> None:
    gw = protected(document, corp)
    token = corp.token()
    for _ in range(2):
        assert (await gw.agent("open_things", {}, bearing(token))).record.verdict == "allowed"
    assert isinstance(gw.rt.authenticator, Front)
    remembered = gw.rt.authenticator._memory._known
    assert len(remembered) == 1
    assert token not in repr(remembered)


async def test_two_credentials_are_one_too_many(document: Path, corp: Issuer) -> None:
    gw = protected(document, corp)
    became = await gw.agent("open_things", {}, bearing(corp.token()), bearing(corp.token()))
    assert became.record.verdict in {"bad_request", "invalid_request"}


# --- scopes -----------------------------------------------------------------------------------------------------------


@pytest.mark.statement("A9", "A10")
async def test_a_token_that_lacks_scopes_is_told_all_that_the_operation_takes(document: Path, corp: Issuer) -> None:
    gw = protected(document, corp)
    token = corp.token(scope="things:read")
    for became in await both(gw, "clear_things", "/things", bearing(token), method="DELETE"):
        assert became.answer.status == 403
        challenge = became.answer.headers["www-authenticate"]
        assert 'error="insufficient_scope"' in challenge
        assert 'scope="things:delete things:read"' in challenge
        assert 'resource_metadata="' in challenge
        assert became.record.verdict == "insufficient_scope"
    assert await listed(gw, token) == ["list_things", "open_things"]
    assert await listed(gw, corp.token(scope="things:read things:delete")) == [
        "clear_things",
        "list_things",
        "open_things",
    ]


@pytest.mark.parametrize("scope", ['x", resource_metadata="https://evil.test/', "x\r\nx-evil: 1", "a b", ""])
async def test_no_document_writes_into_the_challenge(tmp_path: Path, corp: Issuer, scope: str) -> None:
    file = tmp_path / "things.json"
    needs: Json = [{"login": ["things:read", scope]}]
    schemes = {"securitySchemes": {"login": {"type": "openIdConnect", "openIdConnectUrl": "https://id.test/x"}}}
    described = paths({"GET /open": {"operationId": "openThings", "security": needs}}, components=schemes)
    file.write_bytes(orjson.dumps(described))
    gw = protected(file, corp)
    for credential in ((), (bearing(corp.token()),)):
        for became in await both(gw, "open_things", "/open", *credential):
            assert (
                'scope="things:read", resource_metadata="https://gw.test' in became.answer.headers["www-authenticate"]
            )


@pytest.mark.statement("A9")
async def test_a_scope_opens_what_it_stands_for_as_well(document: Path, corp: Issuer) -> None:
    named = {"corp": {"issuer": corp.url, "allow_private": True}}
    implied = {"admin": ["things:delete"], "things:delete": ["things:read"]}
    root: dict[str, Json] = {"public_url": PUBLIC, "identity": {"issuers": named, "implied": implied}}
    gw = gateway(document, Arrangement(root=root))
    assert "clear_things" in await listed(gw, corp.token(scope="admin"))


@pytest.mark.statement("A9")
async def test_a_scope_does_not_do_what_a_rule_does_not_grant(document: Path, corp: Issuer) -> None:
    gw = protected(document, corp, grants={"readers": {"who": "anyone", "may": ["effect:reads"]}})
    token = corp.token(scope="things:read things:delete")
    for became in await both(gw, "clear_things", "/things", bearing(token), method="DELETE"):
        assert became.record.verdict == "not_granted"
        assert "www-authenticate" not in became.answer.headers


@pytest.mark.statement("A9")
async def test_no_other_spelling_of_a_path_does_without_its_scopes(document: Path, corp: Issuer) -> None:
    gw = protected(document, corp)
    few, all_of_them = (bearing(corp.token(scope=scope)) for scope in ("things:read", "things:read things:delete"))
    for target in ("/things/", "//things", "/Things"):
        assert (await gw.person(Wire("DELETE", target), few)).record.verdict == "not_granted"
        assert (await gw.person(Wire("DELETE", target), all_of_them)).record.verdict == "allowed"


@pytest.mark.parametrize("act", [{"sub": "robot"}, {"client_id": "robot"}, {}, "robot"])
async def test_whoever_acts_for_somebody_is_an_agent_however_it_is_named(
    document: Path, corp: Issuer, act: Json
) -> None:
    rules = {"all": {"who": "anyone", "may": ["*"]}, "never": {"who": {"kinds": ["agent"]}, "deny": ["openThings"]}}
    gw = protected(document, corp, grants=rules)
    for became in await both(gw, "open_things", "/open", bearing(corp.token(act=act))):
        assert became.record.verdict == "not_granted"


# --- issuers that come and go -----------------------------------------------------------------------------------------


@pytest.mark.statement("A12", "F36")
async def test_a_key_that_is_new_is_fetched_once_for_all_who_wait(document: Path) -> None:
    with issuers.issuer(f"{PUBLIC}/mcp", alg="ES256") as made:
        gw = protected(document, made)
        assert await verdicts(gw, [made.token()]) == {"allowed"}
        clock = hasten(gw)
        made.rotate("ES256")
        clock.append(60.0)
        before = made.counts[JWKS]
        assert await verdicts(gw, [made.token(jti=str(n)) for n in range(20)]) == {"allowed"}
        assert made.counts[JWKS] == before + 1


@pytest.mark.statement("A12", "F39")
async def test_a_flood_of_unknown_keys_costs_one_fetch(document: Path) -> None:
    with issuers.issuer(f"{PUBLIC}/mcp", alg="ES256") as made:
        gw = protected(document, made)
        await verdicts(gw, [made.token()])
        before = made.counts[JWKS]
        floods = [made.token(header={"kid": f"k{n}"}, jti=str(n)) for n in range(50)]
        assert await verdicts(gw, floods) == {"unauthenticated"}
        assert made.counts[JWKS] <= before + 1


@pytest.mark.statement("A12", "F37", "F38")
@pytest.mark.parametrize(
    "broken",
    [FAILS, HTML, HUGE, NO_KEYS, says({"keys": [{"kty": ["EC"]}]}), None],
    ids=["500", "page", "huge", "empty", "odd", "down"],
)
async def test_while_an_issuer_is_broken_its_old_keys_serve_and_new_ones_wait(
    document: Path, broken: Answer | None
) -> None:
    with issuers.issuer(f"{PUBLIC}/mcp", alg="ES256") as made:
        gw = protected(document, made)
        assert await verdicts(gw, [made.token()]) == {"allowed"}
        clock = hasten(gw)
        clock.append(3600.0)
        if broken is None:
            made.stop()
        else:
            made.answers[JWKS] = broken
        old = made.keys[0]
        assert await verdicts(gw, [made.token(jti="1")]) == {"allowed"}
        new = made.rotate("ES256")
        assert await verdicts(gw, [made.token(jti="2", key=new)]) == {"unauthenticated"}, "never a 500"
        clock.append(3600.0 * 20)
        assert await verdicts(gw, [made.token(jti="3", key=old)]) == {"allowed"}
        clock.append(3600.0 * 26)
        assert await verdicts(gw, [made.token(jti="4", key=old)]) == {"unauthenticated"}, "not for ever"
        if broken is None:
            made.start()
        made.answers.clear()
        clock.append(3600.0 * 27)
        assert await verdicts(gw, [made.token(jti="5", key=new)]) == {"allowed"}


@pytest.mark.statement("A13")
async def test_keys_of_one_issuer_open_nothing_in_the_name_of_another(document: Path, corp: Issuer) -> None:
    with issuers.issuer(f"{PUBLIC}/mcp", alg="ES256") as other:
        gw = protected(document, corp, other)
        other.keys = [*other.keys, new_key("ES256", corp.keys[0].kid)]
        assert await verdicts(gw, [corp.token(), other.token(), other.token(key=other.keys[1])]) == {"allowed"}
        forged = corp.token(key=other.keys[1])
        assert await verdicts(gw, [forged]) == {"unauthenticated"}, "the same kid, another issuer's key"


@pytest.mark.statement("A11")
async def test_texts_that_are_no_tokens_keep_an_issuer_no_busier_than_it_can_bear(
    document: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bridge.pipeline.identity.issuers.MOST_WAITING", 20)
    with issuers.issuer(f"{PUBLIC}/mcp") as made:
        gw = protected(document, made, introspection={"client_id": "gw", "client_secret": "s"})
        assert await verdicts(gw, [f"text-{n}" for n in range(60)]) == {"unauthenticated", "issuer_unavailable"}
        assert made.counts[INTROSPECT] == 20
        assert await verdicts(gw, [made.opaque()]) == {"allowed"}


@pytest.mark.statement("A11")
async def test_opaque_tokens_are_looked_up_and_forgotten_in_time(document: Path) -> None:
    with issuers.issuer(f"{PUBLIC}/mcp") as made:
        gw = protected(document, made, introspection={"client_id": "gw:1", "client_secret": "s3cret/%"})
        token = made.opaque()
        assert await verdicts(gw, [token] * 5) == {"allowed"}
        assert made.counts[INTROSPECT] == 1, "once for all who wait"
        asked = next(one for one in made.requests if one.path == INTROSPECT)
        assert asked.basic == ("gw%3A1", "s3cret%2F%25")
        assert await verdicts(gw, ["no-such-token"]) == {"unauthenticated"}
        assert await verdicts(gw, [made.opaque(aud="https://upstream.test")]) == {"unauthenticated"}
        later: Json = {"nbf": time.time() + 3600}
        for said in (later, {"nbf": "0"}, {"exp": 1}, {"token_type": "DPoP"}, {"token_type": "refresh_token"}):
            assert await verdicts(gw, [made.opaque(**said)]) == {"unauthenticated"}
        assert await verdicts(gw, [made.opaque(token_type="Bearer", nbf=time.time())]) == {"allowed"}
        assert await verdicts(gw, [made.opaque(exp=int(time.time()) - 1)]) == {"unauthenticated"}
        assert await verdicts(gw, [made.opaque(iss="https://other.test")]) == {"unauthenticated"}


@pytest.mark.statement("A11")
async def test_what_was_made_from_an_opaque_token_ends_with_it(document: Path) -> None:
    with issuers.issuer(f"{PUBLIC}/mcp") as made:
        gw = protected(document, made, introspection={"client_id": "gw", "client_secret": "s"})
        token = made.opaque()
        form = urlencode({"grant_type": EXCHANGE, "subject_token": token}).encode()
        lines = ((b"host", b"localhost"), (b"content-type", b"application/x-www-form-urlencoded"))
        answer = await gw.raw(Wire("POST", "/oauth/token", lines, form))
        capability = str(answer.json["access_token"])
        assert await verdicts(gw, [capability] * 5) == {"allowed"}
        assert made.counts[INTROSPECT] == 1, "what is known of the token counts for both"
        del made.active[token]
        gw.rt.forget(token)
        assert await verdicts(gw, [capability]) == {"unauthenticated"}


@pytest.mark.statement("F41")
@pytest.mark.parametrize(
    "broken", [FAILS, HTML, says({"active": "true"}), says([])], ids=["500", "page", "text", "list"]
)
async def test_where_an_issuer_cannot_say_nobody_is_let_in(document: Path, broken: Answer) -> None:
    with issuers.issuer(f"{PUBLIC}/mcp") as made:
        gw = protected(document, made, introspection={"client_id": "gw", "client_secret": "s"})
        made.answers[INTROSPECT] = broken
        assert await verdicts(gw, [made.opaque()]) <= {"issuer_unavailable", "unauthenticated"}
        assert gw.upstream.sent == []


async def verdicts(gw: Gateway, tokens: list[str]) -> set[str]:
    """Of calls made at the same time."""
    before = len(gw.records)
    call = {"name": "open_things", "arguments": {}}
    await asyncio.gather(*(gw.raw(gw.message("tools/call", call, bearing(token))) for token in tokens))
    return {record.verdict for record in gw.records[before:]}


def hasten(gw: Gateway) -> list[float]:
    """The clock of the issuers' keys: seconds that have passed, the last one of the list."""
    passed = [0.0]
    for linked in gw.links._known.values():
        linked.keys.clock = partial(_hastened, time.monotonic(), passed)
    return passed


def _hastened(began: float, passed: list[float]) -> float:
    return began + passed[-1]


async def listed(gw: Gateway, token: str) -> list[str]:
    became = await gw.method("tools/list", {}, bearing(token))
    return sorted(tool["name"] for tool in became.answer.result["tools"])


async def raw(gw: Gateway, method: str, target: str, *more: tuple[bytes, bytes]) -> Agents:
    return await gw.raw(Wire(method, target, ((b"host", b"localhost"), *more)))


# --- what a token is bound to -----------------------------------------------------------------------------------------


@pytest.mark.statement("A18")
async def test_a_token_that_is_bound_to_something_is_not_taken_from_whoever_cannot_show_it(
    document: Path, corp: Issuer
) -> None:
    gw = protected(document, corp)
    for bound in ({"jkt": "a-dpop-key"}, {"x5t#S256": "another-certificate"}, {}, "text"):
        became = await gw.agent("open_things", {}, bearing(corp.token(cnf=bound)))
        assert became.record.verdict == "unauthenticated"


@pytest.mark.statement("A27")
async def test_the_thumbprint_of_a_certificate_opens_nothing(document: Path, corp: Issuer) -> None:
    """Anybody may know it, and the gateway remembers its owner by it."""
    identity: Json = {
        "issuers": {"corp": {"issuer": corp.url, "allow_private": True}},
        "api_keys": {"pepper": "p" * 32},
        "trusted_proxies": ["192.0.2.0/24"],
        "certificates": {"subject": "uri", "forwarded": "x-forwarded-client-cert"},
    }
    gw = gateway(document, Arrangement(root={"public_url": PUBLIC, "identity": identity}))
    _open.append(gw)
    digest = sha256(b"a certificate").digest()
    owner = (b"x-forwarded-client-cert", f"Hash={digest.hex()};URI=spiffe://corp/billing".encode())
    thumbprint = urlsafe_b64encode(digest).rstrip(b"=")
    assert [one.record.verdict for one in await both(gw, "open_things", "/open", owner)] == ["allowed"] * 2
    for credential in ((b"authorization", b"Bearer " + thumbprint), (b"x-api-key", thumbprint)):
        for became in await both(gw, "open_things", "/open", credential):
            assert (became.record.verdict, became.record.principal) == ("unauthenticated", "")


@pytest.mark.statement("A2", "A5")
async def test_a_token_for_one_toolset_opens_that_one_alone(document: Path, corp: Issuer) -> None:
    named = {"corp": {"issuer": corp.url, "allow_private": True}}
    sets = {"reading": {"include": ["effect:reads"]}, "all": {}}
    root: dict[str, Json] = {"public_url": PUBLIC, "identity": {"issuers": named}, "mcp": {"toolsets": sets}}
    gw = gateway(document, Arrangement(root=root))
    token = bearing(corp.token(aud=f"{PUBLIC}/mcp/reading"))
    call = {"name": "open_things", "arguments": {}}
    assert (await gw.method("tools/call", call, token, toolset="reading")).record.verdict == "allowed"
    for elsewhere in ("", "all"):
        assert (await gw.method("tools/call", call, token, toolset=elsewhere)).answer.status == 401
    assert (await gw.person(Wire("GET", "/open"), token)).answer.status == 401
    stranger = await gw.method("tools/call", call, toolset="reading")
    assert f'{PUBLIC}/.well-known/oauth-protected-resource/mcp/reading"' in stranger.answer.headers["www-authenticate"]
    unknown = await gw.raw(gw.message("tools/call", call, toolset="none-such"))
    assert unknown.status == 401, "strangers do not learn which there are"


@pytest.mark.statement("A10", "A22")
async def test_resources_prompts_and_documents_are_there_for_those_who_may_use_them(
    tmp_path: Path, corp: Issuer
) -> None:
    file = tmp_path / "notes.json"
    notes = paths(
        {
            "GET /notes/{id}": {
                "operationId": "readNote", "x-mcp": {"expose": "resource", "uri": "notes://{id}"},
                "parameters": [{"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}],
            },
            "GET /open": {"operationId": "openThings"},
        },
        servers=[{"url": "http://upstream.test/base"}],
    )  # fmt: skip
    file.write_bytes(orjson.dumps(notes))
    root: dict[str, Json] = {
        "public_url": PUBLIC,
        "identity": {"issuers": {"corp": {"issuer": corp.url, "allow_private": True}}},
        "grants": {
            "all": {"who": {"groups": ["staff"]}, "may": ["*"]},
            "some": {"who": "anyone", "may": ["openThings"]},
        },
        "prompts": {"explain": {"messages": [{"resource": "notes://7"}]}, "greet": {"messages": [{"text": "Hello"}]}},
    }
    gw = gateway(file, Arrangement(root=root))
    _open.append(gw)
    staff, other = bearing(corp.token(groups=["staff"])), bearing(corp.token(sub="eve"))

    async def names(method: str, member: str, who: tuple[bytes, bytes]) -> list[str]:
        result = (await gw.method(method, {}, who)).answer.result
        assert result["cacheScope"] == "private"
        return sorted(one.get("uriTemplate") or one["name"] for one in result[member])

    assert await names("resources/templates/list", "resourceTemplates", staff) == ["notes://{id}"]
    assert await names("resources/templates/list", "resourceTemplates", other) == []
    assert await names("prompts/list", "prompts", staff) == ["explain", "greet"]
    assert await names("prompts/list", "prompts", other) == ["greet"]

    async def said(method: str, params: Json, who: tuple[bytes, bytes]) -> tuple[int, Json]:
        answer = (await gw.method(method, params, who)).answer
        return answer.status, answer.json.get("error")

    assert (await said("resources/read", {"uri": "notes://7"}, staff))[0] == 200
    hidden, unknown = [await said("resources/read", {"uri": uri}, other) for uri in ("notes://7", "notis://7")]
    assert orjson.dumps(hidden).replace(b"notes", b"notis") == orjson.dumps(unknown)
    hidden, unknown = [await said("prompts/get", {"name": name}, other) for name in ("explain", "exclaim")]
    assert orjson.dumps(hidden).replace(b"explain", b"exclaim") == orjson.dumps(unknown)
    assert gw.records[-2].verdict == "invalid_params"
    for name, status in (("staff", 200), ("other", 404)):
        got = await gw.raw(
            Wire("GET", "/people/openapi.json", ((b"host", b"localhost"), staff if name == "staff" else other))
        )
        assert got.status == status
