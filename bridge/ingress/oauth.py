"""The endpoints for capabilities: token exchange (RFC 8693), revocation (RFC 7009), introspection (RFC 7662).

No authorization server: nobody logs in here, and no metadata lists it. A caller shows the credential that it has and
gets another one that opens less. It goes through the same gate as any other request.
"""

import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import TypeAlias
from urllib.parse import parse_qsl

import orjson

from bridge.ingress.answer import Answer
from bridge.ingress.asgi import Receive, Scope, Send, first
from bridge.ingress.body import Upload, read_whole
from bridge.ingress.problem import problem
from bridge.ingress.request import addressed, checked, opened
from bridge.model import (
    BadRequest,
    Call,
    ClientGone,
    Headers,
    Json,
    MethodNotAllowed,
    Origin,
    Outcome,
    Principal,
    Refusal,
    TooLarge,
    Unauthenticated,
)
from bridge.model.conditions import LONGEST
from bridge.pipeline.admit import arrive
from bridge.pipeline.identity.capabilities import Capabilities, Capability, Narrowing, Unfit
from bridge.pipeline.identity.handles import CAPABILITY, parse
from bridge.pipeline.owning import identity_of
from bridge.pipeline.run import finish, gate, refused
from bridge.pipeline.runtime import Runtime
from bridge.pipeline.strict import loads

EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"  # noqa: S105 - the name of a type
_TAKEN_TYPES = frozenset({ACCESS_TOKEN, "urn:ietf:params:oauth:token-type:jwt"})
DETAILS = "operations"
"""The `type` of an authorization details object (RFC 9396) that narrows by operations."""
LARGEST = 64 << 10
_MOST_SELECTORS = 100
_MOST_GAPS = 2
"""How often `**` may stand in a selector: each multiplies what matching costs."""
_NUMBERS = ("calls", "bytes", "tokens")
_JSON: Headers = ((b"content-type", b"application/json"), (b"cache-control", b"no-store"), (b"pragma", b"no-cache"))

Form: TypeAlias = Mapping[str, str]
Handler: TypeAlias = Callable[[Runtime, Capabilities, Call, Form], Awaitable[Json]]


async def serve(rt: Runtime, scope: Scope, receive: Receive, send: Send, name: str) -> None:
    upload = Upload(receive, scope)
    call, reply = opened(scope, upload), Answer(send, head=scope["method"] == "HEAD")
    outcome = refused(ClientGone("the client left before its answer was ready"))
    try:
        outcome = await _outcome(rt, call, scope, receive, name)
        await _write(reply, call, outcome)
    except ClientGone as left:
        outcome = refused(left)
    finally:
        call.body = None
        await finish(rt, call, outcome, sent=reply.sent, gone=isinstance(outcome.refusal, ClientGone))


async def _outcome(rt: Runtime, call: Call, scope: Scope, receive: Receive, name: str) -> Outcome:
    try:
        arrive(rt, call)
        checked(call, scope["http_version"])
        addressed(call, rt)
        handler, capabilities = HANDLERS[name], rt.capabilities
        assert capabilities is not None
        if call.method != "POST":
            raise MethodNotAllowed("this takes POST", headers=((b"allow", b"POST"),))
        form = await _form(call, receive)
        body = await handler(rt, capabilities, call, form)
    except ClientGone:
        raise
    except Unfit as unfit:
        told = {"error": unfit.error, "error_description": unfit.message}
        return Outcome(unfit.http, _JSON, orjson.dumps(told), origin=Origin.GATEWAY, refusal=unfit)
    except Refusal as refusal:
        return refused(refusal)
    return Outcome(200, _JSON, orjson.dumps(body) if body is not None else b"", origin=Origin.GATEWAY)


async def _write(reply: Answer, call: Call, outcome: Outcome) -> None:
    assert isinstance(outcome.body, bytes)
    if outcome.refusal is not None and not outcome.body:
        await reply.whole(*problem(outcome.refusal, call.id))
    else:
        await reply.whole(outcome.status, outcome.headers, outcome.body)


