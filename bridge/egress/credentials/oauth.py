"""One request to a token endpoint: the client credentials grant (RFC 6749 section 4.4) or token exchange (RFC 8693).

It goes out by the same client as every call: no redirect is followed, no listener of our own is reached, and what comes
back is bounded in size and time. What a stranger's server says is never repeated to callers: of its errors only the
words that the standards have are told, and to the operator alone.
"""

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeAlias
from urllib.parse import quote_plus, urlencode

import orjson

from bridge.egress.collect import collect
from bridge.egress.credentials.fixed import basic_value
from bridge.egress.upstream import Upstream
from bridge.model import (
    CredentialRefused,
    CredentialUnavailable,
    ExchangeRefused,
    Headers,
    Json,
    Refusal,
    Target,
    Timeouts,
    Wire,
)

PATIENCE = 10.0
"""Seconds for a request and its answer."""
LARGEST = 64 << 10
"""Bytes of an answer."""
LONGEST_TOKEN = 16 << 10
UNSAID = 60.0
"""Seconds that a token lasts of which its server does not say how long."""
LONGEST = 86_400.0

Form: TypeAlias = Sequence[tuple[str, str]]
_TOKEN = re.compile(r"[\x21-\x7e]+")
_EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
_ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"  # noqa: S105 - the name of a kind
_USABLE = frozenset({_ACCESS_TOKEN, "urn:ietf:params:oauth:token-type:jwt"})
# RFC 8693 section 2.2.2: “If [...] the subject_token [...] is invalid for any reason, or is unacceptable based on
# policy”, the error is invalid_request; many servers say one of the others. All are about the caller, not about us.
_OF_THE_CALLER = frozenset(
    {
        *("invalid_request", "invalid_grant", "invalid_token", "access_denied"),
        *("login_required", "interaction_required", "consent_required", "insufficient_scope"),
    }
)
# RFC 6749 section 5.2, RFC 8707 section 2, and the ones above.
_KNOWN = _OF_THE_CALLER | {
    *("invalid_client", "invalid_scope", "invalid_target", "unauthorized_client", "unsupported_grant_type"),
    *("server_error", "temporarily_unavailable", "slow_down"),
}
_LATER = frozenset({408, 425, 429, 500, 502, 503, 504})
_PAUSES = {CredentialUnavailable: 2.0, CredentialRefused: 10.0, ExchangeRefused: 5.0}
"""Seconds for which a failure stands before the server is asked again."""
_LONGEST_PAUSE = 60.0


@dataclass(frozen=True, slots=True)
class Client:
    """The gateway as a client of an authorization server. `key` names the credential, `api` what it is for; `basic`:
    it proves itself in the Authorization header, else in the body."""

    key: str
    api: str
    origin: str
    target: str
    id: str
    secret: str = field(repr=False)
    basic: bool = True
    scopes: tuple[str, ...] = ()
    audience: tuple[str, ...] = ()
    resource: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Issue:
    """A token and the seconds for which it lasts."""

    token: str = field(repr=False)
    seconds: float


@dataclass(frozen=True, slots=True)
class Failure:
    """Why there is none. `pause` is in seconds."""

    kind: type[Refusal]
    message: str
    cause: str
    pause: float

    def refusal(self, pause: float) -> Refusal:
        later = () if self.kind is ExchangeRefused else ((b"retry-after", b"%d" % max(1, round(pause))),)
        return self.kind(self.message, headers=later, cause=self.cause)


def client_grant(client: Client) -> Form:
    return (("grant_type", "client_credentials"), *_wanted(client))


def exchange_grant(client: Client, subject: str) -> Form:
    """RFC 8693 section 2.1."""
    return (
        ("grant_type", _EXCHANGE),
        ("subject_token", subject),
        ("subject_token_type", _ACCESS_TOKEN),
        ("requested_token_type", _ACCESS_TOKEN),
        *_wanted(client),
    )


async def issue(upstream: Upstream, client: Client, form: Form) -> Issue | Failure:
    """Raises nothing but what no server can cause."""
    target = Target(client.key, client.origin, timeouts=Timeouts(read=PATIENCE, total=PATIENCE))
    deadline = asyncio.get_running_loop().time() + PATIENCE
    try:
        response = await upstream.send(_wire(client, form), target, deadline)
        try:
            body, cut = await collect(response.headers, response.chunks, LARGEST, deadline)
        finally:
            await response.aclose()
    except Refusal as refusal:
        return _unavailable(client, refusal.cause or "its answer broke off")
    exchanged = form[0][1] == _EXCHANGE
    if response.status in _LATER:
        return _unavailable(client, f"it answered with {response.status}", _retry_after(response.headers))
    if response.status != 200:
        return _refused(client, response.status, body, exchanged=exchanged)
    return _read(client, b"" if cut else body, exchanged=exchanged)


