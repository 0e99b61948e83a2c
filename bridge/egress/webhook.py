"""Telling somebody elsewhere that something happened: signed POSTs, as Standard Webhooks 1.0 has them.

Nobody waits for a delivery. They queue, within bounds, are tried again with growing pauses, and are given up with a
line in the log. A destination is the operator's, but it is reached under the guard that strangers' addresses are.
"""

import asyncio
import hmac
import logging
import random
import time
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import TypeAlias
from urllib.parse import urlsplit

from bridge.egress.address import check_address
from bridge.egress.general import General
from bridge.egress.public import Public
from bridge.egress.upstream import Upstream
from bridge.model import Refusal, Target, Timeouts, Wire

log = logging.getLogger(__name__)

MOST_WAITING = 1000
WORKERS = 4
PAUSES = (1.0, 5.0, 25.0)
"""Seconds between the attempts, each drawn out by up to a half; there is one attempt more than pauses."""
PATIENCE = 10.0
"""Seconds for one attempt."""
# What a receiver says while it is overloaded or being replaced; every other 4xx will be the same next time.
_AGAIN = frozenset({408, 425, 429})


@dataclass(frozen=True, slots=True)
class Destination:
    """`origin` is scheme://host[:port], `target` the path and query; `key` is the secret's bytes."""

    origin: str
    target: str
    key: bytes = field(repr=False)
    allow_private: bool = False


@dataclass(frozen=True, slots=True)
class Message:
    """`id` tells a receiver a repetition from something new."""

    id: str
    body: bytes


PRIVATE = "give allow_private: true if it is meant to be inside"


def private_place(destination: Destination) -> str:
    """What a literal address is, as a noun phrase, where it cannot be called without `allow_private`; "" elsewhere."""
    try:
        address = ip_address(urlsplit(destination.origin).hostname or "")
    except ValueError:
        return ""
    reason = check_address(address, allow_private=destination.allow_private)
    return reason or "" if check_address(address, allow_private=True) is None else ""


Post: TypeAlias = Callable[[Destination, Message], None]
"""Has a message delivered. Neither raises nor waits."""


def no_post(destination: Destination, message: Message) -> None:
    """Where nothing is delivered."""


class Webhooks:
    """Deliveries of this process, made while `run` runs."""

    def __init__(
        self, pauses: tuple[float, ...] = PAUSES, most: int = MOST_WAITING, upstream: Upstream | None = None
    ) -> None:
        """`upstream` takes the place of connections to addresses that are checked."""
        self._pauses = pauses
        self._waiting: asyncio.Queue[tuple[Destination, Message]] = asyncio.Queue(most)
        self._given = upstream
        self._clients: dict[bool, Upstream] = {}

    def post(self, destination: Destination, message: Message) -> None:
        try:
            self._waiting.put_nowait((destination, message))
        except asyncio.QueueFull:
            log.warning("webhook %s is dropped: %d are waiting", message.id, self._waiting.maxsize)

    async def run(self) -> None:
        """Until it is cancelled; what waits then is given up."""
        try:
            async with asyncio.TaskGroup() as workers:
                for _ in range(WORKERS):
                    workers.create_task(self._work())
        finally:
            for client in self._clients.values():
                await client.aclose()

    async def _work(self) -> None:
        while True:
            destination, message = await self._waiting.get()
            try:
                await self._deliver(destination, message)
            except Exception:
                log.exception("webhook %s failed", message.id)

    async def _deliver(self, destination: Destination, message: Message) -> None:
        for attempt, pause in enumerate((*self._pauses, None)):
            status, said = await self._attempt(destination, message)
            if 200 <= status < 300:
                log.info("webhook %s is delivered", message.id)
                return
            if pause is None or (300 <= status < 500 and status not in _AGAIN):
                log.warning("webhook %s is given up: %s", message.id, said)
                return
            if attempt == 0:
                log.warning("webhook %s failed and is tried again: %s", message.id, said)
            await asyncio.sleep(pause * (1 + random.random() / 2))  # noqa: S311 (spreads load, no secret)

    async def _attempt(self, destination: Destination, message: Message) -> tuple[int, str]:
        """The status, 0 for none, and what to say of it."""
        target = Target("webhook", destination.origin, guarded=True, timeouts=Timeouts(read=PATIENCE, total=PATIENCE))
        deadline = asyncio.get_running_loop().time() + PATIENCE
        wire = Wire("POST", destination.target, signed(destination.key, message, int(time.time())), message.body)
        try:
            response = await self._client(private=destination.allow_private).send(wire, target, deadline)
        except Refusal as refusal:
            mend = "; " + PRIVATE if private_place(destination) else ""
            return 0, f"{refusal.cause or f'{destination.origin}: {refusal.message}'}{mend}"
        await response.aclose()
        return response.status, f"{destination.origin}: it was answered with {response.status}"

    def _client(self, *, private: bool) -> Upstream:
        if self._given is not None:
            return self._given
        client = self._clients.get(private)
        if client is None:
            client = self._clients[private] = General(most=WORKERS, public=Public(allow_private=private))
        return client


def signed(key: bytes, message: Message, timestamp: int) -> tuple[tuple[bytes, bytes], ...]:
    """The fields of one attempt. Standard Webhooks 1.0, Signature scheme: "the content to sign is
    `msg_id.timestamp.payload`", with HMAC-SHA256 in base64 behind `v1,`."""
    content = b"%s.%d." % (message.id.encode(), timestamp) + message.body
    signature = b64encode(hmac.digest(key, content, "sha256"))
    return (
        (b"content-type", b"application/json"),
        (b"content-length", b"%d" % len(message.body)),
        (b"user-agent", b"dualbridge"),
        (b"webhook-id", message.id.encode()),
        (b"webhook-timestamp", b"%d" % timestamp),
        (b"webhook-signature", b"v1," + signature),
    )
