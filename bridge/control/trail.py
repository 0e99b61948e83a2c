"""The trail that operators leave: each change that was asked for, whoever asked and whatever became of it.

What never got past the gate is written down as well, but no faster than somebody can read it: strangers could fill a
log.
"""

import secrets
import time
from collections.abc import Callable
from urllib.parse import parse_qsl

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bridge.control.credential import operator_of
from bridge.pipeline.identity.handles import masked
from bridge.telemetry.log import Change, log_change

_READS = frozenset({"GET", "HEAD", "OPTIONS"})
_GATE = frozenset({400, 401, 403, 415})
"""What is answered before a request has reached anything that it could change."""
_LONGEST = 200
_MOST_NAMES = 16
_BURST, _PER_SECOND = 10.0, 1.0


class Trail:
    def __init__(
        self, app: ASGIApp, tell: Callable[[Change], None] = log_change, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._app = app
        self._tell = tell
        self._now = now
        self._left = _BURST
        self._counted = now()
        self._unlogged = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status, begun = 500, self._now()

        async def noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, noting)
        finally:
            if scope["method"] not in _READS or status == 401:
                self._note(scope, status, self._now() - begun)

    def _note(self, scope: Scope, status: int, seconds: float) -> None:
        if status in _GATE and not self._room():
            self._unlogged += 1
            return
        unlogged, self._unlogged = self._unlogged, 0
        client = scope.get("client")
        names = dict.fromkeys(masked(name)[:_LONGEST] for name, _ in parse_qsl(_query(scope), keep_blank_values=True))
        self._tell(
            Change(
                id=secrets.token_hex(16),
                who=operator_of(scope),
                peer=str(client[0]) if client else "",
                method=scope["method"][:_LONGEST],
                # Whoever means a key's id may paste all of the key.
                path=masked(scope["path"])[:_LONGEST],
                query=tuple(names)[:_MOST_NAMES],
                status=status,
                seconds=seconds,
                unlogged=unlogged,
            )
        )

    def _room(self) -> bool:
        now = self._now()
        self._left = min(_BURST, self._left + (now - self._counted) * _PER_SECOND)
        self._counted = now
        if self._left < 1:
            return False
        self._left -= 1
        return True


def _query(scope: Scope) -> str:
    raw: bytes = scope.get("query_string", b"")
    return raw[: 8 << 10].decode("latin-1")
