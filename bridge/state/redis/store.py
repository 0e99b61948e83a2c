"""Values that replicas share. A sorted set beside the values of a family knows its keys, scored by when they expire, so
that listing a family never walks the whole database."""

from math import ceil

from bridge.state.redis.link import Link, Script

_CHUNK = 100
"""Values that are fetched at once."""

_NOW = """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
"""

# KEYS: the value, its family's keys. ARGV: the value, its milliseconds ('' for good), '1' if it must be fresh, the key.
# The set of keys goes with its last value: whoever stops writing leaves nothing behind.
_PUT = Script(
    _NOW
    + """
if ARGV[3] == '1' and redis.call('EXISTS', KEYS[1]) == 1 then
  return 0
end
local expires = '+inf'
if ARGV[2] == '' then
  redis.call('SET', KEYS[1], ARGV[1])
else
  redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
  expires = string.format('%.0f', now + ARGV[2])
end
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', string.format('(%.0f', now))
redis.call('ZADD', KEYS[2], expires, ARGV[4])
local latest = redis.call('ZRANGE', KEYS[2], -1, -1, 'WITHSCORES')[2]
if latest == 'inf' then
  redis.call('PERSIST', KEYS[2])
else
  redis.call('PEXPIREAT', KEYS[2], latest)
end
return 1
"""
)

_TAKE = Script("""
local value = redis.call('GET', KEYS[1])
redis.call('DEL', KEYS[1])
redis.call('ZREM', KEYS[2], ARGV[1])
return value
""")

_LIST = Script(
    _NOW
    + """
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', string.format('(%.0f', now))
return redis.call('ZRANGE', KEYS[1], 0, -1)
"""
)


class RedisStore:
    def __init__(self, link: Link) -> None:
        self._link = link

    async def get(self, key: str) -> bytes | None:
        value: bytes | None = await self._link.command("GET", self._link.key("value", key))
        return value

    async def put(self, key: str, value: bytes, ttl: float | None, *, fresh: bool = False) -> bool:
        lasts = "" if ttl is None else max(1, ceil(ttl * 1000))
        return bool(await self._link.run(_PUT, self._places(key), (value, lasts, int(fresh), key)))

    async def take(self, key: str) -> bytes | None:
        value: bytes | None = await self._link.run(_TAKE, self._places(key), (key,))
        return value

    async def family(self, name: str) -> list[tuple[str, bytes]]:
        listed: list[bytes] = await self._link.run(_LIST, (self._link.key("family", name),), ())
        keys = sorted(key for key in (name.decode() for name in listed) if ":" in key)
        found: list[tuple[str, bytes]] = []
        for start in range(0, len(keys), _CHUNK):
            found += await self._values(keys[start : start + _CHUNK])
        return found

    async def _values(self, keys: list[str]) -> list[tuple[str, bytes]]:
        """Without those that expired, or were taken, since they were listed."""
        values = await self._link.command("MGET", *(self._link.key("value", key) for key in keys))
        return [(key, value) for key, value in zip(keys, values, strict=True) if value is not None]

    def _places(self, key: str) -> tuple[str, str]:
        return self._link.key("value", key), self._link.key("family", key.partition(":")[0])
