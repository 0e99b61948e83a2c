"""What one subscriber has not read yet: bounded, so that a slow reader costs it messages and nobody memory."""

import asyncio
from collections import deque

MOST = 1000
"""Messages that wait for one subscriber."""


class Mailbox:
    """A Subscription, filled by its bus."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._waiting: deque[bytes | None] = deque()
        self._filled = asyncio.Event()

    def put(self, message: bytes) -> None:
        if len(self._waiting) < self._most:
            self._waiting.append(message)
            self._filled.set()
        else:
            self.lost()

    def lost(self) -> None:
        """The reader is told after what it still has to read; several losses in a row are one."""
        if not self._waiting or self._waiting[-1] is not None:
            self._waiting.append(None)
        self._filled.set()

    async def next(self) -> bytes | None:
        while not self._waiting:
            self._filled.clear()
            await self._filled.wait()
        return self._waiting.popleft()
