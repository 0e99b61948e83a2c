"""From where a call comes: the address that limits, allow-lists and upstreams hear of.

The other end of the connection is certain. What headers say beyond it counts as far as proxies that the operator trusts
vouch for it: each adds the address that it was called from, so the list is read from the right, and the first address
that is no trusted proxy's is the caller's. Everything to the left of it is the caller's own word.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from typing import TypeAlias

from bridge.model import Call, Forbidden, Headers

Address: TypeAlias = IPv4Address | IPv6Address

PIPE = "stdio"
"""In place of an address: whoever started this process. No network has it, so no allow-list is about it."""
MOST_HOPS = 32
MOST_KNOWN = 4096
"""Addresses whose closed APIs are remembered."""
_MAPPED = 96
"""Bits before the address in an IPv4-mapped one (RFC 4291 section 2.5.5.2)."""
_NOTHING: frozenset[str] = frozenset()
_EVERYWHERE: Mapping[str, Iterable[str]] = {}

# RFC 7239 section 4: the parameter that says who called, among those of one element.
_FOR = re.compile(r"""(?:^|;)[ \t]*for=(?:"([^"]*)"|([^";, \t]*))[ \t]*(?=;|$)""", re.IGNORECASE)
# An address as proxies write it, the port, which some add, left out.
_NODE = re.compile(r"\[(?P<six>[0-9A-Fa-f:.]+)\](?::[0-9]{1,5})?|(?P<four>[0-9.]+)(?::[0-9]{1,5})?")


class Networks:
    """Networks, by the length of their prefixes: a look-up costs as much as there are lengths."""

    __slots__ = ("_prefixes",)

    def __init__(self, networks: Iterable[str]) -> None:
        self._prefixes: dict[tuple[int, int], set[int]] = {}
        for version, bits, host in map(_normalised, networks):
            self._prefixes.setdefault((version, host), set()).add(bits >> host)

    def __bool__(self) -> bool:
        return bool(self._prefixes)

    def __contains__(self, address: Address) -> bool:
        bits = int(address)
        return any(version == address.version and bits >> host in known
                   for (version, host), known in self._prefixes.items())  # fmt: skip


def _normalised(network: str) -> tuple[int, int, int]:
    """Version, bits, and how many of them are the host's; a network of mapped addresses is the one that they map."""
    made = ip_network(network)
    bits, host = int(made.network_address), made.max_prefixlen - made.prefixlen
    mapped = made.network_address.ipv4_mapped if isinstance(made, IPv6Network) else None
    if mapped is not None and made.prefixlen >= _MAPPED:
        return 4, int(mapped), host
    return made.version, bits, host


@lru_cache(maxsize=MOST_KNOWN)
def parsed(text: str) -> Address | None:
    """None for what is no address. IPv4-mapped IPv6 is IPv4: a socket for both has all its callers mapped."""
    try:
        address = ip_address(text)
    except ValueError:
        return None
    return (isinstance(address, IPv6Address) and address.ipv4_mapped) or address


_OF_A_SITE = 64
"""Bits of an IPv6 address that its network gives to one site, which has as many addresses as it likes behind them
(RFC 6177)."""


@lru_cache(maxsize=MOST_KNOWN)
def site(peer: str) -> str:
    """By what callers without an identity are told apart."""
    address = parsed(peer)
    if not isinstance(address, IPv6Address):
        return peer if address is None else str(address)
    return str(IPv6Address(int(address) >> _OF_A_SITE << _OF_A_SITE))


