"""The composition root: settings in, three listeners out."""

import asyncio
import gc
from collections.abc import Callable

from bridge.app.errors import StartFailed
from bridge.app.listeners import Addresses, addresses_of, bind, our_own
from bridge.app.prepare import Given, Started, prepared, reloader_of, start_runtime
from bridge.app.serving import DRAIN, Application, loop_factory, run, server_of
from bridge.app.tls import kept_fresh, secured, unusable
from bridge.compile.attempt import World
from bridge.compile.reload import Reloader
from bridge.config import Settings
from bridge.ingress.traffic import Traffic
from bridge.pipeline.runtime import Holder, Runtime
from bridge.telemetry.metrics import Metrics

__all__ = [
    "DRAIN", "Addresses", "Application", "Given", "StartFailed", "Started", "loop_factory", "prepared", "reloader_of",
    "serve", "start_runtime", "unusable",
]  # fmt: skip


def serve(settings: Settings, given: Given, announce: Callable[[World, Runtime, Addresses], None]) -> int:
    """Serves until a signal asks for the end. Returns the exit code: 0, or 130 for an interrupt.

    Raises StartFailed, NothingLoaded, ImportFailed.
    """
    edges = secured(settings)
    started, holder, live = prepared(settings, given)
    # The calls in flight hold a runtime as long as they need it; nothing else here may.
    metrics, lasting = started.metrics, started.parts
    del started
    listeners = bind(settings)
    addresses = addresses_of(listeners, edges)
    lasting.own.listeners = our_own(listeners)
    apps = _apps(holder, live.reloader, metrics, set(listeners))
    servers = [(server_of(app, edges.get(name)), listeners[name]) for name, app in apps.items()]
    # What start-up made lives as long as the process: the collector need not look at it again.
    gc.collect()
    gc.freeze()
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        ready = lambda: announce(live.reloader.world, holder.current, addresses)  # noqa: E731
        fresh = lambda: kept_fresh(edges.values(), live.interval)  # noqa: E731
        return runner.run(run(servers, lasting, live, ready, fresh))


def _apps(holder: Holder, reloader: Reloader, metrics: Metrics, wanted: set[str]) -> dict[str, Application]:
    """FastAPI is imported here, where somebody serves: it would double the time of every other command."""
    from bridge.control.api import admin_app
    from bridge.control.health import health_app

    apps: dict[str, Application] = {"traffic": Traffic(holder)}
    if "admin" in wanted:
        apps["admin"] = admin_app(holder, reloader)
    if "health" in wanted:
        apps["health"] = health_app(holder, metrics)
    return apps
