"""The documents that the gateway hands out itself: each API's own, with the gateway's address in it."""

import hashlib
from functools import lru_cache
from typing import TypeAlias

from bridge.ingress.asgi import first, members
from bridge.ingress.request import host_of
from bridge.model import Call, Grant, NotGranted, Origin, Outcome, Principal
from bridge.pipeline.resolve import missing
from bridge.pipeline.runtime import Runtime

Document: TypeAlias = tuple[str, bytes]
"""Media type and content."""


def published(rt: Runtime, call: Call, document: Document, principal: Principal) -> Outcome:
    """Raises NotGranted: to whoever may not use all of an API its document would tell what else there is."""
    if not _may_all(rt, call, principal.grant):
        raise NotGranted(missing(call))
    media_type, content = document
    tag = _tag(content)
    headers = ((b"content-type", media_type.encode()), (b"etag", tag), (b"cache-control", b"no-cache"))
    if _has(call, tag):
        return Outcome(304, headers[1:], origin=Origin.GATEWAY)
    return Outcome(200, headers, content, origin=Origin.GATEWAY)


def _may_all(rt: Runtime, call: Call, grant: Grant) -> bool:
    if grant.operations is None:
        return True
    match = rt.router.match(host_of(call), call.method, call.path, "")
    known = grant.operations.union(grant.lacking)
    return match is not None and all(ref in known for ref in rt.endpoints if ref[0] == match.route.api)


def _has(call: Call, tag: bytes) -> bool:
    """RFC 9110 section 13.1.2: If-None-Match compares weakly, and `*` stands for any current representation."""
    if first(call.headers, b"if-none-match") == b"*":
        return True
    return any(member.removeprefix(b"w/") == tag for member in members(call.headers, b"if-none-match"))


@lru_cache(maxsize=32)
def _tag(content: bytes) -> bytes:
    """Remembered, because hashing a large document would hold up every other call; lower case, as `members` is."""
    return f'"{hashlib.sha256(content).hexdigest()[:32]}"'.encode()
