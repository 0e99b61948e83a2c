"""Where a URL leads, and whether we may follow: its spelling first, then every address that its host resolves to."""

import re
from collections.abc import Sequence
from ipaddress import IPv6Address, ip_address

import httpx

from bridge.egress.address import Address, check_address
from bridge.egress.dial import Deadline, Resolver, look_up
from bridge.egress.fetch_errors import AddressRefused, SchemeRefused, Unreachable, UrlRefused

_NAME = re.compile(r"(?=.{1,254}\Z)(?:[0-9A-Za-z_-]{1,63}\.)*[0-9A-Za-z_-]{1,63}\.?")  # RFC 1035 section 2.3.4


def checked_url(url: str, schemes: frozenset[str]) -> httpx.URL:
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL as error:
        raise UrlRefused(url, f"not a URL that can be fetched: {error}") from error
    if parsed.scheme not in schemes:
        known = " and ".join(f"{scheme}:" for scheme in sorted(schemes))
        raise SchemeRefused(url, f"{parsed.scheme or 'no scheme'}: is not fetched, only {known} URLs are")
    if parsed.userinfo:
        raise UrlRefused(url, "a user name or password in a URL is not sent; pass the credential as a header")
    if not _is_host(parsed.raw_host.decode("ascii")):
        raise UrlRefused(url, "has no valid host")
    if parsed.port is not None and not 0 < parsed.port < 65536:
        raise UrlRefused(url, f"{parsed.port} is not a port")
    return parsed


def _is_host(host: str) -> bool:
    if _NAME.fullmatch(host):
        return True
    try:
        return IPv6Address(host).scope_id is None
    except ValueError:
        return False


def checked_addresses(
    parsed: httpx.URL, resolver: Resolver, deadline: Deadline, *, allow_private: bool, permit: str
) -> Sequence[Address]:
    """Where the host is, if every answer may be called: one bad address among good ones is how rebinding begins.

    `permit` says how private ones would be allowed."""
    url, host = str(parsed), parsed.raw_host.decode("ascii")
    port = parsed.port or {"http": 80, "https": 443}[parsed.scheme]
    try:
        addresses: Sequence[Address] = (ip_address(host),)
    except ValueError:
        addresses = _resolved(url, host, port, resolver, deadline)
    for address in addresses:
        if reason := check_address(address, allow_private=allow_private):
            raise AddressRefused(url, _refusal(host, address, reason, permit))
    return addresses


def _resolved(url: str, host: str, port: int, resolver: Resolver, deadline: Deadline) -> Sequence[Address]:
    try:
        addresses = look_up(resolver, host, port, deadline)
    except (OSError, UnicodeError) as error:
        raise Unreachable(url, f"the name {host} does not resolve ({error})") from error
    if not addresses:
        raise Unreachable(url, f"the name {host} has no address")
    return addresses


def _refusal(host: str, address: Address, reason: str, permit: str) -> str:
    said = f"{address} is {reason}" if host == str(address) else f"{host} resolves to {address}, {reason}"
    mendable = check_address(address, allow_private=True) is None
    return said + (f"; {permit} to fetch from it" if mendable else "; it is never fetched from")
