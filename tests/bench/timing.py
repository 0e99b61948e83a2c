"""Times calls in one process: all cases in turn, round by round, so that a busy moment falls on each of them."""

import asyncio
import gc
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Mapping
from contextlib import contextmanager
from itertools import repeat
from typing import TypeAlias

import uvloop

from tests.bench.figures import Timing

ROUNDS = 30
BATCH_SECONDS = 0.004
"""Of CPU time: long against the clock's own cost, short against a time slice of the scheduler."""

Call: TypeAlias = Callable[[], object]
AsyncCall: TypeAlias = Callable[[], Coroutine[None, None, object]]
_Batch: TypeAlias = Callable[[int], Awaitable[None]]


def timed(cases: Mapping[str, Call]) -> dict[str, Timing]:
    """Microseconds per call."""
    return _measured({name: _calls(case) for name, case in cases.items()})


def timed_async(cases: Mapping[str, AsyncCall]) -> dict[str, Timing]:
    """Microseconds per call, each a task of its own, as a server makes one per request.."""
    return _measured({name: _tasks(case) for name, case in cases.items()})


def timed_awaited(cases: Mapping[str, AsyncCall]) -> dict[str, Timing]:
    """Microseconds per call, one awaited after the other in one task, as the stages of one call are."""
    return _measured({name: _awaited(case) for name, case in cases.items()})


async def empty_task() -> None:
    """What is left of an asynchronous case when nothing is called."""


def _calls(case: Call) -> _Batch:
    async def batch(count: int) -> None:
        for _ in repeat(None, count):
            case()

    return batch


def _tasks(case: AsyncCall) -> _Batch:
    async def batch(count: int) -> None:
        loop = asyncio.get_running_loop()
        for _ in repeat(None, count):
            await loop.create_task(case())

    return batch


def _awaited(case: AsyncCall) -> _Batch:
    async def batch(count: int) -> None:
        for _ in repeat(None, count):
            await case()

    return batch


def _measured(batches: Mapping[str, _Batch]) -> dict[str, Timing]:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_rounds(batches))


async def _rounds(batches: Mapping[str, _Batch]) -> dict[str, Timing]:
    counts = {name: await _count(batch) for name, batch in batches.items()}
    cpu: dict[str, list[float]] = {name: [] for name in batches}
    wall: dict[str, list[float]] = {name: [] for name in batches}
    for _ in range(ROUNDS):
        gc.collect()
        for name, batch in batches.items():
            took = await _sample(batch, counts[name])
            cpu[name].append(took[0])
            wall[name].append(took[1])
    return {name: Timing.of(cpu[name], wall[name]) for name in batches}


async def _count(batch: _Batch) -> int:
    """How many calls fill a batch; finding it out is the warm-up as well. The first call is not counted: it may have
    to fetch what the others find."""
    await batch(1)
    count = 1
    while (seconds := (await _sample(batch, count))[0] * count / 1e6) < BATCH_SECONDS / 4:
        count *= 2
    return max(1, round(count * BATCH_SECONDS / seconds))


async def _sample(batch: _Batch, count: int) -> tuple[float, float]:
    """Microseconds per call: CPU and wall."""
    with _no_collector():
        wall, cpu = time.perf_counter_ns(), time.process_time_ns()
        await batch(count)
        cpu, wall = time.process_time_ns() - cpu, time.perf_counter_ns() - wall
    return cpu / count / 1000, wall / count / 1000


@contextmanager
def _no_collector() -> Iterator[None]:
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
