"""Event logs as Redis Streams, whose ids are passed on as they are."""

from math import ceil

from bridge.state.ids import parse_id
from bridge.state.redis.link import Link, Script

_APPEND = Script("""
local id = redis.call('XADD', KEYS[1], 'MAXLEN', ARGV[2], '*', 'e', ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return id
""")


class RedisEventLog:
    def __init__(self, link: Link) -> None:
        self._link = link

    async def append(self, key: str, event: bytes, *, most: int, ttl: float) -> str:
        arguments = (event, most, max(1, ceil(ttl * 1000)))
        made: bytes = await self._link.run(_APPEND, (self._link.key("log", key),), arguments)
        return made.decode()

    async def after(self, key: str, last: str) -> list[tuple[str, bytes]]:
        if last:
            parse_id(last)
        found = await self._link.command("XRANGE", self._link.key("log", key), f"({last}" if last else "-", "+")
        return [(made.decode(), fields[b"e"]) for made, fields in found]
