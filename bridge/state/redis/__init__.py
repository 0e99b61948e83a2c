"""State that replicas share, in one Redis (version 5 or later, no modules) that each of them reaches; not a cluster."""

from bridge.state.redis.buckets import RedisBuckets
from bridge.state.redis.bus import RedisBus
from bridge.state.redis.events import RedisEventLog
from bridge.state.redis.link import Link
from bridge.state.redis.meters import RedisMeters
from bridge.state.redis.store import RedisStore

__all__ = ["Link", "RedisBuckets", "RedisBus", "RedisEventLog", "RedisMeters", "RedisStore"]
