"""What a stream that stays open is told: lists that are other ones now, resources that changed.

Nothing tells a gateway that an upstream's data changed, so the resources that somebody subscribed to are read again
from time to time, in the subscriber's name, and compared by digest.
"""

import hashlib
import time
from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass, field

from bridge.ingress.mcp.exchange import further
from bridge.model import Call, Json, Outcome, Principal
from bridge.pipeline.changes import NONE, Listener
from bridge.pipeline.runtime import Holder, Runtime
from bridge.pipeline.toolset import Toolset

MOST_WATCHED = 50


def can_watch(rt: Runtime, toolset: Toolset, uri: str, principal: Principal) -> bool:
    """Whether what is at the address may be read, without anybody's consent to each time."""
    located = toolset.locate(uri)
    if located is None or rt.approvals.covers(located[0].operation):
        return False
    return toolset.readable(uri, principal.grant)


@dataclass(slots=True)
class Watched:
    """The resources of one subscriber. `call` says who that is; `seen` maps each address to what was there last."""

    call: Call
    toolset: str
    seen: dict[str, str] = field(default_factory=dict)
    due: float = 0.0

    def want(self, uris: Iterable[str]) -> None:
        """These from now on, and no others."""
        wanted = list(dict.fromkeys(uris))[:MOST_WATCHED]
        self.seen = {uri: self.seen.get(uri, "") for uri in wanted}

    async def changed(self, holder: Holder) -> list[str]:
        """Looks, if it is time to. What is seen for the first time has not changed."""
        now = time.monotonic()
        if now < self.due or not self.seen:
            return []
        self.due = now + holder.current.mcp.poll
        found: list[str] = []
        for uri, before in list(self.seen.items()):
            digest = await self._look(holder, uri)
            if digest and before and digest != before:
                found.append(uri)
            if digest and uri in self.seen:
                self.seen[uri] = digest
        return found

    async def _look(self, holder: Holder, uri: str) -> str:
        """Empty where it cannot be read now: that is no change, and passes."""
        rt = holder.current
        toolset = rt.toolsets.get(self.toolset)
        located = toolset.locate(uri) if toolset is not None else None
        if located is None:
            return ""
        return _digest(await further(rt, self.call, *located))


def _digest(outcome: Outcome) -> str:
    if outcome.refusal is not None or not isinstance(outcome.body, bytes) or outcome.status >= 500:
        return ""
    return hashlib.blake2b(b"%d " % outcome.status + outcome.body, digest_size=16).hexdigest()


async def news(
    holder: Holder, ear: Listener, kinds: frozenset[str], watched: Watched
) -> AsyncIterator[tuple[str, Mapping[str, Json]] | None]:
    """Notifications (method, params) as they become due, None where it is time to show that the stream is open. Ends
    when the toolset is gone or the gateway stops."""
    quiet = time.monotonic()
    while not ear.gone:
        told = False
        for kind in sorted(ear.news & kinds):
            told = True
            yield f"notifications/{kind}/list_changed", {}
        ear.news = NONE
        for uri in await watched.changed(holder):
            told = True
            yield "notifications/resources/updated", {"uri": uri}
        now = time.monotonic()
        if not told and now - quiet >= holder.current.mcp.keep_alive:
            told = True
            yield None
        quiet = now if told else quiet
        await ear.wait(_pause(quiet + holder.current.mcp.keep_alive, watched))


def _pause(until: float, watched: Watched) -> float:
    if watched.seen:
        until = min(until, watched.due)
    return max(until - time.monotonic(), 0.01)
