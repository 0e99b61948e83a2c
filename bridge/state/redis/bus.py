"""Messages to all replicas: one connection of a process carries every channel and every subscriber.

Redis's Pub/Sub forgets whoever is not connected. So when the connection breaks it is made anew, all channels are
subscribed to again, and only then is each subscriber told that messages may be missing: what it reads up on from then
on cannot be overtaken.
"""

import asyncio
import random
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from types import TracebackType

from redis.asyncio.client import PubSub

from bridge.model import Json
from bridge.model.errors import StateUnavailable
from bridge.state.base import Ring
from bridge.state.mailbox import MOST, Mailbox
from bridge.state.redis.link import Link

QUIET = 5.0
"""Seconds without a message after which the connection is asked whether it still stands."""
_FIRST_PAUSE, _LONGEST_PAUSE = 0.05, 1.0
"""Seconds before the connection is made anew, doubled from one failure to the next."""


@dataclass(slots=True)
class _Channel:
    """Written by RedisBus and its session. `behind` are the subscribers that were there when the connection broke;
    `ready` is what to wait for until the channel is subscribed to, None from then on: an event takes nearly a KB."""

    boxes: set[Mailbox] = field(default_factory=set)
    behind: set[Mailbox] = field(default_factory=set)
    ready: asyncio.Event | None = field(default_factory=asyncio.Event)

    def broke(self) -> None:
        self.ready = self.ready or asyncio.Event()
        self.behind |= self.boxes

    def stands(self) -> None:
        for box in self.behind & self.boxes:
            box.lost()
        self.behind.clear()
        ready, self.ready = self.ready, None
        if ready is not None:
            ready.set()


class RedisBus:
    def __init__(self, link: Link, *, most: int = MOST, quiet: float = QUIET) -> None:
        self._link = link
        self._most = most
        self._quiet = quiet
        self._client = link.client(1)
        self._channels: dict[str, _Channel] = {}
        self._session: _Session | None = None
        self._reader: asyncio.Task[None] | None = None

    async def publish(self, channel: str, message: bytes) -> None:
        await self._link.command("PUBLISH", self._link.key("bus", channel), message)

    def subscribe(self, channel: str, ring: Ring | None = None) -> "_Subscribed":
        return _Subscribed(self, self._link.key("bus", channel), Mailbox(self._most, ring))

    async def aclose(self) -> None:
        if self._reader is not None:
            self._reader.cancel()
            with suppress(asyncio.CancelledError):
                await self._reader
        await self._link.close(self._client)

    async def join(self, name: str, box: Mailbox) -> None:
        """`name` is a channel's as Redis has it. Raises StateUnavailable."""
        place = self._join(name, box)
        try:
            await self._ready(place)
        except BaseException:
            self.leave(name, box)
            raise

    def _join(self, name: str, box: Mailbox) -> _Channel:
        place = self._channels.get(name)
        if place is None:
            place = self._channels[name] = _Channel()
            if self._session is not None:
                self._session.subscribe(name)
        place.boxes.add(box)
        # The first subscriber starts the one task that reads; `aclose` ends it.
        if self._reader is None or self._reader.done():
            self._reader = asyncio.create_task(self._read())
        return place

    def leave(self, name: str, box: Mailbox) -> None:
        place = self._channels[name]
        place.boxes.discard(box)
        if not place.boxes:
            del self._channels[name]
            if self._session is not None:
                self._session.unsubscribe(name)

    async def _ready(self, place: _Channel) -> None:
        if place.ready is None:
            return
        try:
            async with asyncio.timeout(self._link.timeout):
                await place.ready.wait()
        except TimeoutError as error:
            raise StateUnavailable("the gateway cannot hear its replicas; try again shortly") from error

    async def _read(self) -> None:
        pause = _FIRST_PAUSE
        while True:
            session = self._session = _Session(self._link, self._client.pubsub(), self._channels, self._quiet)
            try:
                await session.run()
            except* StateUnavailable:
                pause = _FIRST_PAUSE if session.stood else min(2 * pause, _LONGEST_PAUSE)
            finally:
                self._session = None
                for place in self._channels.values():
                    place.broke()
            await asyncio.sleep(random.uniform(pause / 2, pause))  # noqa: S311 - spreads replicas, guards nothing


class _Subscribed:
    """No generator, of which each idle stream would hold half a KB more."""

    __slots__ = ("_box", "_bus", "_name")

    def __init__(self, bus: RedisBus, name: str, box: Mailbox) -> None:
        self._bus, self._name, self._box = bus, name, box

    async def __aenter__(self) -> Mailbox:
        await self._bus.join(self._name, self._box)
        return self._box

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bus.leave(self._name, self._box)


class _Session:
    """One connection, from connecting until it breaks. Only its own two tasks use it: redis-py would otherwise connect
    again behind our back, and nobody would be told of the gap."""

    def __init__(self, link: Link, pubsub: PubSub, channels: dict[str, _Channel], quiet: float) -> None:
        self._link, self._pubsub, self._channels, self._quiet = link, pubsub, channels, quiet
        self._orders: asyncio.Queue[tuple[bool, str]] = asyncio.Queue()
        self._unconfirmed: Counter[str] = Counter()
        self.stood = False
        for name in channels:
            self.subscribe(name)

    def subscribe(self, name: str) -> None:
        self._unconfirmed[name] += 1
        self._orders.put_nowait((True, name))

    def unsubscribe(self, name: str) -> None:
        self._orders.put_nowait((False, name))

    async def run(self) -> None:
        """Raises an ExceptionGroup of StateUnavailable when the connection breaks."""
        try:
            async with asyncio.TaskGroup() as tasks, self._link.within(self._link.timeout):
                await self._pubsub.connect()  # type: ignore[no-untyped-call] # redis-py leaves it bare
                tasks.create_task(self._send())
                tasks.create_task(self._receive())
        finally:
            await self._pubsub.aclose()  # type: ignore[no-untyped-call] # the same

    async def _send(self) -> None:
        while True:
            joins, name = await self._orders.get()
            async with self._link.within(self._link.timeout):
                await (self._pubsub.subscribe(name) if joins else self._pubsub.unsubscribe(name))

    async def _receive(self) -> None:
        """After a quiet while it asks; a connection that does not answer then is broken, whatever TCP believes."""
        asked = False
        while True:
            patience = self._link.timeout if asked else self._quiet
            async with self._link.within(patience + self._link.timeout):
                message = await self._pubsub.get_message(timeout=patience)
                if message is None and asked:
                    raise TimeoutError("no answer on the connection for messages")
                if message is None:
                    await self._pubsub.ping()
            asked = message is None
            if message is not None:
                self._handle(message)

    def _handle(self, message: Json) -> None:
        self.stood = True
        name = message["channel"].decode() if message["channel"] else ""
        place = self._channels.get(name)
        if message["type"] == "subscribe":
            self._confirmed(name)
        elif message["type"] == "message" and place is not None:
            for box in place.boxes:
                box.put(message["data"])

    def _confirmed(self, name: str) -> None:
        """Who left and came back quickly is subscribed by the last confirmation, not by the first."""
        self._unconfirmed[name] -= 1
        if self._unconfirmed[name] <= 0:
            del self._unconfirmed[name]
            if place := self._channels.get(name):
                place.stands()
