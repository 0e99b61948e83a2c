"""What no single key can know: settings that are right alone and wrong together."""

from collections.abc import Iterable, Iterator
from itertools import combinations
from pathlib import Path
from typing import NamedTuple

from bridge.config import callers, certificates, credentials
from bridge.config.addresses import Address
from bridge.config.names import is_url
from bridge.config.problems import KeyPath, dotted
from bridge.config.prompts import faults
from bridge.config.schema import Settings
from bridge.config.schema_agents import Legacy
from bridge.config.schema_apis import Api, Upstream
from bridge.config.schema_identity import ClientCertificates, Tls
from bridge.config.tree import Tree


class Clash(NamedTuple):
    """`message` is completed by the name and place of `other`, where there is one."""

    path: KeyPath
    message: str
    advice: str
    other: KeyPath | None = None


def report_clashes(settings: Settings, tree: Tree) -> None:
    """Silent about keys that were found wrong before: what stands in their place is not what was meant."""
    for clash in (_from_the_file(clash, tree) for clash in clashes(settings)):
        paths = [clash.path] if clash.other is None else [clash.path, clash.other]
        if not any(tree.touches_spoiled(path) for path in paths):
            tree.report(clash.path, _complete(clash, tree), clash.advice)


def _from_the_file(clash: Clash, tree: Tree) -> Clash:
    """Seen from the key that somebody wrote; each message holds in both directions."""
    if clash.other is not None and tree.get(clash.path) is None and tree.get(clash.other) is not None:
        return clash._replace(path=clash.other, other=clash.path)
    return clash


def _complete(clash: Clash, tree: Tree) -> str:
    if clash.other is None:
        return clash.message
    if tree.get(clash.other) is None:
        return f"{clash.message} {dotted(clash.other)}, which has its default"
    return f"{clash.message} {dotted(clash.other)} ({tree.place(clash.other)})"


def clashes(settings: Settings) -> Iterator[Clash]:
    if not settings.apis:
        yield Clash(("apis",), "names no API", "add one, as in `orders: {spec: orders.yaml}`")
    yield from _listeners(settings)
    yield from _tls(settings.tls, ("tls",))
    yield from _admin(settings)
    yield from _mounts(settings)
    yield from _tool_names(settings)
    yield from _streams(settings)
    yield from (Clash(*fault) for fault in faults(settings.prompts, settings.mcp))
    yield from (Clash(*fault) for fault in callers.faults(settings))
    for name, api in settings.apis.items():
        yield from _upstream(api.upstream, ("apis", name, "upstream"))
        yield from _documents(api, ("apis", name))
        yield from (Clash(*fault) for fault in credentials.faults(name, api))
    yield from (Clash(*fault) for fault in certificates.faults(settings.apis))


def _listeners(settings: Settings) -> Iterator[Clash]:
    bound: list[tuple[KeyPath, Address]] = [(("listen",), settings.listen)]
    bound += [(("admin", "listen"), settings.admin.listen)] if settings.admin else []
    bound += [(("health", "listen"), settings.health.listen)] if settings.health else []
    for (first, one), (second, two) in combinations(bound, 2):
        if _overlap(one, two):
            yield Clash(second, "takes the same port as", "give each listener a port of its own", first)


def _admin(settings: Settings) -> Iterator[Clash]:
    admin = settings.admin
    if admin is None:
        return
    if not admin.listen.loopback and not admin.tokens:
        yield Clash(
            ("admin", "listen"),
            "is no loopback address, and whoever reaches it could change everything",
            "give admin.tokens, or write 127.0.0.1, [::1] or localhost as its host",
        )
    first: dict[str, str] = {}
    for name, token in admin.tokens.items():
        other = first.setdefault(token.reveal(), name)
        if other != name:
            yield Clash(
                ("admin", "tokens", name), "is the same token as", "give everybody a token of their own",
                ("admin", "tokens", other),
            )  # fmt: skip
    yield from _tls(admin.tls, ("admin", "tls"))


def _tls(tls: Tls | None, path: KeyPath) -> Iterator[Clash]:
    if tls is None:
        return
    if tls.client is ClientCertificates.OFF and tls.client_ca is not None:
        yield Clash(
            (*path, "client_ca"), "is used for nothing: clients are not asked for a certificate",
            "write client: required, or client: optional, beside it",
        )  # fmt: skip


def _streams(settings: Settings) -> Iterator[Clash]:
    mcp = settings.mcp
    if mcp.sse and mcp.legacy is not Legacy.SESSIONS:
        yield Clash(("mcp", "sse"), "needs sessions, and mcp.legacy has none", "write legacy: sessions, or sse: false")
    for name in ("sse", "messages"):
        if mcp.sse and name in mcp.toolsets:
            yield Clash(("mcp", "toolsets", name), "is served where mcp.sse has its own path", "give it another name")


def _overlap(one: Address, two: Address) -> bool:
    """A wildcard address holds every other one; `localhost` is whatever the system makes of it."""
    loopback = one.loopback and two.loopback and "localhost" in (one.host, two.host)
    return one.port == two.port != 0 and (one.host == two.host or one.wildcard or two.wildcard or loopback)


def _mounts(settings: Settings) -> Iterator[Clash]:
    seen: dict[tuple[str | None, str], str] = {}
    for name, api in settings.apis.items():
        first = seen.setdefault((api.host, api.prefix), name)
        if first != name:
            yield Clash(
                ("apis", name, "prefix"), "leads to the same place as", "give each API a prefix or a host of its own",
                ("apis", first, "prefix"),
            )  # fmt: skip
        if f"{api.prefix}/".startswith(f"{settings.mcp.path}/"):
            yield Clash(("apis", name, "prefix"), "collides with", "give one of them another path", ("mcp", "path"))


def _tool_names(settings: Settings) -> Iterator[Clash]:
    seen: dict[str, KeyPath] = {}
    for api, settings_of_api in settings.apis.items():
        for operation, override in settings_of_api.operations.items():
            path: KeyPath = ("apis", api, "operations", operation, "name")
            if override.name and seen.setdefault(override.name, path) != path:
                yield Clash(path, "is the same tool name as", "tool names are unique; change one", seen[override.name])


def _upstream(upstream: Upstream, path: KeyPath) -> Iterator[Clash]:
    if upstream.url and upstream.targets:
        yield Clash((*path, "targets"), "cannot be given together with", "keep one of them", (*path, "url"))


def _documents(api: Api, path: KeyPath) -> Iterator[Clash]:
    yield from _missing([((*path, "spec"), api.spec)])
    yield from _missing(((*path, "overlays", index), overlay) for index, overlay in enumerate(api.overlays))


def _missing(documents: Iterable[tuple[KeyPath, str]]) -> Iterator[Clash]:
    for path, location in documents:
        if is_url(location) or Path(location).is_file():
            continue
        if Path(location).is_dir():
            yield Clash(path, "is a folder", "name one document; each API has its own")
        else:
            yield Clash(path, "names a file that does not exist", "paths start at the configuration's folder")
