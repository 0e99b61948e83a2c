"""What was used of a budget, counted by all replicas together. Redis ends a window by itself; no clock is read."""

from math import ceil

from bridge.state.base import Most
from bridge.state.redis.link import Link, Script

# A window begins with the first use, and no later use makes it longer.
_BEGIN = """
local function begin(key, milliseconds)
  if redis.call('PTTL', key) < 0 then
    redis.call('PEXPIRE', key, milliseconds)
  end
end
"""

# KEYS: the meter. ARGV: calls, the window's milliseconds, the most calls, bytes and tokens ('' for no bound).
_SPEND = Script(
    _BEGIN
    + """
local used = redis.call('HMGET', KEYS[1], 'calls', 'bytes', 'tokens')
for i = 1, 3 do
  local bound, count = tonumber(ARGV[i + 2]), tonumber(used[i] or 0)
  if bound and (i == 1 and count + ARGV[1] > bound or i > 1 and count >= bound) then
    return 0
  end
end
redis.call('HINCRBY', KEYS[1], 'calls', ARGV[1])
begin(KEYS[1], ARGV[2])
return 1
"""
)

# KEYS: the meter. ARGV: bytes, tokens, the window's milliseconds.
_DEBIT = Script(
    _BEGIN
    + """
redis.call('HINCRBY', KEYS[1], 'bytes', ARGV[1])
redis.call('HINCRBY', KEYS[1], 'tokens', ARGV[2])
begin(KEYS[1], ARGV[3])
return 1
"""
)


class RedisMeters:
    def __init__(self, link: Link) -> None:
        self._link = link

    async def spend(self, key: str, calls: int, most: Most, window: float) -> bool:
        bounds = ["" if one is None else one for one in most]
        return bool(
            await self._link.run(_SPEND, (self._link.key("meter", key),), (calls, _milliseconds(window), *bounds))
        )

    async def debit(self, key: str, bytes: int, tokens: int, window: float) -> None:
        await self._link.run(_DEBIT, (self._link.key("meter", key),), (bytes, tokens, _milliseconds(window)))


def _milliseconds(seconds: float) -> int:
    return max(1, ceil(seconds * 1000))
