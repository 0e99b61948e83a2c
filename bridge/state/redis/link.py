"""The way to Redis: one pool, one deadline for each command, one place where Redis's exceptions end.

No command is sent twice. Most of what is kept here is not idempotent (a permit taken, a value taken, an event
appended), and a connection that broke does not say whether its last command was carried out.
"""

import asyncio
import logging
import socket
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from hashlib import sha1
from typing import TypeAlias

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import NoScriptError, ReadOnlyError, RedisError

from bridge.model import Json
from bridge.model.errors import StateUnavailable
from bridge.model.urls import shown

_log = logging.getLogger(__name__)

Argument: TypeAlias = str | bytes | int

# Idle connections are probed by the kernel: the path's state in firewalls stays, and a dead peer is noticed. Platforms
# that lack one of the names keep their default.
_PROBES = {"TCP_KEEPIDLE": 30, "TCP_KEEPINTVL": 10, "TCP_KEEPCNT": 3}
_KEEPALIVE = {getattr(socket, name): value for name, value in _PROBES.items() if hasattr(socket, name)}
_SAY_AGAIN = 10.0
"""Seconds that lie at least between two log lines about reaching Redis or not."""


class Script:
    """Lua that Redis runs as one step; it is sent once and called by its digest from then on."""

    __slots__ = ("digest", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        # Redis names scripts by SHA-1; nothing is protected by it.
        self.digest = sha1(text.encode(), usedforsecurity=False).hexdigest()


class Link:
    """`timeout` bounds a command as a whole: the wait for a connection, connecting, TLS, authentication, the answer."""

    def __init__(self, url: str, *, prefix: str = "dualbridge:", timeout: float = 0.25, connections: int = 16) -> None:
        self.timeout = timeout
        self._url = url
        self._prefix = prefix
        self._place = shown(url)
        self._client = self.client(connections)
        self._reached = True
        self._said = -_SAY_AGAIN

    def client(self, connections: int) -> Redis:
        """A client with a pool of its own, to be closed with `close`. Time-outs of the sockets are left out where a
        deadline stands around the whole."""
        pool: BlockingConnectionPool = BlockingConnectionPool.from_url(
            self._url,
            max_connections=connections,
            timeout=self.timeout,
            socket_timeout=None,
            socket_connect_timeout=self.timeout,
            socket_keepalive=True,
            socket_keepalive_options=_KEEPALIVE,
            retry=Retry(NoBackoff(), 0),
            protocol=2,  # version 3 would cost a HELLO and bring nothing that is used here
            driver_info=None,
        )
        return Redis(connection_pool=pool)

    def key(self, kind: str, name: str) -> str:
        return f"{self._prefix}{kind}:{name}"

    async def command(self, *words: Argument) -> Json:
        """Raises StateUnavailable."""
        async with self.within(self.timeout):
            answer = await self._execute(*words)
        self._worked()
        return answer

    async def run(self, script: Script, keys: Sequence[str], arguments: Sequence[Argument]) -> Json:
        """Raises StateUnavailable."""
        words = (len(keys), *keys, *arguments)
        async with self.within(self.timeout):
            try:
                answer = await self._execute("EVALSHA", script.digest, *words)
            except NoScriptError:  # a server that was restarted, or promoted: it has not seen the script
                answer = await self._execute("EVAL", script.text, *words)
        self._worked()
        return answer

    @asynccontextmanager
    async def within(self, seconds: float) -> AsyncIterator[None]:
        """What is done inside either succeeds in time or raises StateUnavailable."""
        try:
            async with asyncio.timeout(seconds):
                yield
        except (RedisError, OSError, RuntimeError) as error:
            # A TimeoutError is an OSError; a RuntimeError is how uvloop refuses to write to a connection that closed.
            self._failed(error)
            if isinstance(error, ReadOnlyError):
                await self._part()
            raise StateUnavailable("what the gateway's replicas share cannot be reached; try again shortly") from error

    async def probe(self) -> None:
        """Asks once, for the sake of the log line where there is no answer."""
        with suppress(StateUnavailable):
            await self.command("PING")

    async def aclose(self) -> None:
        await self.close(self._client)

    async def close(self, client: Redis) -> None:
        with suppress(RedisError, OSError, RuntimeError):
            async with asyncio.timeout(self.timeout):
                await client.connection_pool.aclose()

    async def _part(self) -> None:
        """From a server that is a primary no longer: whichever is one now stands behind the same name."""
        with suppress(RedisError, OSError):
            await self._client.connection_pool.disconnect(inuse_connections=False)

    async def _execute(self, *words: Argument) -> Json:
        return await self._client.execute_command(*words)  # type: ignore[no-untyped-call] # redis-py leaves it bare

    def _failed(self, error: BaseException) -> None:
        if self._reached and self._may_say():
            reason = str(error) or type(error).__name__
            _log.warning("%s does not answer within %.0f ms: %s", self._place, self.timeout * 1000, reason)
            self._reached = False

    def _worked(self) -> None:
        if not self._reached and self._may_say():
            _log.info("%s answers again", self._place)
            self._reached = True

    def _may_say(self) -> bool:
        now = time.monotonic()
        if now - self._said < _SAY_AGAIN:
            return False
        self._said = now
        return True
