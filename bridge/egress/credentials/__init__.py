"""What the gateway presents to upstreams so that they let its calls in, put on a request just before it is sent.

A credential replaces whatever stands in its place: a caller who sends one of the same name does not send it to the
upstream. What is fixed costs no wait; tokens are asked for once and shared (`tokens`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import reduce
from typing import Protocol

from bridge.egress.credentials.place import Place
from bridge.model import Call, Wire


class Attachment(Protocol):
    @property
    def places(self) -> tuple[Place, ...]:
        """Where it goes."""

    async def attach(self, wire: Wire, call: Call) -> Wire:
        """`wire` with the credential on it. No other one stands in where there is none: raises NoSubject,
        ExchangeRefused, CredentialRefused, CredentialUnavailable, and nothing was sent then."""

    def rejected(self, wire: Wire, call: Call) -> None:
        """The upstream answered 401 to `wire`, which this was attached to."""


Credentials = Mapping[str, Attachment]
"""By the key that a target has."""


@dataclass(frozen=True, slots=True)
class Together:
    """Several at once, as where a document's requirement has more than one scheme."""

    parts: tuple[Attachment, ...]

    @property
    def places(self) -> tuple[Place, ...]:
        return tuple(place for part in self.parts for place in part.places)

    async def attach(self, wire: Wire, call: Call) -> Wire:
        for part in self.parts:
            wire = await part.attach(wire, call)
        return wire

    def rejected(self, wire: Wire, call: Call) -> None:
        for part in self.parts:
            part.rejected(wire, call)


def masked(wire: Wire, attachment: Attachment) -> Wire:
    """As it would be sent, with `***` where a credential goes."""
    return reduce(lambda made, place: place.put(made, b"***"), attachment.places, wire)
