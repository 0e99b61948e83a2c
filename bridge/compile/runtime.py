"""Settings and a catalogue become a runtime: everything that a call must not wait for."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from itertools import count

from bridge.compile import backends
from bridge.compile.apis import Loaded
from bridge.compile.collector import paused
from bridge.compile.credentials import equipped
from bridge.compile.grants import policy
from bridge.compile.identity import Links, front, handed, protected
from bridge.compile.operations import Known, endpoints
from bridge.compile.own import to_ourselves
from bridge.compile.policy import addresses, approvals, cors, hosts, limits, mcp_door, token_path, unannounced
from bridge.compile.published import NAME, published
from bridge.compile.rivals import guarded
from bridge.compile.routes import routes
from bridge.compile.toolsets import toolsets
from bridge.config import Settings
from bridge.config.schema import SharedState
from bridge.egress.credentials.tokens import Tokens
from bridge.egress.own import Own
from bridge.egress.upstream import Upstream
from bridge.egress.webhook import Webhooks
from bridge.importer.document import pointer
from bridge.importer.select import matches
from bridge.model import Catalog, Endpoint, Finding, Route, Severity
from bridge.model.steps import Steps, at_once
from bridge.pipeline.changes import Changes
from bridge.pipeline.identity.front import Front
from bridge.pipeline.match import Router
from bridge.pipeline.runtime import Account, Runtime
from bridge.state.base import State

_versions = count(1)


@dataclass(frozen=True, slots=True)
class Parts:
    """What outlives a runtime: connections, counters, and who is told of each call. `own` is where `upstream` never
    sends one. `decidable`: somebody can reach an admin port that knows of the calls which wait for approval."""

    upstream: Upstream
    state: State
    accounts: tuple[Account, ...] = ()
    webhooks: Webhooks = field(default_factory=Webhooks)
    changes: Changes = field(default_factory=Changes)
    own: Own = field(default_factory=Own)
    links: Links = field(default_factory=Links)
    """To issuers, with their keys."""
    tokens: Tokens = field(default_factory=Tokens)
    decidable: bool = True

    async def aclose(self) -> None:
        """Gives everything back; nothing is called any more."""
        await self.tokens.aclose()
        await self.upstream.aclose()
        await self.links.aclose()
        await self.state.aclose()


def parts(settings: Settings | None = None) -> Parts:
    """In memory unless the settings say otherwise: whoever only compiles, or makes a single call, shares nothing."""
    own = Own()
    return Parts(backends.upstream(own), state(settings) if settings else backends.state(SharedState()), own=own)


def state(settings: Settings) -> State:
    """What the settings share or keep, for whoever works on that alone."""
    return backends.state(settings.state, settings.data / "state")


@dataclass(frozen=True, slots=True)
class Compiled:
    """A runtime, and what the next one need not compile again."""

    runtime: Runtime
    known: Known


_NOTHING_KNOWN: Known = {}


@paused()
def compile_runtime(settings: Settings, loaded: Loaded, lasting: Parts) -> Runtime:
    """All at once, where no call is served yet."""
    return at_once(compiling(settings, loaded, lasting)).runtime


def compiling(settings: Settings, loaded: Loaded, lasting: Parts, known: Known = _NOTHING_KNOWN) -> Steps[Compiled]:
    """The findings of routing join the catalogue's. Raises ConfigInvalid."""
    routed = routes(settings.apis, loaded.catalog, passthrough=settings.identity is None)
    yield
    equipment = yield from equipped(settings.apis, loaded.catalog, routed, lasting.tokens, lasting.upstream)
    routed = equipment.routed
    plain = yield from endpoints(loaded.catalog, routed, known)
    router = yield from Router.steps(
        (route, {key: one for key, one in plain.items() if key[0] == name}) for name, route in routed.routes.items()
    )
    compiled = yield from guarded(plain, router)
    found = (*loaded.catalog.findings, *routed.findings, *equipment.findings)
    found = (*found, *_collisions(settings, routed.routes, compiled))
    yield
    found = (*found, *_unselected(settings, loaded.catalog), *to_ourselves(settings, routed, lasting.own))
    yield
    rules, unselected = policy(settings, loaded.catalog)
    yield
    offered, unusable = yield from toolsets(settings, loaded.catalog, compiled, rules.version)
    found = (*found, *unusable, *unannounced(settings), *unselected)
    catalog = _sharing(replace(loaded.catalog, findings=found), plain)
    yield
    door = protected(settings, rules, offered)
    own = handed(settings, loaded.catalog, rules, lasting.state.shared)
    authenticator = front(settings, door, rules, lasting.links, own)
    runtime = Runtime(
        version=next(_versions),
        digest=catalog.digest,
        catalog=catalog,
        router=router,
        endpoints=compiled,
        toolsets=offered,
        authenticator=authenticator,
        forget=authenticator.forget if isinstance(authenticator, Front) else _nothing_remembered,
        upstream=lasting.upstream,
        credentials=equipment.credentials,
        buckets=lasting.state.buckets,
        leases=lasting.state.leases,
        shared=lasting.state.shared,
        changes=lasting.changes,
        approvals=approvals(settings, decidable=lasting.decidable),
        post=lasting.webhooks.post,
        protected=door,
        capabilities=own.capabilities,
        keys=own.keys,
        token_path=token_path(settings),
        limits=limits(settings),
        mcp=mcp_door(settings),
        cors=cors(settings),
        addresses=addresses(settings),
        hosts=hosts(settings),
        public_url=settings.public_url or "",
        published=published(loaded.documents, routed.routes, settings.public_url or ""),
        accounts=lasting.accounts,
    )
    return Compiled(runtime, plain)


