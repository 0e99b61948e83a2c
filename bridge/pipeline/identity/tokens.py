"""JWT access tokens (RFC 9068): taken apart strictly, verified by joserfc, judged here.

The library verifies signatures. What two readers of one token might see differently is refused before it comes to that
(a member named twice, another spelling of base64url), and so is what it would let pass: a `typ` that is no access
token's, an `exp` that is text.
"""

import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeGuard

from joserfc.errors import JoseError
from joserfc.jwk import Key
from joserfc.jws import JWSRegistry

from bridge.model import Json
from bridge.pipeline.strict import loads

LONGEST = 8 << 10
"""Characters of a token. A longer one is refused before anything looks into it."""
# What OpenID Connect Core has in ID tokens alone: they say to a client who logged in, and open nothing.
_OF_ID_TOKENS = ("nonce", "at_hash", "c_hash", "s_hash")


class Invalid(Exception):
    """Not a token that is valid here. The message is for logs and tests: no caller reads it."""


@dataclass(frozen=True, slots=True)
class Taken:
    """A token taken apart, nothing of it verified yet."""

    text: str
    header: Mapping[str, Json]
    claims: Mapping[str, Json]

    @property
    def kid(self) -> str:
        kid = self.header.get("kid", "")
        return kid if isinstance(kid, str) else ""


class Keys(Protocol):
    async def candidates(self, kid: str, algorithm: str) -> Sequence[Key]:
        """The issuer's keys that may have signed it, few. Never raises."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What an issuer's tokens must be. `types` are in lower case, without `application/`."""

    issuer: str
    algorithms: frozenset[str]
    types: frozenset[str]
    leeway: float


def take_apart(text: str) -> Taken:
    """Raises Invalid for what is no JWT in its one compact form."""
    if len(text) > LONGEST:
        raise Invalid("too long")
    parts = text.split(".")
    if len(parts) != 3:
        raise Invalid("not three parts")
    return Taken(text, _object(parts[0], "header"), _object(parts[1], "payload"))


def looks_like_jwt(text: str) -> bool:
    return text.startswith("eyJ") and text.count(".") == 2


async def verify(taken: Taken, terms: Terms, keys: Keys) -> None:
    """Raises Invalid. `iss` has been compared: it is how the issuer was found."""
    _check_header(taken.header, terms)
    algorithm = taken.header["alg"]
    for key in await keys.candidates(taken.kid, algorithm):
        if _signed(taken, key, algorithm):
            break
    else:
        raise Invalid("no key of the issuer verifies it")
    _check_times(taken.claims, terms.leeway)
    if any(name in taken.claims for name in _OF_ID_TOKENS):
        raise Invalid("an ID token")
    # RFC 9068 section 2.2: "sub REQUIRED", a client's own id where it acts for itself.
    if not isinstance(taken.claims.get("sub"), str):
        raise Invalid("without a subject")


def _check_header(header: Mapping[str, Json], terms: Terms) -> None:
    algorithm, kind = header.get("alg"), header.get("typ")
    if not isinstance(algorithm, str) or algorithm not in terms.algorithms:
        raise Invalid("an algorithm that is not taken")
    # RFC 7515 section 4.1.11: extensions "MUST be understood and processed"; none is here, `b64` included.
    if "crit" in header or "b64" in header:
        raise Invalid("an extension that is not understood")
    if not isinstance(kind, str) or kind.lower().removeprefix("application/") not in terms.types:
        raise Invalid("a type that is not taken")


# RFC 9864 names the curve; the name before it stood for two curves, of which Ed448 is not taken.
_SAME = {"EdDSA": "Ed25519"}


def _signed(taken: Taken, key: Key, algorithm: str) -> bool:
    """RFC 7515 section 5.2, step 8. The header was read here, and strictly: the library's own reading of it would let
    the last of two equal names win."""
    content, _, signature = taken.text.rpartition(".")
    name = _SAME.get(algorithm, algorithm)
    try:
        model = JWSRegistry(algorithms=[name]).get_alg(name)
        model.check_key(key)
        return model.verify(content.encode("ascii"), _decoded(signature), key)
    except (JoseError, ValueError, TypeError):
        return False


def _check_times(claims: Mapping[str, Json], leeway: float) -> None:
    """RFC 7519 section 2: a NumericDate is "a JSON numeric value"."""
    now = time.time()
    expires, begins = claims.get("exp"), claims.get("nbf", 0)
    if not _is_number(expires) or now >= expires + leeway:
        raise Invalid("expired, or without an end")
    if not _is_number(begins) or now < begins - leeway:
        raise Invalid("not valid yet")
    issued = claims.get("iat", 0)
    if not _is_number(issued) or now < issued - leeway:
        raise Invalid("issued in the future")


def _is_number(value: Json) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _object(part: str, what: str) -> Mapping[str, Json]:
    try:
        value = loads(_decoded(part))
    except ValueError as error:
        raise Invalid(f"the {what} is no JSON: {error}") from error
    if not isinstance(value, dict):
        raise Invalid(f"the {what} is no object")
    return value


def _decoded(part: str) -> bytes:
    """One spelling only: the last character may hold bits that mean nothing, and Python skips what is no base64."""
    raw = part.encode("ascii")  # UnicodeEncodeError is a ValueError
    decoded = urlsafe_b64decode(raw + b"=" * (-len(raw) % 4))
    if urlsafe_b64encode(decoded).rstrip(b"=") != raw:
        raise ValueError("not base64url")
    return decoded
