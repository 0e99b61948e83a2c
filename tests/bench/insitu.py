"""Stretches of one call, clocked while it runs: with the caches as the rest of the call leaves them.

Between two whole calls with and without something lies more than that something: what both do is quicker in a loop that
does nothing else. So the clock is read at places that a runtime lets others fill: who authenticates, how an answer is
decoded, where it is sent. Wall time; the median of each round leaves out what was interrupted.
"""

import asyncio
import gc
import statistics
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from time import perf_counter_ns

import uvloop

from bridge.ingress.asgi import Message, Scope
from bridge.ingress.mcp.endpoint import serve
from bridge.model import Call, Endpoint, Headers, Principal, Result
from bridge.pipeline.runtime import Authenticator, Runtime
from bridge.pipeline.toolset import Toolset
from tests.bench.figures import Timing
from tests.bench.inprocess import Exchange

ROUNDS = 60
BATCH = 50


@dataclass(slots=True)
class Clock:
    """When the pipeline began with a call, when the upstream's answer had become a result, when it began to go out."""

    called: int = 0
    decoded: int = 0
    sent: int = 0


@dataclass(frozen=True, slots=True)
class _Clocked:
    """An Authenticator: the first stage that is anybody's own."""

    clock: Clock
    inner: Authenticator

    async def authenticate(self, call: Call) -> Principal:
        self.clock.called = perf_counter_ns()
        return await self.inner.authenticate(call)


class _ClockedExchange(Exchange):
    __slots__ = ("_clock",)

    def __init__(self, body: bytes, clock: Clock) -> None:
        super().__init__(body)
        self._clock = clock

    async def send(self, message: Message) -> None:
        if not self.sent:
            self._clock.sent = perf_counter_ns()
        self.sent.append(message)


def clocked(rt: Runtime, clock: Clock) -> Runtime:
    whole = rt.toolsets[""]
    readable = {key: _decoding(one, clock) for key, one in whole.offer.readable.items()}
    endpoints = {name: _decoding(one, clock) for name, one in whole.endpoints.items()}
    toolset = Toolset("", endpoints, replace(whole.offer, readable=readable))
    return replace(rt, authenticator=_Clocked(clock, rt.authenticator), toolsets={**rt.toolsets, "": toolset})


def _decoding(endpoint: Endpoint, clock: Clock) -> Endpoint:
    def decode(status: int, headers: Headers, body: bytes, cut: bool) -> Result:
        result = endpoint.decode(status, headers, body, cut)
        clock.decoded = perf_counter_ns()
        return result

    return replace(endpoint, decode=decode)


def around(cases: Mapping[str, tuple[Runtime, Scope, bytes]]) -> dict[str, Timing]:
    """Microseconds before the pipeline and after it, of one request; all cases in turn."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_rounds({name: _case(*case) for name, case in cases.items()}))


def _case(rt: Runtime, asked: Scope, body: bytes) -> Callable[[], "asyncio.Task[int]"]:
    clock = Clock()
    watched = clocked(rt, clock)

    async def one() -> int:
        exchange = _ClockedExchange(body, clock)
        began = perf_counter_ns()
        await serve(watched, asked, exchange.receive, exchange.send, "")
        return clock.called - began + clock.sent - clock.decoded

    return lambda: asyncio.get_running_loop().create_task(one())


async def _rounds(cases: Mapping[str, Callable[[], "asyncio.Task[int]"]]) -> dict[str, Timing]:
    medians: dict[str, list[float]] = {name: [] for name in cases}
    for at in range(ROUNDS + 1):
        gc.collect()
        gc.disable()
        for name, case in cases.items():
            took = statistics.median([await case() for _ in range(BATCH)]) / 1000
            if at:  # the first is the warm-up
                medians[name].append(took)
        gc.enable()
    return {name: Timing.of(took, took) for name, took in medians.items()}
