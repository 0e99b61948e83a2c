"""Where each API is found and where its calls go."""

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import urlsplit

from bridge.compile.operations import split
from bridge.config.schema import Api as ApiSettings
from bridge.config.schema import Upstream
from bridge.config.values import Secret
from bridge.egress.address import check_address
from bridge.model import Api, Catalog, Finding, Headers, Rewrite, Route, Severity, Target, Timeouts, Where
from bridge.model.headers import argument_may_set


@dataclass(frozen=True, slots=True)
class Routed:
    """`findings` name the APIs that have nowhere to go: calls to them are refused."""

    routes: Mapping[str, Route]
    findings: tuple[Finding, ...]


def routes(settings: Mapping[str, ApiSettings], catalog: Catalog) -> Routed:
    made: dict[str, Route] = {}
    findings: list[Finding] = []
    for api in catalog.apis:
        one = settings[api.name]
        targets, why = _targets(api, one)
        if why:
            findings.append(_nowhere(api.name, one.spec, why))
        made[api.name] = Route(
            api=api.name,
            prefix=one.prefix.rstrip("/"),
            host=one.host,
            targets=targets,
            rewrite=Rewrite(
                strip_prefix=one.rewrite.strip_prefix,
                set_headers=_headers(one.rewrite.set_headers),
                remove_headers=frozenset(name.lower().encode() for name in one.rewrite.remove_headers),
            ),
            unlisted=one.unlisted,
            validate=one.validation,
            underscored=_underscored(api, catalog),
            configured=bool(one.upstream.url or one.upstream.targets),
        )
    return Routed(made, tuple(findings))


def _underscored(api: Api, catalog: Catalog) -> frozenset[bytes]:
    """Of parameters, and of the schemes that callers present their credentials by (`api_key` is a common one)."""
    names = {one.name for one in api.security_schemes.values() if one.where == Where.HEADER}
    for operation in catalog.operations.values():
        if operation.api == api.name:
            names |= {param.name for param in operation.params if param.where is Where.HEADER}
    return frozenset(name.lower().encode() for name in names if "_" in name and argument_may_set(name))


def _targets(api: Api, settings: ApiSettings) -> tuple[tuple[Target, ...], str]:
    """The operator's addresses, else the document's first usable server; and why there is none."""
    upstream = settings.upstream
    configured = [(target.url, target.weight) for target in upstream.targets]
    configured += [(upstream.url, 1)] if upstream.url else []
    if configured:
        return tuple(_target(api, upstream, url, weight) for url, weight in configured), ""
    for url in api.servers:
        if split(url) is not None:
            why = _untrusted(url, settings)
            return ((), why) if why else ((_target(api, upstream, url, 1),), "")
    named = f"its servers are relative ({', '.join(api.servers)})" if api.servers else "the document names no server"
    return (), named


def _target(api: Api, upstream: Upstream, url: str, weight: int) -> Target:
    origin, base = split(url) or (url, "")
    timeouts = Timeouts(upstream.connect_timeout, upstream.read_timeout, upstream.timeout)
    # A relative server is relative to where the API is found: an address without a path of its own is completed by it.
    relative = next((server for server in api.servers if server.startswith("/")), "")
    return Target(
        id=f"{api.name}:{urlsplit(url).netloc}",
        origin=origin,
        base=base or relative.rstrip("/"),
        weight=weight,
        headers=_headers(upstream.headers),
        timeouts=timeouts,
    )


def _untrusted(url: str, settings: ApiSettings) -> str:
    """A document from the network must not send the gateway into its own network."""
    if "://" not in settings.spec or settings.allow_private:
        return ""
    host = urlsplit(url).hostname or ""
    if host == "localhost" or host.endswith(".localhost"):
        return f"its server {url} is on this machine; set the upstream, or allow private addresses"
    try:
        reason = check_address(ip_address(host))
    except ValueError:
        return ""
    return f"its server {url}: {reason}; set the upstream, or allow private addresses" if reason else ""


def _headers(headers: Mapping[str, Secret]) -> Headers:
    return tuple((name.lower().encode(), value.reveal().encode("latin-1")) for name, value in headers.items())


def _nowhere(api: str, source: str, why: str) -> Finding:
    return Finding(
        "no-upstream", Severity.ERROR, "/servers", f"there is nowhere to send calls: {why}", lost="every call",
        advice="give --upstream URL, or set apis.<name>.upstream.url", source=source, api=api,
    )  # fmt: skip
