"""What clients read before they have a token: the gateway as a protected resource (RFC 9728)."""

from bridge.ingress.answer import Answer
from bridge.ingress.asgi import Scope, Send
from bridge.ingress.problem import problem
from bridge.ingress.request import opened
from bridge.model import Headers, Refusal
from bridge.pipeline.admit import arrive
from bridge.pipeline.runtime import Runtime

_HEADERS: Headers = ((b"content-type", b"application/json"), (b"cache-control", b"public, max-age=300"))
_WRONG_METHOD: Headers = ((b"allow", b"GET, HEAD"), (b"content-type", b"text/plain"))


async def serve(rt: Runtime, scope: Scope, send: Send, path: str) -> bool:
    """Whether there is such a document. It is public and the same for everybody."""
    document = rt.protected.metadata.get(path)
    if document is None:
        return False
    reply, call = Answer(send, head=scope["method"] == "HEAD"), opened(scope, None)
    try:
        arrive(rt, call)
    except Refusal as refusal:
        await reply.whole(*problem(refusal, call.id))
        return True
    if scope["method"] in {"GET", "HEAD"}:
        await reply.whole(200, _HEADERS, document)
    else:
        await reply.whole(405, _WRONG_METHOD, b"this takes GET\n")
    return True
