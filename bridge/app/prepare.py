"""What is there before anything is served: settings and documents in, a runtime and what keeps it up to date out."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from bridge import __version__
from bridge.app.errors import StartFailed
from bridge.compile.attempt import Standing, World, world_of
from bridge.compile.collector import paused
from bridge.compile.identity import IssuersFailed
from bridge.compile.live import Live, on_disk
from bridge.compile.registered import load_all
from bridge.compile.registry import Registry
from bridge.compile.reload import Reloader
from bridge.compile.runtime import Parts, compiling, parts, unserved
from bridge.config import Settings
from bridge.config.watch import look
from bridge.model.steps import at_once
from bridge.pipeline.runtime import Holder, Runtime
from bridge.telemetry.log import log_call
from bridge.telemetry.metrics import Metrics


@dataclass(frozen=True, slots=True)
class Given:
    """Where the settings come from: `read` reads them anew and raises ConfigInvalid, `paths` are the files and folders
    that they, or the documents, are in; `applied` is told of those that have taken effect. `scope` tells those apart
    that share a data folder without a configuration of their own: each has its own registrations."""

    read: Callable[[], Settings]
    paths: tuple[str, ...] = ()
    applied: Callable[[Settings], None] = lambda settings: None
    scope: str = ""


@dataclass(frozen=True, slots=True)
class Started:
    """What is there before anything is served. `settings` have the registered APIs in them."""

    settings: Settings
    runtime: Runtime
    parts: Parts
    metrics: Metrics
    world: World


def start_runtime(settings: Settings, registry: Registry | None = None, lasting: Parts | None = None) -> Started:
    """Imports and compiles. Raises StartFailed when nothing could be served, NothingLoaded, ImportFailed for a broken
    lock."""
    lasting = lasting or parts(settings)
    metrics = Metrics(__version__, lasting.state.leases.in_flight)
    lasting = _accounted(lasting, settings, metrics)
    _prepare_issuers(settings, lasting, metrics)
    whole, loaded = load_all(settings, registry.known.values() if registry else ())
    with paused():
        compiled = at_once(compiling(whole, loaded, lasting))
    runtime = compiled.runtime
    nowhere = unserved(runtime.catalog)
    if nowhere:
        raise StartFailed("\n".join(f"{found.source}: {found.message}; {found.advice}" for found in nowhere))
    metrics.loaded(runtime.catalog, runtime.version)
    metrics.reload_succeeded(time.time())
    return Started(whole, runtime, lasting, metrics, world_of(settings, whole, loaded, compiled))


def _prepare_issuers(settings: Settings, lasting: Parts, metrics: Metrics) -> None:
    """Whoever could recognise nobody is not started. Raises StartFailed."""
    lasting.links.told = metrics.issuer_fetched
    try:
        lasting.links.prepare(settings)
    except IssuersFailed as error:
        told = "mend identity.issuers, or see that they can be reached"
        raise StartFailed(
            "\n".join(f"identity.issuers.{name}: {why}; {told}" for name, why in error.problems.items())
        ) from error


def _accounted(lasting: Parts, settings: Settings, metrics: Metrics) -> Parts:
    return replace(lasting, accounts=(metrics.account, log_call) if settings.log.calls else (metrics.account,))


def prepared(settings: Settings, given: Given, *, admin: bool = True) -> tuple[Started, Holder, Live]:
    """What is served, and what keeps it up to date; `admin`: the process opens the admin port, if one is configured.
    Raises what start_runtime raises."""
    seen = look(on_disk(settings, given.paths))
    # Where state is shared, another process may have the admin port.
    decidable = (admin and settings.admin is not None) or not settings.state.in_memory
    lasting = replace(parts(settings), decidable=decidable)
    registry = Registry(settings.data, lasting.state.shared, given.scope)
    registry.read_files()
    started = start_runtime(settings, registry, lasting)
    holder = Holder(started.runtime)
    return started, holder, Live(reloader_of(started, holder, registry, given), started.metrics, given.paths, seen)


def reloader_of(started: Started, holder: Holder, registry: Registry, given: Given) -> Reloader:
    metrics, lasting = started.metrics, started.parts

    def applied(settings: Settings, runtime: Runtime) -> None:
        metrics.loaded(runtime.catalog, runtime.version)
        given.applied(settings)

    standing = Standing(
        started=started.world.configured,
        holder=holder,
        registry=registry,
        read=given.read,
        parts=lambda settings: _accounted(lasting, settings, metrics),
        applied=applied,
    )
    return Reloader(standing, started.world, metrics)
