"""Where registrations are kept: a file each in the data folder, and in the store that replicas share.

The files survive a restart, the store reaches the others. Of two registrations of one name the later one holds,
wherever it is; a removed one leaves a mark in the store, so that a replica that was away forgets it too. Gateways with
a scope of their own, in one folder or one store, know nothing of each other's.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path

from bridge.compile.registered import Registered
from bridge.model.errors import StateUnavailable
from bridge.state.base import Shared
from bridge.state.files import replace_file

_log = logging.getLogger(__name__)
FAMILY = "registered"
CHANNEL = "catalog"
_ENDING = ".registration"
_REMEMBERED = 30 * 86400.0
"""Seconds for which the store knows of a removal."""
_RETRY = 5.0


class NotKept(Exception):
    """A registration that could not be written down; nothing was changed."""


class Registry:
    """`known` is what this process knows, by name; written by its own methods alone."""

    def __init__(self, folder: Path, shared: Shared, scope: str = "") -> None:
        """`scope` tells those apart that share a folder or a store and nothing else."""
        self.known: dict[str, Registered] = {}
        self._folder = folder / "registered" / scope
        self._shared = shared
        self._family = f"{FAMILY}-{scope}" if scope else FAMILY

    def read_files(self) -> None:
        """At start, before anything is served. What cannot be read is told, and left where it is."""
        for path in sorted(self._folder.glob(f"*{_ENDING}")):
            try:
                one = Registered.read(path.read_bytes())
            except (OSError, ValueError) as error:
                _log.error("%s is left out: %s", path, error)
                continue
            self.known[one.name] = one

    async def sync(self) -> bool:
        """Takes over what is newer in the store, and gives it what it lacks. Whether anything changed here.

        Raises StateUnavailable.
        """
        stored = dict(self._readable(await self._shared.store.family(self._family)))
        newer = [one for one in stored.values() if self._news(one)]
        for one in newer:
            self.known[one.name] = one
            await self._to_file(one)
        for one in tuple(self.known.values()):
            held = stored.get(one.name)
            if held is None or held.changed < one.changed:
                await self._to_store(one)
        return bool(newer)

    async def keep(self, one: Registered) -> None:
        """Raises NotKept where either the other replicas or the next start would not know of it."""
        before = self.known.get(one.name) or Registered.removed(one.name, 0.0)
        try:
            await self._write(one)
            await self._to_store(one)
        except OSError as error:
            raise NotKept(f"{self._folder} cannot be written: {error.strerror}") from error
        except StateUnavailable as error:
            await self._to_file(before)
            raise NotKept(f"the shared state is out of reach: {error}") from error
        self.known[one.name] = one
        await self._announce(one.name)

    async def _announce(self, name: str) -> None:
        """Those that miss it look for themselves when they are connected again."""
        try:
            await self._shared.bus.publish(CHANNEL, name.encode())
        except StateUnavailable as error:
            _log.warning("replicas are not told that %s changed: %s", name, error)

    async def listen(self, changed: Callable[[], Awaitable[object]]) -> None:
        """Goes on for ever: calls `changed` whenever another replica has registered or removed an API."""
        while True:
            try:
                async with self._shared.bus.subscribe(CHANNEL) as messages:
                    await self._take_over(changed)  # what was announced before we listened
                    while True:
                        await messages.next()
                        await self._take_over(changed)
            except StateUnavailable as error:
                _log.warning("registrations of other replicas are not seen: %s", error)
            await asyncio.sleep(_RETRY)

    async def _take_over(self, changed: Callable[[], Awaitable[object]]) -> None:
        if await self.sync():
            await changed()

    def _news(self, one: Registered) -> bool:
        known = self.known.get(one.name)
        return known is None or known.changed < one.changed

    def _readable(self, stored: list[tuple[str, bytes]]) -> list[tuple[str, Registered]]:
        found = []
        for key, raw in stored:
            try:
                one = Registered.read(raw)
            except ValueError as error:
                _log.error("%s in the shared state is left out: %s", key, error)
                continue
            found.append((one.name, one))
        return found

    async def _to_store(self, one: Registered) -> None:
        await self._shared.store.put(f"{self._family}:{one.name}", one.raw, _REMEMBERED if one.gone else None)

    async def _to_file(self, one: Registered) -> None:
        """The store has it already: a folder that cannot be written costs nothing but this replica's next start."""
        try:
            await self._write(one)
        except OSError as error:
            _log.warning("%s is not kept in %s: %s", one.name, self._folder, error.strerror)

    async def _write(self, one: Registered) -> None:
        await asyncio.to_thread(self._replace, one)

    def _replace(self, one: Registered) -> None:
        path = self._folder / f"{one.name}{_ENDING}"
        if one.gone:
            path.unlink(missing_ok=True)
            return
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        replace_file(path, one.raw)
