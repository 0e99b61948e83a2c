"""Whose address a call has, behind proxies that are trusted and without any."""

import pytest

from bridge.model import Call, Door, Forbidden, Headers
from bridge.pipeline.peers import MOST_HOPS, MOST_KNOWN, PIPE, Addresses

PROXIES = Addresses(trusted=("10.0.0.0/8", "2001:db8:1::/48"))


def placed(addresses: Addresses, peer: str, *headers: tuple[str, str], scheme: str = "http") -> Call:
    lines: Headers = tuple((name.encode(), value.encode("latin-1")) for name, value in headers)
    call = Call("c", Door.REST, "GET", "/", 0.0, 0.0, 0.0, headers=lines, peer=peer, scheme=scheme)
    addresses.place(call)
    return call


def xff(*lines: str) -> tuple[tuple[str, str], ...]:
    return tuple(("x-forwarded-for", line) for line in lines)


def forwarded(*lines: str) -> tuple[tuple[str, str], ...]:
    return tuple(("forwarded", line) for line in lines)


@pytest.mark.statement("A26")
@pytest.mark.parametrize("name", ["x-forwarded-for", "forwarded", "x-real-ip", "x-forwarded-proto"])
def test_a_strangers_word_about_where_it_calls_from_is_not_heard(name: str) -> None:
    call = placed(PROXIES, "192.0.2.7", (name, "10.0.0.9"), ("x-forwarded-proto", "https"))
    assert (call.peer, call.via, call.scheme) == ("192.0.2.7", (), "http")


@pytest.mark.statement("A26")
@pytest.mark.parametrize(
    ("headers", "caller", "via"),
    [
        (xff("192.0.2.7"), "192.0.2.7", ["10.0.0.1"]),
        (xff("1.1.1.1, 192.0.2.7"), "192.0.2.7", ["10.0.0.1"]),
        (xff("10.0.0.66, 192.0.2.7"), "192.0.2.7", ["10.0.0.1"]),
        (xff("192.0.2.7, 10.0.0.3 ,10.0.0.2"), "192.0.2.7", ["10.0.0.3", "10.0.0.2", "10.0.0.1"]),
        (xff("1.1.1.1", "192.0.2.7, 10.0.0.2"), "192.0.2.7", ["10.0.0.2", "10.0.0.1"]),
        (xff("10.0.0.3, 10.0.0.2"), "10.0.0.3", ["10.0.0.2", "10.0.0.1"]),
        (xff("192.0.2.7:4711"), "192.0.2.7", ["10.0.0.1"]),
        (xff("[2001:db8::7]:4711"), "2001:db8::7", ["10.0.0.1"]),
        (xff("[2001:db8::7]"), "2001:db8::7", ["10.0.0.1"]),
        (xff("2001:DB8:0::7"), "2001:db8::7", ["10.0.0.1"]),
        (xff("2001:db8::7, 2001:db8:1::9"), "2001:db8::7", ["2001:db8:1::9", "10.0.0.1"]),
        (xff("::ffff:192.0.2.7"), "192.0.2.7", ["10.0.0.1"]),
        (xff("192.0.2.7, ::ffff:10.0.0.2"), "192.0.2.7", ["10.0.0.2", "10.0.0.1"]),
        (forwarded("for=1.1.1.1, for=192.0.2.7;proto=https;by=10.0.0.1"), "192.0.2.7", ["10.0.0.1"]),
        (forwarded('proto=https ; For="[2001:db8::7]:4711"'), "2001:db8::7", ["10.0.0.1"]),
        (forwarded("for=192.0.2.7", "for=10.0.0.2"), "192.0.2.7", ["10.0.0.2", "10.0.0.1"]),
        (forwarded('for="x, for=192.0.2.7'), "192.0.2.7", ["10.0.0.1"]),
        (forwarded('for="1.1.1.1", for=192.0.2.7;ext="a, for=10.0.0.2"'), "192.0.2.7", ["10.0.0.1"]),
        (xff("192.0.2.7") + forwarded("for=1.1.1.1"), "192.0.2.7", ["10.0.0.1"]),
    ],
)
def test_the_caller_is_the_last_address_that_no_trusted_proxy_has(
    headers: tuple[tuple[str, str], ...], caller: str, via: list[str]
) -> None:
    call = placed(PROXIES, "10.0.0.1", *headers)
    assert (call.peer, call.via, call.connected) == (caller, tuple(via), "10.0.0.1")


@pytest.mark.statement("A26")
@pytest.mark.parametrize(
    "garbage",
    [
        "unknown", "_hidden", "", "1.2.3", "192.0.2.7 evil", "192.0.2.999", "fe80::1%evil", "[fe80::1", "a,b,,",
        "010.1.2.3", "192.0.2.7:99999999", "localhost", "\xe9",
    ],
)  # fmt: skip
def test_what_cannot_be_read_ends_the_list_at_the_nearest_proxy(garbage: str) -> None:
    assert placed(PROXIES, "10.0.0.1", *xff(garbage)).peer == "10.0.0.1"
    behind = placed(PROXIES, "10.0.0.1", *xff(f"192.0.2.7, {garbage}, 10.0.0.2"))
    assert (behind.peer, behind.via) == ("10.0.0.2", ("10.0.0.1",))
    assert placed(PROXIES, "10.0.0.1", *forwarded(f'for="{garbage}"')).peer == "10.0.0.1"


