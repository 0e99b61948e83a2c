"""Hosts and ports: where listeners bind, and the hosts within URLs."""

import re
from dataclasses import dataclass
from ipaddress import AddressValueError, IPv4Address, IPv6Address, ip_address
from typing import Annotated, TypeAlias

from pydantic import PlainSerializer, PlainValidator, WithJsonSchema

from bridge.config.problems import Unfit
from bridge.model import Json

_LABEL = r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
_HOST_NAME = re.compile(rf"(?=.{{1,253}}\Z){_LABEL}(?:\.{_LABEL})*")
_ALL_NUMBERS = re.compile(r"(?:0[xX][0-9A-Fa-f]*|[0-9]+)(?:\.(?:0[xX][0-9A-Fa-f]*|[0-9]+))*")


@dataclass(frozen=True, slots=True)
class Address:
    """Where a listener binds; port 0 lets the system choose. An IPv6 host has no brackets here."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def loopback(self) -> bool:
        ip = self._ip()
        return self.host == "localhost" or (ip is not None and ip.is_loopback)

    @property
    def wildcard(self) -> bool:
        ip = self._ip()
        return ip is not None and ip.is_unspecified

    def _ip(self) -> IPv4Address | IPv6Address | None:
        try:
            return ip_address(self.host)
        except ValueError:
            return None


def parse_address(value: Json) -> Address:
    if isinstance(value, Address):
        return value
    host, colon, port = value.rpartition(":") if isinstance(value, str) else ("", "", "")
    if not colon or not host:
        raise Unfit("is not an address to listen on", "write host:port, as in 127.0.0.1:8080 or 0.0.0.0:8080")
    return Address(parse_host(host), _port(port))


def parse_host(host: str) -> str:
    """A host name or IP address in lower case; an IPv6 address comes in brackets and leaves without."""
    if host.startswith("[") and host.endswith("]"):
        return str(_ipv6(host[1:-1]))
    if ":" in host:
        raise Unfit("has an IPv6 address without brackets", "write [::1]:8080")
    if _ALL_NUMBERS.fullmatch(host):
        return str(_ipv4(host))
    if not _HOST_NAME.fullmatch(host):
        raise Unfit("has no valid host", "write a host name, an IPv4 address or an IPv6 address in brackets")
    return host.lower()


def _port(text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,5}", text) or int(text) > 65535:
        raise Unfit("has no valid port", "write a port from 0 to 65535; 0 takes a free one")
    return int(text)


def _ipv4(text: str) -> IPv4Address:
    """`127.1`, `0177.0.0.1` and `2130706433` mean loopback to some resolvers: only the dotted form of four is taken."""
    try:
        return IPv4Address(text)
    except AddressValueError as error:
        raise Unfit("has no valid IPv4 address", "write four decimal numbers, as in 127.0.0.1") from error


def _ipv6(text: str) -> IPv6Address:
    try:
        return IPv6Address(text)
    except AddressValueError as error:
        raise Unfit("has no valid IPv6 address", "write it in brackets, as in [::1]:8080") from error


Listen: TypeAlias = Annotated[
    Address,
    PlainValidator(parse_address),
    PlainSerializer(str),
    WithJsonSchema({"type": "string", "examples": ["127.0.0.1:8080", "[::1]:0"]}),
]
