"""The application on the traffic port: which door a request goes through.

The gateway's own paths win over an API mounted at `/`. A request keeps the runtime it started with.
"""

import logging
import secrets

from bridge.ingress import metadata, oauth, rest
from bridge.ingress.answer import Aborted, Answer, answer
from bridge.ingress.asgi import Receive, Scope, Send, raw_path
from bridge.ingress.cors import preflight, shared
from bridge.ingress.mcp import endpoint, http_sse
from bridge.ingress.mcp.standing import Open
from bridge.ingress.problem import Internal, problem
from bridge.ingress.request import opened
from bridge.model import NotFound, Refusal
from bridge.model.paths import plain, split_open, within
from bridge.pipeline.admit import arrive
from bridge.pipeline.authenticate import authenticate
from bridge.pipeline.identity.protected import WELL_KNOWN
from bridge.pipeline.runtime import Holder, Runtime

_log = logging.getLogger(__name__)


class Traffic:
    """ASGI. Lifespan belongs to whoever composes the process; a WebSocket is turned away during its handshake."""

    def __init__(self, holder: Holder) -> None:
        self._holder = holder

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            # A stream that stays open outlives its runtime: none of the frames below may hold one meanwhile.
            standing = await _http(self._holder.current, scope, receive, send)
            if standing is not None:
                # Nor anything of the request that is not needed any more: there may be thousands.
                scope["headers"] = []
                # In this frame, for the same reason.
                try:
                    await standing.run(self._holder)
                except Exception as error:
                    raise Aborted(f"a stream broke off: {error!r}") from error
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008, "reason": "WebSocket is not served here"})


async def _http(rt: Runtime, scope: Scope, receive: Receive, send: Send) -> Open | None:
    if rt.cors is not None:
        asked = preflight(rt.cors, scope)
        if asked is not None:
            await answer(send, *asked, b"")
            return None
        send = shared(rt.cors, scope, send)
    reply = Answer(send)
    try:
        return await _door(rt, scope, receive, reply.pass_on)
    except Aborted:
        raise
    except Exception as error:
        if reply.began:
            raise Aborted(f"an answer broke off: {error!r}") from error
        await _fail(reply, error)
        return None


async def _door(rt: Runtime, scope: Scope, receive: Receive, send: Send) -> Open | None:
    # The gateway's own paths are taken by every spelling that an upstream could mistake for them.
    path, own = split_open(plain(raw_path(scope))), plain(rt.mcp.path)
    if rt.protected.demanding and await _of_identity(rt, scope, receive, send, path):
        return None
    if path in {own, f"{own}/"}:
        return await endpoint.serve(rt, scope, receive, send, "")
    if within(path, own):
        return await _toolset(rt, scope, receive, send, path[len(own) + 1 :])
    await rest.serve(rt, scope, receive, send)
    return None


async def _of_identity(rt: Runtime, scope: Scope, receive: Receive, send: Send, path: str) -> bool:
    """Whether it was for what the gateway says of itself as a protected resource, or for its capabilities."""
    if path.startswith(WELL_KNOWN):
        return await metadata.serve(rt, scope, send, path.rstrip("/"))
    parent, _, name = path.rpartition("/")
    if rt.capabilities is None or parent != plain(rt.token_path) or name not in oauth.HANDLERS:
        return False
    await oauth.serve(rt, scope, receive, send, name)
    return True


async def _toolset(rt: Runtime, scope: Scope, receive: Receive, send: Send, name: str) -> Open | None:
    if name in rt.toolsets:
        return await endpoint.serve(rt, scope, receive, send, name)
    toolset, _, last = f"/{name}".rpartition("/")
    if rt.mcp.sse and toolset[1:] in rt.toolsets and last == http_sse.STREAM:
        return await http_sse.connect(rt, scope, receive, send, toolset[1:])
    if rt.mcp.sse and toolset[1:] in rt.toolsets and last == http_sse.MESSAGES:
        await http_sse.take(rt, scope, receive, send, toolset[1:])
        return None
    await answer(send, *problem(await _no_toolset(rt, scope), secrets.token_hex(16)))
    return None


async def _no_toolset(rt: Runtime, scope: Scope) -> Refusal:
    """Strangers do not learn which there are."""
    call = opened(scope, None)
    try:
        arrive(rt, call)
        await authenticate(rt, call)
    except Refusal as refusal:
        return refusal
    return NotFound("there is no toolset of this name")


async def _fail(reply: Answer, error: Exception) -> None:
    call = secrets.token_hex(16)
    _log.error("call %s failed", call, exc_info=error)
    await reply.whole(*problem(Internal("the gateway failed; its log has the reason under this call's id"), call))
