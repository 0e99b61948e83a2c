"""Two gateways with one shared state, and an upstream that takes as long as a test wants."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace

from bridge.egress.upstream import Response
from bridge.model import Endpoint, Result, Target, Text, Wire
from bridge.pipeline.runtime import Holder
from bridge.state.base import Shared
from tests.kit.runtime import Plan, World, answering, endpoint, memory, world


@dataclass(slots=True)
class Slow:
    """Answers in NDJSON: a line for each that the test puts in, to the end when it puts None."""

    lines: "asyncio.Queue[bytes | None]" = field(default_factory=asyncio.Queue)
    cancelled: int = 0
    calls: int = 0

    async def send(self, wire: Wire, target: Target, deadline: float) -> Response:
        self.calls += 1
        return Response(200, ((b"content-type", b"application/x-ndjson"),), self._lines(), self._close)

    async def _lines(self) -> AsyncIterator[bytes]:
        try:
            while (line := await self.lines.get()) is not None:
                yield line + b"\n"
        except asyncio.CancelledError:
            self.cancelled += 1
            raise

    async def _close(self) -> None:
        pass

    async def aclose(self) -> None:
        pass

    def report(self, progress: int) -> None:
        self.lines.put_nowait(b'{"progress":%d}' % progress)

    def end(self, answer: bytes = b'{"id":7}') -> None:
        self.lines.put_nowait(answer)
        self.lines.put_nowait(None)


@dataclass(slots=True)
class Replicas:
    """Two gateways that share state and upstream."""

    one: Holder
    two: Holder
    made: World
    other: World
    slow: Slow
    shared: Shared


def replicas(
    plan: Plan | None = None, *, slow: bool = False, shared: Shared | None = None, far: Shared | None = None
) -> Replicas:
    """`far` is how the second one reaches what it shares with the first, if not the same way."""
    plan, upstream, shared = plan or Plan(), Slow(), shared or memory()
    plan = replace(plan, shared=shared, upstream=upstream if slow else None)
    made, other = world(_endpoints(), plan), world(_endpoints(), replace(plan, shared=far or shared))
    return Replicas(Holder(made.rt), Holder(other.rt), made, other, upstream, shared)


def _endpoints() -> list[Endpoint]:
    sure = endpoint("sure")
    large = answering(endpoint("large"), Result((Text("x" * (2 << 20)),)))
    small = answering(endpoint("a"), Result((Text("done"),)))
    return [small, endpoint("b"), large, replace(sure, operation=replace(sure.operation, confirm=True))]
