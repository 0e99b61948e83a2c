"""A real Redis of the tests' own: on a free loopback port, without files, and gone with the test."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.kit.ports import free_port

_NO_FILES = ("--save", "", "--appendonly", "no")
PATIENCE = 15.0
"""Seconds within which a server must answer."""


class RedisServer:
    """`options` as on its command line. A restart is on the same port, and empty."""

    def __init__(self, folder: Path, *options: str, tls: bool = False) -> None:
        self._folder = folder
        self._options = options
        self._tls = tls
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        ports = ("--port", "0", "--tls-port", str(self.port)) if self._tls else ("--port", str(self.port))
        self._process = subprocess.Popen(
            ["redis-server", "--bind", "127.0.0.1", *ports, *_NO_FILES, "--dir", self._folder, *self._options],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self._await_answer()

    def kill(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait(PATIENCE)

    def freeze(self) -> None:
        """It keeps its connections and accepts new ones (the system does), but answers nothing."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        assert self._process is not None
        os.kill(self._process.pid, number)

    def _await_answer(self) -> None:
        """Any answer will do: without a credential it is an error, and within TLS there is none to read."""
        assert self._process is not None
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end and self._process.poll() is None:
            try:
                with socket.create_connection(("127.0.0.1", self.port), 1) as connection:
                    if not self._tls:
                        connection.sendall(b"PING\r\n")
                        connection.recv(1)
                    return
            except OSError:
                time.sleep(0.01)
        self.kill()
        raise AssertionError(f"redis-server does not answer on port {self.port}")


@contextmanager
def redis_server(*options: str, tls: bool = False) -> Iterator[RedisServer]:
    with TemporaryDirectory() as folder:
        server = RedisServer(Path(folder), *options, tls=tls)
        server.start()
        try:
            yield server
        finally:
            server.kill()
