"""A person's consent to exactly one call, given in a form that the agent's client shows.

The person's `accept` is the consent: no argument stands for it, so no model can set it. What is agreed to is what the
form showed: a change of the caller, the arguments, or the operation in between makes the answer worthless, and so does
its first use.
"""

import hashlib
import logging
import secrets
import time
from dataclasses import replace

from bridge.model import ApprovalDenied, BadState, Call, CannotAsk, Door, Question, Round
from bridge.pipeline.ask import (
    INVALID,
    MOST_TRIES,
    Reply,
    digest_of,
    live,
    needed,
    owner_digest,
    read,
    reply_to,
    stand,
    store_of,
    subject_of,
)
from bridge.pipeline.runtime import Runtime
from bridge.pipeline.shown import declared

log = logging.getLogger(__name__)

KEY = "approval"
USED = "the request state was used already; make the request again without it"
_NOTHING_TO_FILL_IN = {"type": "object", "properties": {}}
_SAID = {"decline": "declined", "cancel": "closed the form without an answer"}
_GRACE = 60.0
"""Seconds that a question can be answered beyond its end, as the store sees it: clocks differ."""


async def consent(rt: Runtime, call: Call, form: str) -> None:
    """`form` shows all of the call. Returns once a person agreed. Raises InputNeeded, ApprovalDenied, BadState,
    BadAnswer, CannotAsk, StateUnavailable, ClientGone."""
    agent = call.agent
    assert agent is not None
    question = Question(f"Do you approve this call?\n\n{form}", _NOTHING_TO_FILL_IN)
    if agent.ask is not None:
        _judge(call, await _live(rt, call, question))
        return
    standing = await stand(rt, call, subject_of(call))
    fingerprint = fingerprint_of(call)
    if not standing.nonce:
        raise await needed(rt, KEY, question, await _opened(rt, standing, fingerprint))
    if standing.consent != fingerprint:
        raise BadState(INVALID)
    reply = reply_to(call, KEY)
    if reply is None:
        raise await needed(rt, KEY, question, standing)
    await _burn(rt, standing)
    _judge(call, reply)


def fingerprint_of(call: Call) -> str:
    """Of who calls, and of all that a call does: the same for a repetition, another for anything else."""
    assert call.endpoint is not None
    assert call.principal is not None
    operation = call.endpoint.operation
    who = [call.door.value, owner_digest(call.principal)]
    what = [operation.api, operation.id, operation.digest, operation.method, operation.path]
    request = [call.method, call.path, call.query, declared(call), _body_digest(call)]
    return digest_of(who, what, request, dict(call.arguments))


def _body_digest(call: Call) -> str:
    if call.door is Door.MCP or call.body is None:
        return ""
    assert isinstance(call.body, bytes), "consent to a body that nobody has read"
    return hashlib.sha256(call.body).hexdigest()


async def _opened(rt: Runtime, standing: Round, fingerprint: str) -> Round:
    """A question, and the permission to answer it once. It has to be there: a mark of what was used would let a state
    pass again once the mark is lost, be it to a stranger who fills the store."""
    nonce, ttl = secrets.token_hex(16), rt.approvals.ttl
    await store_of(rt).put(f"consent:{nonce}", b"open", ttl + _GRACE)
    return replace(standing, consent=fingerprint, nonce=nonce, expires=time.time() + ttl)


async def _live(rt: Runtime, call: Call, question: Question) -> Reply:
    for _ in range(MOST_TRIES):
        reply = read(await live(rt, call, question))
        if reply is not None:
            return reply
    raise CannotAsk("the person was asked, and the client gave no answer that can be understood")


async def _burn(rt: Runtime, standing: Round) -> None:
    """Before the answer is looked at: of all requests that carry it, one gets past here."""
    if await store_of(rt).take(f"consent:{standing.nonce}") is None:
        raise BadState(USED)


def _judge(call: Call, reply: Reply) -> None:
    assert call.endpoint is not None
    assert call.principal is not None
    log.info(
        "call %s to %s: %s in a form shown to %r",
        call.id, call.endpoint.operation.id, "approved" if reply.action == "accept" else "denied", call.principal.id,
    )  # fmt: skip
    if reply.action != "accept":
        raise ApprovalDenied(f"the person was asked for approval and {_SAID[reply.action]}; the call was not made")
