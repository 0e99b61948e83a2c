"""What replicas share, as Protocols; `memory` is the one for a single process."""

from typing import Protocol


class Buckets(Protocol):
    async def take(self, key: str, rate: float, burst: int) -> float:
        """Takes one permit of the bucket `key`, refilled at `rate` permits a second up to `burst`.

        Returns 0.0 when it was granted, else the seconds until the next one; never raises.
        """


class Leases(Protocol):
    def acquire(self, key: str, most: int | None) -> bool:
        """Counts one more call in flight under `key`, unless `most` already are."""

    def release(self, key: str) -> None:
        """Gives back what `acquire` counted."""

    def in_flight(self) -> int:
        """Calls in flight, all keys together."""
