"""A stream on its way from the request that asked for it to whoever runs it, without the request's runtime."""

import logging
from dataclasses import dataclass

from bridge.ingress.mcp.dispatch import Reply
from bridge.ingress.mcp.exchange import Standing
from bridge.ingress.mcp.line import Post
from bridge.ingress.mcp.render import closed, error
from bridge.model import ClientGone, Headers, StateUnavailable
from bridge.pipeline.run import finish
from bridge.pipeline.runtime import Holder

log = logging.getLogger(__name__)

JSON: Headers = ((b"content-type", b"application/json"),)


@dataclass(frozen=True, slots=True)
class Open:
    """A stream that outlives its runtime: everything that is left of its request."""

    reply: Reply
    standing: Standing
    line: Post
    identity: bytes
    """JSON text of the id of the request that the stream answers, empty where it answers none."""

    async def run(self, holder: Holder) -> None:
        """To the end, however it comes; the call is finished with the runtime of that moment."""
        left = True
        try:
            await self._end(holder, await self.standing.run(holder))
            left = False
        except StateUnavailable as refusal:
            await self._broke_off(refusal)
        except (ClientGone, OSError):
            log.debug("the client left its stream")
        finally:
            await finish(holder.current, self.reply.call, self.reply.outcome, sent=self.line.sent, gone=left)

    async def _broke_off(self, refusal: StateUnavailable) -> None:
        log.warning("a stream ended: what replicas share cannot be reached")
        if self.line.opened:
            await self.line.end()
        else:
            await self.line.reply(refusal.http, JSON, error(self.identity or None, refusal))

    async def _end(self, holder: Holder, meta: bytes) -> None:
        door = holder.current.mcp
        if self.identity:
            await self.line.reply(200, (), closed(self.identity, meta, door.name, door.version))
        else:
            await self.line.end()
