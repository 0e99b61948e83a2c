"""An issuer's metadata, its keys, and what it says of an opaque token."""

import asyncio
import time
from base64 import b64encode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from urllib.parse import quote, urlencode, urlsplit, urlunsplit

import orjson

from bridge.egress.fetch import FetchPolicy, fetch
from bridge.egress.fetch_errors import BadStatus, FetchError
from bridge.egress.general import General
from bridge.egress.public import Public
from bridge.egress.upstream import Response, Upstream
from bridge.model import Json, Refusal, Target, Timeouts, Wire
from bridge.model.urls import shown

LARGEST = 512 << 10
"""Bytes of metadata or keys."""
PATIENCE = 5.0
"""Seconds for one request."""
REMEMBERED = 3600.0
"""Seconds for which metadata are not asked for again."""
_LARGEST_ANSWER = 64 << 10
_WELL_KNOWN = ("openid-configuration", "oauth-authorization-server")


class IssuerFailed(Exception):
    """The issuer did not say what it should. The message reads on after its name, and shows no secret."""


@dataclass(frozen=True, slots=True)
class Client:
    """The gateway's own client at the issuer, for introspection."""

    id: str
    secret: str = field(repr=False)


@dataclass(slots=True)
class IssuerLink:
    """The way to one issuer. `jwks_uri` and `introspection` are given, or found in its metadata.

    What was found is remembered for an hour; nobody else writes to it.
    """

    issuer: str
    jwks_uri: str = ""
    introspection: str = ""
    client: Client | None = None
    allow_private: bool = False
    _found: tuple[float, Mapping[str, Json]] | None = None
    _posts: Upstream | None = None

    async def keys(self) -> Json:
        """The JWK Set, unchecked. Raises IssuerFailed."""
        return await asyncio.to_thread(self.keys_now)

    def keys_now(self) -> Json:
        """The same, for whoever has no loop yet."""
        return self._json(self.jwks_uri or self._endpoint("jwks_uri"))

    async def introspect(self, token: str) -> Json:
        """RFC 7662 section 2.2, unchecked. Raises IssuerFailed."""
        assert self.client is not None
        url = self.introspection or await asyncio.to_thread(self._endpoint, "introspection_endpoint")
        response = await self._post(url, urlencode({"token": token, "token_type_hint": "access_token"}).encode())
        try:
            return await _answer(response)
        finally:
            await response.aclose()

    async def aclose(self) -> None:
        if self._posts is not None:
            await self._posts.aclose()

    def _endpoint(self, name: str) -> str:
        url = self._metadata().get(name)
        if not isinstance(url, str) or not _is_secure(url):
            raise IssuerFailed(f"its metadata name no {name} that is https")
        return url

    def _metadata(self) -> Mapping[str, Json]:
        if self._found is None or time.monotonic() - self._found[0] > REMEMBERED:
            self._found = time.monotonic(), self._discovered()
        return self._found[1]

    def _discovered(self) -> Mapping[str, Json]:
        for place in _places(self.issuer):
            try:
                found = self._json(place)
            except _NotThere:
                continue
            # RFC 8414 section 3.3: the issuer value returned "MUST be identical to the authorization server's issuer
            # identifier value into which the well-known URI string was inserted".
            if not isinstance(found, dict) or found.get("issuer") != self.issuer:
                raise IssuerFailed(f"{shown(place)} is another issuer's metadata")
            return found
        raise IssuerFailed("has no metadata, neither OpenID Connect's nor RFC 8414's; give jwks_uri")

    def _json(self, url: str) -> Json:
        policy = FetchPolicy(
            allow_private=self.allow_private, permit="set allow_private", max_bytes=LARGEST, timeout=PATIENCE,
            max_redirects=0,
        )  # fmt: skip
        try:
            return orjson.loads(fetch(url, policy).body)
        except BadStatus as error:
            if error.status in {404, 410}:
                raise _NotThere(str(error)) from error
            raise IssuerFailed(str(error)) from error
        except FetchError as error:
            raise IssuerFailed(str(error)) from error
        except orjson.JSONDecodeError as error:
            raise IssuerFailed(f"{shown(url)} is no JSON") from error

    async def _post(self, url: str, body: bytes) -> Response:
        assert self.client is not None
        parts = urlsplit(url)
        # RFC 6749 section 2.3.1: both are "application/x-www-form-urlencoded" before they are joined.
        user = f"{quote(self.client.id, safe='')}:{quote(self.client.secret, safe='')}"
        headers = (
            (b"authorization", b"Basic " + b64encode(user.encode())),
            (b"content-type", b"application/x-www-form-urlencoded"),
            (b"accept", b"application/json"),
        )
        target = Target(
            "issuer", f"{parts.scheme}://{parts.netloc}", guarded=True, timeouts=Timeouts(PATIENCE, PATIENCE, PATIENCE)
        )
        wire = Wire("POST", urlunsplit(("", "", parts.path or "/", parts.query, "")), headers, body)
        self._posts = self._posts or General(public=Public(allow_private=self.allow_private))
        try:
            return await self._posts.send(wire, target, asyncio.get_running_loop().time() + PATIENCE)
        except Refusal as refusal:
            raise IssuerFailed(f"{shown(url)}: {refusal.cause or refusal.message}") from refusal


class _NotThere(IssuerFailed):
    pass


async def _answer(response: Response) -> Json:
    """Raises IssuerFailed."""
    body = b""
    try:
        async with asyncio.timeout(PATIENCE):
            async for chunk in response.chunks:
                body += chunk
                if len(body) > _LARGEST_ANSWER:
                    raise IssuerFailed("its answer is too long")
    except (TimeoutError, Refusal) as error:
        raise IssuerFailed("its answer broke off, or took too long") from error
    if response.status != 200:
        raise IssuerFailed(f"it answered {response.status}")
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise IssuerFailed("its answer is no JSON") from error


def _places(issuer: str) -> Iterator[str]:
    """OpenID Connect Discovery section 4 appends, RFC 8414 section 3.1 inserts; both names are found in both places."""
    parts = urlsplit(issuer)
    path = parts.path.rstrip("/")
    yield f"{issuer.rstrip('/')}/.well-known/{_WELL_KNOWN[0]}"
    for name in reversed(_WELL_KNOWN):
        if path or name != _WELL_KNOWN[0]:
            yield urlunsplit((parts.scheme, parts.netloc, f"/.well-known/{name}{path}", "", ""))


def _is_secure(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    local = parts.hostname in {"localhost", "127.0.0.1", "::1"}
    return bool(parts.hostname) and (parts.scheme == "https" or (local and parts.scheme == "http"))
