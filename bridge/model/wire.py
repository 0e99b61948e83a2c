"""A request as it goes out: what a compiled builder returns and what golden tests print."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import TypeAlias

Headers: TypeAlias = tuple[tuple[bytes, bytes], ...]
"""Names in lower case, values as on the wire; repeated names stay repeated, in order."""


@dataclass(frozen=True, slots=True)
class Wire:
    """`target` is the request target in origin form below the API's base path: percent-encoded, starting with `/`."""

    method: str
    target: str
    headers: Headers = ()
    body: bytes | AsyncIterator[bytes] | None = None
