"""The settings about callers: how they prove who they are, and from where they may call."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated

from pydantic import BeforeValidator, Field

from bridge.config.headers import HeaderName
from bridge.config.identities import Audience, IssuerName, IssuerUrl, Network, Scope, SecureUrl, TokenType
from bridge.config.names import EndpointPath, LocalPath
from bridge.config.secrets import ClientSecret, SealKey
from bridge.config.sections import OFF, Section, off_is_none
from bridge.config.values import Bool, Duration, Text, Timeout, Whole


class Algorithm(StrEnum):
    """RFC 7518 section 3.1 and RFC 9864, asymmetric ones: a key that verifies must not be one that signs."""

    RS256 = "RS256"
    RS384 = "RS384"
    RS512 = "RS512"
    PS256 = "PS256"
    PS384 = "PS384"
    PS512 = "PS512"
    ES256 = "ES256"
    ES384 = "ES384"
    ES512 = "ES512"
    EDDSA = "EdDSA"
    ED25519 = "Ed25519"


class ClientCertificates(StrEnum):
    OFF = "off"
    OPTIONAL = "optional"
    REQUIRED = "required"


class Tls(Section):
    certificate: LocalPath = Field(description="The certificate chain, PEM; read anew when the file changes.")
    key: LocalPath = Field(description="Its private key, PEM, without a password.")
    client_ca: LocalPath | None = Field(
        default=None, description="The authorities of client certificates, PEM. Needed where these are asked for."
    )
    client: ClientCertificates = Field(
        default=ClientCertificates.OFF,
        description="Whether clients are asked for a certificate: `off`, `optional`, or `required`.",
    )


class ApiKeys(Section):
    pepper: SealKey = Field(
        description="At least 32 characters that keys are hashed with, the same for all replicas; never shown."
    )
    header: HeaderName = Field(
        default="x-api-key", description="The header that a key is read from, beside `Authorization: Bearer`."
    )


class Introspection(Section):
    client_id: Text = Field(description="The gateway's own client at the issuer.")
    client_secret: ClientSecret = Field(description="Its secret; never shown.")
    url: SecureUrl | None = Field(
        default=None, description="The issuer's introspection endpoint. Default: what its metadata says."
    )


class Issuer(Section):
    issuer: IssuerUrl = Field(description="The issuer exactly as it stands in `iss`; its metadata is found from it.")
    jwks_uri: SecureUrl | None = Field(
        default=None, description="Where its keys are. Default: what its metadata (OpenID Connect, RFC 8414) says."
    )
    audience: tuple[Audience, ...] = Field(
        default=(), description="Audiences that are taken. Empty: `public_url`, and with it the agents' endpoint."
    )
    algorithms: tuple[Algorithm, ...] = Field(
        default=(Algorithm.RS256, Algorithm.PS256, Algorithm.ES256, Algorithm.EDDSA, Algorithm.ED25519),
        description="Signature algorithms that are taken.",
    )
    types: tuple[TokenType, ...] = Field(
        default=("at+jwt",),
        description="Values of `typ` that are taken. Many issuers write `JWT` where RFC 9068 has `at+jwt`.",
    )
    leeway: Duration = Field(default=30.0, description="How far the issuer's clock may be off.")
    tenant: Text = Field(default="", description="The claim that names the tenant. Default: none.")
    groups: Text = Field(default="groups", description="The claim that lists groups.")
    scopes: Text = Field(default="scope", description="The claim that lists scopes, as text or as a list.")
    agents: tuple[Text, ...] = Field(
        default=(), description="Client ids (with `*`) whose tokens are agents'; a token with `act` always is."
    )
    introspection: Introspection | None = Field(
        default=None, description="How opaque tokens are looked up (RFC 7662). Default: they are refused."
    )
    allow_private: Bool = Field(default=False, description="Whether the issuer may be at a private address.")


class Subject(StrEnum):
    """Which part of a certificate says whose it is."""

    URI = "uri"
    EMAIL = "email"
    DNS = "dns"
    CN = "cn"
    DN = "dn"


class Forwarded(StrEnum):
    OFF = "off"
    XFCC = "x-forwarded-client-cert"
    CLIENT_CERT = "client-cert"


class Certificates(Section):
    subject: Subject = Field(
        default=Subject.DN,
        description="What names the caller: the first `uri`, `email` or `dns` of its alternative names, `cn`, or `dn`.",
    )
    tenant: Text = Field(default="", description="The tenant of all of them.")
    forwarded: Forwarded = Field(
        default=Forwarded.OFF,
        description="The header in which a trusted proxy hands on the certificate that it checked.",
    )


class Capabilities(Section):
    path: EndpointPath = Field(
        default="/oauth", description="Below it are `token`, `revoke` and `introspect`, on the traffic port."
    )
    ttl: Timeout = Field(default=3600.0, description="How long a capability lasts at most.")
    most: Annotated[int, Whole(1, 10_000)] = Field(
        default=100, description="Capabilities that one caller may have at one time."
    )


class Identity(Section):
    anonymous: Bool = Field(default=False, description="Whether callers without a credential are let in.")
    api_keys: ApiKeys | None = Field(default=None, description="API keys, as `dualbridge keys` manages them.")
    issuers: Mapping[IssuerName, Issuer] = Field(
        default={}, description="Whose access tokens are taken, by a name that grants can use."
    )
    certificates: Certificates | None = Field(
        default=None, description="Client certificates, of TLS here or forwarded by a trusted proxy."
    )
    capabilities: Annotated[Capabilities | None, BeforeValidator(off_is_none)] = Field(
        default_factory=Capabilities,
        description="Tokens by which a caller narrows its own authority for one task, or `off`.",
        json_schema_extra={"shorthand": {"const": OFF}},
    )
    trusted_proxies: tuple[Network, ...] = Field(
        default=(), description="Networks of proxies whose word about the caller's address and certificate counts."
    )
    allow: tuple[Network, ...] = Field(default=(), description="Networks that may call at all. Empty: any.")
    scopes: tuple[Scope, ...] = Field(
        default=(), description="Scopes that clients are told to begin with, in the resource's metadata."
    )
    implied: Mapping[Scope, tuple[Scope, ...]] = Field(
        default={}, description="Scopes that a scope stands for beside itself, as in `orders:write: [orders:read]`."
    )

    @property
    def demanding(self) -> bool:
        """Whether there is any way to say who one is."""
        return bool(self.api_keys or self.issuers or self.certificates)
