"""What a stream does about the words of its session, while it waits for something else.

Of a thousand streams most are told nothing for hours. So none of them has a task that waits for words: one is made
when a word comes, and ends when there is none left.
"""

import asyncio
from collections.abc import Awaitable, Callable

from bridge.ingress.mcp.sessions.words import Word, heard
from bridge.state.base import Subscription


class Heeding:
    """Leaving, once `heed` has returned True: it is given one word after the other, None where some may be lost.

    `async with bus.subscribe(name, heeding.ring) as heeding.unread` comes first; what comes from then on is heeded
    while there is somebody to tell.
    """

    __slots__ = ("_heed", "_left", "_task", "unread")

    def __init__(self, heed: Callable[[Word | None], Awaitable[bool]]) -> None:
        self.unread: Subscription | None = None
        self._heed = heed
        self._left: Callable[[], None] | None = None
        self._task: asyncio.Task[None] | None = None

    def tell(self, left: Callable[[], None] | None) -> None:
        self._left = left
        if left is not None:
            self.ring()
            return
        # The subscription refers back to here by its ring: they would be a circle that is left behind.
        task, self._task, self.unread = self._task, None, None
        if task is not None:
            task.cancel()
            if task.done() and not task.cancelled():
                task.result()

    def ring(self) -> None:
        if self._task is None and self._left is not None and self.unread is not None and self.unread.ready:
            self._task = asyncio.create_task(self._read(self.unread, self._left))

    async def _read(self, unread: Subscription, left: Callable[[], None]) -> None:
        """Where it is over the task stays: nothing more is heeded, and `tell` raises what went wrong."""
        try:
            while unread.ready:
                if await self._heed(heard(await unread.next())):
                    left()
                    return
        except Exception:
            left()
            raise
        self._task = None
