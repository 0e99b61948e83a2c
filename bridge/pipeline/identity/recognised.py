"""Callers that were recognised a moment ago, by a digest of what they showed: the credential itself is not kept."""

from collections import OrderedDict
from dataclasses import dataclass
from hashlib import blake2b

from bridge.model import Principal

MOST = 50_000
LONGEST = 60.0
"""Seconds for which nobody asks again whether a credential is still good."""


@dataclass(frozen=True, slots=True)
class Recognised:
    """`until` is Unix time; `subject` is the issuer's token to exchange, if there is one: None where it is what was
    shown, which is not kept. `bound`: it is not good everywhere, or not over every connection."""

    principal: Principal
    until: float
    subject: str | None = ""
    bound: bool = True


class Memory:
    """Bounded; what was remembered first goes first."""

    __slots__ = ("_known", "_most")

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._known: OrderedDict[bytes, Recognised] = OrderedDict()

    def __len__(self) -> int:
        return len(self._known)

    def find(self, digest: bytes, now: float) -> Recognised | None:
        found = self._known.get(digest)
        return found if found is not None and now < found.until else None

    def keep(self, digest: bytes, found: Recognised) -> None:
        if len(self._known) >= self._most:
            self._known.popitem(last=False)
        self._known[digest] = found

    def forget(self, digest: bytes) -> None:
        self._known.pop(digest, None)


def digest_of(credential: bytes) -> bytes:
    return blake2b(credential, digest_size=24).digest()
