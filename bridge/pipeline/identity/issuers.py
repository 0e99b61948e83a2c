"""Access tokens of issuers: JWTs, verified here with their issuer's keys, and opaque ones, looked up there."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, replace
from typing import TypeGuard

from bridge.model import Json, Principal, Refusal
from bridge.pipeline.identity.claims import Reading
from bridge.pipeline.identity.keyset import KeySet
from bridge.pipeline.identity.tokens import Invalid, Terms, looks_like_jwt, take_apart, verify

Introspect = Callable[[str], Awaitable[Json]]
"""RFC 7662. Raises Refusal where the issuer cannot be asked."""

AT_ONCE = 32
MOST_WAITING = 1_000
"""Tokens that are being looked up, and those that wait for it: anybody can send texts that are no tokens."""


class IssuerUnavailable(Refusal):
    """Nobody can say whether the token is good: no caller is let in, and none is told that its token is bad."""

    code, http, rpc, title, readable, retryable = "issuer_unavailable", 503, -32603, "Issuer unavailable", False, True


@dataclass(frozen=True, slots=True)
class Issuer:
    """`introspect` is None where opaque tokens of this issuer are not taken. `audience` are those that are taken in
    place of the gateway's own URLs; empty for these."""

    terms: Terms
    reading: Reading
    keys: KeySet
    introspect: Introspect | None = None
    audience: frozenset[str] = frozenset()


class Issuers:
    """Keys are never shared: a token is verified with those of the issuer that it names, and no other's."""

    def __init__(self, issuers: Iterable[Issuer]) -> None:
        listed = tuple(issuers)
        self._by_name = {issuer.terms.issuer: issuer for issuer in listed}
        self._opaque = next((issuer for issuer in listed if issuer.introspect is not None), None)
        self._asking: dict[str, asyncio.Task[Json]] = {}
        self._at_once = asyncio.Semaphore(AT_ONCE)

    async def principal(self, token: str) -> Principal:
        """Raises Invalid, IssuerUnavailable."""
        if looks_like_jwt(token):
            taken = take_apart(token)
            issuer = self._by_name.get(_text(taken.claims.get("iss")))
            if issuer is not None:
                await verify(taken, issuer.terms, issuer.keys)
                return _checked(issuer, issuer.reading.principal(taken.claims))
        if self._opaque is None:
            raise Invalid("of no issuer that is known")
        return await self._looked_up(self._opaque, token)

    async def _looked_up(self, issuer: Issuer, token: str) -> Principal:
        answer = await self._asked(issuer, token)
        if not isinstance(answer, dict) or answer.get("active") is not True:
            raise Invalid("not active, as its issuer says")
        if answer.get("iss", issuer.terms.issuer) != issuer.terms.issuer:
            raise Invalid("another issuer's")
        if _text(answer.get("token_type", "bearer")).lower() not in {"bearer", "access_token", ""}:
            raise Invalid("to be shown with a proof that is not asked for here")
        begins, expires = answer.get("nbf"), answer.get("exp")
        if begins is not None and not (_is_time(begins) and begins <= time.time() + issuer.terms.leeway):
            raise Invalid("not valid yet")
        if not _is_time(expires):
            answer = {**answer, "exp": time.time() + 3600.0}
        elif expires <= time.time():
            raise Invalid("expired")
        return _checked(issuer, issuer.reading.principal(answer))

    async def _asked(self, issuer: Issuer, token: str) -> Json:
        """Once for all who wait: a task of its own, because the first of them may leave."""
        assert issuer.introspect is not None
        task = self._asking.get(token)
        if task is None:
            if len(self._asking) >= MOST_WAITING:
                raise IssuerUnavailable("too many tokens wait to be looked up")
            task = self._asking[token] = asyncio.create_task(self._ask(issuer.introspect, token))
            task.add_done_callback(lambda _: self._asking.pop(token, None))
        return await asyncio.shield(task)

    async def _ask(self, introspect: Introspect, token: str) -> Json:
        async with self._at_once:
            return await introspect(token)


def _is_time(value: Json) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _checked(issuer: Issuer, principal: Principal) -> Principal:
    """With the issuer's own audiences the place does not matter any more: the operator has named them."""
    if not issuer.audience:
        return principal
    if principal.audience is None or not principal.audience & issuer.audience:
        raise Invalid("for another audience")
    return replace(principal, audience=None)


def _text(value: Json) -> str:
    return value if isinstance(value, str) else ""
