"""Names of header fields: those of one connection, and those that no tool argument may write."""

import re

# RFC 9110 section 7.6.1: “Intermediaries SHOULD remove or replace fields that are known to require removal before
# forwarding”; its list, with the pre-standard `Keep-Alive` and `Proxy-Connection`, and the trailer section's fields.
HOP_BY_HOP = frozenset(
    {
        b"connection",
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-authentication-info",
        b"proxy-authorization",
        b"proxy-connection",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
    }
)

# Words that upstreams take from a proxy that they trust. No proxy before the gateway is trusted, so at either door they
# would only be claims: the people's door drops them, and no argument writes them. An operator who means one sets it.
_OF_PROXIES = frozenset(
    {
        # Where the caller is: allow-lists and limits by address read them.
        *(
            b"cf-connecting-ip",
            b"cf-connecting-ipv6",
            b"client-ip",
            b"fastly-client-ip",
            b"forwarded",
            b"forwarded-for",
        ),
        *(b"true-client-ip", b"x-appengine-user-ip", b"x-azure-clientip", b"x-client-ip", b"x-cluster-client-ip"),
        *(b"x-forwarded", b"x-originating-ip", b"x-real-ip", b"x-remote-addr", b"x-remote-ip"),
        # Who the caller is: a certificate that was checked in TLS (RFC 9440 and its forerunners), or a session.
        *(b"client-cert", b"client-cert-chain", b"remote-user", b"ssl-client-cert", b"x-arr-clientcert"),
        *(b"x-client-cert", b"x-goog-iap-jwt-assertion", b"x-remote-group", b"x-remote-user", b"x-webauth-user"),
        # Which host or path is meant: upstreams route, and authorise, by them instead of what was authorised here.
        *(b"x-host", b"x-original-host", b"x-original-uri", b"x-original-url", b"x-rewrite-url"),
        # Which method is meant: a GET that was let through would be carried out as a DELETE.
        *(b"x-http-method", b"x-http-method-override", b"x-method-override"),
        # RFC 3875 section 4.1.18 makes it HTTP_PROXY, through which CGI programs then send their own requests.
        b"proxy",
    }
)
# Families of the same: Envoy's also sets time-outs and retries, others are identities that a load balancer has checked.
_FAMILIES_OF_PROXIES = (
    *(b"cf-access-", b"ssl-client-", b"x-amzn-oidc-", b"x-auth-request-", b"x-envoy-", b"x-forwarded-"),
    *(b"x-goog-authenticated-user-", b"x-ms-client-principal", b"x-remote-extra-", b"x-ssl-client-"),
)

# OpenAPI 3.1 section 4.8.12: “If in is "header" and the name field is "Accept", "Content-Type" or
# "Authorization",
# the parameter definition SHALL be ignored.” The rest frames the message, names the server or holds credentials.
_NEVER_ARGUMENTS = frozenset(name.decode() for name in HOP_BY_HOP) | {
    "accept",
    "authorization",
    "content-length",
    "content-type",
    "cookie",
    "expect",
    "host",
}
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+").fullmatch  # RFC 9110 section 5.6.2, token


def argument_may_set(name: str) -> bool:
    """Whether a header parameter of this name may become a tool argument."""
    twin = dashed(name.lower().encode()).decode()
    claim = twin.startswith("proxy-") or is_of_proxies(twin.encode())
    return is_token(name) and twin not in _NEVER_ARGUMENTS and not claim


def is_of_proxies(name: bytes) -> bool:
    return name in _OF_PROXIES or name.startswith(_FAMILIES_OF_PROXIES)


def dashed(name: bytes) -> bytes:
    """An upstream that maps headers to CGI variables (RFC 3875 section 4.1.18) cannot tell `X_User` from `X-User`."""
    return name.replace(b"_", b"-")


def is_token(text: str) -> bool:
    return _NAME(text) is not None
