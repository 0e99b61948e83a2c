"""Which implementation stands behind each Protocol: the one place that knows them by name."""

from bridge.config.schema import SharedState
from bridge.egress.general import General
from bridge.egress.own import Own
from bridge.egress.upstream import Upstream
from bridge.state.base import Shared, State
from bridge.state.memory import MemoryBuckets, MemoryBus, MemoryEventLog, MemoryLeases, MemoryStore


def upstream(own: Own) -> Upstream:
    return General(own=own)


def state(chosen: SharedState) -> State:
    """Connects to nothing yet: the first use does, in the loop that it runs in."""
    return _memory() if chosen.in_memory else _redis(chosen)


def _memory() -> State:
    return State(
        MemoryBuckets(), MemoryLeases(), Shared(MemoryStore(), MemoryEventLog(), MemoryBus()), _nothing, _nothing
    )


def _redis(chosen: SharedState) -> State:
    """redis-py is imported here, where somebody asked for it: it takes as long as a third of everything else."""
    from bridge.state.redis import Link, RedisBuckets, RedisBus, RedisEventLog, RedisStore

    link = Link(chosen.url.reveal(), prefix=chosen.prefix, timeout=chosen.timeout, connections=chosen.connections)
    buckets, bus = RedisBuckets(link, MemoryBuckets()), RedisBus(link)

    async def aclose() -> None:
        await bus.aclose()
        await buckets.aclose()
        await link.aclose()

    return State(buckets, MemoryLeases(), Shared(RedisStore(link), RedisEventLog(link), bus), link.probe, aclose)


async def _nothing() -> None:
    """What lies in memory needs no looking at and no closing."""
