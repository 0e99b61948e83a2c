"""Buckets that replicas share: GCRA in Redis, on Redis's clock, so that replicas' clocks need not agree.

The round trip is the cost, not the arithmetic: all permits that are asked for in one turn of the event loop travel
together. Where Redis does not answer in time, this process counts by itself, and looks once a second whether Redis is
back; no caller waits for that.
"""

import asyncio
import time
from collections.abc import Coroutine
from contextlib import suppress
from dataclasses import dataclass, field

from bridge.model.errors import StateUnavailable
from bridge.state.base import Buckets
from bridge.state.redis.link import Link, Script

TIME = "redis.call('TIME')"
"""Lua: seconds and microseconds."""

_MOST = 256
"""Permits in one trip: Redis does nothing else while it counts them."""
_LOOK = 1.0
"""Seconds between two looks for a Redis that failed to answer."""

# KEYS: the buckets. ARGV, for each: nanoseconds between two permits, permits at once. Kept is the theoretical arrival
# time of the next permit as seconds and nanoseconds: since 1970 in one number it would not fit into a double. A bucket
# is kept a minute longer than it says anything, so that an expiry never comes too early.
_GCRA = """
local now = {clock}
local seconds, nanoseconds = tonumber(now[1]), tonumber(now[2]) * 1000
local waits = {{}}
for i, key in ipairs(KEYS) do
  local interval, burst = tonumber(ARGV[2 * i - 1]), tonumber(ARGV[2 * i])
  local ahead = 0
  local kept = redis.call('GET', key)
  if kept then
    local s, ns = string.match(kept, '^(%d+) (%d+)$')
    ahead = math.max(0, (s - seconds) * 1e9 + (ns - nanoseconds))
  end
  local wait = ahead - interval * (burst - 1)
  if wait > 0 then
    waits[i] = wait
  else
    ahead = ahead + interval
    local rest = nanoseconds + ahead
    local whole = math.floor(rest / 1e9)
    local arrival = string.format('%.0f %.0f', seconds + whole, rest - whole * 1e9)
    redis.call('SET', key, arrival, 'PX', string.format('%.0f', math.ceil(ahead / 1e6) + 60000))
    waits[i] = 0
  end
end
return waits
"""


@dataclass(slots=True)
class _Batch:
    """Filled while the loop's turn lasts, then sent; written by RedisBuckets alone."""

    keys: list[str] = field(default_factory=list)
    terms: list[int] = field(default_factory=list)
    asked: list[asyncio.Future[int | None]] = field(default_factory=list)


class RedisBuckets:
    """`local` counts while Redis is away: each replica then grants the whole rate by itself."""

    def __init__(self, link: Link, local: Buckets, clock: str = TIME) -> None:
        self._link = link
        self._local = local
        self._script = Script(_GCRA.format(clock=clock))
        self._batch: _Batch | None = None
        self._under_way: set[asyncio.Task[None]] = set()
        self._away = False
        self._next_look = 0.0

    async def take(self, key: str, rate: float, burst: int) -> float:
        if self._away:
            self._look()
            return await self._local.take(key, rate, burst)
        wait = await self._ask(self._link.key("bucket", key), round(1e9 / rate), burst)
        return await self._local.take(key, rate, burst) if wait is None else wait / 1e9

    async def aclose(self) -> None:
        if self._under_way:
            await asyncio.wait(self._under_way)

    def _ask(self, key: str, interval: int, burst: int) -> asyncio.Future[int | None]:
        """Nanoseconds to wait; None where Redis did not say."""
        batch = self._batch
        if batch is None or len(batch.keys) >= _MOST:
            batch = self._batch = _Batch()
            # A task of its own rather than the first asker's: that one may be cancelled, and others wait as well.
            self._start(self._send(batch))
        future = asyncio.get_running_loop().create_future()
        batch.keys.append(key)
        batch.terms += (interval, burst)
        batch.asked.append(future)
        return future

    async def _send(self, batch: _Batch) -> None:
        if self._batch is batch:
            self._batch = None
        waits: list[int | None] = [None] * len(batch.asked)
        try:
            waits = await self._link.run(self._script, batch.keys, batch.terms)
        except StateUnavailable:
            self._away, self._next_look = True, time.monotonic() + _LOOK
        finally:
            for future, wait in zip(batch.asked, waits, strict=True):
                if not future.done():
                    future.set_result(wait)

    def _look(self) -> None:
        now = time.monotonic()
        if now >= self._next_look:
            self._next_look = now + _LOOK
            self._start(self._probe())

    async def _probe(self) -> None:
        with suppress(StateUnavailable):
            await self._link.command("PING")
            self._away = False

    def _start(self, work: Coroutine[None, None, None]) -> None:
        """Each ends within the link's time-out; `aclose` waits for them."""
        task = asyncio.create_task(work)
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)
