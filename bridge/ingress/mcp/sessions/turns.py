"""Which of a session's streams tells the news.

2025-11-25, Streamable HTTP: a server "MUST NOT broadcast the same message across multiple streams". Of several streams,
on whatever replicas, the one that was opened last speaks; when it ends, those that are left agree on the next.
"""

import secrets
import time
from types import TracebackType
from typing import Self

from bridge.ingress.mcp.sessions.words import LEFT, SPEAK, Word, say
from bridge.model import StateUnavailable
from bridge.state.base import Shared


class Turns:
    """One stream's view; `mine` while it is the one that speaks."""

    __slots__ = ("_name", "_session", "_shared", "_speaker")

    def __init__(self, shared: Shared, session: str) -> None:
        self._shared = shared
        self._session = session
        self._name = f"{time.time_ns():020}{secrets.token_hex(4)}"
        self._speaker = self._name

    @property
    def mine(self) -> bool:
        return self._speaker == self._name

    async def __aenter__(self) -> Self:
        """Raises StateUnavailable."""
        await say(self._shared, self._session, SPEAK, self._name)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._say(LEFT)

    async def heard(self, word: Word | None) -> None:
        """None: words may have been lost, the speaker's last one among them."""
        if word is None or (word.kind == LEFT and word.about == self._speaker):
            self._speaker = self._name
            await self._say(SPEAK)
        elif word.kind == SPEAK and word.about > self._speaker:
            self._speaker = word.about
        elif word.kind == SPEAK and word.about < self._name and self.mine:
            # Whoever believes that it speaks has not heard of this one.
            await self._say(SPEAK)

    async def _say(self, kind: str) -> None:
        try:
            await say(self._shared, self._session, kind, self._name)
        except StateUnavailable:
            """The others hear that something was lost, and ask anew."""
