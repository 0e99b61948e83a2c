"""Asking the person behind an agent.

Where the client's session holds, the question is put while the call waits. Otherwise it is an answer of its own
(MCP 2026-07-28, Multi Round-Trip Requests), and everything known so far travels with the client, sealed: bound to the
caller, to the request as it was made, and to a time. Whatever comes back is an attacker's until it is checked.
"""

import asyncio
import hashlib
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace

from bridge.model import (
    Agent,
    BadState,
    Call,
    CannotAsk,
    Json,
    Origin,
    Outcome,
    Principal,
    Question,
    Questions,
    Refusal,
    Round,
    StateUnavailable,
)
from bridge.pipeline.owning import owner
from bridge.pipeline.runtime import Runtime
from bridge.pipeline.seal import NotSealed, seal, unseal
from bridge.state.base import Store

PURPOSE = "request state"
MOST_TRIES = 3
"""How often one question is put to a client that gives no usable answer while its call waits."""
MOST_CONTENT = 16 << 10
"""Bytes of one answer."""
MOST_CARRIED = 40 << 10
"""Bytes that a client carries, before they are sealed."""
_ACTIONS = frozenset({"accept", "decline", "cancel"})

INVALID = "the request state is not one for this request; make the request again without it"
EXPIRED = "the request state has expired; make the request again without it"


class InputNeeded(Exception):
    """A person has to answer first. No refusal: the client makes the request again, with the answer."""

    def __init__(self, questions: Questions) -> None:
        super().__init__()
        self.outcome = Outcome(200, origin=Origin.GATEWAY, questions=questions)


class BadAnswer(Refusal):
    """What the client sent as its person's answer is no ElicitResult."""

    code, http, rpc, title, readable = "bad_answer", 400, -32602, "Bad answer", False


@dataclass(frozen=True, slots=True)
class Reply:
    """An ElicitResult of the right shape; whether its content fits the form is not yet known."""

    action: str
    content: Mapping[str, Json]


def can_ask(rt: Runtime, call: Call) -> bool:
    agent = call.agent
    return agent is not None and agent.elicits and (agent.ask is not None or rt.shared is not None)


def store_of(rt: Runtime) -> Store:
    """Raises StateUnavailable."""
    if rt.shared is None:
        raise StateUnavailable("nothing can be kept here between two requests")
    return rt.shared.store


async def stand(rt: Runtime, call: Call, subject: str) -> Round:
    """How far asking has come for this request. `subject` is the MCP method and what it is about; `call.arguments` must
    still be as the client sent them when this is called first. Raises BadState, StateUnavailable."""
    agent = _agent(call)
    if agent.round is None:
        bound = _bound(call, subject)
        agent.round = Round(bound) if agent.state is None else await _opened(rt, agent.state, bound)
    return agent.round


def subject_of(call: Call) -> str:
    """Of a call to an operation: a tool's name, or, where it is read by its address, the operation."""
    if call.tool:
        return f"tools/call {call.tool}"
    assert call.endpoint is not None
    return f"resources/read {call.endpoint.operation.api} {call.endpoint.operation.id}"


async def needed(rt: Runtime, key: str, question: Question, standing: Round) -> InputNeeded:
    """Raises CannotAsk where the answers so far are too long to be carried, StateUnavailable."""
    content = _written(standing, standing.expires or time.time() + rt.approvals.ttl)
    state = await seal(store_of(rt), rt.approvals.secret, PURPOSE, content)
    return InputNeeded(Questions({key: question}, state))


async def live(rt: Runtime, call: Call, question: Question) -> Json:
    """Asks while the call waits; what a person takes to answer is no time of the call's. Raises CannotAsk,
    ClientGone."""
    agent = _agent(call)
    assert agent.ask is not None
    loop = asyncio.get_running_loop()
    began = loop.time()
    try:
        async with asyncio.timeout(rt.approvals.ttl):
            return await agent.ask(question)
    except TimeoutError:
        raise CannotAsk("the person was asked and did not answer in time") from None
    finally:
        call.deadline += loop.time() - began


def reply_to(call: Call, key: str) -> Reply | None:
    """What came back for the question `key`; None for nothing, or for nothing of use. Raises BadAnswer."""
    answers = _agent(call).answers
    if key not in answers:
        return None
    if not isinstance(answers[key], dict):
        raise BadAnswer("an answer must be an object: {action, content}")
    return read(answers[key])


def read(answer: Json) -> Reply | None:
    """An ElicitResult: `content` is flat, and bounded. None for what is none."""
    action, content = (answer.get("action"), answer.get("content")) if isinstance(answer, dict) else (None, None)
    content = {} if content is None else content
    if not isinstance(action, str) or action not in _ACTIONS or not isinstance(content, dict):
        return None
    if len(canonical(content)) > MOST_CONTENT or not all(_is_flat(value) for value in content.values()):
        return None
    return Reply(action, content)


def canonical(value: Json) -> bytes:
    """One spelling of a JSON value; of numbers of any size and of half a surrogate pair too."""
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode("ascii")


def digest_of(*parts: Json) -> str:
    return hashlib.sha256(canonical(parts)).hexdigest()


def owner_digest(principal: Principal) -> str:
    return digest_of(owner(principal))


def _agent(call: Call) -> Agent:
    assert call.agent is not None
    return call.agent


def _is_flat(value: Json) -> bool:
    if isinstance(value, list):
        return all(isinstance(one, str) for one in value)
    return value is None or isinstance(value, str | int | float)


def _bound(call: Call, subject: str) -> str:
    assert call.principal is not None
    return digest_of(owner_digest(call.principal), subject, dict(call.arguments))


def _written(standing: Round, expires: float) -> bytes:
    carried = [standing.bound, dict(standing.filled), standing.consent, standing.nonce, round(expires, 3)]
    content = canonical(carried)
    if len(content) > MOST_CARRIED:
        raise CannotAsk("the answers so far are too long to be carried to another question")
    return content


async def _opened(rt: Runtime, state: str, bound: str) -> Round:
    """One message for everything that is wrong but its age: a stranger learns nothing from trying."""
    try:
        content = await unseal(store_of(rt), rt.approvals.secret, PURPOSE, state)
    except NotSealed:
        raise BadState(INVALID) from None
    was, filled, consent, nonce, expires = json.loads(content)
    if was != bound:
        raise BadState(INVALID)
    if expires <= time.time():
        raise BadState(EXPIRED)
    return Round(bound, filled, consent, nonce, expires if consent else 0.0)


def with_filled(standing: Round, values: Mapping[str, Json]) -> Round:
    return replace(standing, filled={**standing.filled, **values})
