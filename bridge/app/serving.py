"""Everything in one event loop: traffic (raw ASGI), admin and health (FastAPI) beside it on ports of their own, and
what keeps the catalogue up to date. A signal drains it."""

import asyncio
import logging
import os
import signal
import socket
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextlib import contextmanager
from importlib import import_module
from importlib.util import find_spec
from types import FrameType
from typing import TypeAlias

import uvicorn

from bridge.app.tls import Handshakes
from bridge.compile.live import Live
from bridge.compile.runtime import Parts
from bridge.ingress.asgi import Receive, Scope, Send
from bridge.ingress.server import Http1

Application: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]
_log = logging.getLogger(__name__)
DRAIN = 20.0
"""Seconds that answers under way have once the gateway was asked to stop."""


def loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """uvloop where it exists: not on Windows."""
    if find_spec("uvloop") is None:
        return None
    return import_module("uvloop").new_event_loop  # type: ignore[no-any-return]


class Server(uvicorn.Server):
    """Signals are for the process, not for each of its servers: `run` takes them."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def server_of(app: Application, tls: Handshakes | None = None) -> Server:
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
    if tls is not None:
        # uvicorn would make a context of its own from paths, and hold on to what it read.
        config.load()
        config.ssl = tls.context
    return Server(config)


def _not_cancelled(record: logging.LogRecord) -> bool:
    """uvicorn logs a call that it cancels itself, when the grace time is over, as the application's error."""
    return not (record.exc_info and isinstance(record.exc_info[1], asyncio.CancelledError))


async def run(
    servers: list[tuple[Server, socket.socket]],
    lasting: Parts,
    live: Live,
    ready: Callable[[], None],
    fresh: Callable[[], Coroutine[None, None, None]],
) -> int:
    """`fresh` keeps up to date what the servers began with."""
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
        renewing = beside.create_task(fresh())
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
        renewing.cancel()
    await lasting.aclose()
    return _code(caught[0]) if caught else 0


def _code(number: int) -> int:
    return 130 if number == signal.SIGINT else 0
