"""A real identity provider (npm `oidc-provider`) as a process of its own, and people who log in there.

Its URL is not known before it runs, nor that of the gateway before the provider's is configured there: `offer` names a
resource to a provider that is running.
"""

import asyncio
import os
import signal
from base64 import urlsafe_b64encode
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from hashlib import sha256
from html.parser import HTMLParser
from pathlib import Path
from secrets import token_urlsafe
from types import MappingProxyType
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx2
import orjson

from bridge.model import Json
from tests.kit.needs import node

SCRIPT = Path(__file__).parent / "node" / "idp.mjs"
CALLBACK = "http://127.0.0.1:3030/callback"
"""Where clients of the kit have people sent back to. Nobody listens there: what matters is the query."""

EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"
START = 15.0
END = 5.0
HOPS = 12
"""Redirections and forms between a client's first address and its callback; a login with consent takes six."""


@dataclass(frozen=True, slots=True)
class Resource:
    """What tokens for one `resource` (RFC 8707) are like; their audience is its indicator unless it names another."""

    scopes: tuple[str, ...]
    format: str = "jwt"
    audience: str | None = None
    alg: str = "RS256"
    lifetime: int | None = None
    """Seconds."""

    @property
    def told(self) -> Json:
        told = {"scopes": self.scopes, "accessTokenFormat": self.format, "alg": self.alg}
        return told | {"audience": self.audience, "lifetime": self.lifetime}


@dataclass(frozen=True, slots=True)
class Setup:
    """`clients` in the words of RFC 7591; one without `redirect_uris` is a machine with client credentials.

    `claims` are by the name of the person or client that a token is about: anybody may log in, most without any.
    `documents` are by URL: a client whose identifier is that URL need not register (Client ID Metadata Documents).
    `lifetimes` in seconds, by `AccessToken`, `ClientCredentials`, `IdToken`, `RefreshToken`, `Session` or `Grant`.
    """

    resources: Mapping[str, Resource] = field(default_factory=dict)
    clients: tuple[Json, ...] = ()
    claims: Mapping[str, Mapping[str, Json]] = field(default_factory=dict)
    documents: Mapping[str, Json] = field(default_factory=dict)
    lifetimes: Mapping[str, int] = field(default_factory=dict)

    @property
    def told(self) -> Json:
        resources = {indicator: one.told for indicator, one in self.resources.items()}
        rest = {"claims": self.claims, "documents": self.documents, "lifetimes": self.lifetimes}
        return {"resources": resources, "clients": self.clients, **rest}


@dataclass(frozen=True, slots=True)
class Client:
    """One that the provider knows; a public one has no secret."""

    id: str
    secret: str | None = None

    def form(self, **fields: str | None) -> dict[str, str]:
        named = {"client_id": self.id, "client_secret": self.secret, **fields}
        return {name: value for name, value in named.items() if value is not None}


