"""The flow of the protocol's own client against a real identity provider and the smallest server that wants tokens.

What this shows is what a server must say for a client to find its way: nothing here is the gateway.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import orjson
import pytest
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from joserfc.jwt import JWTClaimsRegistry
from mcp.client.auth import OAuthFlowError
from mcp.server.streamable_http_manager import StreamableHTTPASGIApp, StreamableHTTPSessionManager

from bridge.ingress.asgi import Receive, Scope, Send
from bridge.model import Json
from tests.kit.client import MODES, connected
from tests.kit.consenting import Consenting
from tests.kit.gateway import serving
from tests.kit.idp import CALLBACK, IdentityProvider, Resource, Setup, identity_provider
from tests.kit.needs import needs_idp
from tests.kit.sdk_server import server

pytestmark = needs_idp

METADATA = "/.well-known/oauth-protected-resource/mcp"
READ, WRITE = "weather:read", "weather:write"
NEEDS = {"build_simulation": f"{READ} {WRITE}"}
"""The scopes of a call; everything else needs what reads."""

DOCUMENT = "https://agent.test/client.json"
DESCRIBED = {"client_id": DOCUMENT, "client_name": "kit", "redirect_uris": [CALLBACK], "application_type": "native",
             "grant_types": ["authorization_code", "refresh_token"], "token_endpoint_auth_method": "none"}  # fmt: skip


@dataclass(slots=True)
class Guarded:
    """An MCP server behind a check of tokens; `refused` are its challenges, in their order."""

    manager: StreamableHTTPSessionManager
    issuer: str
    keys: KeySet
    url: str = ""
    refused: list[str] = field(default_factory=list)

    @property
    def mcp(self) -> str:
        return f"{self.url}/mcp"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] == METADATA:
            return await _answer(send, 200, self.described)
        if scope["path"] != "/mcp":
            return await _answer(send, 404, {})
        body = await _body(receive) if scope["method"] == "POST" else b""
        granted, needed = self._granted(scope), _needed(body)
        if granted is None:
            return await self._challenge(send, 401, f'scope="{needed}"')
        if not granted.issuperset(needed.split()):
            return await self._challenge(send, 403, f'error="insufficient_scope", scope="{needed}"')
        return await StreamableHTTPASGIApp(self.manager)(scope, _again(body, receive), send)

    @property
    def described(self) -> Json:
        """RFC 9728."""
        servers = {"authorization_servers": [self.issuer], "scopes_supported": [READ]}
        return {"resource": self.mcp, **servers, "bearer_methods_supported": ["header"]}

    def _granted(self, scope: Scope) -> set[str] | None:
        header = dict(scope["headers"]).get(b"authorization", b"").decode()
        wanted = JWTClaimsRegistry(
            iss={"essential": True, "value": self.issuer},
            aud={"essential": True, "value": self.mcp},
            exp={"essential": True},
        )
        try:
            token = jwt.decode(header.removeprefix("Bearer "), self.keys, algorithms=["RS256"])
            wanted.validate(token.claims)
        except (JoseError, ValueError):
            return None
        return set(token.claims["scope"].split()) if token.header.get("typ") == "at+jwt" else None

    async def _challenge(self, send: Send, status: int, rest: str) -> None:
        self.refused.append(f'Bearer {rest}, resource_metadata="{self.url}{METADATA}"')
        await _answer(send, status, {}, (b"www-authenticate", self.refused[-1].encode()))


def _needed(body: bytes) -> str:
    asked = orjson.loads(body) if body else {}
    return NEEDS.get(asked.get("params", {}).get("name", ""), READ)


async def _body(receive: Receive) -> bytes:
    body, more = b"", True
    while more:
        message = await receive()
        body, more = body + message["body"], message["more_body"]
    return body


def _again(body: bytes, receive: Receive) -> Receive:
    left = [{"type": "http.request", "body": body, "more_body": False}]

    async def again() -> Json:
        return left.pop() if left else await receive()

    return again


async def _answer(send: Send, status: int, said: Json, *headers: tuple[bytes, bytes]) -> None:
    head = [(b"content-type", b"application/json"), *headers]
    await send({"type": "http.response.start", "status": status, "headers": head})
    await send({"type": "http.response.body", "body": orjson.dumps(said), "more_body": False})


@pytest.fixture(scope="module")
async def idp() -> AsyncIterator[IdentityProvider]:
    async with identity_provider(Setup(documents={DOCUMENT: DESCRIBED})) as started:
        yield started


@asynccontextmanager
async def guarded(idp: IdentityProvider, lifetime: int = 60, mode: str = "auto") -> AsyncIterator[Guarded]:
    manager = StreamableHTTPSessionManager(server(), json_response=True, stateless=mode == "auto")
    app = Guarded(manager, idp.url, KeySet.import_key_set(await idp.keys()))
    async with manager.run(), serving(app) as url:
        app.url = url
        await idp.offer(app.mcp, Resource((READ, WRITE), lifetime=lifetime))
        yield app


@pytest.mark.parametrize("mode", MODES)
async def test_a_client_finds_the_provider_registers_and_is_let_in(idp: IdentityProvider, mode: str) -> None:
    async with guarded(idp, mode=mode) as app:
        auth = Consenting(idp, "ann", app.mcp)
        async with connected(app.mcp, mode, auth) as agent:
            assert (await agent.call("get_weather", location="Linz")).structured["temperature"] == 22.5
        (visit,) = auth.visits
        assert (visit["resource"], visit["scope"]) == (app.mcp, f"{READ} offline_access")
        assert app.refused == [f'Bearer scope="{READ}", resource_metadata="{app.url}{METADATA}"']


@pytest.mark.parametrize("mode", MODES)
async def test_a_call_that_needs_more_makes_the_client_ask_for_more(idp: IdentityProvider, mode: str) -> None:
    async with guarded(idp, mode=mode) as app:
        auth = Consenting(idp, "ann", app.mcp)
        async with connected(app.mcp, mode, auth) as agent:
            assert not (await agent.call("get_weather", location="Linz")).failed
            assert not (await agent.call("build_simulation", city="Linz")).failed
            assert not (await agent.call("get_weather", location="Linz")).failed
        assert [visit["scope"] for visit in auth.visits] == [f"{READ} offline_access", f"{READ} offline_access {WRITE}"]
        assert len(app.refused) == 2


async def test_a_client_with_a_document_need_not_register(idp: IdentityProvider) -> None:
    registered = (await idp.requests())["/reg"]
    async with guarded(idp) as app:
        auth = Consenting(idp, "ben", app.mcp, document=DOCUMENT)
        async with connected(app.mcp, "auto", auth) as agent:
            assert not (await agent.call("get_weather", location="Linz")).failed
    assert auth.visits[0]["client_id"] == DOCUMENT
    assert (await idp.requests())["/reg"] == registered


async def test_an_expired_token_is_renewed_without_the_person(idp: IdentityProvider) -> None:
    async with guarded(idp, lifetime=1) as app:
        auth = Consenting(idp, "ann", app.mcp)
        async with connected(app.mcp, "auto", auth) as agent:
            assert not (await agent.call("get_weather", location="Linz")).failed
            await asyncio.sleep(1.5)
            assert not (await agent.call("get_weather", location="Linz")).failed
    assert (len(auth.visits), len(auth.kept.tokens)) == (1, 2)


async def test_a_person_who_does_not_consent_lets_nobody_in(idp: IdentityProvider) -> None:
    async with guarded(idp) as app:
        auth = Consenting(idp, "cem", app.mcp)
        auth.consent = False
        refused = pytest.RaisesExc(OAuthFlowError, match="No authorization code")
        with pytest.RaisesGroup(refused, flatten_subgroups=True):
            async with connected(app.mcp, "auto", auth):
                pass
    assert (len(auth.visits), auth.kept.tokens) == (1, [])
