"""Browser clients of both doors (the Fetch standard's CORS protocol).

Where the gateway is configured for it, it alone decides: an upstream's own CORS headers are replaced, because two
`Access-Control-Allow-Origin` lines are refused by every browser. Where it is not, upstreams speak for themselves.
Cookies and other ambient credentials are never allowed; a browser client sends its token in a header.
"""

from bridge.ingress.asgi import Message, Scope, Send, field_lines, first
from bridge.model import Headers
from bridge.pipeline.runtime import Cors

_METHODS = b"GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS, QUERY"
# `*` covers everything in requests without credentials; the names are for browsers that do not know it.
_EXPOSED = b"mcp-session-id, mcp-protocol-version, www-authenticate, retry-after, location, link, etag, allow, *"
_VARY = (b"vary", b"origin")
# Without these no page could send JSON, a token, or what MCP demands; a configured list comes on top.
_NEEDED = (
    b"authorization, content-type, accept, last-event-id, mcp-method, mcp-name, mcp-protocol-version, mcp-session-id"
)


def preflight(cors: Cors, scope: Scope) -> tuple[int, Headers] | None:
    """Status and headers that answer a CORS-preflight request; None for any other request."""
    headers = field_lines(scope)
    if scope["method"] != "OPTIONS" or not first(headers, b"access-control-request-method"):
        return None
    allowed = _allowed(cors, first(headers, b"origin"))
    if not allowed:
        return 403, (_VARY,)
    configured = ", ".join(cors.headers).encode()
    names = _NEEDED + b", " + configured if configured else first(headers, b"access-control-request-headers")
    return 204, (
        *allowed,
        (b"access-control-allow-methods", _METHODS),
        *(((b"access-control-allow-headers", names),) if names else ()),
        (b"access-control-max-age", str(cors.max_age).encode()),
        (b"vary", b"access-control-request-headers"),
    )


def shared(cors: Cors, scope: Scope, send: Send) -> Send:
    """`send` with the headers that let the request's origin read the answer, and nobody's else."""
    allowed = _allowed(cors, first(field_lines(scope), b"origin"))
    ours = (*allowed, (b"access-control-expose-headers", _EXPOSED)) if allowed else (_VARY,)

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            kept = (field for field in message["headers"] if not field[0].startswith(b"access-control-"))
            message = {**message, "headers": [*kept, *ours]}
        await send(message)

    return sending


def _allowed(cors: Cors, origin: bytes) -> Headers:
    """What names `origin` as allowed; empty when it is not. An answer that depends on it says so to caches."""
    if "*" in cors.origins:
        return ((b"access-control-allow-origin", b"*"),)
    if origin.decode("latin-1") in cors.origins:
        return (b"access-control-allow-origin", origin), _VARY
    return ()
