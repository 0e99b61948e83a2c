"""The OAuth flow of the protocol's own Python client, with a person behind it who logs in and consents.

It is given to an HTTP client as its `auth`, and begins by itself with the first answer of 401.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from mcp.client.auth import OAuthClientProvider
from mcp.shared.auth import (
    AuthorizationCodeResult,
    OAuthClientInformationFull,
    OAuthClientMetadata,
    OAuthToken,
)
from pydantic import AnyUrl

from tests.kit.idp import CALLBACK, IdentityProvider, query


@dataclass(slots=True)
class Memory:
    """What the client keeps. `tokens` are all it ever got, the last one counts."""

    tokens: list[OAuthToken] = field(default_factory=list)
    client: OAuthClientInformationFull | None = None

    async def get_tokens(self) -> OAuthToken | None:
        return self.tokens[-1] if self.tokens else None

    async def set_tokens(self, tokens: OAuthToken) -> None:
        self.tokens.append(tokens)

    async def get_client_info(self) -> OAuthClientInformationFull | None:
        return self.client

    async def set_client_info(self, client_info: OAuthClientInformationFull) -> None:
        self.client = client_info


class Consenting(OAuthClientProvider):
    """`visits` are the queries of the addresses that the person was sent to, `kept` what came of them.

    With `document`, an https URL, the client is known by that URL instead of registering; `consent` may be withdrawn.
    """

    def __init__(
        self, idp: IdentityProvider, person: str, url: str, *, document: str | None = None, kept: Memory | None = None
    ) -> None:
        self.visits: list[Mapping[str, str]] = []
        self.kept = kept or Memory()
        self.consent = True
        self._idp = idp
        self._person = person
        self._answer: Mapping[str, str] = {}
        metadata = OAuthClientMetadata(client_name="kit", redirect_uris=[AnyUrl(CALLBACK)])
        super().__init__(url, metadata, self.kept, self._send, self._return, document)

    async def _send(self, url: str) -> None:
        self.visits.append(query(url))
        self._answer = query(await self._idp.log_in(url, self._person, consent=self.consent))

    async def _return(self) -> AuthorizationCodeResult:
        return AuthorizationCodeResult(
            code=self._answer.get("code", ""), state=self._answer.get("state"), iss=self._answer.get("iss")
        )
