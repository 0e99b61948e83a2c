"""The identity provider of the kit does what tests of flows rely on."""

from collections.abc import AsyncIterator

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet

from bridge.model import Json
from tests.kit.idp import EXCHANGE, Client, IdentityProvider, Resource, Setup, identity_provider, query
from tests.kit.needs import needs_idp

pytestmark = needs_idp

GATEWAY, OPAQUE, UPSTREAM = "https://gw.test/mcp", "https://opaque.test", "https://up.test"
RESOURCES = {
    GATEWAY: Resource(("read", "write"), alg="ES256"),
    OPAQUE: Resource(("read",), format="opaque"),
    UPSTREAM: Resource(("orders",), audience="orders-api", alg="PS256", lifetime=20),
}
ROBOT, BRIDGE = Client("robot", "robot-secret"), Client("bridge", "bridge-secret")
KNOWN: tuple[Json, ...] = (
    {"client_id": ROBOT.id, "client_secret": ROBOT.secret},
    {"client_id": BRIDGE.id, "client_secret": BRIDGE.secret, "grant_types": ["client_credentials", EXCHANGE]},
)
CLAIMS: Json = {"ann": {"groups": ["staff"], "tenant": "acme"}, "robot": {"tenant": "acme"}}


@pytest.fixture(scope="module")
async def idp() -> AsyncIterator[IdentityProvider]:
    async with identity_provider(Setup(RESOURCES, KNOWN, CLAIMS)) as started:
        yield started


async def read(idp: IdentityProvider, token: str) -> jwt.Token:
    return jwt.decode(token, KeySet.import_key_set(await idp.keys()), algorithms=["RS256", "ES256", "PS256"])


async def test_a_machine_gets_a_token_for_the_resource_it_names(idp: IdentityProvider) -> None:
    token = await read(idp, await idp.client_credentials(ROBOT, "read unknown", GATEWAY))
    assert (token.header["typ"], token.header["alg"]) == ("at+jwt", "ES256")
    assert token.claims["iss"] == idp.url
    assert [token.claims[name] for name in ("sub", "aud", "scope", "tenant")] == ["robot", GATEWAY, "read", "acme"]


async def test_a_person_logs_in_and_her_groups_are_in_the_token(idp: IdentityProvider) -> None:
    got = await idp.code_flow("ann", "openid read offline_access", GATEWAY)
    token = await read(idp, got["access_token"])
    assert [token.claims[name] for name in ("sub", "scope", "groups")] == ["ann", "read", ["staff"]]
    assert (await read(idp, got["id_token"])).claims["sub"] == "ann"


async def test_a_refresh_token_gets_another_token(idp: IdentityProvider) -> None:
    client = await idp.register()
    got = await idp.code_flow("ann", "read offline_access", GATEWAY, client)
    renewed = await idp.refresh(client, got["refresh_token"], GATEWAY)
    assert (await read(idp, renewed["access_token"])).claims["sub"] == "ann"
    await idp.revoke(client, renewed["refresh_token"])
    refused = await idp.post("/token", client, grant_type="refresh_token", refresh_token=renewed["refresh_token"])
    assert refused.json()["error"] == "invalid_grant"


async def test_an_opaque_token_is_known_until_it_is_revoked(idp: IdentityProvider) -> None:
    token = await idp.client_credentials(ROBOT, "read", OPAQUE)
    said = await idp.introspect(BRIDGE, token)
    assert [said[name] for name in ("active", "client_id", "aud", "scope")] == [True, "robot", OPAQUE, "read"]
    await idp.revoke(ROBOT, token)
    assert await idp.introspect(BRIDGE, token) == {"active": False}


async def test_an_exchanged_token_is_for_the_upstream_and_names_who_acts(idp: IdentityProvider) -> None:
    hers = (await idp.code_flow("ann", "read", GATEWAY))["access_token"]
    got = await idp.exchange(BRIDGE, hers, audience="orders-api")
    token = await read(idp, got["access_token"])
    assert [token.claims[name] for name in ("sub", "aud", "scope")] == ["ann", "orders-api", "orders"]
    assert (token.claims["act"], got["expires_in"]) == ({"sub": "bridge"}, 20)
    refused = await idp.post("/token", ROBOT, grant_type=EXCHANGE, subject_token=hers)
    assert refused.status_code == 400, "not every client may"


async def test_what_was_not_issued_here_is_not_exchanged(idp: IdentityProvider) -> None:
    async with identity_provider(Setup(RESOURCES, KNOWN)) as other:
        theirs = await other.client_credentials(ROBOT, "read", GATEWAY)
    with pytest.raises(AssertionError, match="invalid_request"):
        await idp.exchange(BRIDGE, theirs, resource=UPSTREAM)


async def test_a_resource_can_be_named_while_it_runs_and_others_cannot_be_asked_for(idp: IdentityProvider) -> None:
    with pytest.raises(AssertionError, match="invalid_target"):
        await idp.client_credentials(ROBOT, "read", "https://late.test")
    await idp.offer("https://late.test", Resource(("read",)))
    assert (await read(idp, await idp.client_credentials(ROBOT, "read", "https://late.test"))).claims["scope"] == "read"


async def test_a_person_may_refuse(idp: IdentityProvider) -> None:
    client = await idp.register()
    asked = f"{idp.url}/auth?client_id={client.id}&response_type=code&scope=read&resource={GATEWAY}&state=s"
    challenge = f"&code_challenge={'x' * 43}&code_challenge_method=S256"
    answer = query(await idp.log_in(asked + challenge, "cem", consent=False))
    assert (answer["error"], answer["state"], answer["iss"]) == ("access_denied", "s", idp.url)
    refused = query(await idp.log_in(asked, "cem"))
    assert refused["error"] == "invalid_request", "PKCE is not optional"
