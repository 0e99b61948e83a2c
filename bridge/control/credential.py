"""Who may use the admin API: whoever has a token, where there are any; on a loopback address without tokens, whoever is
on this machine; otherwise nobody.

The settings are looked at with each request: a token that is taken out of them is refused from the next one on.
"""

import asyncio
from collections.abc import Callable, Mapping
from hashlib import sha256
from hmac import compare_digest
from http import HTTPStatus

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from bridge.config.schema import Admin
from bridge.config.secrets import AdminToken
from bridge.control.problems import Problematic, problem

OPERATOR = "dualbridge.operator"
"""The key in a scope under which it is said who was let in."""
LOOPBACK = "loopback"
"""In place of a token's name: somebody on this machine."""
PAUSE = 0.25
"""Seconds until a wrong token is answered. Guessing 32 characters is hopeless anyway; this keeps it quiet as well, and
holds nothing but the connection."""
_PREFIX = "bearer "


class Credential:
    """`admin` gives the current settings; None is the default."""

    def __init__(self, app: ASGIApp, admin: Callable[[], Admin | None]) -> None:
        self._app = app
        self._admin = admin

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = Headers(scope=scope).getlist("authorization")
        operator = _operator(self._admin() or Admin(), given)
        if operator:
            scope[OPERATOR] = operator
            await self._app(scope, receive, send)
            return
        if given:
            await asyncio.sleep(PAUSE)
        await problem(_refused(wrong=bool(given)))(scope, receive, send)


def _operator(admin: Admin, given: list[str]) -> str:
    """Whose token it is; empty for nobody's."""
    if not admin.tokens:
        # Without a restart an address stays what it was, whatever the file says of it by now.
        return LOOPBACK if admin.listen.loopback else ""
    presented = given[0] if len(given) == 1 else ""
    # RFC 9110 section 11.1: the scheme's name is case-insensitive.
    if presented[: len(_PREFIX)].lower() != _PREFIX:
        return ""
    return _holder(admin.tokens, presented[len(_PREFIX) :].strip(" "))


def _holder(tokens: Mapping[str, AdminToken], presented: str) -> str:
    """All are compared, by digests of one length: how long it takes says nothing of any of them."""
    digest, found = _digest(presented), ""
    for name, token in tokens.items():
        if compare_digest(digest, _digest(token.reveal())):
            found = name
    return found


def _digest(text: str) -> bytes:
    return sha256(text.encode("utf-8", "surrogatepass")).digest()


def _refused(*, wrong: bool) -> Problematic:
    """RFC 6750 section 3: no error code for a request that lacks a token."""
    return Problematic(
        HTTPStatus.UNAUTHORIZED,
        "unauthenticated",
        "send one of admin.tokens, as in Authorization: Bearer …",
        headers={"www-authenticate": 'Bearer error="invalid_token"' if wrong else "Bearer"},
    )


def operator_of(scope: Scope) -> str:
    """Empty where nobody was let in."""
    return str(scope.get(OPERATOR, ""))
