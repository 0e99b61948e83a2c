"""Where connections come out decides whether they are to the gateway's own listeners; then nothing is sent."""

import asyncio
import logging
from collections.abc import Sequence
from ipaddress import ip_address
from typing import Any

import httpcore
import pytest

from bridge.egress.general import General
from bridge.egress.own import Elsewhere, Listener, Own
from bridge.egress.public import Public
from bridge.model import Target, Timeouts, UpstreamUnreachable, Wire
from tests.kit.origin import OK, Line, playing


def own(address: str, port: int = 8081) -> Own:
    return Own([Listener("admin", ip_address(address), port)])


@pytest.mark.parametrize(
    ("listening", "there"),
    [("127.0.0.1", "127.0.0.1"), ("127.0.0.1", "127.0.0.2"), ("127.0.0.1", "::1"), ("127.0.0.1", "::ffff:127.0.0.1"),
     ("127.0.0.1", "0.0.0.0"), ("::1", "127.0.0.1"), ("0.0.0.0", "127.0.0.1"), ("::", "::1"), ("::", "::"),
     ("10.0.0.5", "10.0.0.5"), ("10.0.0.5", "::ffff:10.0.0.5")],
)  # fmt: skip
def test_every_form_of_an_address_is_known(listening: str, there: str) -> None:
    assert own(listening).at(ip_address(there), 8081) is not None
    assert own(listening).at(ip_address(there), 8083) is None


@pytest.mark.parametrize(
    ("listening", "there"), [("127.0.0.1", "10.0.0.5"), ("10.0.0.5", "127.0.0.1"), ("::1", "8.8.8.8")]
)
def test_another_address_with_the_same_port_is_somebody_elses(listening: str, there: str) -> None:
    assert own(listening).at(ip_address(there), 8081, ip_address(there)) is None


def test_a_listener_on_all_addresses_is_known_where_a_connection_never_left_the_machine() -> None:
    there = ip_address("10.0.0.5")
    assert own("0.0.0.0").at(there, 8081, there) is not None
    assert own("0.0.0.0").at(there, 8081, ip_address("10.0.0.6")) is None


async def answering(line: Line) -> None:
    await line.take()
    await line.say(OK)


def soon() -> float:
    return asyncio.get_running_loop().time() + 5


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "127.1", "0x7f.1", "0", "[::ffff:127.0.0.1]"])
async def test_nothing_is_sent_to_a_listener_of_our_own_and_operators_are_told(
    host: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with playing(answering) as origin:
        port = int(origin.url.rpartition(":")[2])
        known = Own()
        general = General(own=known)
        known.listeners = own("127.0.0.1", port).listeners
        with caplog.at_level(logging.WARNING), pytest.raises(UpstreamUnreachable, match="'t1' could not be reached"):
            await general.send(Wire("GET", "/"), Target("t1", f"http://{host}:{port}"), soon())
        known.listeners = own("127.0.0.1", port + 1).listeners
        response = await general.send(Wire("GET", "/"), Target("t1", origin.url), soon())
        await response.aclose()
        await general.aclose()
    assert "the gateway's own admin.listen" in caplog.text
    assert len(origin.requests) == 1


class Silent(httpcore.AsyncNetworkBackend):
    """Dials nothing and says which addresses it was to dial."""

    def __init__(self) -> None:
        self.dialled: list[str] = []

    async def connect_tcp(self, host: str, *others: Any, **named: Any) -> httpcore.AsyncNetworkStream:
        self.dialled.append(host)
        raise httpcore.ConnectError


@pytest.mark.parametrize(
    "answer", [["169.254.169.254"], ["fd00:ec2::254"], ["127.0.0.1"], ["1.1.1.1", "169.254.169.254"]]
)
async def test_a_strangers_name_that_leads_to_the_metadata_address_is_not_dialled(answer: Sequence[str]) -> None:
    network = Silent()
    general = General(public=Public(lambda host, port: [ip_address(one) for one in answer], network), own=own("::1"))
    target = Target("t1", "http://api.example", guarded=True, timeouts=Timeouts(1, 1, 5))
    with pytest.raises(UpstreamUnreachable):
        await general.send(Wire("GET", "/latest"), target, soon())
    assert network.dialled == []


class Lost(httpcore.AsyncNetworkStream):
    """A connection whose other end is not known any more."""

    def __init__(self) -> None:
        self.closed = False

    async def aclose(self) -> None:
        self.closed = True

    def get_extra_info(self, info: str) -> object:
        return None


class Losing(httpcore.AsyncNetworkBackend):
    def __init__(self) -> None:
        self.stream = Lost()

    async def connect_tcp(self, *given: Any, **named: Any) -> httpcore.AsyncNetworkStream:
        return self.stream


async def test_a_connection_of_which_nobody_knows_where_it_leads_is_closed() -> None:
    network = Losing()
    with pytest.raises(httpcore.ConnectError):
        await Elsewhere(own("127.0.0.1"), network).connect_tcp("a.example", 80)
    assert network.stream.closed
