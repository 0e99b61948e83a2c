"""The gateway's own listeners for its operators, which are nobody's upstream, whoever named the address: an agent could
approve its own calls there.

What counts is where a connection has come out, not how its address was spelt or what its name resolved to a moment ago.
It is closed before a byte is sent.
"""

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address

import httpcore

from bridge.egress.address import Address

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Listener:
    """As it is bound: a port is never 0. `name` is its key in the configuration."""

    name: str
    address: Address
    port: int

    @property
    def key(self) -> str:
        """Where the configuration has its address."""
        return "listen" if self.name == "traffic" else f"{self.name}.listen"


class Own:
    """`listeners` is written once, by the composition root, when they are bound and nothing is served yet."""

    def __init__(self, listeners: Iterable[Listener] = ()) -> None:
        self.listeners = tuple(listeners)

    def at(self, address: Address, port: int, here: Address | None = None) -> Listener | None:
        """The listener that answers there, if one does. `here` is the caller's end of a connection: both ends are the
        same where it never left this machine."""
        there, here = _plain(address), here and _plain(here)
        return next((one for one in self.listeners if one.port == port and _answers(one.address, there, here)), None)


def _plain(address: Address) -> Address:
    return (isinstance(address, IPv6Address) and address.ipv4_mapped) or address


def _answers(listening: Address, there: Address, here: Address | None) -> bool:
    """The unspecified address, as that of a listener, is every address of this machine; dialled, it is loopback."""
    loopback = there.is_loopback or there.is_unspecified
    if listening.is_unspecified:
        return loopback or there == here
    return there == listening or (loopback and listening.is_loopback)


class Elsewhere(httpcore.AsyncNetworkBackend):
    """Dials as `network` does. Raises httpcore.ConnectError for a connection to a listener of our own."""

    def __init__(self, own: Own, network: httpcore.AsyncNetworkBackend | None = None) -> None:
        self._own = own
        self._network = network or httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 (the library's signature)
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        stream = await self._network.connect_tcp(host, port, timeout, local_address, socket_options)
        if self._own.listeners and (reason := self._against(stream)):
            await stream.aclose()
            _log.warning("no call is sent to %s:%d: %s", host, port, reason)
            raise httpcore.ConnectError(f"{host} is no upstream")
        return stream

    def _against(self, stream: httpcore.AsyncNetworkStream) -> str:
        there, here = stream.get_extra_info("server_addr"), stream.get_extra_info("client_addr")
        if there is None:
            return "the connection was lost as soon as it was made"
        listener = self._own.at(ip_address(there[0]), there[1], ip_address(here[0]) if here else None)
        return f"it is the gateway's own {listener.key}, which is nobody's upstream" if listener else ""
