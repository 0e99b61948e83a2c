"""Which calls need a person's consent first, and what goes with asking for it: compiled from the settings."""

from dataclasses import dataclass

from bridge.egress.webhook import Destination
from bridge.model import Effect, Operation


@dataclass(frozen=True, slots=True)
class Approvals:
    """`effects` are those whose operations need consent to each call, unless an operation says otherwise.

    `people` extends that to the REST door. `ttl` is how long, in seconds, a question and an approval last; `pending`
    how many calls of one caller may wait for a decision. `secret` goes into the key that seals request states.
    """

    effects: frozenset[Effect] = frozenset()
    people: bool = False
    ttl: float = 900.0
    pending: int = 20
    secret: bytes = b""
    decidable: bool = True
    """Whether there is anywhere to decide about a call that waits: an admin port, here or at another replica."""
    webhook: Destination | None = None
    """Who is told of each call that waits."""

    def covers(self, operation: Operation) -> bool:
        return operation.effect in self.effects if operation.confirm is None else operation.confirm

    def reads_body(self, operation: Operation) -> bool:
        """Whether a person's request is read whole: consent is to its body as well, described or not."""
        return self.people and self.covers(operation)


NO_POLICY = Approvals()
"""Consent is asked for where an operation says so, and nowhere else."""
