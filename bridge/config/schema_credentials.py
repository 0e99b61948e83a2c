"""The settings of what the gateway presents to upstreams: by the names of the document's security schemes."""

from collections.abc import Mapping
from enum import StrEnum
from typing import TypeAlias

from pydantic import Field

from bridge.config.identities import Audience, Scope, SecureUrl
from bridge.config.names import LocalPath
from bridge.config.secrets import ClientSecret, Password, PresentedKey, PresentedToken, UserId
from bridge.config.sections import Section
from bridge.config.values import Text


class Passing(StrEnum):
    PASSTHROUGH = "passthrough"
    NONE = "none"


class ClientAuth(StrEnum):
    """RFC 6749 section 2.3.1: in the `Authorization` header, or in the body."""

    BASIC = "basic"
    POST = "post"


class Carrier(StrEnum):
    HEADER = "header"
    QUERY = "query"
    COOKIE = "cookie"


class Client(Section):
    id: Text = Field(description="The gateway's client at the authorization server.")
    secret: ClientSecret = Field(description="Its secret; never shown.")
    token_url: SecureUrl | None = Field(
        default=None,
        description="The token endpoint. Default: `tokenUrl` of the scheme's `clientCredentials` flow, where the "
        "document is the operator's own.",
    )
    auth: ClientAuth = Field(
        default=ClientAuth.BASIC, description="How the client proves itself there: `basic` or `post`."
    )
    scopes: tuple[Scope, ...] = Field(default=(), description="Scopes that are asked for. Empty: none is named.")
    audience: tuple[Audience, ...] = Field(default=(), description="Values of `audience` that are sent along.")
    resource: tuple[Audience, ...] = Field(
        default=(), description="Values of `resource` (RFC 8707) that are sent along."
    )


class Exchange(Client):
    token_url: SecureUrl = Field(description="The token endpoint.")


class Credential(Section):
    key: PresentedKey | None = Field(default=None, description="For an `apiKey` scheme: the key; never shown.")
    token: PresentedToken | None = Field(
        default=None, description="For `http` bearer, `oauth2` and `openIdConnect`: a fixed token; never shown."
    )
    username: UserId | None = Field(
        default=None, description="For `http` basic: the user, without a colon; never shown."
    )
    password: Password | None = Field(default=None, description="Its password; never shown.")
    client: Client | None = Field(
        default=None, description="For `oauth2` and bearer schemes: tokens by OAuth's client credentials grant."
    )
    exchange: Exchange | None = Field(
        default=None,
        description="The same on behalf of each caller: its access token is exchanged for another (RFC 8693).",
    )
    where: Carrier | None = Field(
        default=None,
        alias="in",
        description="Where it goes, if the document does not say: `header`, `query` or `cookie`. It then goes with "
        "every call.",
    )
    name: Text | None = Field(
        default=None, description="The name of that header, query parameter or cookie; of a `key` alone."
    )


class ClientCertificate(Section):
    certificate: LocalPath = Field(description="The certificate chain, PEM; read anew when the file changes.")
    key: LocalPath = Field(description="Its private key, PEM, without a password.")
    ca: LocalPath | None = Field(
        default=None, description="The authorities of the upstream's certificate, PEM. Default: the public ones."
    )


Credentials: TypeAlias = Mapping[Text, Credential]
