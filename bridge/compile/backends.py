"""Which implementation stands behind each Protocol: the one place that knows them by name."""

from bridge.egress.general import General
from bridge.egress.upstream import Upstream
from bridge.state.base import Buckets, Leases
from bridge.state.memory import MemoryBuckets, MemoryLeases


def buckets() -> Buckets:
    return MemoryBuckets()


def leases() -> Leases:
    return MemoryLeases()


def upstream() -> Upstream:
    return General()
