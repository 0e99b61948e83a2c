"""What a URL's host says of itself, before any name is resolved."""

import re
from ipaddress import ip_address
from socket import inet_aton

from bridge.egress.address import Address
from bridge.egress.guard import checked_url

LOOPBACK = ip_address("127.0.0.1")
_HERE = re.compile(r"(?:.+\.)?(?:localhost|localdomain)|localhost[46]|ip6-(?:localhost|loopback)")
_NUMERIC = re.compile(r"(?:.*\.)?(?:[0-9]+|0x[0-9a-f]*)")
_PORTS = {"http": 80, "https": 443}


def host_and_port(url: str) -> tuple[str, int]:
    """As they are dialled. Raises FetchError for what is no http or https URL, or has a user in it."""
    parsed = checked_url(url, frozenset(_PORTS))
    return parsed.raw_host.decode("ascii").rstrip(".").lower(), parsed.port or _PORTS[parsed.scheme]


def is_here(host: str) -> bool:
    """Whether it is a name of this machine, wherever it is used."""
    return bool(_HERE.fullmatch(host))


def address_of(host: str) -> Address | None:
    """The address that a host says in any spelling, None for a name. Raises ValueError for a number that is none.

    Resolvers read `127.1`, `0x7f000001` and `2130706433` as addresses, by the rules of the URL standard a host whose
    last label is a number is one or nothing.
    """
    if ":" in host or not _NUMERIC.fullmatch(host):
        return ip_address(host) if ":" in host else None
    try:
        return ip_address(inet_aton(host))
    except OSError as error:
        raise ValueError(host) from error
