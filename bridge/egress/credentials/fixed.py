"""Credentials that stand in the configuration: keys, fixed tokens, user and password."""

from base64 import b64encode
from dataclasses import dataclass, field

from bridge.egress.credentials.place import BEARER, Place
from bridge.model import Call, Wire


@dataclass(frozen=True, slots=True)
class Fixed:
    """`value` is what goes there, before any encoding that the place wants."""

    place: Place
    value: bytes = field(repr=False)

    @property
    def places(self) -> tuple[Place, ...]:
        return (self.place,)

    async def attach(self, wire: Wire, call: Call) -> Wire:
        return self.place.put(wire, self.value)

    def rejected(self, wire: Wire, call: Call) -> None:
        """There is no other."""


def bearer(token: str) -> Fixed:
    return Fixed(BEARER, bearing(token))


def bearing(token: str) -> bytes:
    """RFC 6750 section 2.1."""
    return b"Bearer " + token.encode("ascii")


def basic(user: str, password: str) -> Fixed:
    """RFC 7617 section 2, in UTF-8 as its section 2.1 has it. The user has no colon."""
    return Fixed(BEARER, basic_value(user, password))


def basic_value(user: str, password: str) -> bytes:
    return b"Basic " + b64encode(f"{user}:{password}".encode())