async def _form(call: Call, receive: Receive) -> Form:
    """RFC 6749 section 3.2: "Request and response parameters MUST NOT be included more than once". Raises BadRequest,
    TooLarge, ClientGone."""
    kind = first(call.headers, b"content-type").partition(b";")[0].strip().lower()
    if kind != b"application/x-www-form-urlencoded":
        raise Unfit("invalid_request", "send application/x-www-form-urlencoded")
    try:
        body = await read_whole(receive, LARGEST)
    except TooLarge:
        raise TooLarge(f"the body may hold {LARGEST} bytes") from None
    call.request_bytes = len(body)
    try:
        pairs = parse_qsl(body.decode("ascii"), keep_blank_values=True, strict_parsing=bool(body), max_num_fields=50)
    except ValueError as error:
        raise Unfit("invalid_request", "the body is no form") from error
    form = dict(pairs)
    if len(form) != len(pairs):
        raise Unfit("invalid_request", "a parameter is given more than once")
    return form


# --- token ------------------------------------------------------------------------------------------------------------


async def _token(rt: Runtime, capabilities: Capabilities, call: Call, form: Form) -> Json:
    _check_exchange(rt, form)
    asked = _narrowing(form)
    principal = await _subject(rt, call, form["subject_token"])
    text, made = await capabilities.mint(principal, call.subject, asked)
    told: dict[str, Json] = {
        "access_token": text,
        "issued_token_type": ACCESS_TOKEN,
        "token_type": "Bearer",
        "expires_in": max(int(made.expires - time.time()), 0),
    }
    scopes = made.principal.scopes
    told |= {"scope": " ".join(sorted(scopes))} if scopes is not None else {}
    return told | {"authorization_details": _details(made)}


def _check_exchange(rt: Runtime, form: Form) -> None:
    """Raises Unfit."""
    if form.get("grant_type") != EXCHANGE:
        raise Unfit("unsupported_grant_type", f"grant_type must be {EXCHANGE}")
    if not form.get("subject_token"):
        raise Unfit("invalid_request", "subject_token is missing: the credential that is to be narrowed")
    if form.get("subject_token_type", ACCESS_TOKEN) not in _TAKEN_TYPES:
        raise Unfit("invalid_request", f"subject_token_type must be {ACCESS_TOKEN}")
    if form.get("requested_token_type", ACCESS_TOKEN) != ACCESS_TOKEN:
        raise Unfit("invalid_request", f"requested_token_type must be {ACCESS_TOKEN}")
    if "actor_token" in form:
        raise Unfit("invalid_request", "actor_token is not taken: a capability is its subject's own authority")
    for name in ("resource", "audience"):
        if name in form and not rt.protected.accepts(frozenset({form[name]}), ""):
            raise Unfit("invalid_target", f"{name} is none of this gateway's")


async def _subject(rt: Runtime, call: Call, token: str) -> Principal:
    """Whose credential it is. One that the request is sent with as well has to be the same caller's. Raises Unfit."""
    sent_with = call.headers
    try:
        call.headers = ((b"authorization", b"Bearer " + token.encode("latin-1", "replace")),)
        principal = await gate(rt, call)
    except (Unauthenticated, BadRequest) as error:
        raise Unfit("invalid_request", "the subject token is not valid here") from error
    finally:
        call.headers = sent_with
    if not call.withheld:
        # Nobody took it for a credential: the caller is known by something else, which was not to be narrowed.
        raise Unfit("invalid_request", "the subject token is not valid here")
    if first(sent_with, b"authorization"):
        also = await rt.authenticator.authenticate(replace(call, subject="", withheld=frozenset()))
        if identity_of(also) != identity_of(principal):
            raise Unfit("invalid_request", "the request and its subject token are of two callers")
    return principal


