"""Credentials that the gateway makes itself: an id to look them up by, and a secret that proves them.

They mean nothing to anybody else, and their prefix tells secret scanners, and people, what they found.
"""

import re
import secrets
from dataclasses import dataclass, field

KEY = "dbk"
"""API keys."""
CAPABILITY = "dbc"
"""Tokens by which a caller narrows its own authority."""

_ID_BYTES, _SECRET_BYTES = 8, 32
# Base64url of 32 bytes: the last character holds four bits and two that are zero, so a secret has one spelling.
_WRITTEN = re.compile(r"([a-z]{3})_([0-9a-f]{16})_([A-Za-z0-9_-]{42}[AEIMQUYcgkosw048])")
_SHOWN = re.compile(rf"({KEY}|{CAPABILITY})_([0-9a-f]{{16}}_)?[A-Za-z0-9_-]*")
_LENGTH = 3 + 1 + 16 + 1 + 43


@dataclass(frozen=True, slots=True)
class Handle:
    """`id` may be shown and logged, `secret` never."""

    prefix: str
    id: str
    secret: str = field(repr=False)

    def reveal(self) -> str:
        """All of it, as its owner presents it."""
        return f"{self.prefix}_{self.id}_{self.secret}"


def mint(prefix: str) -> Handle:
    return Handle(prefix, secrets.token_hex(_ID_BYTES), secrets.token_urlsafe(_SECRET_BYTES))


def parse(text: str, prefix: str) -> Handle | None:
    """None for whatever `mint` has not written so; of what is too long or too short nothing is looked at."""
    match = _WRITTEN.fullmatch(text) if len(text) == _LENGTH else None
    return Handle(*match.groups()) if match is not None and match[1] == prefix else None


def masked(text: str) -> str:
    """Without the secret of whatever in it could be one of these, for what is written down."""
    return _SHOWN.sub(r"\1_\2***", text)