def _wanted(client: Client) -> Form:
    scope = [("scope", " ".join(client.scopes))] if client.scopes else []
    audience = [("audience", one) for one in client.audience]
    return (*scope, *audience, *(("resource", one) for one in client.resource))


def _wire(client: Client, form: Form) -> Wire:
    proof: Headers = ()
    if client.basic:
        # RFC 6749 section 2.3.1: both “encoded using the "application/x-www-form-urlencoded" encoding algorithm”.
        proof = ((b"authorization", basic_value(quote_plus(client.id), quote_plus(client.secret))),)
    else:
        form = (*form, ("client_id", client.id), ("client_secret", client.secret))
    body = urlencode(form).encode("ascii")
    headers: Headers = (
        (b"content-type", b"application/x-www-form-urlencoded"),
        (b"content-length", b"%d" % len(body)),
        (b"accept", b"application/json"),
        (b"user-agent", b"dualbridge"),
        *proof,
    )
    return Wire("POST", client.target, headers, body)


def _read(client: Client, body: bytes, *, exchanged: bool) -> Issue | Failure:
    answer = _object(body)
    token = answer.get("access_token")
    if not isinstance(token, str) or not _TOKEN.fullmatch(token) or len(token) > LONGEST_TOKEN:
        return _unusable(client, "without a token that a header can carry")
    # RFC 6749 section 7.1: “The client MUST NOT use an access token if it does not understand the token type.”
    if str(answer.get("token_type", "")).lower() != "bearer":
        return _unusable(client, "with a token that is no bearer token")
    if exchanged and answer.get("issued_token_type", _ACCESS_TOKEN) not in _USABLE:
        return _unusable(client, "with a token that is no access token")
    return Issue(token, _seconds(answer.get("expires_in")))


def _seconds(said: Json) -> float:
    """Some servers write the number as text."""
    try:
        seconds = UNSAID if said is None or isinstance(said, bool) else float(said)
    except (TypeError, ValueError):
        seconds = UNSAID
    return min(max(seconds, 0.0), LONGEST) if seconds == seconds else UNSAID  # noqa: PLR0124 - NaN is not itself


def _object(body: bytes) -> dict[str, Json]:
    try:
        answer = orjson.loads(body)
    except orjson.JSONDecodeError:
        return {}
    return answer if isinstance(answer, dict) else {}


def _refused(client: Client, status: int, body: bytes, *, exchanged: bool) -> Failure:
    error = _object(body).get("error")
    said = error if error in _KNOWN else "no error that the standards know"
    cause = f"{client.origin}: it answered with {status}, {said}"
    if error == "temporarily_unavailable":
        return _unavailable(client, cause)
    if exchanged and error in _OF_THE_CALLER:
        what = f"the authorization server of the API {client.api!r} does not exchange this access token"
        return _failure(ExchangeRefused, f"{what}; sign in anew, or ask for access", cause)
    what = f"the gateway is given no credential for the API {client.api!r} by its authorization server"
    return _failure(CredentialRefused, f"{what}; nothing was sent", cause)


def _unusable(client: Client, how: str) -> Failure:
    what = f"the gateway is given no usable credential for the API {client.api!r} by its authorization server"
    return _failure(CredentialRefused, f"{what}; nothing was sent", f"{client.origin}: it answered {how}")


def _unavailable(client: Client, why: str, pause: float = 0.0) -> Failure:
    what = f"the authorization server of the API {client.api!r} does not answer; nothing was sent"
    cause = why if client.origin in why else f"{client.origin}: {why}"
    return _failure(CredentialUnavailable, what, cause, pause)


def _failure(kind: type[Refusal], message: str, cause: str, pause: float = 0.0) -> Failure:
    return Failure(kind, message, cause, min(pause or _PAUSES[kind], _LONGEST_PAUSE))


def _retry_after(headers: Headers) -> float:
    """Seconds; a date is not worth its parser here."""
    said = next((value for name, value in headers if name == b"retry-after"), b"")
    return float(said) if said.isdigit() and len(said) < 7 else 0.0