def _narrowing(form: Form) -> Narrowing:
    """Raises Unfit."""
    details = _object(form["authorization_details"]) if "authorization_details" in form else {}
    unknown = sorted(details.keys() - {"type", "operations", "when", *_NUMBERS})
    if unknown:
        raise _bad_details(f"{unknown[0][:50]!r} is not known; there are operations, when, calls, bytes and tokens")
    operations, when = details.get("operations"), details.get("when")
    if operations is not None and not _is_selectors(operations):
        raise _bad_details(
            f"operations must be a list of up to {_MOST_SELECTORS} selectors, each with ** {_MOST_GAPS} times at most"
        )
    if when is not None and (not isinstance(when, str) or len(when) > LONGEST):
        raise _bad_details("when must be a condition")
    numbers = {name: _number(details[name], name) for name in _NUMBERS if name in details}
    return Narrowing(
        operations=None if operations is None else tuple(operations),
        when=when,
        seconds=_seconds(form),
        scopes=frozenset(form["scope"].split()) if "scope" in form else None,
        **numbers,
    )


def _object(text: str) -> dict[str, Json]:
    """RFC 9396 section 2: "a JSON array of objects"."""
    try:
        value = loads(text)
    except ValueError as error:
        raise _bad_details(f"it {error}") from error
    if not isinstance(value, list) or len(value) != 1 or not isinstance(value[0], dict):
        raise _bad_details("it must be an array of one object")
    if value[0].get("type") != DETAILS:
        raise _bad_details(f"its type must be {DETAILS!r}")
    return value[0]


def _is_selectors(value: Json) -> bool:
    listed = isinstance(value, list) and 0 < len(value) <= _MOST_SELECTORS
    return listed and all(
        isinstance(one, str) and 0 < len(one) <= 500 and one.count("**") <= _MOST_GAPS for one in value
    )


def _number(value: Json, name: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 < value < 1 << 53:
        raise _bad_details(f"{name} must be a whole number above zero")
    return value


def _seconds(form: Form) -> float | None:
    text = form.get("expires_in")
    if text is None:
        return None
    if not text.isascii() or not text.isdigit() or not 0 < len(text) < 10 or int(text) == 0:
        raise Unfit("invalid_request", "expires_in must be a number of seconds above zero")
    return float(text)


def _bad_details(message: str) -> Unfit:
    return Unfit("invalid_authorization_details", f"authorization_details: {message}")


def _details(made: Capability) -> Json:
    """All narrowings on the way to it, the oldest first: each of them holds."""
    told = []
    for layer in made.layers:
        members = {name: getattr(layer, name) for name in ("operations", "when", *_NUMBERS)}
        told.append({"type": DETAILS} | {name: value for name, value in members.items() if value is not None})
    return told


# --- revoke, introspect -----------------------------------------------------------------------------------------------


async def _revoke(rt: Runtime, capabilities: Capabilities, call: Call, form: Form) -> Json:
    """RFC 7009 section 2.2: 200 "if the client submitted an invalid token" as well. Who holds one may end it."""
    handle = parse(_named(form), CAPABILITY)
    found = await capabilities.find(handle) if handle is not None else None
    if found is not None:
        await capabilities.revoke(found.id)
        rt.forget(form["token"])
    return None


async def _introspect(rt: Runtime, capabilities: Capabilities, call: Call, form: Form) -> Json:
    """Of somebody else's token nobody learns anything."""
    principal = await gate(rt, call)
    handle = parse(_named(form), CAPABILITY)
    found = await capabilities.find(handle) if handle is not None else None
    if found is None or identity_of(found.principal) != identity_of(principal):
        return {"active": False}
    who = found.principal
    told: dict[str, Json] = {
        "active": True,
        "token_type": "Bearer",
        "sub": who.id,
        "iat": int(found.created),
        "exp": int(found.expires),
        "jti": found.id,
        "authorization_details": _details(found),
    }
    told |= {"client_id": who.client} if who.client else {}
    return told | ({"scope": " ".join(sorted(who.scopes))} if who.scopes is not None else {})


def _named(form: Form) -> str:
    if not form.get("token"):
        raise Unfit("invalid_request", "token is missing")
    return form["token"]


HANDLERS: Mapping[str, Handler] = {"token": _token, "revoke": _revoke, "introspect": _introspect}
