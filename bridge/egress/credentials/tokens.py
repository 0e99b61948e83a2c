"""Tokens that were issued to the gateway, kept until shortly before they expire, and asked for once for all who wait.

They outlive a reload. A token that is about to expire goes on serving while the next one is fetched beside the calls,
and if that fails, until it expires: an authorization server that is down is noticed as late as possible.
"""

import asyncio
import logging
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass, field, replace
from typing import TypeAlias, TypeVar

from bridge.egress.credentials.oauth import Failure, Issue
from bridge.model import CredentialUnavailable, ExchangeRefused

log = logging.getLogger(__name__)

T = TypeVar("T")

Fetch: TypeAlias = Callable[[], Awaitable[Issue | Failure]]
MOST = 10_000
"""Tokens that are kept, and failures; the least recently used goes first."""
AHEAD = 30.0
"""Seconds before its end at which a token is renewed, a quarter of its life at most."""
AGAIN = 30.0
"""Seconds for which a token stands that was fetched because the one before it was rejected: an upstream that takes none
does not send every call to the authorization server."""


@dataclass(frozen=True, slots=True)
class _Held:
    token: str = field(repr=False)
    fetched: float
    renew: float
    expires: float
    again: bool = False
    """It was fetched because the one before it was rejected."""
    rejected: bool = False


class Tokens:
    """`clock` gives seconds. Used in one event loop."""

    def __init__(self, clock: Callable[[], float] = time.monotonic, most: int = MOST) -> None:
        self._clock = clock
        self._most = most
        self._held: OrderedDict[Hashable, _Held] = OrderedDict()
        self._failed: OrderedDict[Hashable, tuple[float, Failure]] = OrderedDict()
        self._flights: dict[Hashable, asyncio.Task[Issue | Failure]] = {}

    async def get(self, key: Hashable, fetch: Fetch, deadline: float) -> str:
        """`deadline`, on the event loop's clock, ends this wait and not the request, which others may wait for.

        Raises ExchangeRefused, CredentialRefused, CredentialUnavailable.
        """
        held, now = self._held.get(key), self._clock()
        if held is not None and now < held.expires:
            self._held.move_to_end(key)
            if now >= held.renew and self._failure(key, now) is None:
                self._flight(key, fetch)
            return held.token
        failure = None if key in self._flights else self._failure(key, now)
        if failure is not None:
            raise failure[1].refusal(failure[0] - now)
        return await self._landed(self._flight(key, fetch), deadline)

    def rejected(self, key: Hashable, value: bytes) -> None:
        """An upstream did not take `value`, which ends with the token: the next call has a new one."""
        held, now = self._held.get(key), self._clock()
        if held is None or not value.endswith(held.token.encode()) or (held.again and now - held.fetched < AGAIN):
            return
        self._held[key] = replace(held, expires=now, rejected=True)

    async def aclose(self) -> None:
        """Ends the requests that nobody waits for any more."""
        flights = list(self._flights.values())
        for flight in flights:
            flight.cancel()
        if flights:
            await asyncio.wait(flights)

    def _failure(self, key: Hashable, now: float) -> tuple[float, Failure] | None:
        """The last one, while it stands."""
        failed = self._failed.get(key)
        return failed if failed is not None and now < failed[0] else None

    def _flight(self, key: Hashable, fetch: Fetch) -> "asyncio.Task[Issue | Failure]":
        """A task of its own: whoever asked first may leave without failing the others. It ends by its own deadline."""
        flight = self._flights.get(key)
        if flight is None:
            flight = self._flights[key] = asyncio.get_running_loop().create_task(self._fly(key, fetch))
        return flight

    async def _fly(self, key: Hashable, fetch: Fetch) -> Issue | Failure:
        try:
            found = await fetch()
            self._note(key, found)
        finally:
            del self._flights[key]
        return found

    async def _landed(self, flight: "asyncio.Task[Issue | Failure]", deadline: float) -> str:
        try:
            async with asyncio.timeout_at(deadline):
                found = await asyncio.shield(flight)
        except TimeoutError as error:
            late = "the credential for the upstream did not come in time; nothing was sent"
            raise CredentialUnavailable(late, headers=((b"retry-after", b"1"),)) from error
        if isinstance(found, Failure):
            raise found.refusal(found.pause)
        return found.token

    def _note(self, key: Hashable, found: Issue | Failure) -> None:
        now = self._clock()
        if isinstance(found, Failure):
            # A caller whose token is not taken is no fault that an operator has to mend.
            level = logging.INFO if found.kind is ExchangeRefused else logging.WARNING
            log.log(level, "no credential: %s", found.cause)
            _keep(self._failed, key, (now + found.pause, found), self._most)
            return
        self._failed.pop(key, None)
        before = self._held.get(key)
        expires, ahead = now + found.seconds, min(AHEAD, found.seconds / 4)
        again = before is not None and before.rejected
        _keep(self._held, key, _Held(found.token, now, expires - ahead, expires, again), self._most)


def _keep(kept: OrderedDict[Hashable, T], key: Hashable, value: T, most: int) -> None:
    kept[key] = value
    kept.move_to_end(key)
    while len(kept) > most:
        kept.popitem(last=False)