class Addresses:
    """Whom to believe, who may call at all, and who may call which API: networks, as in 10.0.0.0/8. Where `allowed` is
    empty, or an API not in `apis`, anybody may; no proxy is trusted that is not in `trusted`."""

    def __init__(
        self,
        trusted: Iterable[str] = (),
        allowed: Iterable[str] = (),
        apis: Mapping[str, Iterable[str]] = _EVERYWHERE,
    ) -> None:
        self._trusted = Networks(trusted)
        self._allowed = Networks(allowed)
        self._apis = {name: made for name, networks in apis.items() if (made := Networks(networks))}
        self._known: dict[str, frozenset[str]] = {}
        self.matter = bool(self._trusted) or bool(self._allowed)
        """Whether `place` has anything to do."""

    def place(self, call: Call) -> None:
        """Sets `peer`, `via` and `scheme`, once. Raises Forbidden."""
        if not call.via and self.trusts(call.peer):
            call.peer, *via = self._chain(call)
            call.via = tuple(via)
            call.scheme = _scheme(call.headers) or call.scheme
        if not self.admits(call.peer):
            raise Forbidden("calls from this address are not answered")

    def trusts(self, peer: str) -> bool:
        return _held(peer, self._trusted)

    def admits(self, peer: str) -> bool:
        return not self._allowed or peer == PIPE or _held(peer, self._allowed)

    def closed(self, peer: str) -> frozenset[str]:
        """The names of the APIs that may not be called from there."""
        if not self._apis or peer == PIPE:
            return _NOTHING
        found = self._known.get(peer)
        if found is None:
            if len(self._known) >= MOST_KNOWN:
                self._known.clear()
            found = frozenset(name for name, networks in self._apis.items() if not _held(peer, networks))
            self._known[peer] = found
        return found

    def _chain(self, call: Call) -> tuple[str, ...]:
        """The caller, and the trusted proxies from there to here. What cannot be read ends it: the last proxy before
        that then answers for whatever is behind it."""
        chain = [_plain(call.peer)]
        for hop in _hops(call.headers):
            if hop is None or len(chain) > MOST_HOPS:
                break
            chain.append(str(hop))
            if hop not in self._trusted:
                break
        return tuple(reversed(chain))


ANYWHERE = Addresses()
"""Every address may call everything, and none is believed about another."""


def _held(peer: str, networks: Networks) -> bool:
    address = parsed(peer)
    return address is not None and address in networks


def _plain(peer: str) -> str:
    address = parsed(peer)
    return str(address) if address is not None else peer


def _hops(headers: Headers) -> Iterator[Address | None]:
    """From the nearest on; None for one that is no address."""
    lines = [value.decode("latin-1") for name, value in headers if name == b"x-forwarded-for"]
    if lines:
        yield from map(_address, _reversed(",".join(lines)))
        return
    lines = [value.decode("latin-1") for name, value in headers if name == b"forwarded"]
    if lines:
        yield from (_address(_node(element)) for element in _reversed(",".join(lines)))


def _reversed(text: str) -> Iterator[str]:
    """A list's members from its end, where proxies write: no quote that a caller leaves open at its beginning can reach
    there, and whoever asks stops before the caller's own."""
    end, quoted = len(text), False
    for at in range(len(text) - 1, -1, -1):
        if text[at] == '"':
            quoted = not quoted
        elif text[at] == "," and not quoted:
            yield text[at + 1 : end]
            end = at
    yield text[:end]


def _node(element: str) -> str:
    """Of an element of Forwarded; empty where it has none, or more than one."""
    found = _FOR.findall(element)
    return found[0][0] or found[0][1] if len(found) == 1 else ""


def _address(node: str) -> Address | None:
    """With or without port and brackets; None for `unknown`, `_hidden` (RFC 7239 section 6.3) and worse."""
    node = node.strip(" \t")
    written = _NODE.fullmatch(node)
    if written is not None:
        return parsed(written["six"] or written["four"])
    return parsed(node) if "%" not in node else None


def _scheme(headers: Headers) -> str:
    """As the proxy says it, in one word; empty otherwise."""
    said = [value.lower() for name, value in headers if name == b"x-forwarded-proto"]
    return said[0].decode() if said in ([b"http"], [b"https"]) else ""
