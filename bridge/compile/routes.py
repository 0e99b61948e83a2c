"""Where each API is found and where its calls go."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TypeAlias
from urllib.parse import urlsplit

from bridge.compile.hosts import address_of, host_and_port, is_here
from bridge.compile.registered import INLINE
from bridge.config.schema_apis import Api as ApiSettings
from bridge.config.schema_apis import Upstream
from bridge.config.schema_credentials import Passing
from bridge.config.values import Secret
from bridge.egress.address import check_address
from bridge.egress.fetch_errors import FetchError
from bridge.importer.source import named
from bridge.model import (
    Api,
    Catalog,
    Finding,
    Headers,
    Operation,
    Presented,
    Rewrite,
    Route,
    Severity,
    Target,
    Timeouts,
    Where,
)
from bridge.model.headers import argument_may_set, dashed

Addressed: TypeAlias = tuple[tuple[Target, ...], str]
"""Where calls go, and why there is nowhere."""


@dataclass(frozen=True, slots=True)
class Routed:
    """`own` are the targets of operations whose targets are not those of their API, by (api, id).

    `findings` name the APIs and operations that have nowhere to go: calls to them are refused.
    """

    routes: Mapping[str, Route]
    own: Mapping[tuple[str, str], tuple[Target, ...]]
    findings: tuple[Finding, ...]


def routes(settings: Mapping[str, ApiSettings], catalog: Catalog, *, passthrough: bool = True) -> Routed:
    """`passthrough`: where an API does not say otherwise, people's own credentials go on to it."""
    made: dict[str, Route] = {}
    own: dict[tuple[str, str], Addressed] = {}
    findings: list[Finding] = []
    for api in catalog.apis:
        one = settings[api.name]
        operations = [operation for key, operation in catalog.operations.items() if key[0] == api.name]
        targets, why = found = _targets(api, one)
        own |= {(api.name, each.id): _own(each, one, targets) for each in operations if _has_own(each, one)}
        reasons = {each.where: own.get((api.name, each.id), found)[1] for each in operations}
        findings += _nowhere(api.name, named(one.spec), why, reasons)
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
            passthrough=passthrough if one.credential is None else one.credential is Passing.PASSTHROUGH,
            presented=_presented(api, one),
            underscored=_underscored(api, catalog),
        )
    return Routed(made, {key: targets for key, (targets, _) in own.items()}, tuple(findings))


def _presented(api: Api, settings: ApiSettings) -> Presented:
    """By the schemes of the document, and by credentials of the settings that say themselves how they are carried."""
    given = [*settings.credentials.values()]
    given += [entry for target in settings.upstream.targets for entry in (target.credentials or {}).values()]
    named = [(one.where, one.name) for one in api.security_schemes.values()]
    named += [(entry.where.value, entry.name) for entry in given if entry.where and entry.name]
    return Presented(
        frozenset(dashed(name.lower().encode()) for where, name in named if where == Where.HEADER),
        frozenset(name.lower() for where, name in named if where == Where.QUERY),
    )


def _underscored(api: Api, catalog: Catalog) -> frozenset[bytes]:
    """Of parameters, and of the schemes that callers present their credentials by (`api_key` is a common one)."""
    names = {one.name for one in api.security_schemes.values() if one.where == Where.HEADER}
    for operation in catalog.operations.values():
        if operation.api == api.name:
            names |= {param.name for param in operation.params if param.where is Where.HEADER}
    return frozenset(name.lower().encode() for name in names if "_" in name and argument_may_set(name))


def _has_own(operation: Operation, settings: ApiSettings) -> bool:
    """The operator's addresses hold for operations with a server of their own too."""
    return operation.own_server and not (settings.upstream.url or settings.upstream.targets)


def foreign(settings: ApiSettings, *, own: bool) -> bool:
    """Whether a stranger may have written a server: what comes from the network is not the operator's word, nor is a
    document that came with its registration: who registers one has seldom written it.

    `own`: that of an operation, which may stand in a document that the one of the API refers to.
    """
    given = (settings.spec, *settings.overlays, *(settings.allowed_origins if own else ()))
    return not settings.allow_private and any("://" in one or one.startswith(INLINE) for one in given)


def _own(operation: Operation, settings: ApiSettings, around: tuple[Target, ...]) -> Addressed:
    """The first usable server of an operation; a relative one is a path at the document's own server, `around`."""
    api = operation.api
    for url in operation.servers:
        if split(url) is not None:
            strange = foreign(settings, own=True)
            why = _untrusted(url) if strange else ""
            target = _target(f"{api}/{operation.id}", settings.upstream, url, 1, guarded=strange)
            return ((), why) if why else ((_entrusted(target, around),), "")
    relative = [url for url in operation.servers if url.startswith("/")]
    if relative and around:
        return (replace(around[0], base=relative[0].rstrip("/")),), ""
    return (), _unusable(operation.servers)


