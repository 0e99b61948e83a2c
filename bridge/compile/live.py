"""What keeps a running gateway up to date: files that change, documents at URLs that change, registrations that other
replicas make. Each only asks for a reload; whether anything changes is for the reload to find."""

import asyncio
import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from bridge.compile.refresh import refresh
from bridge.compile.reload import Busy, Reloader
from bridge.config import Settings, certificates, prompts
from bridge.config.watch import Look, watch
from bridge.model.errors import StateUnavailable
from bridge.telemetry.metrics import Metrics

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Live:
    """`given` are the files and folders that the command line names: the configuration, or documents. `seen` is what
    they and the documents were like before these were read."""

    reloader: Reloader
    metrics: Metrics
    given: tuple[str, ...]
    seen: Look

    async def run(self) -> None:
        """Goes on until it is cancelled."""
        reloader = self.reloader
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(reloader.run())
            tasks.create_task(watch(self.seen, self._paths, self.interval, lambda: self._reload("files changed")))
            tasks.create_task(
                refresh(
                    lambda: reloader.world.settings,
                    lambda: reloader.world.urls,
                    lambda name: self._reload(f"the document of {name} changed"),
                    self.metrics.refreshed,
                )
            )
            tasks.create_task(reloader.registry.listen(lambda: self._reload("registered elsewhere")))

    async def caught_up(self) -> bool:
        """Before anything is served: whether other replicas have registrations that this one did not know."""
        try:
            return await self.reloader.registry.sync()
        except StateUnavailable as error:
            _log.warning("registrations of other replicas are not known yet: %s", error)
            return False

    async def _reload(self, reason: str) -> None:
        try:
            await self.reloader.reload(reason)
        except Busy:
            _log.warning("%s, and too much else is waiting: not looked at", reason)

    def interval(self) -> float | None:
        """Seconds between two looks at what is on disk; None where nobody looks."""
        chosen = self.reloader.world.configured.watch
        return chosen.interval if chosen is not None else None

    def _paths(self) -> Iterator[str]:
        world = self.reloader.world
        yield from on_disk(world.configured, self.given)
        for files in world.files.values():
            yield from files


def on_disk(settings: Settings, given: Iterable[str]) -> Iterator[str]:
    """What is known to be read before anything was."""
    yield from given
    yield str(settings.names)
    yield from settings.references
    yield from map(str, certificates.files(settings))
    yield from map(str, prompts.files(settings.prompts))
    for api in settings.apis.values():
        yield from (one for one in (api.spec, *api.overlays) if "://" not in one)
