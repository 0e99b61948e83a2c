"""Upstreams that are the gateway's own listeners, told where they can be seen before a call is made.

No call gets there in any case (`bridge.egress.own`), by no name and by no redirection of addresses; these are the ones
that say so themselves.
"""

from collections.abc import Iterator
from itertools import chain

from bridge.compile.hosts import LOOPBACK, address_of, host_and_port, is_here
from bridge.compile.routes import Routed
from bridge.config import Settings
from bridge.egress.fetch_errors import FetchError
from bridge.egress.own import Listener, Own
from bridge.model import Finding, Severity


def to_ourselves(settings: Settings, routed: Routed, own: Own) -> Iterator[Finding]:
    """`own` has no listeners before they are bound."""
    known = own if own.listeners else Own(_named(settings))
    targets = chain(
        ((api, target) for api, route in routed.routes.items() for target in route.targets),
        ((api, target) for (api, _), targets in routed.own.items() for target in targets),
    )
    for api, origin in dict.fromkeys((api, target.origin) for api, target in targets):
        listener = _leads_to(origin, known)
        if listener is not None:
            yield Finding(
                "upstream-own", Severity.ERROR, "",
                f"{origin} is the gateway's own {listener.key}: no call is sent there",
                lost="every call to it", advice=f"name another upstream, or move {listener.key}", api=api,
            )  # fmt: skip


def _named(settings: Settings) -> Iterator[Listener]:
    """Those that will be where they are wanted: a default that is in use moves to a free port, and 0 is any."""
    here = LOOPBACK if is_here(settings.listen.host) else address_of(settings.listen.host)
    if here is not None and settings.listen.port:
        yield Listener("traffic", here, settings.listen.port)
    for name, one in (("admin", settings.admin), ("health", settings.health)):
        if one is not None and one.listen.port and "listen" in one.model_fields_set:
            address = LOOPBACK if is_here(one.listen.host) else address_of(one.listen.host)
            if address is not None:
                yield Listener(name, address, one.listen.port)


def _leads_to(origin: str, own: Own) -> Listener | None:
    try:
        host, port = host_and_port(origin)
        address = LOOPBACK if is_here(host) else address_of(host)
    except (FetchError, ValueError):
        return None
    return own.at(address, port) if address is not None else None
