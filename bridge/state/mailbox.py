"""What one subscriber has not read yet: bounded, so that a slow reader costs it messages and nobody memory."""

import asyncio

from bridge.state.base import Ring

MOST = 1000
"""Messages that wait for one subscriber."""
BYTES = 32 << 20
"""And how long they may be, all together."""


class Mailbox:
    """A Subscription, filled by its bus and read by one reader at a time."""

    __slots__ = ("_bytes", "_most", "_reader", "_ring", "_waiting")

    def __init__(self, most: int = MOST, ring: Ring | None = None) -> None:
        self._most = most
        self._ring = ring
        self._waiting: list[bytes | None] = []
        self._bytes = 0
        # Thousands of streams have one each that stays empty: a deque and an event would take ten times the memory.
        self._reader: asyncio.Future[None] | None = None

    def put(self, message: bytes) -> None:
        if len(self._waiting) < self._most and self._bytes + len(message) <= BYTES:
            self._waiting.append(message)
            self._bytes += len(message)
            self._wake()
        else:
            self.lost()

    def lost(self) -> None:
        """The reader is told after what it still has to read; several losses in a row are one."""
        if not self._waiting or self._waiting[-1] is not None:
            self._waiting.append(None)
        self._wake()

    @property
    def ready(self) -> bool:
        return bool(self._waiting)

    async def next(self) -> bytes | None:
        while not self._waiting:
            self._reader = asyncio.get_running_loop().create_future()
            try:
                await self._reader
            finally:
                self._reader = None
        message = self._waiting.pop(0)
        self._bytes -= len(message or b"")
        return message

    def _wake(self) -> None:
        if self._reader is not None and not self._reader.done():
            self._reader.set_result(None)
        if self._ring is not None:
            self._ring()