def test_an_element_of_forwarded_that_names_nobody_or_two_ends_the_list() -> None:
    for element in ("by=10.0.0.1", "for=192.0.2.7;for=192.0.2.8", "", "for", 'for="192.0.2.7'):
        assert placed(PROXIES, "10.0.0.1", *forwarded(f"for=1.1.1.1, {element}")).peer == "10.0.0.1"


def test_a_list_of_trusted_addresses_without_end_is_not_read_to_its_end() -> None:
    call = placed(PROXIES, "10.0.0.1", *xff("192.0.2.7" + ", 10.0.0.2" * 10_000))
    assert (call.peer, len(call.via)) == ("10.0.0.2", MOST_HOPS)


def test_a_proxy_that_says_nothing_is_the_caller() -> None:
    call = placed(PROXIES, "::ffff:10.0.0.1")
    assert (call.peer, call.via, call.connected) == ("10.0.0.1", (), "10.0.0.1")


def test_placing_a_call_again_changes_nothing() -> None:
    call = placed(PROXIES, "10.0.0.1", *xff("10.0.0.9, 192.0.2.7"))
    PROXIES.place(call)
    assert (call.peer, call.via) == ("192.0.2.7", ("10.0.0.1",))


@pytest.mark.parametrize(
    ("lines", "scheme"),
    [(["https"], "https"), (["HTTPS"], "https"), (["http"], "http"), ([], "http"), (["https, http"], "http"),
     (["https", "https"], "http"), (["wss"], "http"), ([""], "http"), (["\xe9"], "http")],
)  # fmt: skip
def test_the_scheme_is_a_trusted_proxys_single_word(lines: list[str], scheme: str) -> None:
    said = [("x-forwarded-proto", line) for line in lines]
    assert placed(PROXIES, "10.0.0.1", *said).scheme == scheme
    assert placed(PROXIES, "192.0.2.7", *said).scheme == "http"


@pytest.mark.statement("A26")
@pytest.mark.parametrize(
    ("network", "peer", "admitted"),
    [
        ("10.0.0.0/8", "10.1.2.3", True),
        ("10.0.0.0/8", "::ffff:10.1.2.3", True),
        ("::ffff:10.0.0.0/104", "10.1.2.3", True),
        ("10.0.0.0/8", "11.0.0.1", False),
        ("10.0.0.0/8", "::10.1.2.3", False),
        ("192.0.2.7", "192.0.2.7", True),
        ("192.0.2.7", "192.0.2.8", False),
        ("2001:db8::/32", "2001:db8:ffff::1", True),
        ("2001:db8::/32", "2001:db9::1", False),
        ("0.0.0.0/0", "192.0.2.7", True),
        ("0.0.0.0/0", "2001:db8::1", False),
        ("::/0", "2001:db8::1", True),
        ("10.0.0.0/8", "", False),
        ("10.0.0.0/8", "/run/socket", False),
        ("10.0.0.0/8", PIPE, True),
    ],
)
def test_networks_say_who_may_call(network: str, peer: str, admitted: bool) -> None:
    addresses = Addresses(allowed=(network, "203.0.113.0/24"))
    assert addresses.admits(peer) is admitted
    if admitted:
        assert placed(addresses, peer).peer == peer
    else:
        with pytest.raises(Forbidden):
            placed(addresses, peer)


@pytest.mark.statement("A26")
def test_it_is_the_callers_address_that_must_be_allowed_not_the_proxys() -> None:
    addresses = Addresses(trusted=("10.0.0.0/8",), allowed=("10.0.0.0/8", "192.0.2.0/24"))
    assert placed(addresses, "10.0.0.1", *xff("192.0.2.7")).peer == "192.0.2.7"
    with pytest.raises(Forbidden):
        placed(addresses, "10.0.0.1", *xff("10.0.0.5, 198.51.100.1"))


def test_an_api_is_closed_to_whom_its_networks_do_not_have() -> None:
    addresses = Addresses(apis={"inside": ("10.0.0.0/8",), "one": ("192.0.2.7", "10.0.0.1"), "all": ()})
    assert addresses.closed("10.0.0.1") == frozenset()
    assert addresses.closed("10.0.0.2") == {"one"}
    assert addresses.closed("::ffff:192.0.2.7") == {"inside"}
    assert addresses.closed("198.51.100.1") == addresses.closed("") == {"inside", "one"}
    assert addresses.closed(PIPE) == frozenset()
    assert not addresses.matter, "nothing to do before a call is looked up"


def test_what_is_remembered_of_addresses_is_bounded() -> None:
    addresses = Addresses(apis={"inside": ("10.0.0.0/8",)})
    for number in range(2 * MOST_KNOWN):
        addresses.closed(f"192.0.{number >> 8}.{number & 255}")
    assert len(addresses._known) <= MOST_KNOWN
