"""`subscriptions/listen`: the stream of news of 2026-07-28.

It stays open across reloads, so it holds what its client asked for and no runtime.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import orjson

from bridge.ingress.mcp.exchange import ANSWERED, Exchange, Made, notification
from bridge.ingress.mcp.line import Line
from bridge.ingress.mcp.news import MOST_WATCHED, Watched, can_watch, news
from bridge.ingress.mcp.refusals import InvalidParams
from bridge.model import Json
from bridge.pipeline.run import gate
from bridge.pipeline.runtime import Holder

SUBSCRIPTION_KEY = "io.modelcontextprotocol/subscriptionId"
MOST_ASKED = 2 * MOST_WATCHED
"""Each is looked up, in one go, before the first is honoured."""
LONGEST_WATCHED = 2048
_KINDS = {"toolsListChanged": "tools", "promptsListChanged": "prompts", "resourcesListChanged": "resources"}


async def listen(exchange: Exchange) -> Made:
    """Raises InvalidParams, ClientGone."""
    wanted = _wanted(exchange.message.params.get("notifications"))
    principal = await gate(exchange.rt, exchange.call)
    identity = exchange.message.id
    assert identity is not None
    toolset = exchange.toolset
    honoured: dict[str, Json] = {name: True for name in _KINDS if wanted.get(name)}
    asked = dict.fromkeys(wanted.get("resourceSubscriptions", ()))
    uris = [uri for uri in asked if len(uri) <= LONGEST_WATCHED and can_watch(exchange.rt, toolset, uri, principal)]
    if "resourceSubscriptions" in wanted and uris:
        honoured["resourceSubscriptions"] = uris[:MOST_WATCHED]
    watched = Watched(exchange.call, toolset.name)
    watched.want(uris)
    standing = Listening(exchange.line, toolset.name, orjson.loads(identity), honoured, watched, toolset.digests)
    return Made(ANSWERED, standing=standing)


def _wanted(filters: Json) -> dict[str, Json]:
    if not isinstance(filters, dict):
        raise InvalidParams("params.notifications must be an object: what to be told of")
    uris = filters.get("resourceSubscriptions", [])
    if not isinstance(uris, list) or not all(isinstance(uri, str) for uri in uris):
        raise InvalidParams("params.notifications.resourceSubscriptions must be a list of addresses")
    if len(uris) > MOST_ASKED:
        raise InvalidParams(f"params.notifications.resourceSubscriptions may hold {MOST_ASKED} addresses")
    if any(not isinstance(filters.get(name, False), bool) for name in _KINDS):
        raise InvalidParams(f"params.notifications: {', '.join(_KINDS)} must be true or false")
    return filters


@dataclass(frozen=True, slots=True)
class Listening:
    """`digests` are those of the lists when the stream was asked for; nobody else writes to what it holds."""

    line: Line
    toolset: str
    identity: str | int
    honoured: Mapping[str, Json]
    watched: Watched
    digests: Mapping[str, str]

    async def run(self, holder: Holder) -> bytes:
        """Returns the members of the closing result. Raises ClientGone."""
        kinds = frozenset(_KINDS[name] for name in self.honoured if name in _KINDS)
        async with self.line.there():
            with holder.current.changes.listening(self.toolset) as ear:
                await self._say("notifications/subscriptions/acknowledged", {"notifications": dict(self.honoured)})
                ear.catch_up(self.digests, _now(holder, self.toolset))
                async for one in news(holder, ear, kinds, self.watched):
                    await (self.line.alive() if one is None else self._say(*one))
        return orjson.dumps({SUBSCRIPTION_KEY: self.identity})

    async def _say(self, method: str, params: Mapping[str, Json]) -> None:
        await self.line.notify(notification(method, {**params, "_meta": {SUBSCRIPTION_KEY: self.identity}}))


def _now(holder: Holder, name: str) -> Mapping[str, str]:
    """Read in a frame of its own: a stream must not keep a runtime in one of its variables."""
    toolset = holder.current.toolsets.get(name)
    return toolset.digests if toolset is not None else {}
