"""What the head of a request must say before its body is worth reading: address, origin, media types.

Header lines that repeat a name are joined by a line feed, which no line can hold: what compares equal to a single
value was sent once.
"""

import re

from bridge.ingress.asgi import Scope
from bridge.ingress.gate import ForeignOrigin, Misdirected, invited, is_host, public_origin, served, upgrade_refused
from bridge.ingress.mcp.eras import MODERN
from bridge.ingress.mcp.refusals import InvalidRequest, NotAcceptable, NotPost, UnsupportedMedia
from bridge.model import TooLarge
from bridge.pipeline.runtime import Legacy, Runtime

JSON = b"application/json"
STREAM = b"text/event-stream"
VERSION = b"mcp-protocol-version"
SESSION = b"mcp-session-id"
LAST_EVENT = b"last-event-id"

UNASKED = 64 << 10
"""Bytes that are read of a message before it is asked who sends it: a challenge names the scopes of what it calls."""

_POST = frozenset({"POST"})
_ALL = frozenset({"POST", "GET", "DELETE"})

_PLAIN = re.compile(rb"[\t\x20-\x7e]*")


def fields_of(scope: Scope) -> dict[bytes, bytes]:
    headers: list[tuple[bytes, bytes]] = scope["headers"]
    fields = dict(headers)
    if len(fields) == len(headers):
        return fields
    joined: dict[bytes, bytes] = {}
    for name, value in headers:
        joined[name] = joined[name] + b"\n" + value if name in joined else value
    return joined


def plain(fields: dict[bytes, bytes], name: bytes) -> str | None:
    """The value of a header sent once in visible ASCII; "" when it is anything else, None when it is absent.

    Parsers leave white space around a value to us (RFC 9110 section 5.5: "excluded from the field line value").
    """
    value = fields.get(name)
    if value is None:
        return None
    value = value.strip(b" \t")
    if value.isascii():
        text = value.decode("ascii")
        if text.isprintable() or _PLAIN.fullmatch(value):
            return text
    return ""


def screen(rt: Runtime, scope: Scope, fields: dict[bytes, bytes], methods: frozenset[str] = _POST) -> None:
    """Raises InvalidRequest, Misdirected, ForeignOrigin, UpgradeRefused, NotPost, UnsupportedMedia, TooLarge."""
    _check_address(rt, scope, fields)
    # RFC 9110 section 7.8 lets a server ignore it. The server under us does not read the body of such a request.
    if b"upgrade" in fields:
        raise upgrade_refused()
    if scope["method"] not in methods:
        allowed = ", ".join(sorted(methods, reverse=True))
        raise NotPost(f"this endpoint takes {allowed} here", headers=((b"allow", allowed.encode()),))
    if scope["method"] == "POST":
        _check_media(fields)
    length = fields.get(b"content-length", b"")
    if length.isdigit() and (len(length) > 15 or int(length) > rt.mcp.body_bytes):
        raise too_large(rt)


def methods_of(rt: Runtime, fields: dict[bytes, bytes]) -> frozenset[str]:
    """What may be done with the endpoint. 2026-07-28 has POST alone, and so have clients without a session."""
    return _ALL if in_session(rt, fields) and plain(fields, VERSION) != MODERN.name else _POST


def in_session(rt: Runtime, fields: dict[bytes, bytes]) -> bool:
    return SESSION in fields and rt.shared is not None and rt.mcp.legacy is Legacy.SESSIONS


def is_short(fields: dict[bytes, bytes]) -> bool:
    """Whether a message, by its head, may be read whoever sends it."""
    length = fields.get(b"content-length", b"0")
    return b"transfer-encoding" not in fields and length.isdigit() and int(length) <= UNASKED


def too_large(rt: Runtime) -> TooLarge:
    return TooLarge(f"the body may hold {rt.mcp.body_bytes} bytes")


def _check_address(rt: Runtime, scope: Scope, fields: dict[bytes, bytes]) -> None:
    host = (plain(fields, b"host") or "").lower()
    if not host and scope["http_version"] != "1.0":
        # RFC 9112 section 3.2: 400 "to any HTTP/1.1 request message that lacks a Host header field", or has two.
        raise InvalidRequest("the request must name one Host")
    if host and not is_host(host):
        raise InvalidRequest("the Host must be a host name or address, with or without a port")
    if not served(host, rt.mcp.hosts):
        raise Misdirected("this endpoint is not served under that host name")
    if b"origin" in fields and not _may_come_from((plain(fields, b"origin") or "").lower(), rt, scope["scheme"], host):
        raise ForeignOrigin("pages of that origin may not call this endpoint")


def _may_come_from(origin: str, rt: Runtime, scheme: str, host: str) -> bool:
    """ "Servers MUST validate the Origin header on all incoming connections" (Streamable HTTP, Security)."""
    own = f"{scheme}://{host}" if host else ""
    return bool(origin) and (invited(rt, origin) or origin in {own, public_origin(rt)})


def _check_media(fields: dict[bytes, bytes]) -> None:
    # A page can make a browser post text/plain or a form to any origin without asking first; JSON it cannot.
    media, _, parameters = fields.get(b"content-type", b"").lower().partition(b";")
    if media.strip(b" \t") != JSON:
        raise UnsupportedMedia("the body must be application/json")
    if b"charset" in parameters and b"utf-8" not in parameters:
        raise UnsupportedMedia("the body must be UTF-8")
    if fields.get(b"content-encoding", b"identity").strip(b" \t").lower() != b"identity":
        raise UnsupportedMedia("the body must not be compressed")


def check_accept(fields: dict[bytes, bytes], *, modern: bool) -> None:
    """Raises NotAcceptable.

    2026-07-28: "The client MUST include an Accept header listing both application/json and text/event-stream", which
    `*/*` does. Older clients are taken as they come: only one that says it cannot read JSON is refused.
    """
    accept = fields.get(b"accept")
    if accept == b"application/json, text/event-stream" or (accept is None and not modern):
        return
    listed = {part.partition(b";")[0].strip() for part in re.split(rb"[,\n]", (accept or b"").lower())}
    if modern and b"*/*" not in listed and not {JSON, STREAM} <= listed:
        raise NotAcceptable("Accept must list application/json and text/event-stream")
    if not listed & {JSON, b"application/*", b"*/*"}:
        raise NotAcceptable("Accept must list application/json: that is what answers are")


def check_takes_stream(fields: dict[bytes, bytes]) -> None:
    """Raises NotAcceptable."""
    if not takes_streams(fields):
        raise NotAcceptable("Accept must list text/event-stream: that is what this answer is")


def takes_streams(fields: dict[bytes, bytes]) -> bool:
    """Whether the answer may be an event stream."""
    accept = fields.get(b"accept", b"").lower()
    return STREAM in accept or b"*/*" in accept
