"""What is kept of a session, for every replica.

A session ends with its DELETE or after an hour without a request. Being used is noted once a minute at most, and might
write again what was just ended: an ended session leaves a mark for that while.
"""

import json
import logging
import re
import secrets
import time
from collections.abc import Iterable
from hashlib import blake2b

import orjson

from bridge.ingress.mcp.eras import REVISIONS
from bridge.ingress.mcp.news import MOST_WATCHED
from bridge.ingress.mcp.sessions.words import END, WATCH, say
from bridge.model import Json, LimitExceeded, Session
from bridge.state.base import Shared

log = logging.getLogger(__name__)

IDLE = 3600.0
"""Seconds without a request after which a session is over."""
_NOTED = 60.0
_MARKED = 300.0
_ID = re.compile(r"[A-Za-z0-9_-]{16,64}")


def new_id() -> str:
    """2025-11-25, Session Management: "globally unique and cryptographically secure", "visible ASCII characters"."""
    return secrets.token_urlsafe(24)


async def keep(shared: Shared, session: Session, *, stream: bool = False) -> None:
    """`stream`: the session of 2024-11-05's HTTP+SSE. Raises StateUnavailable."""
    await shared.store.put(_key(session.id), _written(session, stream=stream), IDLE)


async def find(shared: Shared, id: str, *, stream: bool = False) -> Session | None:
    """The session, whose idle time begins anew. Raises StateUnavailable."""
    if not _ID.fullmatch(id):
        return None
    kept = await shared.store.get(_key(id))
    if kept is None:
        return None
    try:
        record = orjson.loads(kept)
        session = Session(id, record["principal"], record["toolset"], record["revision"], record["capabilities"])
        idle, streamed = time.time() - record["used"], record["stream"]
    except (ValueError, KeyError, TypeError):
        log.warning("the record of a session is none of ours, and counts as gone")
        return None
    if streamed is not stream or session.revision not in REVISIONS:
        return None
    if idle >= _NOTED and not await _note(shared, session, stream=stream):
        return None
    return session


async def _note(shared: Shared, session: Session, *, stream: bool) -> bool:
    """Whether the session was still there."""
    await keep(shared, session, stream=stream)
    for key, uri in await shared.store.family(_watched(session.id)):
        await shared.store.put(key, uri, IDLE)
    if await shared.store.get(_ended(session.id)) is None:
        return True
    await shared.store.take(_key(session.id))
    return False


async def end(shared: Shared, id: str) -> None:
    """Whatever still runs in the session ends, on every replica. Raises StateUnavailable."""
    await shared.store.put(_ended(id), b"1", _MARKED)
    await shared.store.take(_key(id))
    for key, _ in await shared.store.family(_watched(id)):
        await shared.store.take(key)
    await say(shared, id, END)


async def watched(shared: Shared, id: str) -> list[str]:
    """The addresses that the session subscribed to. Raises StateUnavailable."""
    return [uri.decode() for _, uri in await shared.store.family(_watched(id))]


async def watch(shared: Shared, id: str, uri: str, *, wanted: bool) -> None:
    """Raises LimitExceeded, StateUnavailable."""
    # One value each: two replicas that wrote a common list would lose one another's.
    key = f"{_watched(id)}:{blake2b(uri.encode(), digest_size=16).hexdigest()}"
    if not wanted:
        await shared.store.take(key)
    elif not _fits(key, await shared.store.family(_watched(id))):
        raise LimitExceeded(f"a session may subscribe to {MOST_WATCHED} resources")
    else:
        await shared.store.put(key, uri.encode(), IDLE)
    await say(shared, id, WATCH)


def _fits(key: str, kept: Iterable[tuple[str, bytes]]) -> bool:
    keys = {known for known, _ in kept}
    return key in keys or len(keys) < MOST_WATCHED


def _written(session: Session, *, stream: bool) -> bytes:
    # Not by orjson: its texts hold on to the kilobytes that they were written in for as long as they are kept.
    return json.dumps(
        {
            "principal": session.principal,
            "toolset": session.toolset,
            "revision": session.revision,
            "capabilities": session.capabilities,
            "stream": stream,
            "used": time.time(),
        }
    ).encode()


def used_capabilities(declared: Json) -> Json:
    """Those that matter here: what a stranger writes beside them is not kept."""
    elicitation = declared.get("elicitation") if isinstance(declared, dict) else None
    if not isinstance(elicitation, dict):
        return {}
    return {"elicitation": {mode: {} for mode in ("form", "url") if mode in elicitation}}


def _key(id: str) -> str:
    return f"session:{id}"


def _ended(id: str) -> str:
    return f"ended:{id}"


def _watched(id: str) -> str:
    return f"watched-{id}"
