"""The guard judges an address by everything it may stand for."""

from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.egress.address import Address, check_address

ipv4 = st.integers(0, 2**32 - 1).map(IPv4Address)
ipv6 = st.integers(0, 2**128 - 1).map(IPv6Address)
# Random 128-bit numbers hardly ever meet a short prefix: draw the prefix, too.
prefixed = st.builds(
    lambda prefix, rest: IPv6Address(int(IPv6Address(prefix)) | rest),
    st.sampled_from(
        ["2000::", "2001::", "2001:db8::", "2002::", "3fff::", "64:ff9b::", "64:ff9b:1::", "100::", "fe80::"]
    ),
    st.integers(0, 2**72 - 1),
)


def forms(inner: IPv4Address) -> list[IPv6Address]:
    value = int(inner)
    high, low = value >> 16, value & 0xFFFF
    last, local = f"{high:x}:{low:x}", f"64:ff9b:1:{high:x}:{low >> 8:x}:{(low & 0xFF) << 8:x}::"
    texts = [f"::ffff:{last}", f"::ffff:0:{last}", f"64:ff9b::{last}", f"2002:{last}::1", f"64:ff9b:1::{last}", local]
    return [IPv6Address(text) for text in texts] + ([IPv6Address(f"::{last}")] if value > 1 else [])


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("10.0.0.5", "a private address"),
        ("172.31.255.255", "a private address"),
        ("192.168.1.1", "a private address"),
        ("127.0.0.1", "a loopback address"),
        ("127.255.255.254", "a loopback address"),
        ("100.64.0.1", "a carrier's shared address"),
        ("198.19.0.1", "a benchmarking address"),
        ("::1", "a loopback address"),
        ("fd12::1", "a private address"),
        ("fec0::1", "a site-local address"),
        ("::ffff:127.0.0.1", "a form of 127.0.0.1, a loopback address"),
        ("::127.0.0.1", "a form of 127.0.0.1, a loopback address"),
        ("64:ff9b::10.0.0.1", "a form of 10.0.0.1, a private address"),
        ("64:ff9b:1::127.0.0.1", "a form of 127.0.0.1, a loopback address"),
        ("2002:7f00:1::", "a form of 127.0.0.1, a loopback address"),
    ],
)
def test_private_address_is_named_and_opened_by_the_policy(address: str, reason: str) -> None:
    assert check_address(ip_address(address)) == reason
    assert check_address(ip_address(address), allow_private=True) is None


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("0.0.0.0", "the unspecified address"),
        ("0.1.2.3", "an address of “this network”"),
        ("169.254.169.254", "a cloud's metadata address"),
        ("169.254.0.1", "a link-local address"),
        ("100.100.100.200", "a cloud's metadata address"),
        ("168.63.129.16", "a cloud's metadata address"),
        ("192.0.2.1", "a documentation address"),
        ("224.0.0.1", "a multicast address"),
        ("240.0.0.1", "a reserved address"),
        ("255.255.255.255", "the broadcast address"),
        ("::", "the unspecified address"),
        ("fd00:ec2::254", "a cloud's metadata address"),
        ("fe80::1", "a link-local address"),
        ("fe80::1%eth0", "a link-local address"),
        ("ff02::1", "a multicast address"),
        ("2001:db8::1", "a documentation address"),
        ("3fff::1", "a documentation address"),
        ("2001:0:a9fe:a9fe::1", "a Teredo tunnel"),
        ("100::1", "a reserved address"),
        ("4000::1", "a reserved address"),
        ("::ffff:169.254.169.254", "a form of 169.254.169.254, a cloud's metadata address"),
        ("64:ff9b::169.254.169.254", "a form of 169.254.169.254, a cloud's metadata address"),
        ("2002:a9fe:a9fe::", "a form of 169.254.169.254, a cloud's metadata address"),
    ],
)
def test_address_where_no_document_lives_is_refused_whatever_the_policy(address: str, reason: str) -> None:
    assert check_address(ip_address(address)) == reason
    assert check_address(ip_address(address), allow_private=True) == reason


@pytest.mark.parametrize(
    "address", ["8.8.8.8", "1.1.1.1", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::8.8.8.8", "2002:808:808::1"]
)
def test_global_address_passes_in_every_form(address: str) -> None:
    assert check_address(ip_address(address)) is None


@given(ipv4)
def test_no_form_of_a_refused_address_passes(inner: IPv4Address) -> None:
    for allow_private in (False, True):
        # A translator never forwards to 0.0.0.0/8, which is how padding shows in a local NAT64 address.
        if check_address(inner, allow_private=allow_private) and int(inner) >> 24:
            for form in forms(inner):
                assert check_address(form, allow_private=allow_private), form


@given(ipv4 | ipv6 | prefixed)
def test_what_the_standard_library_calls_not_global_is_refused(address: Address) -> None:
    mapped = isinstance(address, IPv6Address) and int(address) >> 32 == 0xFFFF  # judged by its IPv4 address alone
    if not address.is_global and not mapped:
        assert check_address(address)


@given(ipv4 | ipv6 | prefixed)
def test_allowing_private_addresses_never_closes_one(address: Address) -> None:
    if check_address(address) is None:
        assert check_address(address, allow_private=True) is None
