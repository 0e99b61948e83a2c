"""Tokens that nobody may accept, by what is wrong with them; nothing else is."""

import time
from collections.abc import Callable, Mapping
from types import MappingProxyType

import orjson

from bridge.model import Json
from tests.kit.issuer import ABSENT, Issuer
from tests.kit.jws import new_key, signed

_HOUR = 3600
_OF_AN_ID_TOKEN: Json = {"nonce": "n-1", "auth_time": 1, "scope": ABSENT, "client_id": ABSENT}


def _of(one: Issuer, payload: bytes) -> str:
    key = one.keys[0]
    return signed(orjson.dumps({"alg": key.alg, "kid": key.kid, "typ": "at+jwt"}), payload, key)


def _twice(one: Issuer, header: bytes, payload: bytes) -> str:
    """The members of both objects are written before the right ones, which come last and so would win."""
    key = one.keys[0]
    named = orjson.dumps({"alg": key.alg, "kid": key.kid, "typ": "at+jwt"})
    return signed(_joined(header, named), _joined(payload, orjson.dumps(one.claims())), key)


def _joined(first: bytes, second: bytes) -> bytes:
    return second if first == b"{}" else first[:-1] + b"," + second[1:]


def _altered(one: Issuer) -> str:
    head, _, mark = one.token().split(".")
    return f"{head}.{one.token(sub='eve').split('.')[1]}.{mark}"


def _with_own_key(one: Issuer) -> str:
    """RFC 7515 section 4.1.3: a header may bring its key. Nobody may trust it for that."""
    own = new_key(one.keys[0].alg)
    return one.token(header={"jwk": own.public, "kid": ABSENT}, key=own)


REFUSED: Mapping[str, Callable[[Issuer], str]] = MappingProxyType({
    "another audience": lambda one: one.token(aud="https://upstream.test"),
    "other audiences": lambda one: one.token(aud=["https://upstream.test", f"{one.audience}/more"]),
    "no audience": lambda one: one.token(aud=ABSENT),
    "another issuer": lambda one: one.token(iss="https://elsewhere.test"),
    "the issuer with a slash": lambda one: one.token(iss=f"{one.url}/"),
    "no issuer": lambda one: one.token(iss=ABSENT),
    "expired": lambda one: one.token(exp=int(time.time()) - _HOUR),
    "not yet valid": lambda one: one.token(nbf=int(time.time()) + _HOUR),
    "no expiry": lambda one: one.token(exp=ABSENT),
    "an expiry in quotes": lambda one: one.token(exp=str(int(time.time()) + _HOUR)),
    "no subject": lambda one: one.token(sub=ABSENT),
    "no signature": lambda one: one.token(header={"alg": "none"}),
    "no signature nor key": lambda one: one.token(header={"alg": "none", "kid": ABSENT}),
    "signed with the public key": lambda one: one.token(header={"alg": "HS256"}),
    "signed by a stranger": lambda one: one.token(key=new_key(one.keys[0].alg, one.keys[0].kid)),
    "an unknown key": lambda one: one.token(header={"kid": "nobody"}),
    "the key within": _with_own_key,
    "a critical extension": lambda one: one.token(header={"crit": ["urn:unknown"], "urn:unknown": True}),
    "a JWT of another type": lambda one: one.token(header={"typ": "JWT"}),
    "an ID token": lambda one: one.token(header={"typ": "JWT"}, aud="agent", **_OF_AN_ID_TOKEN),
    "an ID token for the gateway": lambda one: one.token(header={"typ": "JWT"}, **_OF_AN_ID_TOKEN),
    "a logout token": lambda one: one.token(header={"typ": "logout+jwt"}),
    "an altered payload": _altered,
    "a member twice in the payload": lambda one: _twice(one, b"{}", b'{"sub":"eve"}'),
    "a member twice in the header": lambda one: _twice(one, b'{"typ":"at+jwt"}', b"{}"),
    "a payload that is no object": lambda one: _of(one, b"[]"),
    "a payload that is no JSON": lambda one: _of(one, b"\xff\xfe"),
    "more than eight kilobytes": lambda one: one.token(pad="x" * 8192),
    "two segments": lambda one: one.token().rpartition(".")[0],
    "four segments": lambda one: f"{one.token()}.e30",
    "not a token": lambda one: "not-a-token",
})  # fmt: skip
"""By what is wrong with them: each makes one anew, for an issuer whose tokens must be `at+jwt` for its `audience`."""
