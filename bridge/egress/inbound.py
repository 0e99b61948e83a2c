"""The header fields by which callers say who they are: what no upstream gets where callers' credentials do not go on.

MCP, Security Best Practices, on token passthrough: an upstream that is handed a caller's credential cannot tell whom it
was issued for, and the caller goes around what the gateway decides. Names are in lower case with `-` for `_`; what the
API's own document has as a credential (`Presented`) comes to it.
"""

from collections.abc import Iterator
from collections.abc import Set as AbstractSet

from bridge.model import Headers, Operation, Presented, Where
from bridge.model.endpoint import UNDECLARED, Declared
from bridge.model.headers import dashed

FIELDS = frozenset(
    {
        # HTTP's own (RFC 9110 sections 11.6 and 11.7), and what stands in for it where a proxy takes it for itself.
        *(b"authorization", b"proxy-authorization", b"authentication", b"x-authorization", b"x-authentication"),
        *(b"x-original-authorization", b"x-serverless-authorization", b"x-ms-authorization-auxiliary"),
        # Sessions (RFC 6265; Cookie2 is RFC 2965's): a cookie of the gateway's host is none of its upstreams'.
        *(b"cookie", b"cookie2", b"x-session-id", b"x-session-token"),
        # Keys, by the names that gateways and vendors give them.
        *(b"api-key", b"apikey", b"api-token", b"x-api-key", b"x-apikey", b"x-api-token", b"x-api-secret"),
        *(b"x-access-key", b"x-auth-key", b"x-functions-key", b"x-goog-api-key", b"x-rapidapi-key", b"x-secret-key"),
        *(b"ocp-apim-subscription-key", b"x-consumer-key", b"x-app-key", b"x-client-secret"),
        # Tokens outside Authorization.
        *(b"access-token", b"auth-token", b"id-token", b"token", b"x-access-token", b"x-auth-token", b"x-id-token"),
        *(b"x-token", b"x-user-token", b"x-jwt", b"x-jwt-assertion", b"x-refresh-token", b"x-bearer-token"),
        *(b"private-token", b"job-token", b"deploy-token", b"x-gitlab-token", b"x-vault-token", b"x-github-token"),
        *(b"x-shopify-access-token", b"x-amz-security-token", b"x-subject-token", b"x-goog-iam-authorization-token"),
        # Proof that a token's holder sends it (RFC 9449): worth nothing further on, and the upstream's business never.
        b"dpop",
        # A client's certificate, as proxies hand it on (RFC 9440 and its forerunners); those that only claim who calls
        # are dropped whatever the route says.
        *(b"client-cert", b"client-cert-chain", b"x-forwarded-client-cert", b"x-client-cert", b"ssl-client-cert"),
    }
)
# Families of the same: identities and tokens that Azure and Kong write for the service behind them.
FAMILIES = (b"x-ms-token-aad-", b"x-consumer-", b"x-authenticated-")
PARAMETERS = frozenset({"access_token"})
"""RFC 6750 section 2.3: the query parameter of a bearer token."""


def declared(operation: Operation) -> Declared:
    kept = [one for one in operation.params if (one.where.value, one.name.lower()) not in operation.reserved]
    return Declared(
        frozenset(dashed(one.name.lower().encode()) for one in kept if one.where is Where.HEADER),
        frozenset(one.name.encode() for one in kept if one.where is Where.COOKIE),
    )


def without_credentials(headers: Headers, presented: Presented, kept: Declared = UNDECLARED) -> Headers:
    return tuple(_others(headers, presented, kept))


def _others(headers: Headers, presented: Presented, kept: Declared) -> Iterator[tuple[bytes, bytes]]:
    for name, value in headers:
        twin = dashed(name)
        if twin == b"cookie" and kept.cookies:
            pairs = [pair.strip() for pair in value.split(b";") if pair.partition(b"=")[0].strip() in kept.cookies]
            if pairs:
                yield name, b"; ".join(pairs)
        elif twin in kept.headers or not _is_credential(twin, presented.headers):
            yield name, value


def _is_credential(name: bytes, presented: AbstractSet[bytes]) -> bool:
    return name in FIELDS or name in presented or name.startswith(FAMILIES)
