"""State of a single process, gone with it. Everything is bounded: a stranger's traffic cannot fill the machine."""

from bridge.state.memory.bus import MemoryBus
from bridge.state.memory.events import MemoryEventLog
from bridge.state.memory.limits import MemoryBuckets, MemoryLeases
from bridge.state.memory.meters import MemoryMeters
from bridge.state.memory.store import MemoryStore

__all__ = ["MemoryBuckets", "MemoryBus", "MemoryEventLog", "MemoryLeases", "MemoryMeters", "MemoryStore"]
