"""The composition root: settings in, three listeners out.

Everything runs in one event loop: traffic (raw ASGI), and beside it admin and health (FastAPI) on ports of their own.
Sockets are bound before anything is served, so that a port in use is an error at start and port 0 has its number.
"""

import asyncio
import errno
import gc
import logging
import os
import signal
import socket
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib import import_module
from importlib.util import find_spec
from types import FrameType
from typing import TypeAlias

import uvicorn

from bridge import __version__
from bridge.compile import Parts, Reloader, parts
from bridge.compile.attempt import Standing, World, world_of
from bridge.compile.collector import paused
from bridge.compile.live import Live, on_disk
from bridge.compile.registered import load_all
from bridge.compile.registry import Registry
from bridge.compile.runtime import compiling, unserved
from bridge.config import Settings
from bridge.config.addresses import Address
from bridge.config.watch import look
from bridge.ingress.asgi import Receive, Scope, Send
from bridge.ingress.server import Http1
from bridge.ingress.traffic import Traffic
from bridge.model.steps import at_once
from bridge.pipeline.runtime import Holder, Runtime
from bridge.telemetry.log import log_call
from bridge.telemetry.metrics import Metrics

Application: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]
_log = logging.getLogger(__name__)
DRAIN = 20.0
"""Seconds that answers under way have once the gateway was asked to stop."""


class StartFailed(Exception):
    """The gateway cannot start; the message says why and what would help."""


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where the gateway listens in the end: base URLs, None for what is switched off."""

    traffic: str
    admin: str | None
    health: str | None


@dataclass(frozen=True, slots=True)
class Given:
    """Where the settings come from: `read` reads them anew and raises ConfigInvalid, `paths` are the files and folders
    that they, or the documents, are in; `applied` is told of those that have taken effect."""

    read: Callable[[], Settings]
    paths: tuple[str, ...] = ()
    applied: Callable[[Settings], None] = lambda settings: None


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
    lasting = lasting or parts(settings.state)
    metrics = Metrics(__version__, lasting.state.leases.in_flight)
    lasting = _accounted(lasting, settings, metrics)
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


def _accounted(lasting: Parts, settings: Settings, metrics: Metrics) -> Parts:
    return replace(lasting, accounts=(metrics.account, log_call) if settings.log.calls else (metrics.account,))


def serve(settings: Settings, given: Given, announce: Callable[[Settings, Runtime, Addresses], None]) -> int:
    """Serves until a signal asks for the end. Returns the exit code: 0, or 130 for an interrupt.

    Raises StartFailed, NothingLoaded, ImportFailed.
    """
    started, holder, live = prepared(settings, given)
    # The calls in flight hold a runtime as long as they need it; nothing else here may.
    metrics, lasting = started.metrics, started.parts
    del started
    listeners = _bind(settings)
    addresses = _addresses(listeners)
    apps = _apps(holder, live.reloader, metrics, set(listeners))
    servers = [(_server(app), listeners[name]) for name, app in apps.items()]
    # What start-up made lives as long as the process: the collector need not look at it again.
    gc.collect()
    gc.freeze()
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        ready = lambda: announce(live.reloader.world.settings, holder.current, addresses)  # noqa: E731
        return runner.run(_run(servers, lasting, live, ready))


def prepared(settings: Settings, given: Given) -> tuple[Started, Holder, Live]:
    """What is served, and what keeps it up to date. Raises what start_runtime raises."""
    seen = look(on_disk(settings, given.paths))
    lasting = parts(settings.state)
    registry = Registry(settings.data, lasting.state.shared)
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


def loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """uvloop where it exists: not on Windows."""
    if find_spec("uvloop") is None:
        return None
    return import_module("uvloop").new_event_loop  # type: ignore[no-any-return]


def _bind(settings: Settings) -> dict[str, socket.socket]:
    beside = {name: port for name, port in (("admin", settings.admin), ("health", settings.health)) if port is not None}
    wanted = {"traffic": settings.listen} | {name: port.listen for name, port in beside.items()}
    unnamed = {name for name, port in beside.items() if "listen" not in port.model_fields_set}
    bound: dict[str, socket.socket] = {}
    failed: list[str] = []
    for name, address in wanted.items():
        try:
            bound[name] = _listen_near(address) if name in unnamed else _listen(address)
        except OSError as error:
            failed.append(_unbound(name, address, error))
    if failed:
        for other in bound.values():
            other.close()
        raise StartFailed("\n".join(failed))
    return bound


def _unbound(name: str, address: Address, error: OSError) -> str:
    flag, key = ("listen", "listen") if name == "traffic" else (name, f"{name}.listen")
    variable = f"DUALBRIDGE_{key.upper().replace('.', '_')}"
    return (
        f"cannot listen on {address}: {_reason(error)}; give --{flag} HOST:PORT "
        f"(or set {key} in the configuration, or {variable})"
    )


def _reason(error: OSError) -> str:
    """`strerror` of a failed bind repeats the address; a name that is not known has no number of the system's."""
    if error.errno == errno.EADDRINUSE:
        return "the address is in use"
    return os.strerror(error.errno) if error.errno is not None and error.errno > 0 else str(error.strerror or error)


