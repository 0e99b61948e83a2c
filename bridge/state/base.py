"""What replicas share or what must survive, as Protocols: in memory for a single process, in Redis for several.

Where a method can fail because the shared state is out of reach, it raises StateUnavailable: its caller decides whether
to refuse or to go on without.
"""

from collections.abc import Callable, Coroutine
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol, TypeAlias


class Buckets(Protocol):
    async def take(self, key: str, rate: float, burst: int) -> float:
        """Takes one permit of the bucket `key`, refilled at `rate` permits a second up to `burst`.

        Returns 0.0 when it was granted, else the seconds until the next one; never raises.
        """


Most: TypeAlias = tuple[int | None, int | None, int | None]
"""Calls, bytes and tokens that may be used within a window; None is no bound."""


class Meters(Protocol):
    """What was used under a key since its window began, which is with the first use; afterwards nothing was."""

    async def spend(self, key: str, calls: int, most: Most, window: float) -> bool:
        """Counts `calls` more, if they are within `most` and neither bytes nor tokens are used up; says whether it did.
        `window` is in seconds. Raises StateUnavailable."""

    async def debit(self, key: str, bytes: int, tokens: int, window: float) -> None:
        """Adds what calls turned out to have used, however much that is. Raises StateUnavailable."""


class Leases(Protocol):
    def acquire(self, key: str, most: int | None) -> bool:
        """Counts one more call in flight under `key`, unless `most` already are."""

    def release(self, key: str) -> None:
        """Gives back what `acquire` counted."""

    def in_flight(self) -> int:
        """Calls in flight, all keys together."""


class Store(Protocol):
    """Values by key. The part of a key before its first `:` is its family; families are what `family` lists."""

    async def get(self, key: str) -> bytes | None:
        """The value, None where there is none (any more). Raises StateUnavailable."""

    async def put(self, key: str, value: bytes, ttl: float | None, *, fresh: bool = False) -> bool:
        """Keeps `value` for `ttl` seconds, for good if None. `fresh`: only where the key is free; returns whether it
        was kept, so of many callers exactly one sees True. Raises StateUnavailable."""

    async def take(self, key: str) -> bytes | None:
        """Removes the value and returns it: of many callers exactly one gets it. Raises StateUnavailable."""

    async def family(self, name: str) -> list[tuple[str, bytes]]:
        """All values whose key begins with `name:`, in the order of their keys. Raises StateUnavailable."""


class EventLog(Protocol):
    """Short logs of events, for readers that were away."""

    async def append(self, key: str, event: bytes, *, most: int, ttl: float) -> str:
        """Adds an event and returns its id, `MILLISECONDS-SEQUENCE`: after all before it as a pair of numbers, not as
        text. The log keeps its last `most` events, and those for `ttl` seconds after the last. Raises
        StateUnavailable."""

    async def after(self, key: str, last: str) -> list[tuple[str, bytes]]:
        """The kept events after the one with the id `last` ("" for all), oldest first. Raises StateUnavailable, and
        ValueError for a `last` that is no id."""


Ring: TypeAlias = Callable[[], None]
"""Called whenever something came, for whoever does not wait in `next`. It neither raises nor waits."""


class Subscription(Protocol):
    async def next(self) -> bytes | None:
        """The next message; None where messages may have been lost in between (the connection broke, or the reader was
        too slow), which is told once. Waits without end and never raises StateUnavailable: it reconnects."""

    @property
    def ready(self) -> bool:
        """Whether `next` would return at once."""


class Bus(Protocol):
    """Messages to all replicas, those that listen at that moment."""

    async def publish(self, channel: str, message: bytes) -> None:
        """Raises StateUnavailable."""

    def subscribe(self, channel: str, ring: Ring | None = None) -> AbstractAsyncContextManager[Subscription]:
        """Entered, it has subscribed: whatever is published from then on arrives. Entering raises StateUnavailable."""


@dataclass(frozen=True, slots=True)
class Shared:
    """What outlives requests and runtimes, and is the same for every replica. `durable` outlives the last of them too:
    it keeps what somebody was given, and would miss after a restart."""

    store: Store
    log: EventLog
    bus: Bus
    durable: Store
    meters: Meters


@dataclass(frozen=True, slots=True)
class State:
    """All that a process keeps, from one backend; leases alone always belong to the process that holds them."""

    buckets: Buckets
    leases: Leases
    shared: Shared
    probe: Callable[[], Coroutine[None, None, None]]
    """Looks once whether what is shared can be reached, and logs it if not; never raises."""
    aclose: Callable[[], Coroutine[None, None, None]]
    """Gives back connections and ends what reads from them. Nothing is used afterwards."""
