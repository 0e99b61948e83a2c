"""Which addresses the gateway may be talked into calling.

A URL from a document, a redirect or a token's issuer is a stranger's wish. The standard library's `is_global` cannot
judge it alone: it calls the NAT64 form of 169.254.169.254, `::127.0.0.1`, 6to4 of loopback and multicast global. So
an IPv6 address that carries an IPv4 one is judged by both, and the rules are a table of our own.

Link-local addresses and the metadata services of clouds are never fetched, not even with private addresses allowed:
what answers there hands out the machine's credentials, and nobody publishes a document on them.
"""

from collections.abc import Iterator
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_network
from typing import NamedTuple

Address = IPv4Address | IPv6Address


class _Block(NamedTuple):
    network: IPv4Network | IPv6Network
    what: str
    private: bool  # True: opened by `allow_private`; False: never


def _never(network: str, what: str) -> _Block:
    return _Block(ip_network(network), what, private=False)


def _private(network: str, what: str) -> _Block:
    return _Block(ip_network(network), what, private=True)


# IANA's IPv4 and IPv6 special-purpose address registries; the first block that holds the address names it.
_BLOCKS = (
    _never("169.254.169.254", "a cloud's metadata address"),
    _never("100.100.100.200", "a cloud's metadata address"),  # Alibaba Cloud, inside the shared block
    _never("168.63.129.16", "a cloud's metadata address"),  # Azure, inside the global space
    _never("192.0.0.192", "a cloud's metadata address"),  # Oracle Cloud
    _never("fd00:ec2::/32", "a cloud's metadata address"),  # AWS: metadata, DNS, time, pod identity
    _never("fd20:ce::254", "a cloud's metadata address"),  # Google Cloud
    _never("fd00:42::42", "a cloud's metadata address"),  # Scaleway
    _never("0.0.0.0", "the unspecified address"),  # noqa: S104 - refused, not bound
    _never("0.0.0.0/8", "an address of “this network”"),
    _private("10.0.0.0/8", "a private address"),
    _private("100.64.0.0/10", "a carrier's shared address"),
    _private("127.0.0.0/8", "a loopback address"),
    _never("169.254.0.0/16", "a link-local address"),
    _private("172.16.0.0/12", "a private address"),
    _never("192.0.0.0/24", "a protocol assignment"),
    _never("192.0.2.0/24", "a documentation address"),
    _never("192.88.99.0/24", "a reserved address"),
    _private("192.168.0.0/16", "a private address"),
    _private("198.18.0.0/15", "a benchmarking address"),
    _never("198.51.100.0/24", "a documentation address"),
    _never("203.0.113.0/24", "a documentation address"),
    _never("224.0.0.0/4", "a multicast address"),
    _never("255.255.255.255", "the broadcast address"),
    _never("240.0.0.0/4", "a reserved address"),
    _never("::", "the unspecified address"),
    _private("::1", "a loopback address"),
    _private("64:ff9b:1::/48", "an address of a local translator"),
    _never("2001::/32", "a Teredo tunnel"),
    _never("2001::/23", "a protocol assignment"),
    _never("2001:db8::/32", "a documentation address"),
    _never("3fff::/20", "a documentation address"),
    _private("fc00::/7", "a private address"),
    _never("fe80::/10", "a link-local address"),
    _private("fec0::/10", "a site-local address"),
    _never("ff00::/8", "a multicast address"),
)

# RFC 4291 section 2.4 and IANA: only 2000::/3 is handed out as global unicast.
_GLOBAL_UNICAST = ip_network("2000::/3")

# IPv6 prefixes whose last 32 bits are an IPv4 address.
_CARRIERS = (
    IPv6Network("::ffff:0:0/96"),  # RFC 4291 section 2.5.5.2, IPv4-mapped
    IPv6Network("::/96"),  # RFC 4291 section 2.5.5.1, IPv4-compatible
    IPv6Network("::ffff:0:0:0/96"),  # RFC 2765, IPv4-translated
    IPv6Network("64:ff9b::/96"),  # RFC 6052 section 2.1, NAT64
)
_LOCAL_NAT64 = IPv6Network("64:ff9b:1::/48")  # RFC 8215
_SIX_TO_FOUR = IPv6Network("2002::/16")  # RFC 3056


def check_address(address: Address, *, allow_private: bool = False) -> str | None:
    """What speaks against calling `address`, as a noun phrase (“a private address”); None if nothing does."""
    for inner in _carried(address):
        if reason := check_address(inner, allow_private=allow_private):
            return f"a form of {inner}, {reason}"
    if any(address in network for network in _CARRIERS) and int(address) > 1:
        return None  # it is as good as what it carries
    for block in _BLOCKS:
        if address in block.network:
            return None if block.private and allow_private else block.what
    return None if address.version == 4 or address in _GLOBAL_UNICAST else "a reserved address"


def _carried(address: Address) -> Iterator[IPv4Address]:
    """The IPv4 addresses that a packet to `address` may end up at."""
    if not isinstance(address, IPv6Address) or int(address) <= 1:  # `::` and `::1` are themselves
        return
    value = int(address)
    if any(address in network for network in _CARRIERS):
        yield IPv4Address(value & 0xFFFFFFFF)
    elif address in _SIX_TO_FOUR:
        yield IPv4Address(value >> 80 & 0xFFFFFFFF)
    elif address in _LOCAL_NAT64:
        yield from _translated(value)


def _translated(value: int) -> Iterator[IPv4Address]:
    """Every reading of a local NAT64 address: only the site knows whether its prefix has 48, 56, 64 or 96 bits.

    RFC 6052 section 2.2: bits 64 to 71 are no part of the IPv4 address. The wrong readings are mostly padding, which
    shows as an address in 0.0.0.0/8; no translator forwards to those.
    """
    packed = (value >> 64) << 56 | value & (1 << 56) - 1
    readings = [packed >> shift & 0xFFFFFFFF for shift in (40, 32, 24)] + [value & 0xFFFFFFFF]
    yield from (IPv4Address(reading) for reading in readings if reading >> 24)
