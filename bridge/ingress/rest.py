"""The people's door: an HTTP request becomes a call, its outcome a streamed response.

Nothing is buffered or decoded on either way; each side is read only as fast as the other takes it.
"""

import asyncio
import logging
from dataclasses import replace
from functools import partial

from bridge.egress.headers import end_to_end
from bridge.ingress.answer import Aborted, Answer, now
from bridge.ingress.asgi import Receive, Scope, Send, first
from bridge.ingress.body import Upload, WhileThere
from bridge.ingress.gate import no_token_in
from bridge.ingress.problem import Internal, problem
from bridge.ingress.published import Document, published
from bridge.ingress.request import addressed, checked, host_of, opened, resolved, willed
from bridge.model import Call, Chunks, ClientGone, Headers, Outcome, Refusal
from bridge.model.paths import plain
from bridge.pipeline.admit import arrive
from bridge.pipeline.run import admit_method, finish, refused, run
from bridge.pipeline.runtime import Runtime

_log = logging.getLogger(__name__)

STALLED = 60.0
"""Seconds that a reader may take no byte of an answer that no upstream gave."""
_STOPPED = refused(Internal("the gateway stopped before the call was over"))

# Names that a response's Connection header cannot make the gateway drop: they are never about a connection.
_LASTING = frozenset({b"content-encoding", b"content-length", b"content-type", b"set-cookie", b"vary"})


async def serve(rt: Runtime, scope: Scope, receive: Receive, send: Send) -> None:
    upload = Upload(receive, scope)
    exchange = _Exchange(rt, opened(scope, upload), upload, Answer(send, head=scope["method"] == "HEAD"))
    try:
        await exchange.answer(scope["http_version"])
    finally:
        await exchange.close()


class _Exchange:
    """One call with its answer. Whatever happens, `close` accounts for it, once."""

    __slots__ = ("_answer", "_call", "_gone", "_outcome", "_rt", "_upload")

    def __init__(self, rt: Runtime, call: Call, upload: Upload, answer: Answer) -> None:
        self._rt = rt
        self._call = call
        self._upload = upload
        self._answer = answer
        self._outcome = _STOPPED
        self._gone = False

    async def answer(self, http_version: str) -> None:
        """Raises Aborted when an answer that has begun cannot be completed."""
        if self._call.body is None:
            self._upload.leave_unread()
        try:
            async with WhileThere(self._upload):
                self._outcome = await self._run(http_version)
                await self._write()
        except ClientGone as left:
            self._gone = True
            if self._outcome is _STOPPED:
                self._outcome = refused(left)
        except asyncio.CancelledError:
            self._outcome = replace(self._outcome, truncated=True)
            raise
        except Exception as error:  # noqa: BLE001 (whatever it is, the client gets an answer and the call a record)
            await self._fail(error)

    async def close(self) -> None:
        self._call.request_bytes = self._upload.received
        await finish(self._rt, self._call, self._outcome, sent=self._answer.sent, gone=self._gone)

    async def _run(self, http_version: str) -> Outcome:
        try:
            arrive(self._rt, self._call)
            checked(self._call, http_version)
            addressed(self._call, self._rt)
            document = self._document()
            if document is None:
                resolved(self._call, self._rt.router)
                willed(self._call, self._rt)
                if self._call.route is None or not self._call.route.passthrough:
                    no_token_in(self._rt, self._call.query)
        except Refusal as refusal:
            return refused(refusal)
        if document is not None:
            return await admit_method(self._rt, self._call, partial(published, self._rt, self._call, document))
        return await run(self._rt, self._call)

    def _document(self) -> Document | None:
        if self._call.method not in {"GET", "HEAD"}:
            return None
        published, path = self._rt.published, plain(self._call.path)
        return published.get((host_of(self._call), path)) or published.get(("", path))

    async def _write(self) -> None:
        outcome = self._outcome
        if isinstance(outcome.refusal, ClientGone):
            raise outcome.refusal
        if outcome.refusal is not None:
            await self._refuse(outcome.refusal)
        elif isinstance(outcome.body, bytes):
            headers = _without(b"content-length", outcome.headers)
            await self._answer.whole(outcome.status, headers, outcome.body)
        else:
            self._upload.leave_unread()
            await self._stream(outcome.status, outcome.headers, outcome.body)

    async def _stream(self, status: int, headers: Headers, chunks: Chunks) -> None:
        await self._answer.start(status, _downstream(status, headers))
        target = self._call.target
        patience = target.timeouts.read if target is not None else STALLED
        async for chunk in chunks:
            # An upstream that stalls is given up by its client; this gives up a reader that stalls as long.
            async with asyncio.timeout(patience):
                await self._answer.chunk(chunk)
        await self._answer.end()

    async def _refuse(self, refusal: Refusal) -> None:
        await self._answer.whole(*problem(refusal, self._call.id))

    async def _fail(self, error: Exception) -> None:
        if self._answer.began:
            self._outcome = replace(self._outcome, truncated=True)
            raise Aborted(f"the answer to call {self._call.id} broke off: {error!r}") from error
        _log.error("call %s failed", self._call.id, exc_info=error)
        internal = Internal("the gateway failed; its log has the reason under this call's id")
        self._outcome = replace(refused(internal), release=self._outcome.release)
        await self._refuse(internal)


def _downstream(status: int, headers: Headers) -> Headers:
    """RFC 9110 section 8.6: no Content-Length with 204; that of a 304 is optional and speaks of a body not sent.

    Section 6.6.1: "A recipient with a clock that receives a response message without a Date header field MUST record
    the time it was received and append a corresponding Date header field".
    """
    kept = end_to_end(headers, keep=_LASTING)
    if not first(kept, b"date"):
        kept = (*kept, (b"date", now()))
    return _without(b"content-length", kept) if status in {204, 304} else kept


def _without(name: bytes, headers: Headers) -> Headers:
    return tuple(field for field in headers if field[0] != name)
