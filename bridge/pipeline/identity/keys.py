"""API keys: made, found, replaced and taken back.

A key is kept as HMAC-SHA256 under a pepper that the store does not hold: whoever reads the store can neither use a key
nor try guesses. A record may be written anew, by a rotation; a revocation therefore stands beside it as well, where no
rotation that is under way can undo it, and outlasts whatever such a rotation may have written.
"""

import hmac
import logging
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import replace

from bridge.model import PrincipalKind
from bridge.pipeline.identity.handles import KEY, Handle, mint
from bridge.pipeline.identity.records import KeyOwner, KeyRecord, KeyStatus
from bridge.state.base import Store

_log = logging.getLogger(__name__)

FRESH = 1.0
"""Seconds for which what the store said is believed."""
CACHED = 10_000
OVERLAP = 366 * 86_400.0
"""Seconds that a key may still be valid for beside the one that replaces it."""
REMEMBERED = 30 * 86_400.0
"""Seconds that a key is listed for once it has ended."""
_RECORD, _REVOKED = "api-key", "api-key-revoked"


class NoSuchKey(LookupError):
    """There is no key of that id, or not any more."""


class KeyEnded(Exception):
    """The key has expired or was revoked, so nothing can take its place."""


class KeyRing:
    """All keys of a gateway. `clock` measures how old knowledge is, `wall` is the time that records speak of."""

    def __init__(
        self,
        store: Store,
        pepper: bytes,
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self._store, self._pepper, self._clock, self._wall = store, pepper, clock, wall
        # Found under ids that nobody has: whoever guesses ids meets the same work as whoever guesses secrets.
        self._nobody = KeyRecord("", secrets.token_hex(32), "nobody", PrincipalKind.SERVICE, 0.0, expires=0.0)
        self._seen: OrderedDict[str, tuple[float, KeyRecord]] = OrderedDict()

    async def find(self, handle: Handle) -> KeyRecord | None:
        """The key's record if it is valid now. Raises StateUnavailable."""
        record = await self._known(handle.id)
        same = hmac.compare_digest(self._hash(handle), record.hash)
        return record if same and record.status(self._wall()) is KeyStatus.ACTIVE else None

    async def stands(self, id: str) -> bool:
        """Whether the key of that id is valid now, for what was made from it. Raises StateUnavailable."""
        return (await self._known(id)).status(self._wall()) is KeyStatus.ACTIVE

    async def create(
        self, owner: KeyOwner, lasts: float | None = None, *, replaces: str = ""
    ) -> tuple[KeyRecord, Handle]:
        """Valid for `lasts` seconds, for good if None. The handle is nowhere else. Raises StateUnavailable."""
        while True:
            handle, now = mint(KEY), self._wall()
            record = KeyRecord(
                handle.id, self._hash(handle), owner.subject, owner.kind, now, owner.tenant, owner.groups, owner.scopes,
                owner.claims, None if lasts is None else now + lasts, None, owner.label, replaces, lasts,
            )  # fmt: skip
            if await self._keep(record, fresh=True):
                _log.info("API key %s: created for %r", record.id, record.subject)
                return record, handle

    async def rotate(self, id: str, overlap: float) -> tuple[KeyRecord, Handle]:
        """A new key for the same owner; the old one ends after `overlap` seconds, if it does not before.

        Raises NoSuchKey, KeyEnded, StateUnavailable.
        """
        old, now = await self._stored(id), self._wall()
        if old.status(now) is not KeyStatus.ACTIVE:
            raise KeyEnded(f"the key has {'expired' if old.revoked is None else 'been revoked'}; create another")
        made, handle = await self.create(old.owner, old.lasts, replaces=id)
        ends = now + min(overlap, OVERLAP)
        await self._keep(replace(old, expires=ends if old.expires is None else min(ends, old.expires)))
        self._seen.pop(id, None)
        if await self._store.get(f"{_REVOKED}:{id}") is not None:
            # Whoever revoked it meanwhile did not mean another to take its place.
            await self.revoke(made.id)
            raise KeyEnded("the key has been revoked meanwhile")
        return made, handle

    async def revoke(self, id: str) -> KeyRecord:
        """At once here, within two seconds everywhere; again does no harm. Raises NoSuchKey, StateUnavailable."""
        record = await self._stored(id)
        ended = replace(record, revoked=self._wall() if record.revoked is None else record.revoked)
        # The record first: it lasts longer than the mark where it was to last for good.
        await self._keep(ended)
        await self._store.put(f"{_REVOKED}:{id}", str(ended.revoked).encode(), OVERLAP + 2 * REMEMBERED)
        self._seen.pop(id, None)
        _log.info("API key %s: revoked", id)
        return ended

    async def listed(self) -> list[KeyRecord]:
        """Every key, with those that ended lately, the oldest first. Raises StateUnavailable."""
        marks = {key.partition(":")[2]: mark for key, mark in await self._store.family(_REVOKED)}
        found = [_read(key, raw) for key, raw in await self._store.family(_RECORD)]
        return sorted(
            (_marked(one, marks.get(one.id)) for one in found if one is not None), key=lambda one: (one.created, one.id)
        )

    async def _known(self, id: str) -> KeyRecord:
        """As the store had it a second ago at most."""
        now = self._clock()
        seen = self._seen.get(id)
        if seen is None or seen[0] + FRESH <= now:
            seen = self._seen[id] = now, await self._look(id)
            if len(self._seen) > CACHED:
                self._seen.popitem(last=False)
        self._seen.move_to_end(id)
        return seen[1]

    async def _look(self, id: str) -> KeyRecord:
        """Nobody's where there is none: read and parsed like any other."""
        raw = await self._store.get(f"{_RECORD}:{id}")
        mark = await self._store.get(f"{_REVOKED}:{id}")
        return _marked(_read(id, raw or self._nobody.raw) or self._nobody, mark)

    async def _stored(self, id: str) -> KeyRecord:
        record = await self._look(id)
        if record.id != id:
            raise NoSuchKey("there is no API key of that id, or not any more")
        return record

    async def _keep(self, record: KeyRecord, *, fresh: bool = False) -> bool:
        now = self._wall()
        ends = record.expires if record.revoked is None else now
        lasts = None if ends is None else max(ends - now, 0.0) + REMEMBERED
        return await self._store.put(f"{_RECORD}:{record.id}", record.raw, lasts, fresh=fresh)

    def _hash(self, handle: Handle) -> str:
        return hmac.digest(self._pepper, handle.reveal().encode(), "sha256").hex()


def _marked(record: KeyRecord, mark: bytes | None) -> KeyRecord:
    """With the revocation that may stand beside it."""
    return replace(record, revoked=float(mark)) if mark is not None and record.revoked is None else record


def _read(key: str, raw: bytes) -> KeyRecord | None:
    try:
        return KeyRecord.read(raw)
    except ValueError as error:
        _log.error("API key %s is left out: %s", key, error)
        return None
