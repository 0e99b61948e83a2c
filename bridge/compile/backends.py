"""Which implementation stands behind each Protocol: the one place that knows them by name."""

from pathlib import Path

from bridge.config.schema import SharedState
from bridge.egress.general import General
from bridge.egress.own import Own
from bridge.egress.upstream import Upstream
from bridge.state.base import Shared, State
from bridge.state.folder import FolderStore
from bridge.state.memory import MemoryBuckets, MemoryBus, MemoryEventLog, MemoryLeases, MemoryMeters, MemoryStore


def upstream(own: Own) -> Upstream:
    return General(own=own)


def state(chosen: SharedState, folder: Path | None = None) -> State:
    """Connects to nothing yet: the first use does, in the loop that it runs in.

    `folder` keeps what must outlive the process where no Redis does; without it nothing outlives one.
    """
    return _memory(folder) if chosen.in_memory else _redis(chosen)


def _memory(folder: Path | None) -> State:
    store = MemoryStore()
    durable = FolderStore(folder) if folder is not None else store
    shared = Shared(store, MemoryEventLog(), MemoryBus(), durable, MemoryMeters())
    return State(MemoryBuckets(), MemoryLeases(), shared, _nothing, _nothing)


def _redis(chosen: SharedState) -> State:
    """redis-py is imported here, where somebody asked for it: it takes as long as a third of everything else."""
    from bridge.state.redis import Link, RedisBuckets, RedisBus, RedisEventLog, RedisMeters, RedisStore

    link = Link(chosen.url.reveal(), prefix=chosen.prefix, timeout=chosen.timeout, connections=chosen.connections)
    buckets, bus, store = RedisBuckets(link, MemoryBuckets()), RedisBus(link), RedisStore(link)

    async def aclose() -> None:
        await bus.aclose()
        await buckets.aclose()
        await link.aclose()

    shared = Shared(store, RedisEventLog(link), bus, store, RedisMeters(link))
    return State(buckets, MemoryLeases(), shared, link.probe, aclose)


async def _nothing() -> None:
    """What lies in memory needs no looking at and no closing."""