@dataclass(slots=True)
class IdentityProvider:
    url: str
    _process: asyncio.subprocess.Process
    _http: httpx2.AsyncClient
    _browsers: dict[str, httpx2.AsyncClient] = field(default_factory=dict)
    _speaking: asyncio.Lock = field(default_factory=asyncio.Lock)

    # --- the provider itself ------------------------------------------------------------------------------------------

    async def offer(self, indicator: str, resource: Resource) -> None:
        """From now on clients may ask for tokens for it."""
        await self._say({"resources": {indicator: resource.told}})

    async def claim(self, subject: str, **claims: Json) -> None:
        """What tokens say of a person or client from now on, instead of what they said."""
        await self._say({"claims": {subject: claims}})

    async def requests(self) -> Counter[str]:
        """How often each path was asked for, since the start."""
        return Counter((await self._say({}))["requests"])

    async def metadata(self) -> Json:
        return _json(await self._http.get(f"{self.url}/.well-known/openid-configuration"))

    async def keys(self) -> Json:
        return _json(await self._http.get(f"{self.url}/jwks"))

    # --- its clients --------------------------------------------------------------------------------------------------

    async def register(self, **metadata: Json) -> Client:
        """RFC 7591, without a token to show first; a public client with one redirection unless it says otherwise."""
        asked = {
            "redirect_uris": [CALLBACK], "token_endpoint_auth_method": "none", "application_type": "native",
            "grant_types": ["authorization_code", "refresh_token"],
        }  # fmt: skip
        made = _json(await self._http.post(f"{self.url}/reg", json=asked | metadata))
        return Client(made["client_id"], made.get("client_secret"))

    async def client_credentials(self, client: Client, scope: str | None = None, resource: str | None = None) -> str:
        """The access token."""
        return str((await self._redeem(client, "client_credentials", scope=scope, resource=resource))["access_token"])

    async def exchange(
        self, client: Client, token: str, *, resource: str | None = None, audience: str | None = None,
        scope: str | None = None,
    ) -> Json:  # fmt: skip
        """RFC 8693, as an answer of the token endpoint: for the subject of `token`, with the client in `act`."""
        subject = {"subject_token": token, "subject_token_type": ACCESS_TOKEN}
        return await self._redeem(client, EXCHANGE, **subject, resource=resource, audience=audience, scope=scope)

    async def refresh(self, client: Client, token: str, resource: str | None = None) -> Json:
        return await self._redeem(client, "refresh_token", refresh_token=token, resource=resource)

    async def introspect(self, client: Client, token: str) -> Json:
        """RFC 7662. The provider knows what it keeps, which are opaque tokens: a JWT is an error to it."""
        return _json(await self.post("/token/introspection", client, token=token))

    async def revoke(self, client: Client, token: str) -> None:
        """RFC 7009, for the client's own opaque and refresh tokens."""
        assert (await self.post("/token/revocation", client, token=token)).status_code == 200

    async def post(self, path: str, client: Client, **fields: str | None) -> httpx2.Response:
        """A form with the client's credentials, for whoever wants to see an error."""
        return await self._http.post(f"{self.url}{path}", data=client.form(**fields))

    # --- its people ---------------------------------------------------------------------------------------------------

    async def code_flow(
        self, person: str, scope: str, resource: str | None = None, client: Client | None = None
    ) -> Json:
        """The answer of the token endpoint (RFC 6749 section 5.1); without a client, a new public one asks."""
        client = client or await self.register()
        verifier, state = token_urlsafe(48), token_urlsafe(16)
        asked = {
            "response_type": "code", "client_id": client.id, "redirect_uri": CALLBACK, "scope": scope, "state": state,
            "code_challenge": urlsafe_b64encode(sha256(verifier.encode()).digest()).rstrip(b"=").decode(),
            "code_challenge_method": "S256", "prompt": "consent",
        } | ({"resource": resource} if resource else {})  # fmt: skip
        answer = query(await self.log_in(f"{self.url}/auth?{urlencode(asked)}", person))
        assert (answer.get("state"), answer.get("iss")) == (state, self.url), answer
        return await self._redeem(
            client, "authorization_code", code=answer["code"], code_verifier=verifier, redirect_uri=CALLBACK,
            resource=resource,
        )  # fmt: skip

    async def log_in(self, url: str, person: str, *, consent: bool = True) -> str:
        """Where the person's browser is sent in the end: the client's callback, with a code or an error in its query.

        The browser stays logged in: the next time it is only asked for consent. Without `consent` it is refused.
        """
        browser = self._browsers.setdefault(person, _browser())
        response = await browser.get(url)
        for _ in range(HOPS):
            if response.is_redirect:
                assert response.next_request is not None
                if not str(response.next_request.url).startswith(f"{self.url}/"):
                    return str(response.next_request.url)
                response = await browser.send(response.next_request)
            else:
                response = await _answered(browser, response, person, consent=consent)
        raise AssertionError(f"no end of it: {response.url}")

    # --- inside -------------------------------------------------------------------------------------------------------

    async def aclose(self) -> None:
        for client in (self._http, *self._browsers.values()):
            await client.aclose()

    async def _redeem(self, client: Client, grant: str, **fields: str | None) -> Json:
        return _json(await self.post("/token", client, grant_type=grant, **fields))

    async def _say(self, message: Json) -> Json:
        async with self._speaking, asyncio.timeout(START):
            assert self._process.stdin is not None
            self._process.stdin.write(orjson.dumps(message) + b"\n")
            await self._process.stdin.drain()
            return await _heard(self._process)


@asynccontextmanager
async def identity_provider(setup: Setup | None = None, port: int = 0) -> AsyncIterator[IdentityProvider]:
    """Ready when it is entered, with keys of its own; gone when it is left, and with this process."""
    process = await asyncio.create_subprocess_exec(
        str(node()), str(SCRIPT), str(port), stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
        start_new_session=True,
    )  # fmt: skip
    provider = IdentityProvider("", process, _browser())
    try:
        provider.url = (await provider._say((setup or Setup()).told))["url"]
        yield provider
    finally:
        await provider.aclose()
        await _ended(process)


async def _ended(process: asyncio.subprocess.Process) -> None:
    """It ends with its input; its group is killed if it does not."""
    assert process.stdin is not None
    process.stdin.close()
    try:
        await asyncio.wait_for(process.communicate(), END)
    except TimeoutError:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.communicate()


async def _heard(process: asyncio.subprocess.Process) -> Json:
    assert process.stdout is not None
    line = await process.stdout.readline()
    assert line, "the identity provider has ended"
    return orjson.loads(line)


def query(url: str) -> Mapping[str, str]:
    return MappingProxyType(dict(parse_qsl(urlsplit(url).query)))


def _json(response: httpx2.Response) -> Json:
    assert response.is_success, response.text
    return orjson.loads(response.content)


# --- a browser --------------------------------------------------------------------------------------------------------


def _browser() -> httpx2.AsyncClient:
    return httpx2.AsyncClient(timeout=10, trust_env=False)


class _Page(HTMLParser):
    """The form of a page, with what it holds already, and where its links lead."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.action = ""
        self.fields: dict[str, str] = {}
        self.links: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.action = found["action"]
        elif tag == "input":
            self.fields[found["name"]] = found.get("value", "")
        elif tag == "a":
            self.links.append(found["href"])


async def _answered(
    browser: httpx2.AsyncClient, response: httpx2.Response, person: str, *, consent: bool
) -> httpx2.Response:
    page = _Page(response.text)
    assert page.action, response.text
    if page.fields["prompt"] == "login":
        return await browser.post(page.action, data=page.fields | {"login": person, "password": "any will do"})
    if consent:
        return await browser.post(page.action, data=page.fields)
    (abort,) = [link for link in page.links if link.endswith("/abort")]
    return await browser.get(abort)
