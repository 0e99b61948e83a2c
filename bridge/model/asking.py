"""What a call may ask of the person behind an agent, and how far the agent's client can carry the question.

Two ways lead there. A 2026-07-28 client is answered with the questions and calls again, with the answers and with the
state that it was given; an older one that holds a session is asked while its call waits.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from bridge.model.json import Json


@dataclass(frozen=True, slots=True)
class Question:
    """One form for a person: MCP's `elicitation/create` in form mode.

    `schema` is of the restricted kind: an object of primitive properties (strings, numbers, booleans, enumerations).
    """

    message: str
    schema: Json


@dataclass(frozen=True, slots=True)
class Questions:
    """What to ask, by a key of ours, and the sealed state that must come back with the answers."""

    asked: Mapping[str, Question]
    state: str


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a call has come. `progress` grows from one to the next; `total` is None while it is not known."""

    progress: float
    total: float | None = None
    message: str = ""


@dataclass(frozen=True, slots=True)
class Round:
    """How far asking has come for one request: what its client carries, sealed, from one round to the next.

    `bound` is a digest of the caller and of the request as the client makes it, `filled` are the arguments that a
    person has given so far. Where consent is asked for, `consent` is a digest of the call that it is for, `nonce`
    makes it count once, and `expires` (Unix time) ends it.
    """

    bound: str
    filled: Mapping[str, Json] = field(default_factory=dict)
    consent: str = ""
    nonce: str = ""
    expires: float = 0.0


Report: TypeAlias = Callable[[Progress], Awaitable[None]]
"""Tells the client. Never raises: a client that has left is noticed elsewhere."""
Ask: TypeAlias = Callable[[Question], Awaitable[Json]]
"""Puts a question to the client's person while the call waits; returns MCP's ElicitResult. Raises ClientGone, and
CannotAsk when the client gives no usable answer in time."""


@dataclass(slots=True)
class Agent:
    """The client's part in one call. Written by the agents' door; `answers` are completed by the stages that ask.

    `elicits`: the client has declared that it can put a form to a person. `ask` is set where that happens while the
    call waits; where it is None, questions are an answer of their own and come back in `answers` and `state`.
    """

    elicits: bool = False
    answers: Mapping[str, Json] = field(default_factory=dict)
    """MCP's `inputResponses`: what came back, by the question's key. From the client, unchecked."""
    state: str | None = None
    """MCP's `requestState`, as the client sent it: an attacker's until it is unsealed."""
    ask: Ask | None = None
    round: Round | None = None
    """Set by the first stage that asks, or that unseals `state`."""
    report: Report | None = None
    """Set where the client asked to be told about progress."""