def _entrusted(target: Target, around: tuple[Target, ...]) -> Target:
    """The operator's headers hold a credential, and it was given for the document's own server."""
    return target if target.origin in {one.origin for one in around} else replace(target, headers=())


def _targets(api: Api, settings: ApiSettings) -> Addressed:
    """The operator's addresses, else the document's first usable server; and why there is none."""
    upstream = settings.upstream
    configured = [(target.url, target.weight) for target in upstream.targets]
    configured += [(upstream.url, 1)] if upstream.url else []
    if configured:
        # A relative server is relative to where the API is found: an address without a path is completed by it.
        relative = next((server for server in api.servers if server.startswith("/")), "").rstrip("/")
        made = (
            _target(f"{api.name}#{number}" if number > 1 else api.name, upstream, url, weight)
            for number, (url, weight) in enumerate(configured, 1)
        )
        return tuple(target if target.base else replace(target, base=relative) for target in made), ""
    for url in api.servers:
        if split(url) is not None:
            strange = foreign(settings, own=False)
            why = _untrusted(url) if strange else ""
            target = _target(api.name, upstream, url, 1, guarded=strange)
            return ((), why) if why else ((target,), "")
    return (), _unusable(api.servers)


def _unusable(servers: tuple[str, ...]) -> str:
    if not servers:
        return "the document names no server that can be used"
    relative = all("://" not in server for server in servers)
    told = ", ".join(map(named, servers))
    return f"its servers are {'relative' if relative else 'no http or https addresses'} ({told})"


def _target(name: str, upstream: Upstream, url: str, weight: int, *, guarded: bool = False) -> Target:
    """Strangers read `name` in refusals: no address is in it."""
    origin, base = split(url) or (url, "")
    timeouts = Timeouts(upstream.connect_timeout, upstream.read_timeout, upstream.timeout)
    return Target(
        id=name,
        origin=origin,
        base=base,
        weight=weight,
        headers=_headers(upstream.headers),
        timeouts=timeouts,
        guarded=guarded,
    )


def _untrusted(url: str) -> str:
    """A stranger's document must not send the gateway into its own network.

    Names are judged where they are dialled (`Target.guarded`); addresses are refused here, where the operator sees it.
    """
    try:
        host, _ = host_and_port(url)
    except FetchError as error:
        return f"its server {named(url)}: {error.message}; set the upstream"
    if is_here(host):
        return f"its server {named(url)} is on this machine; set the upstream, or allow_private"
    try:
        address = address_of(host)
    except ValueError:
        return f"its server {named(url)} has neither a name nor an address; set the upstream"
    reason = check_address(address) if address else None
    return f"its server {named(url)}: {reason}; set the upstream, or allow_private" if reason else ""


def _headers(headers: Mapping[str, Secret]) -> Headers:
    return tuple((name.lower().encode(), value.reveal().encode("latin-1")) for name, value in headers.items())


def split(url: str) -> tuple[str, str] | None:
    """Origin and base path without a trailing slash; None for what is no absolute http(s) URL."""
    try:
        urlsplit(url).port  # noqa: B018 - raises for what is no port
    except ValueError:
        return None
    scheme, separator, rest = re.split("[?#]", url)[0].partition("://")
    if not separator or scheme.lower() not in {"http", "https"}:
        return None
    host, slash, path = rest.partition("/")
    return f"{scheme.lower()}://{host}", f"/{path}".rstrip("/") if slash else ""


_ADVICE = "give --upstream URL, or set apis.<name>.upstream.url; for a registration, options.upstream.url"


def _nowhere(api: str, source: str, why: str, operations: Mapping[str, str]) -> Iterator[Finding]:
    """`why` the API has no upstream, and each of its operations, by place: empty where there is one."""
    if why and all(operations.values()):
        yield Finding(
            "no-upstream", Severity.ERROR, "/servers", f"there is nowhere to send calls: {why}", lost="every call",
            advice=_ADVICE, source=source, api=api,
        )  # fmt: skip
        return
    for where, missing in operations.items():
        if missing:
            yield Finding(
                "operation-without-upstream", Severity.ERROR, where, f"there is nowhere to send its calls: {missing}",
                lost="calls of this operation", advice=_ADVICE, source=source, api=api,
            )  # fmt: skip
