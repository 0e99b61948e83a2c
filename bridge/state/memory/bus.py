"""Messages within a process."""

from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from bridge.state.mailbox import MOST, Mailbox


class MemoryBus:
    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._boxes: defaultdict[str, set[Mailbox]] = defaultdict(set)

    async def publish(self, channel: str, message: bytes) -> None:
        for box in self._boxes.get(channel, ()):
            box.put(message)

    @asynccontextmanager
    async def subscribe(self, channel: str) -> AsyncIterator[Mailbox]:
        box = Mailbox(self._most)
        self._boxes[channel].add(box)
        try:
            yield box
        finally:
            self._boxes[channel].discard(box)
            if not self._boxes[channel]:
                del self._boxes[channel]
