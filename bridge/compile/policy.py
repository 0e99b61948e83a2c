"""Settings about callers, as the compiled objects that the stages read."""

import re
from urllib.parse import urlsplit, urlunsplit

from bridge import __version__
from bridge.config import Settings
from bridge.config.schema import Webhook
from bridge.config.secrets import webhook_key
from bridge.egress.webhook import PRIVATE, Destination, private_place
from bridge.model import Finding, Severity
from bridge.pipeline.identity.keys import KeyRing
from bridge.pipeline.peers import Addresses
from bridge.pipeline.policy import Approvals
from bridge.pipeline.runtime import Cors, Legacy, Limits, McpDoor, Rate
from bridge.state.base import Store

_PORT = re.compile(r":[0-9]*\Z")
LOOPBACK = frozenset({"localhost", "127.0.0.1", "[::1]"})


def key_ring(settings: Settings, durable: Store) -> KeyRing | None:
    """None where the configuration has no API keys."""
    given = settings.identity.api_keys if settings.identity else None
    return KeyRing(durable, given.pepper.reveal().encode()) if given else None


def limits(settings: Settings) -> Limits:
    requests = settings.limits.requests
    return Limits(
        requests=Rate(requests.rate, requests.permits) if requests else None,
        concurrent=settings.limits.concurrent,
        body_bytes=settings.limits.body,
        result_bytes=settings.limits.result,
    )


def approvals(settings: Settings, *, decidable: bool = True) -> Approvals:
    given = settings.approvals
    return Approvals(
        effects=frozenset(given.effects),
        people=given.people,
        ttl=given.ttl,
        pending=given.pending,
        secret=given.key.reveal().encode() if given.key is not None else b"",
        decidable=decidable,
        webhook=_destination(given.webhook) if given.webhook is not None else None,
    )


def unannounced(settings: Settings) -> tuple[Finding, ...]:
    """What keeps announcements from arriving, as far as it can be known without sending one."""
    webhook = settings.approvals.webhook
    what = private_place(_destination(webhook)) if webhook is not None else ""
    if not what:
        return ()
    return (
        Finding(
            "webhook-unreachable", Severity.WARNING, "", f"the address of approvals.webhook is {what}",
            lost="all announcements of calls that wait", advice=f"{PRIVATE}, beside its url",
        ),
    )  # fmt: skip


def _destination(webhook: Webhook) -> Destination:
    parts = urlsplit(webhook.url)
    return Destination(
        origin=f"{parts.scheme}://{parts.netloc}",
        target=urlunsplit(("", "", parts.path or "/", parts.query, "")),
        key=webhook_key(webhook.secret),
        allow_private=webhook.allow_private,
    )


def token_path(settings: Settings) -> str:
    """Where capabilities are handed out; empty where they are not."""
    identity = settings.identity
    if identity is None or not identity.demanding or identity.capabilities is None:
        return ""
    return identity.capabilities.path


def cors(settings: Settings) -> Cors | None:
    given = settings.cors
    return Cors(frozenset(given.origins), tuple(given.headers), int(given.max_age)) if given else None


def addresses(settings: Settings) -> Addresses:
    given = settings.identity
    return Addresses(
        trusted=given.trusted_proxies if given else (),
        allowed=given.allow if given else (),
        apis={name: api.allow for name, api in settings.apis.items() if api.allow},
    )


def mcp_door(settings: Settings) -> McpDoor:
    return McpDoor(
        path=settings.mcp.path,
        hosts=_hosts(settings),
        origins=frozenset(settings.mcp.origins),
        instructions=settings.mcp.instructions,
        version=__version__,
        ttl_ms=int(settings.mcp.ttl * 1000),
        body_bytes=settings.limits.body,
        legacy=Legacy(settings.mcp.legacy),
        sse=settings.mcp.sse,
        poll=settings.mcp.poll,
    )


def _hosts(settings: Settings) -> frozenset[str] | None:
    """On a loopback address only loopback names, so that a page that rebinds its DNS name reaches nothing (MCP:
    "Servers MUST validate the Origin header ... to prevent DNS rebinding attacks"); elsewhere as configured."""
    if settings.mcp.hosts:
        return frozenset(settings.mcp.hosts)
    if not settings.listen.loopback:
        return None
    return LOOPBACK | _public(settings)


def hosts(settings: Settings) -> frozenset[str] | None:
    """The same for people, and for the same reason: a page that reads its rebound name gets what the operator's
    credential gets. APIs with a host of their own are found under it."""
    if not settings.listen.loopback:
        return None
    own = {api.host.lower() for api in settings.apis.values() if api.host}
    return LOOPBACK | _public(settings) | frozenset(settings.mcp.hosts) | own


def _public(settings: Settings) -> frozenset[str]:
    public = urlsplit((settings.public_url or "").lower()).netloc
    return frozenset({public, _PORT.sub("", public)} if public else ())