def _listen_near(address: Address) -> socket.socket:
    """There or on any free port: who did not name the address is told it, and may run a second gateway."""
    try:
        return _listen(address)
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        return _listen(Address(address.host, 0))


def _listen(address: Address) -> socket.socket:
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    return socket.create_server((address.host, address.port), family=family, backlog=2048)


def _addresses(listeners: dict[str, socket.socket]) -> Addresses:
    urls = {name: _url(listener) for name, listener in listeners.items()}
    return Addresses(urls["traffic"], urls.get("admin"), urls.get("health"))


def _url(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


class _Server(uvicorn.Server):
    """Signals are for the process, not for each of its servers: `_run` takes them."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def _server(app: Application) -> _Server:
    config = uvicorn.Config(
        app,
        http=Http1,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=int(DRAIN),
    )
    return _Server(config)


def _not_cancelled(record: logging.LogRecord) -> bool:
    """uvicorn logs a call that it cancels itself, when the grace time is over, as the application's error."""
    return not (record.exc_info and isinstance(record.exc_info[1], asyncio.CancelledError))


async def _run(
    servers: list[tuple[_Server, socket.socket]], lasting: Parts, live: Live, ready: Callable[[], None]
) -> int:
    caught: list[int] = []
    loop = asyncio.get_running_loop()
    logging.getLogger("uvicorn.error").addFilter(_not_cancelled)

    def stop(number: int, frame: FrameType | None) -> None:
        """The first signal drains, a second one ends at once: nothing that is cleaned up outlives the process."""
        if caught:
            os._exit(_code(caught[0]))
        under_way = sum(len(server.server_state.tasks) for server, _ in servers)
        if under_way:
            calls = "one call" if under_way == 1 else f"{under_way} calls"
            _log.info("waiting %.0f s at most for %s in flight; a second signal ends at once", DRAIN, calls)
        for server, _ in servers:
            server.should_exit = True
        # Streams of news would stay open to the end of the grace time: they end now, as their protocol wants it.
        loop.call_soon_threadsafe(lasting.changes.stop)
        caught.append(number)

    # Not the loop's handlers, which end with the loop: a signal may still come while the process takes itself down.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    async with asyncio.TaskGroup() as beside:
        keeping = beside.create_task(live.run())
        posting = beside.create_task(lasting.webhooks.run())
        if await live.caught_up():
            await live.reloader.reload("registered elsewhere")
        async with asyncio.TaskGroup() as tasks:
            for server, listener in servers:
                tasks.create_task(server.serve([listener]))
            # The sockets are bound: whoever is told the addresses now waits a moment at most.
            ready()
            # Without what replicas share the gateway starts all the same: only the calls that need it are refused.
            tasks.create_task(lasting.state.probe())
        keeping.cancel()
        posting.cancel()
    await lasting.upstream.aclose()
    await lasting.state.aclose()
    return _code(caught[0]) if caught else 0


def _code(number: int) -> int:
    return 130 if number == signal.SIGINT else 0
