"""`python -m bridge.demo`: the shop on a port of its own, until SIGINT or SIGTERM."""

import argparse
import os
import signal
import socket
import sqlite3
import sys
from collections.abc import Callable
from pathlib import Path
from threading import Thread

import uvicorn

from bridge.demo import create_app

_START_FAILED = 4
# An event stream may still be running when the shop is told to stop.
_GRACE_SECONDS = 2


def main() -> int:
    try:
        return _serve(_options())
    except KeyboardInterrupt:
        return 0


def _serve(options: argparse.Namespace) -> int:
    try:
        app = create_app(options.data)
    except (OSError, sqlite3.Error) as error:
        return _failed(f"cannot use the data folder {options.data}: {error}")
    try:
        listener = _listen(options.host, options.port)
    except OSError as error:
        return _failed(f"cannot listen on {options.host}:{options.port}: {_reason(error)}")
    config = uvicorn.Config(app, log_level="warning", server_header=False, timeout_graceful_shutdown=_GRACE_SECONDS)
    server = uvicorn.Server(config)

    def stop(*_: object) -> None:
        server.should_exit = True

    # uvicorn has handlers of its own while it serves, and raises the signal again once it has shut down in order. A
    # signal that comes before that, or after, must not break into the loop's own beginning or end.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    if options.with_parent:
        Thread(target=_until_orphaned, args=(stop,), daemon=True).start()
    with listener:
        sys.stdout.write(f"orders API at {_url(listener)}\n")
        sys.stdout.flush()
        server.run(sockets=[listener])
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bridge.demo", description="A small orders API over SQLite.")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default %(default)s)")
    parser.add_argument("--port", default=9000, type=_port, help="port, 0 for any free one (default %(default)s)")
    parser.add_argument(
        "--data", default=Path("data"), type=Path, help="folder of the database (default ./%(default)s)"
    )
    parser.add_argument(
        "--with-parent", action="store_true", help="end when standard input does: with the process that holds it"
    )
    return parser.parse_args()


def _until_orphaned(stop: Callable[[], None]) -> None:
    """A parent that is killed cannot stop its child, but the pipe between them ends."""
    while os.read(sys.stdin.fileno(), 4096):
        pass
    stop()


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port from 0 to 65535")
    return int(text)


def _listen(host: str, port: int) -> socket.socket:
    """A socket that already queues connections, so that the printed URL answers at once. Raises OSError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family, backlog=128)


def _url(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _reason(error: OSError) -> str:
    # `strerror` of a failed bind repeats the address.
    return os.strerror(error.errno) if error.errno is not None and error.errno > 0 else str(error)


def _failed(message: str) -> int:
    sys.stderr.write(f"error: {message}\n")
    return _START_FAILED


if __name__ == "__main__":
    sys.exit(main())
