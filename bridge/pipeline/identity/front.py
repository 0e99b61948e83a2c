"""The authenticator: what a request presents, told apart by its form, and recognised by whoever knows that form.

A credential that is presented is judged. One that is not good is never passed over for another, nor for being
anonymous: who shows a bad token has said who they want to be.
"""

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import TypeAlias

from bridge.model import BadRequest, Call, Grant, Principal, PrincipalKind, Unauthenticated
from bridge.pipeline.grants import Policy, closed_to
from bridge.pipeline.identity.certificates import Certificate
from bridge.pipeline.identity.issuers import Issuers
from bridge.pipeline.identity.protected import Protected
from bridge.pipeline.identity.recognised import LONGEST, Memory, Recognised, digest_of
from bridge.pipeline.identity.tokens import LONGEST as LONGEST_TOKEN
from bridge.pipeline.identity.tokens import Invalid
from bridge.pipeline.peers import site

AUTHORIZATION = b"authorization"
_BEARER = b"bearer "
_OURS = (b"dbk_", b"dbc_")

Recognise: TypeAlias = Callable[[str], Awaitable[Recognised | None]]
"""Whose it is and until when that may be remembered; None where the text is not of this form. Raises Invalid,
Refusal."""
Certified: TypeAlias = Callable[[Call], Certificate | None]
"""The client's certificate, as TLS or a trusted proxy has it. Raises Unauthenticated for one that is no good."""
Named: TypeAlias = Callable[[Certificate], Principal]
"""Raises Invalid for a certificate that names nobody."""
Closed: TypeAlias = Callable[[str], frozenset[str]]
"""The APIs that may not be called from an address."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """What is taken here. `handles` recognise credentials of our own (API keys, capabilities), `issuers` tokens;
    `key_header` is where an API key stands beside `Authorization`. `named` is None where certificates say nothing but
    what a token is bound to."""

    anonymous: bool = True
    handles: tuple[Recognise, ...] = ()
    key_header: bytes = b""
    issuers: Issuers | None = None
    certified: Certified | None = None
    named: Named | None = None
    closed: Closed | None = None


class Front:
    """Implements `Authenticator`. What it remembers goes with its runtime, so that a change of rules holds at once."""

    def __init__(self, accepted: Accepted, policy: Policy, protected: Protected) -> None:
        self._accepted = accepted
        self._policy = policy
        self._protected = protected
        self._memory = Memory()
        # Apart: a thumbprint is no secret, and must not be found by whoever sends it as a token.
        self._certificates = Memory()
        self._nobody = policy.grant(Principal("anonymous", PrincipalKind.ANONYMOUS, Grant(), ""))

    async def authenticate(self, call: Call) -> Principal:
        """Raises Unauthenticated, BadRequest, IssuerUnavailable, StateUnavailable."""
        presented = self._presented(call)
        found = self._unpresented(call) if presented is None else await self._known(call, presented)
        if self._accepted.closed is None:
            return found
        closed = self._accepted.closed(call.peer)
        return replace(found, grant=closed_to(found.grant, closed, self._policy)) if closed else found

    def granted(self, principal: Principal) -> Principal:
        """With what the rules give it."""
        return replace(principal, grant=self._policy.grant(principal))

    def forget(self, credential: str) -> None:
        self._memory.forget(digest_of(credential.encode()))

    def _presented(self, call: Call) -> bytes | None:
        """The credential that is for the gateway. Its fields are withheld from then on. Raises BadRequest for two."""
        found: bytes | None = None
        for name, value in call.headers:
            if name == AUTHORIZATION and value[:7].lower() == _BEARER and self._is_ours(value[7:].strip(b" ")):
                given = value[7:].strip(b" ")
            elif name == self._accepted.key_header:
                given = value
            else:
                continue
            if found is not None:
                raise BadRequest("the request has two credentials; send one")
            found = given
            call.withheld |= {name}
        return found

    def _is_ours(self, token: bytes) -> bool:
        """Where no issuer is known, a token without the form of our own is somebody else's to judge."""
        return self._accepted.issuers is not None or (bool(self._accepted.handles) and token.startswith(_OURS))

    async def _known(self, call: Call, presented: bytes) -> Principal:
        found = self._memory.find(digest_of(presented), time.time())
        try:
            if found is None:
                found = await self._kept(presented)
            if found.principal.capability and found.subject:
                # It ends with the token that it was made from, which its issuer may have taken back.
                await self._stands(found.subject.encode())
            if found.bound:
                self._check_bound(call, found.principal)
        except (Invalid, Unauthenticated) as error:
            raise self._protected.invalid(call, str(error)) from error
        call.subject = presented.decode("ascii") if found.subject is None else found.subject
        return found.principal

    async def _stands(self, presented: bytes) -> None:
        """Raises Invalid, Refusal."""
        if self._memory.find(digest_of(presented), time.time()) is None:
            await self._kept(presented)

    async def _kept(self, presented: bytes) -> Recognised:
        """Raises Invalid, Refusal."""
        found = await self._recognised(presented)
        found = replace(found, bound=self._is_bound(found.principal))
        self._memory.keep(digest_of(presented), found)
        return found

    async def _recognised(self, presented: bytes) -> Recognised:
        """Raises Invalid, Refusal."""
        if len(presented) > LONGEST_TOKEN or not presented.isascii():
            raise Invalid("too long, or no ASCII")
        text = presented.decode("ascii")
        for recognise in self._accepted.handles:
            found = await recognise(text)
            if found is not None:
                return found
        issuers = self._accepted.issuers
        if issuers is None or presented.startswith(_OURS):
            raise Invalid("of no form that is known")
        principal = await issuers.principal(text)
        until = min(time.time() + LONGEST, principal.expires or float("inf"))
        return Recognised(self.granted(principal), until, None)

    def _is_bound(self, principal: Principal) -> bool:
        """Whether there is more to know of a request than whose it is. What is taken everywhere is taken for as long as
        this front is asked: its runtime's settings do not change."""
        everywhere = principal.audience is None or not principal.audience.isdisjoint(self._protected.audiences)
        return bool(principal.confirmation) or not everywhere

    def _check_bound(self, call: Call, principal: Principal) -> None:
        """What a token is for, and whose connection it may come over: of each request anew. Raises Invalid."""
        if principal.audience is not None and not self._protected.accepts(principal.audience, call.toolset):
            raise Invalid("for another audience")
        if principal.confirmation:
            shown = self._accepted.certified(call) if self._accepted.certified is not None else None
            if shown is None or shown.thumbprint != principal.confirmation:
                raise Invalid("bound to another certificate")

    def _unpresented(self, call: Call) -> Principal:
        """Raises Unauthenticated."""
        if self._accepted.certified is not None and self._accepted.named is not None:
            try:
                certificate = self._accepted.certified(call)
                if certificate is not None:
                    return self._certified(certificate, self._accepted.named)
            except (Invalid, Unauthenticated) as error:
                raise self._protected.invalid(call, str(error)) from error
        if not self._accepted.anonymous:
            raise self._protected.unknown(call)
        # Everybody is the same nobody; their limits are told apart by address.
        return Principal("anonymous", PrincipalKind.ANONYMOUS, self._nobody, f"peer:{site(call.peer)}")

    def _certified(self, certificate: Certificate, named: Named) -> Principal:
        digest = digest_of(certificate.thumbprint.encode())
        found = self._certificates.find(digest, time.time())
        if found is None:
            found = Recognised(self.granted(named(certificate)), time.time() + LONGEST)
            self._certificates.keep(digest, found)
        return found.principal
