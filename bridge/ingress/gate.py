"""What both doors ask of a request's head: under which name the gateway was called, and by whose pages.

A gateway on a loopback address is reached by every page in its user's browser. A page that rebinds its own name to that
address still sends the name as Host; a page that keeps its name still sends it as Origin.
"""

import re
from collections.abc import Set as AbstractSet
from urllib.parse import parse_qsl, urlsplit

from bridge.model import BadRequest, Refusal
from bridge.pipeline.identity.handles import CAPABILITY, KEY
from bridge.pipeline.runtime import Runtime

# RFC 3986 section 3.2.2, less what stands in no host that can be resolved: whoever reads a Host further on may take
# `good.example@evil.example`, quotes or spaces for something else.
_HOST = re.compile(r"(?:\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::[0-9]{0,5})?").fullmatch
_HANDLES = (f"{KEY}_", f"{CAPABILITY}_")
_PORT = re.compile(r":[0-9]*\Z")


class Misdirected(BadRequest):
    code, http, title = "misdirected", 421, "Misdirected request"


class ForeignOrigin(BadRequest):
    """A web page of an origin that is not allowed: what DNS rebinding and forged requests look like from here."""

    code, http, title = "foreign_origin", 403, "Origin not allowed"


class UpgradeRefused(Refusal):
    """RFC 9110 section 15.6.2: 501 is for “functionality required to fulfill the request” that is not there."""

    code, http, title, readable = "upgrade_refused", 501, "Protocol upgrade not supported", False


def upgrade_refused() -> UpgradeRefused:
    close = ((b"connection", b"close"),)
    return UpgradeRefused("protocol upgrades (WebSocket among them) are not served", headers=close)


def no_token_in(rt: Runtime, query: str) -> None:
    """RFC 6750 section 5.3: "Bearer tokens SHOULD NOT be passed in page URLs": logs and histories keep these. Raises
    BadRequest; what was sent is in no message."""
    if not query or not rt.protected.demanding:
        return
    for name, value in parse_qsl(query, keep_blank_values=True):
        if name.strip().lower() == "access_token" or value.startswith(_HANDLES):
            raise BadRequest("the address holds a token; send it in the Authorization header, and have it replaced")


def is_host(host: str) -> bool:
    """Whether `host`, in lower case, is host[:port]."""
    return _HOST(host) is not None


def without_port(host: str) -> str:
    return _PORT.sub("", host)


def served(host: str, names: AbstractSet[str] | None) -> bool:
    """Whether `host`, in lower case, is among `names`, which have a port or stand for any; None is every name."""
    return names is None or host in names or without_port(host) in names


def invited(rt: Runtime, origin: str) -> bool:
    """Whether the operator lets pages of `origin`, in lower case, do more than read. `*` in the CORS settings lets
    every page read what the people's door says; it lets none act in somebody's name."""
    named = rt.mcp.origins if rt.cors is None else rt.mcp.origins | rt.cors.origins
    return origin != "*" and origin in named


def public_origin(rt: Runtime) -> str:
    """The gateway's own origin as the operator gave it; empty where there is none."""
    public = urlsplit(rt.public_url.lower())
    return f"{public.scheme}://{public.netloc}" if public.netloc else ""