def _nothing_remembered(credential: str) -> None:
    """Where everybody is anonymous."""


def unserved(catalog: Catalog) -> tuple[Finding, ...]:
    """What is wrong where not one API has anywhere to send its calls; nothing where some have."""
    nowhere = tuple(finding for finding in catalog.findings if finding.id == "no-upstream")
    return nowhere if len(nowhere) == len(catalog.apis) else ()


def _sharing(catalog: Catalog, compiled: Known) -> Catalog:
    """With the operations and tools of the endpoints, so that those of endpoints compiled before are held once."""
    tools = {one.tool.name: one.tool for one in compiled.values() if one.tool is not None}
    return replace(
        catalog,
        operations={
            key: compiled[key].operation if key in compiled else one for key, one in catalog.operations.items()
        },
        tools={name: tools.get(name, tool) for name, tool in catalog.tools.items()},
    )


def _collisions(
    settings: Settings, routes: Mapping[str, Route], compiled: Mapping[tuple[str, str], Endpoint]
) -> tuple[Finding, ...]:
    """Operations that people cannot reach, because the gateway itself answers at their path."""
    mcp = settings.mcp.path
    tokens = (
        {f"{token_path(settings)}/{name}" for name in ("token", "revoke", "introspect")}
        if token_path(settings)
        else set()
    )
    found: list[Finding] = []
    for one in compiled.values():
        route = routes[one.operation.api]
        path = f"{route.prefix}{one.operation.path.partition('?')[0]}"
        document = path == f"{route.prefix}/{NAME}" and one.operation.method in {"GET", "HEAD"}
        if document or path in tokens or path == mcp or path.startswith(f"{mcp}/"):
            found.append(_collision(one, path))
    return tuple(found)


def _unselected(settings: Settings, catalog: Catalog) -> tuple[Finding, ...]:
    """Selectors of toolsets that select nothing: agents would miss a tool, or get one that they were not to have."""
    return tuple(
        Finding(
            "selector-unmatched",
            severity,
            pointer(("mcp", "toolsets", name, key, at)),
            f"{selector!r} of the toolset {name!r} selects no operation",
            advice="tag:NAME, METHOD /path/**, /path/*, effect:reads, operationId or tool name (with *)",
        )
        for name, toolset in settings.mcp.toolsets.items()
        for key, selectors, severity in (
            ("include", toolset.include, Severity.WARNING),
            ("exclude", toolset.exclude, Severity.ERROR),
        )
        for at, selector in enumerate(selectors)
        if not any(matches(selector, operation) for operation in catalog.operations.values())
    )


def _collision(one: Endpoint, path: str) -> Finding:
    return Finding(
        "reserved-path", Severity.WARNING, one.operation.where,
        f"{one.operation.method} {path} is a path that the gateway itself answers",
        lost="this operation for people; as a tool it works",
        advice="give the API a prefix, or move mcp.path or identity.capabilities.path", api=one.operation.api,
    )  # fmt: skip
