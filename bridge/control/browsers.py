"""Pages in browsers on this machine can reach the admin port: what they must not do is change anything.

A page of another origin is known by what its browser adds, which no page can forge: `Origin` (RFC 6454 section 7) and
`Sec-Fetch-Site`. What such a page may send without asking first has a media type of forms, and is refused for that too;
what it must ask for first (other methods, JSON) is not granted, because nothing here answers a preflight.
"""

import re
from collections.abc import Callable
from http import HTTPStatus

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from bridge.config.schema import Admin
from bridge.control.problems import Problematic, problem
from bridge.ingress.gate import served

_READS = frozenset({"GET", "HEAD", "OPTIONS"})
_OWN_NAME = re.compile(r"(?:localhost|127\.0\.0\.1|\[::1\])(?::[0-9]*)?", re.IGNORECASE)
_OWN_SITES = frozenset({"same-origin", "none"})


class OwnNames:
    """A page that rebinds its own name to this address sends that name as Host. `admin` gives the current settings;
    None is the default."""

    def __init__(self, app: ASGIApp, admin: Callable[[], Admin | None]) -> None:
        self._app = app
        self._admin = admin

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        hosts = Headers(scope=scope).getlist("host") if scope["type"] == "http" else ["localhost"]
        host = hosts[0].lower() if len(hosts) == 1 else ""
        own = _OWN_NAME.fullmatch(host) or (host and served(host, self._names(scope)))
        await (self._app if own else problem(_FOREIGN_HOST))(scope, receive, send)

    def _names(self, scope: Scope) -> frozenset[str]:
        """Those that the operator gave, and the address that the connection came to: a rebound name is none."""
        admin = self._admin() or Admin()
        bound = (scope.get("server") or ("",))[0]
        addresses = (f"[{one}]" if ":" in one else one for one in (admin.listen.host, bound) if one)
        return frozenset((*admin.hosts, *addresses))


_FOREIGN_HOST = Problematic(
    HTTPStatus.BAD_REQUEST,
    "foreign_host",
    "the admin API answers to its own names alone: send localhost, 127.0.0.1 or [::1] as Host, with its port or not; "
    "admin.hosts can name others",
)


class NoForeignPages:
    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        refused = _refused(scope) if scope["type"] == "http" and scope["method"] not in _READS else None
        await (self._app if refused is None else problem(refused))(scope, receive, send)


def _refused(scope: Scope) -> Problematic | None:
    headers = Headers(scope=scope)
    origin, site = headers.get("origin"), headers.get("sec-fetch-site")
    own = f"{scope['scheme']}://{headers.get('host', '')}"
    if len(headers.getlist("origin")) > 1 or len(headers.getlist("sec-fetch-site")) > 1:
        return Problematic(HTTPStatus.BAD_REQUEST, "bad_request", "Origin and Sec-Fetch-Site may be given once")
    if (origin is not None and origin.lower() != own.lower()) or (site is not None and site not in _OWN_SITES):
        return Problematic(HTTPStatus.FORBIDDEN, "foreign_origin", "a page of another origin may not change anything")
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "application/json" or (not kind and not _has_body(headers)):
        return None
    return Problematic(
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", "send application/json, and say so in Content-Type"
    )


def _has_body(headers: Headers) -> bool:
    return headers.get("content-length", "0") != "0" or "transfer-encoding" in headers
