"""Reaching one checked address and no other, before one deadline.

`Pinned` is the network backend of an HTTP connection that has been told where to go: whatever name the connection
asks for, the dialled addresses are the ones that were resolved and checked once. A name that resolves differently a
moment later (DNS rebinding) changes nothing. TLS and the Host header still speak of the name.
"""

import queue
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from ipaddress import ip_address

import httpcore

from bridge.egress.address import Address

# Raises OSError where the name has no address, UnicodeError where it cannot be a name.
Resolver = Callable[[str, int], Sequence[Address]]


class Deadline:
    """A moment on the monotonic clock that all waits of one piece of work share."""

    __slots__ = ("_ends", "seconds")

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._ends = time.monotonic() + seconds

    def left(self) -> float:
        """Seconds, always above zero. Raises httpcore.TimeoutException when there are none."""
        left = self._ends - time.monotonic()
        if left <= 0:
            raise httpcore.TimeoutException
        return left


def system_resolver(host: str, port: int) -> Sequence[Address]:
    """The operating system's answer; it also reads `127.1`, `0x7f.1` and `2130706433` as the addresses they are."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return tuple(dict.fromkeys(ip_address(sockaddr[0]) for *_, sockaddr in found))


def look_up(resolver: Resolver, host: str, port: int, deadline: Deadline) -> Sequence[Address]:
    """`resolver`'s answer, or its exception, before the deadline.

    The operating system's resolver cannot be given a time-out, so it gets a thread, which nothing waits for at exit.
    """
    answers: queue.SimpleQueue[Sequence[Address] | Exception] = queue.SimpleQueue()

    def ask() -> None:
        try:
            answers.put(resolver(host, port))
        except Exception as error:  # noqa: BLE001 - raised again in the caller's thread
            answers.put(error)

    threading.Thread(target=ask, name=f"resolve {host}", daemon=True).start()
    try:
        answer = answers.get(timeout=deadline.left())
    except queue.Empty:
        raise httpcore.ConnectTimeout from None
    if isinstance(answer, Exception):
        raise answer
    return answer


class Pinned(httpcore.NetworkBackend):
    """Dials `addresses` in their order, each with an equal share of the time that is left."""

    def __init__(self, addresses: Sequence[Address], deadline: Deadline, network: httpcore.NetworkBackend) -> None:
        self._addresses = addresses
        self._deadline = deadline
        self._network = network

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        failure: Exception = httpcore.ConnectError(f"{host} has no address")
        for done, address in enumerate(self._addresses):
            share = self._deadline.left() / (len(self._addresses) - done)
            try:
                stream = self._network.connect_tcp(str(address), port, share, local_address, socket_options)
                return _Timed(stream, self._deadline)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        raise failure


class _Timed(httpcore.NetworkStream):
    """A stream on which every wait ends with the deadline: a peer that drips a byte a second gains nothing by it."""

    def __init__(self, stream: httpcore.NetworkStream, deadline: Deadline) -> None:
        self._stream = stream
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, self._deadline.left())

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, self._deadline.left())

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        return _Timed(self._stream.start_tls(ssl_context, server_hostname, self._deadline.left()), self._deadline)

    def get_extra_info(self, info: str) -> object:
        return self._stream.get_extra_info(info)
