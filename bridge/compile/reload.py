"""Document or settings → a whole new runtime → `Holder.swap`: one attempt at a time; one that fails changes nothing.

Whoever wants the same as somebody who still waits for a turn shares it; registrations are made one by one.
"""

import asyncio
import logging
import time
from dataclasses import dataclass

from bridge.compile.apart import ImportRefused
from bridge.compile.attempt import Change, Made, Standing, World, attempt
from bridge.compile.errand import Candidate
from bridge.compile.registered import Registered
from bridge.compile.registry import NotKept, Registry
from bridge.compile.report import Report, Result, log
from bridge.compile.retire import Leftovers, let_go
from bridge.config import ConfigInvalid, Problem
from bridge.telemetry.metrics import Metrics

_log = logging.getLogger(__name__)
_MOST_WAITING = 32
_MOST_BYTES = 64 << 20


class Busy(Exception):
    """Too many changes are waiting for their turn."""


class Owned(Exception):
    """The name belongs to an API of the configuration."""


class Unregistered(Exception):
    """No API is registered under the name."""


@dataclass(slots=True)
class _Job:
    """`done` is set by the one who works it off."""

    reason: str
    done: "asyncio.Future[Report]"
    change: Change = None
    dry: bool = False


class Reloader:
    """`world`, `last` and `success` are written by the one task that runs `run`."""

    def __init__(self, standing: Standing, world: World, metrics: Metrics) -> None:
        self.world = world
        self.last: Report | None = None
        self.success: Report | None = None
        self._standing = standing
        self._metrics = metrics
        self._jobs: asyncio.Queue[_Job] = asyncio.Queue(_MOST_WAITING)
        self._waiting = 0
        """Bytes of the documents that wait for their turn."""
        self._next: _Job | None = None
        """The plain reload that waits for its turn: whoever asks for another one shares it."""

    async def reload(self, reason: str) -> Report:
        """Raises Busy."""
        if self._next is None:
            self._next = self._queued(_Job(reason, asyncio.get_running_loop().create_future()))
        return await asyncio.shield(self._next.done)

    async def register(self, name: str, body: tuple[bytes, ...], *, dry: bool) -> Report:
        """Registers an API or changes how it is registered. `body` is in pieces. Raises Busy, Owned."""
        self._own(name)
        size = sum(map(len, body))
        if self._waiting + size > _MOST_BYTES:
            raise Busy
        self._waiting += size
        try:
            return await self._change(f"registration of {name}", Candidate(name, time.time(), body), dry=dry)
        finally:
            self._waiting -= size

    async def unregister(self, name: str, *, dry: bool) -> Report:
        """Raises Busy, Owned, Unregistered."""
        self._own(name)
        if self.registered(name) is None:
            raise Unregistered(name)
        return await self._change(f"removal of {name}", name, dry=dry)

    @property
    def registry(self) -> Registry:
        return self._standing.registry

    def registered(self, name: str) -> Registered | None:
        found = self.registry.known.get(name)
        return None if found is None or found.gone else found

    async def run(self) -> None:
        """Goes on until it is cancelled: works off what is asked for, one by one."""
        async with asyncio.TaskGroup() as tasks:
            while True:
                job = await self._jobs.get()
                if job is self._next:
                    self._next = None
                report, old = await self._attempted(job)
                if old is not None:
                    tasks.create_task(let_go(old))
                del old
                self._note(report)
                if not job.done.done():
                    job.done.set_result(report)

    async def _attempted(self, job: _Job) -> tuple[Report, Leftovers | None]:
        started, begun = time.time(), time.monotonic()
        made, problems = await self._made(job)
        if made.world is not None:
            self.world = made.world
        report = Report(
            reason=job.reason,
            result=made.result,
            started=started,
            seconds=time.monotonic() - begun,
            version=self._standing.holder.current.version,
            diff=made.diff,
            findings=made.findings,
            problems=problems,
            restart=made.restart,
        )
        return report, made.old

    async def _made(self, job: _Job) -> tuple[Made, tuple[Problem, ...]]:
        try:
            return await attempt(self._standing, self.world, job.change, dry=job.dry), ()
        except ImportRefused as error:
            return Made(Result.REFUSED if error.candidate else Result.FAILED), error.problems
        except ConfigInvalid as error:
            return Made(Result.FAILED), error.problems
        except NotKept as error:
            return Made(Result.FAILED), (Problem("registration", 0, 0, "", str(error)),)
        except Exception as error:  # noqa: BLE001 - told, in the log with its trace
            # Whatever it is, what is served goes on being served, and the next attempt may succeed.
            _log.exception("%s failed", job.reason)
            return Made(Result.FAILED), (Problem("gateway", 0, 0, "", f"{type(error).__name__}: {error}"),)

    def _own(self, name: str) -> None:
        if name in self.world.configured.apis:
            raise Owned(name)

    async def _change(self, reason: str, change: Change, *, dry: bool) -> Report:
        job = _Job(reason, asyncio.get_running_loop().create_future(), change, dry)
        return await asyncio.shield(self._queued(job).done)

    def _queued(self, job: _Job) -> _Job:
        try:
            self._jobs.put_nowait(job)
        except asyncio.QueueFull as error:
            raise Busy from error
        return job

    def _note(self, report: Report) -> None:
        if report.result is not Result.PROPOSED:
            self.last = report
            self._metrics.reloaded(report.result.value)
        if report.result in {Result.APPLIED, Result.UNCHANGED}:
            self.success = report
            self._metrics.reload_succeeded(report.started + report.seconds)
        log(report)
