"""Page cursors: opaque to clients, bound to one toolset of one catalogue.

No secret is involved, because a cursor grants nothing: it only has to be ours, whole, and of the current catalogue.
"""

import re
from hashlib import blake2b

from bridge.ingress.mcp.refusals import InvalidParams

_SHAPE = re.compile(r"([0-9]{1,9})\.([0-9a-f]{16})\.([0-9a-f]{16})")


def write(start: int, toolset: str, catalog: str) -> str:
    return _sealed(start, toolset, _digest(catalog))


def read(cursor: object, toolset: str, catalog: str) -> int:
    """Raises InvalidParams."""
    match = _SHAPE.fullmatch(cursor) if isinstance(cursor, str) else None
    if match is None or _sealed(int(match[1]), toolset, match[2]) != cursor:
        raise InvalidParams("the cursor is not one of this endpoint; list again without one")
    if match[2] != _digest(catalog):
        raise InvalidParams("the list has changed since this cursor was given; list again without one")
    return int(match[1])


def _sealed(start: int, toolset: str, catalog: str) -> str:
    return f"{start}.{catalog}.{_digest(f'{start} {catalog} {toolset}')}"


def _digest(text: str) -> str:
    return blake2b(text.encode(), digest_size=8).hexdigest()
