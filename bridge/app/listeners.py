"""Sockets, bound before anything is served: a port in use is an error at start, and port 0 has its number."""

import errno
import logging
import os
import socket
from collections.abc import Collection
from dataclasses import dataclass
from ipaddress import ip_address

from bridge.app.errors import StartFailed
from bridge.config import Settings
from bridge.config.addresses import Address
from bridge.egress.own import Listener

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where the gateway listens in the end: base URLs, None for what is switched off."""

    traffic: str
    admin: str | None
    health: str | None


def bind(settings: Settings) -> dict[str, socket.socket]:
    beside = {name: port for name, port in (("admin", settings.admin), ("health", settings.health)) if port is not None}
    wanted = {"traffic": settings.listen} | {name: port.listen for name, port in beside.items()}
    unnamed = {name for name, port in beside.items() if "listen" not in port.model_fields_set}
    bound: dict[str, socket.socket] = {}
    failed: list[str] = []
    for name, address in wanted.items():
        try:
            bound[name] = _listen_near(name, address) if name in unnamed else _listen(address)
        except OSError as error:
            failed.append(_unbound(name, address, error))
    if failed:
        for other in bound.values():
            other.close()
        raise StartFailed("\n".join(failed))
    if settings.admin is not None and settings.admin.tls is None and not settings.admin.listen.loopback:
        _log.warning("admin.listen is no loopback address: without admin.tls whoever is on the way reads its tokens")
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


def _listen_near(name: str, address: Address) -> socket.socket:
    """There or on any free port: who did not name the address is told it, and may run a second gateway."""
    try:
        return _listen(address)
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        found = _listen(Address(address.host, 0))
        _log.warning(
            "the %s port is %d: %s, where it is unless %s.listen names another, is in use, perhaps by another gateway",
            name, found.getsockname()[1], address, name,
        )  # fmt: skip
        return found


def _listen(address: Address) -> socket.socket:
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    return socket.create_server((address.host, address.port), family=family, backlog=2048)


def addresses_of(listeners: dict[str, socket.socket], secured: Collection[str] = ()) -> Addresses:
    """`secured` are the names of those with TLS."""
    urls = {name: _url(listener, "https" if name in secured else "http") for name, listener in listeners.items()}
    return Addresses(urls["traffic"], urls.get("admin"), urls.get("health"))


def our_own(listeners: dict[str, socket.socket]) -> tuple[Listener, ...]:
    """What no call is ever sent to: at the operators' ports it would be taken for theirs, and at the callers' for a
    person's, whom nobody asks for consent."""
    bound = {name: listener.getsockname() for name, listener in listeners.items()}
    return tuple(Listener(name, ip_address(host), port) for name, (host, port, *_) in bound.items())


def _url(listener: socket.socket, scheme: str) -> str:
    host, port = listener.getsockname()[:2]
    return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"
