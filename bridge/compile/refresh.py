"""Documents from URLs, asked for anew now and then: whether one is another than before costs its server one answer
without a body (RFC 9110 section 15.4.5), and only then is there a reload."""

import asyncio
import logging
import random
import time
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

from bridge.compile.documents import Copies
from bridge.config import Settings
from bridge.egress.fetch import FetchPolicy
from bridge.egress.fetch_errors import FetchError
from bridge.importer.source import named

_log = logging.getLogger(__name__)
_IDLE = 1.0
_JITTER = 0.1
"""Replicas that started together must not ask together: each interval is up to a tenth longer."""

Refreshed = Callable[[str, str], None]
"""Told the API and what came of it: unchanged, changed, failed."""


async def refresh(
    settings: Callable[[], Settings],
    urls: Callable[[], Mapping[str, tuple[str, ...]]],
    changed: Callable[[str], Awaitable[object]],
    told: Refreshed,
) -> None:
    """Goes on for ever: calls `changed` with the name of an API whose documents are other ones."""
    due: dict[str, float] = {}
    while True:
        chosen, known = settings(), urls()
        waiting = {name: api.refresh for name, api in chosen.apis.items() if api.refresh and known.get(name)}
        now = time.monotonic()
        due = {name: due.get(name, now + _longer(interval)) for name, interval in waiting.items()}
        for name in [name for name, at in due.items() if at <= now]:
            result = await asyncio.to_thread(_look, name, chosen, known[name])
            told(name, result)
            if result == "changed":
                await changed(name)
            due[name] = time.monotonic() + _longer(waiting[name])
        await asyncio.sleep(max(0.0, min([_IDLE, *(at - time.monotonic() for at in due.values())])))


def _longer(interval: float) -> float:
    return interval * (1 + _JITTER * random.random())  # noqa: S311 - no secret


def _look(name: str, settings: Settings, urls: tuple[str, ...]) -> str:
    """An unreachable document changes nothing: the one that was read last goes on serving."""
    policy = FetchPolicy(allow_private=settings.apis[name].allow_private)
    copies = Copies(Path(settings.data / "documents"), policy)
    try:
        found = [copies.changed(url) for url in urls]
    except FetchError as error:
        _log.warning("%s cannot be refreshed: %s", name, named(str(error)))
        return "failed"
    return "changed" if any(found) else "unchanged"
