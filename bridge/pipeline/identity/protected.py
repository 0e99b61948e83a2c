"""The gateway as an OAuth 2.1 protected resource: what it says of itself, and how it asks for a token.

Every URL comes from the configuration. A Host header is a stranger's word: metadata built from it would send clients,
and their tokens, to whoever wrote it.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from bridge.model import Call, Door, Headers, Unauthenticated

# RFC 6749 section 3.3: scope-token = 1*( %x21 / %x23-5B / %x5D-7E ). A document may have anything for a scope; what is
# none no token holds, and in a header it could say what it liked.
is_scope = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+").fullmatch
WELL_KNOWN = "/.well-known/oauth-protected-resource"


@dataclass(frozen=True, slots=True)
class Protected:
    """`demanding`: there is a way to say who one is. `metadata` are the documents of RFC 9728 by path; `places` their
    URLs by toolset, under None that of the people's door; both are empty without an authorization server.

    `audiences` are what a token may have been issued for: everywhere, and beside that, by toolset, there. `needs` says
    which scopes an operation takes.
    """

    demanding: bool = False
    metadata: Mapping[str, bytes] = field(default_factory=dict)
    places: Mapping[str | None, str] = field(default_factory=dict)
    audiences: frozenset[str] = frozenset()
    own_audiences: Mapping[str, frozenset[str]] = field(default_factory=dict)
    needs: Mapping[tuple[str, str], tuple[str, ...]] = field(default_factory=dict)

    def unknown(self, call: Call) -> Unauthenticated:
        """Nobody said who calls. RFC 6750 section 3.1: without any credential the challenge "SHOULD NOT include an
        error code or other error information"."""
        return Unauthenticated("say who you are", headers=self._challenge(call, "", self._scopes(call)))

    def invalid(self, call: Call, why: str = "") -> Unauthenticated:
        """A credential that is none here. `why` is for the log: whoever has not got a good one does not learn it."""
        headers = self._challenge(call, "invalid_token", self._scopes(call))
        return Unauthenticated("this credential is not valid here", headers=headers, cause=why)

    def insufficient(self, call: Call, scopes: Sequence[str]) -> Headers:
        """RFC 6750 section 3.1, with all the scopes that the operation takes in one challenge."""
        return self._challenge(call, "insufficient_scope", scopes, "the operation takes these scopes")

    def accepts(self, audience: frozenset[str], toolset: str) -> bool:
        if audience & self.audiences:
            return True
        own = self.own_audiences.get(toolset)
        return own is not None and bool(audience & own)

    def _scopes(self, call: Call) -> Sequence[str]:
        if call.endpoint is None:
            return ()
        return self.needs.get(call.endpoint.operation.ref, ())

    def _challenge(self, call: Call, error: str, scopes: Sequence[str], description: str = "") -> Headers:
        place = self.places.get(call.toolset if call.door is Door.MCP else None, "")
        members = {
            "error": error,
            "error_description": description,
            "scope": " ".join(filter(is_scope, scopes)),
            "resource_metadata": place,
        }
        told = ", ".join(f'{name}="{value}"' for name, value in members.items() if value)
        return ((b"www-authenticate", f"Bearer {told}".rstrip().encode("ascii", "replace")),)
