"""An HTTP request becomes a call: what it says about itself is held against the rules here, before anybody acts on it.

A request that two readers could understand differently is refused, not repaired: the next reader is an upstream.
"""

import asyncio
import re
import secrets
import time

from bridge.ingress.asgi import CERTIFICATE, Scope, field_lines, first, members, peer, raw_path
from bridge.ingress.body import Upload
from bridge.ingress.gate import ForeignOrigin, Misdirected, invited, is_host, public_origin, served, upgrade_refused
from bridge.model import BadRequest, Call, Door, MethodNotAllowed, Refusal, Route, Target, Timeouts, Unlisted
from bridge.pipeline.match import Router, canonical
from bridge.pipeline.runtime import Runtime

# Methods that the gateway knows the meaning of; an operation may bring its own (OpenAPI 3.2, `additionalOperations`).
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "QUERY"})
# A tunnel is no operation, and TRACE would show a client what the gateway adds for the upstream alone.
_NEVER = frozenset({"CONNECT", "TRACE"})
_HARMLESS = frozenset({"GET", "HEAD", "OPTIONS"})
# Two lines of one of these have no combined meaning, and readers differ in which one they take.
_SINGLE = frozenset({b"authorization", b"content-length", b"content-type", b"host", b"transfer-encoding"})
_TARGET = re.compile(r"[\x21-\x7e]*").fullmatch


class MethodUnknown(Refusal):
    code, http, title, readable = "method_unknown", 501, "Method not implemented", False


def opened(scope: Scope, upload: Upload | None) -> Call:
    """The call as far as the request alone says it; nothing is checked yet, so that every refusal has a call."""
    headers = field_lines(scope)
    query: bytes = scope["query_string"]
    return Call(
        id=secrets.token_hex(16),
        door=Door.REST,
        method=scope["method"],
        path=raw_path(scope),
        received=time.time(),
        started=time.perf_counter(),
        deadline=_deadline(None),
        query=query.decode("latin-1"),
        headers=headers,
        body=upload if _has_body(headers) else None,
        peer=peer(scope),
        scheme=scope.get("scheme", "http"),
        certificate=scope.get(CERTIFICATE),
        known=False,
    )


def checked(call: Call, http_version: str) -> None:
    """Raises BadRequest for a message that means more than one thing, another Refusal for what is not served here."""
    _single_fields(call)
    _framed(call)
    _host_given(call, http_version)
    _no_upgrade(call)
    if call.method in _NEVER:
        raise MethodNotAllowed(f"{call.method} is not served here")
    canonical(call.path)
    if not _TARGET(call.query):
        raise BadRequest("the query holds a character that must be percent-encoded")


def addressed(call: Call, rt: Runtime) -> None:
    """Raises Misdirected. A browser always names a Host; a client of HTTP/1.0 that names none is no page."""
    host = first(call.headers, b"host").decode("latin-1").lower()
    if host and not served(host, rt.hosts):
        raise Misdirected("this gateway is not served under that host name; public_url and mcp.hosts can name it")


def willed(call: Call, rt: Runtime) -> None:
    """Raises ForeignOrigin for a page that would change something with the credential that the operator gave the
    gateway: a browser sends such a request unasked, and cannot be told afterwards that it should not have.

    The Fetch standard: every request that is neither GET nor HEAD has an Origin; `Sec-Fetch-Site` says it where a
    proxy has taken that away. The scheme is not compared, since TLS may have ended at a proxy.
    """
    route = call.endpoint.route if call.endpoint else call.route
    if call.method in _HARMLESS or route is None or not any(map(_entrusted, route.targets)):
        return
    origin = first(call.headers, b"origin").decode("latin-1").lower()
    if origin:
        host = first(call.headers, b"host").decode("latin-1").lower()
        foreign = origin.partition("://")[2] != host and origin != public_origin(rt) and not invited(rt, origin)
    else:
        foreign = first(call.headers, b"sec-fetch-site").lower() == b"cross-site"
    if foreign:
        raise ForeignOrigin("pages of that origin may not make this request")


def _entrusted(target: Target) -> bool:
    """Whether the operator gave the gateway something to prove itself with there."""
    return bool(target.headers or target.credential or target.tls)


def resolved(call: Call, router: Router) -> None:
    """Looks up route and operation. What is missing is left for the pipeline to say, after authentication."""
    match = router.match(host_of(call), call.method, call.path, call.query)
    if call.method not in _METHODS and (match is None or match.endpoint is None):
        raise MethodUnknown(f"the method {call.method} is not implemented")
    if match is None:
        return
    call.route = match.route
    call.below = match.path
    call.endpoint = match.endpoint
    call.deadline = _deadline(match.endpoint.route if match.endpoint else match.route)
    call.known = match.endpoint is not None or match.route.unlisted is Unlisted.ALLOW
    if not call.known:
        call.others = match.others


def _deadline(route: Route | None) -> float:
    targets = route.targets if route else ()
    total = max((target.timeouts.total for target in targets), default=Timeouts().total)
    return asyncio.get_running_loop().time() + total


def _has_body(headers: tuple[tuple[bytes, bytes], ...]) -> bool:
    """RFC 9112 section 6: “The presence of a message body in a request is signaled by a Content-Length or
    Transfer-Encoding header field.”"""
    return bool(first(headers, b"transfer-encoding")) or first(headers, b"content-length").strip(b"0") != b""


def _single_fields(call: Call) -> None:
    seen: set[bytes] = set()
    for name, _ in call.headers:
        if name in seen and name in _SINGLE:
            raise BadRequest(f"the header {name.decode()} may be given once only")
        seen.add(name)


def _framed(call: Call) -> None:
    """RFC 9112 section 6.3: a message with both “might indicate an attempt to perform request smuggling”."""
    coding = first(call.headers, b"transfer-encoding")
    length = first(call.headers, b"content-length")
    if coding and (length or coding.lower() != b"chunked"):
        raise BadRequest("the body's length is not clear: Transfer-Encoding must be chunked, without a Content-Length")
    if length and not length.isdigit():
        raise BadRequest("Content-Length must be one decimal number")


def _host_given(call: Call, http_version: str) -> None:
    """RFC 9112 section 3.2: “A server MUST respond with a 400 (Bad Request) status code to any HTTP/1.1 request message
    that lacks a Host header field and [...] to any request message that contains [...] an invalid field value”."""
    host = first(call.headers, b"host").decode("latin-1").lower()
    if not host and http_version != "1.0":
        raise BadRequest("the request names no Host")
    if host and not is_host(host):
        raise BadRequest("the Host must be a host name or address, with or without a port")


def _no_upgrade(call: Call) -> None:
    """RFC 9110 section 7.8: an Upgrade may be ignored. Of h2c it is; a WebSocket client would not understand the
    answer, and the parser takes whatever follows an upgrade's head for the other protocol, so a body is lost."""
    wanted = set(members(call.headers, b"upgrade"))
    if wanted - {b"h2c"} or (wanted and call.body is not None):
        raise upgrade_refused()


def host_of(call: Call) -> str:
    """The Host without its port."""
    host = first(call.headers, b"host").decode("latin-1").lower()
    name, colon, port = host.rpartition(":")
    return name if colon and port.isdigit() else host
