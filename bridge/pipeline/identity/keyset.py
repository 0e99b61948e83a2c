"""An issuer's keys: fetched, kept, fetched again when an unknown one turns up, and never more often than that is worth.

Nobody waits for a refresh but those whose key is unknown, and these wait for one fetch between them. While the issuer
is away its last keys serve, for a day; what comes instead of keys (an error, a page, none at all) changes nothing.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, Key, OKPKey, RSAKey, import_key

from bridge.model import Json

log = logging.getLogger(__name__)

REFRESH = 600.0
"""Seconds after which keys are looked at again: one that was withdrawn is not taken for longer."""
PAUSE = 30.0
"""Seconds between two fetches at least, whatever comes in."""
STALE = 86_400.0
"""Seconds for which keys serve that cannot be fetched again."""
MOST_KEYS = 100
_SMALLEST_RSA = 2048
_KINDS = {"RS": "RSA", "PS": "RSA", "ES": "EC", "Ed": "OKP"}


class NoKeys(Exception):
    """What was fetched is no key set. The message reads on after the issuer's name."""


@dataclass(frozen=True, slots=True)
class PublicKey:
    """`kid` and `algorithm` as its issuer has them, empty where it does not say."""

    key: Key
    kid: str
    algorithm: str

    def fits(self, kid: str, algorithm: str) -> bool:
        """A token without a kid is tried with all keys of its kind; one with a kid with that key alone."""
        if self.key.key_type != _KINDS.get(algorithm[:2]) or (kid and self.kid != kid):
            return False
        return not self.algorithm or self.algorithm == algorithm or {self.algorithm, algorithm} == _TWO_NAMES


_TWO_NAMES = {"EdDSA", "Ed25519"}

Fetch = Callable[[], Awaitable[Json]]
"""Fetches the JWK Set. Raises NoKeys, with whatever was wrong in words."""


class Told(Protocol):
    def __call__(self, issuer: str, result: str) -> None:
        """Counts a fetch: `ok`, or `failed`."""


def _nobody(issuer: str, result: str) -> None:
    pass


@dataclass(slots=True)
class KeySet:
    """One issuer's keys, which outlive runtimes. Written by its own methods alone. `clock` is monotonic, in seconds."""

    name: str
    fetch: Fetch
    told: Told = _nobody
    clock: Callable[[], float] = time.monotonic
    keys: tuple[PublicKey, ...] = ()
    _fetched: float | None = None
    _tried: float | None = None
    _under_way: "asyncio.Task[None] | None" = field(default=None, repr=False)

    def hold(self, document: Json) -> None:
        """Takes over a JWK Set. Raises NoKeys."""
        self.keys = read(document)
        self._fetched = self._tried = self.clock()

    async def candidates(self, kid: str, algorithm: str) -> Sequence[Key]:
        """Implements `tokens.Keys`."""
        found = self._fitting(kid, algorithm)
        if not found and self._may_try():
            await asyncio.shield(self._refreshed())
            found = self._fitting(kid, algorithm)
        elif self._age() > REFRESH and self._may_try():
            self._refreshed()
        return found

    async def aclose(self) -> None:
        if self._under_way is not None:
            self._under_way.cancel()
            await asyncio.wait([self._under_way])

    def _fitting(self, kid: str, algorithm: str) -> list[Key]:
        if self._age() > STALE:
            return []
        return [one.key for one in self.keys if one.fits(kid, algorithm)]

    def _age(self) -> float:
        return float("inf") if self._fetched is None else self.clock() - self._fetched

    def _may_try(self) -> bool:
        if self._under_way is not None and not self._under_way.done():
            return True
        return self._tried is None or self.clock() - self._tried >= PAUSE

    def _refreshed(self) -> "asyncio.Task[None]":
        """The one fetch that is under way; it ends by itself, within the fetcher's own time."""
        if self._under_way is None or self._under_way.done():
            self._tried = self.clock()
            self._under_way = asyncio.create_task(self._refresh())
        return self._under_way

    async def _refresh(self) -> None:
        try:
            self.keys = read(await self.fetch())
        except NoKeys as error:
            log.warning("the keys of the issuer %s are not renewed: %s", self.name, error)
            self.told(self.name, "failed")
        else:
            self._fetched = self.clock()
            self.told(self.name, "ok")


def read(document: Json) -> tuple[PublicKey, ...]:
    """The public keys of a JWK Set (RFC 7517 section 5: "Implementations SHOULD ignore JWKs within a JWK Set that use
    "kty" (key type) values that are not understood"). Raises NoKeys where not one can be used."""
    listed = document.get("keys") if isinstance(document, Mapping) else None
    if not isinstance(listed, list):
        raise NoKeys("it is no JWK Set")
    found = tuple(key for one in listed[:MOST_KEYS] if (key := _public(one)) is not None)
    if not found:
        raise NoKeys("it holds no key that can verify a signature")
    return found


def _public(value: Json) -> PublicKey | None:
    if not isinstance(value, dict) or value.get("use", "sig") != "sig" or value.get("kty") not in ("RSA", "EC", "OKP"):
        return None
    operations = value.get("key_ops", ["verify"])
    if not isinstance(operations, list) or "verify" not in operations or "d" in value:
        return None
    try:
        # Without what it is for, which has been looked at: the library knows one algorithm by one name alone.
        key = import_key({name: value[name] for name in value.keys() & _MATERIAL})
    except (JoseError, ValueError, TypeError, KeyError):
        return None
    kid, algorithm = value.get("kid", ""), value.get("alg", "")
    if not isinstance(kid, str) or not isinstance(algorithm, str) or not _is_strong(key):
        return None
    return PublicKey(key, kid, algorithm)


_MATERIAL = frozenset({"kty", "n", "e", "crv", "x", "y"})


def _is_strong(key: Key) -> bool:
    if isinstance(key, RSAKey):
        return int(key.public_key.key_size) >= _SMALLEST_RSA
    return isinstance(key, ECKey | OKPKey)
