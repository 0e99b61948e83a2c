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

# Words of a proxy that is trusted: who called (its client certificate too), or another path to route by. No proxy
# before the gateway is, so at either door they would only be claims.
_OF_PROXIES = frozenset({b"forwarded", b"x-client-cert", b"x-original-url", b"x-real-ip", b"x-rewrite-url"})

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
    return name in _OF_PROXIES or name.startswith(b"x-forwarded-")


def dashed(name: bytes) -> bytes:
    """An upstream that maps headers to CGI variables (RFC 3875 section 4.1.18) cannot tell `X_User` from `X-User`."""
    return name.replace(b"_", b"-")


def is_token(text: str) -> bool:
    return _NAME(text) is not None
