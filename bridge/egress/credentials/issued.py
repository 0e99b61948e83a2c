"""Credentials that an authorization server issues: for all callers, or for the one on whose behalf a call is made."""

import hashlib
from collections.abc import Hashable
from dataclasses import dataclass, field
from functools import partial

from bridge.egress.credentials.fixed import bearing
from bridge.egress.credentials.oauth import Client, client_grant, exchange_grant, issue
from bridge.egress.credentials.place import AUTHORIZATION, BEARER, Place
from bridge.egress.credentials.tokens import Tokens
from bridge.egress.upstream import Upstream
from bridge.model import Call, NoSubject, Wire


@dataclass(frozen=True, slots=True)
class OfClient:
    """The gateway's own token, by the client credentials grant."""

    client: Client
    tokens: Tokens = field(repr=False)
    upstream: Upstream = field(repr=False)

    @property
    def places(self) -> tuple[Place, ...]:
        return (BEARER,)

    async def attach(self, wire: Wire, call: Call) -> Wire:
        fetch = partial(issue, self.upstream, self.client, client_grant(self.client))
        return BEARER.put(wire, bearing(await self.tokens.get(self.client, fetch, call.deadline)))

    def rejected(self, wire: Wire, call: Call) -> None:
        self.tokens.rejected(self.client, _sent(wire))


@dataclass(frozen=True, slots=True)
class OfCaller:
    """A token on behalf of the caller, in exchange for its own. There is no other for callers that have none: what they
    may do at the upstream would be somebody else's authority."""

    client: Client
    tokens: Tokens = field(repr=False)
    upstream: Upstream = field(repr=False)

    @property
    def places(self) -> tuple[Place, ...]:
        return (BEARER,)

    async def attach(self, wire: Wire, call: Call) -> Wire:
        if not call.subject:
            raise NoSubject(
                f"the API {self.client.api!r} is called on behalf of its caller, whose access token of an issuer is "
                "exchanged for that; this call came without one"
            )
        fetch = partial(issue, self.upstream, self.client, exchange_grant(self.client, call.subject))
        return BEARER.put(wire, bearing(await self.tokens.get(self._key(call), fetch, call.deadline)))

    def rejected(self, wire: Wire, call: Call) -> None:
        self.tokens.rejected(self._key(call), _sent(wire))

    def _key(self, call: Call) -> Hashable:
        """Nobody else's: the principal is part of it beside the token, which is kept as its digest alone."""
        assert call.principal is not None
        who = call.principal
        digest = hashlib.sha256(call.subject.encode()).digest()
        return (self.client, who.tenant, who.issuer, who.id, who.client, digest)


def _sent(wire: Wire) -> bytes:
    return next((value for name, value in wire.headers if name == AUTHORIZATION), b"")
