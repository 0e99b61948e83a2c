"""Whose an address is: between APIs, its scheme and authority are those of the API that had them first.

One template can take addresses away from another that it does not equal: of `files://f/{id}` and `files://f/{+path}`
the first is the closer one. Within an API that is its author's wish; between APIs it would let one answer for another.
Who has no whole authority before the first variable (`notes:{id}`, `files://{host}/x`) has the scheme, and shares it
with nobody.
"""

import re
from urllib.parse import unquote

from bridge.model.expressions import Expression
from bridge.model.template import Template

_ALL = None
"""In place of an authority: whatever begins with the scheme."""
_ENDS = frozenset("/?#")


class Claims:
    def __init__(self) -> None:
        self._authorities: dict[tuple[str, str | None], str] = {}
        self._schemes: dict[str, dict[str, None]] = {}
        """The APIs that have something of a scheme."""

    def holder(self, address: Template, api: str) -> str:
        """The API that the address belongs to: `api`, which has it from now on, unless another was there before."""
        scheme, authority = _place(address)
        inside = self._schemes.setdefault(scheme, {})
        if authority is _ALL:
            held = next((other for other in inside if other != api), api)
        else:
            whole = self._authorities.get((scheme, _ALL), api)
            held = self._authorities.get((scheme, authority), whole)
        if held == api:
            self._authorities[scheme, authority] = api
            inside[api] = None
        return held


def _place(address: Template) -> tuple[str, str | None]:
    """Scheme and authority, `_ALL` where no whole one stands before the first variable. RFC 3986 section 6.2.2: case
    and needless percent-encoding make no other scheme or authority."""
    first = address.parts[0]
    assert isinstance(first, str)  # an address begins with its scheme
    scheme, _, rest = unquote(first).lower().partition(":")
    authority, *path = re.split("[/?#]", rest.removeprefix("//"), maxsplit=1)
    follows = address.parts[1] if len(address.parts) > 1 else None
    whole = bool(path) or not isinstance(follows, Expression) or follows.operator.first in _ENDS
    return scheme, authority if whole and rest.startswith("//") else _ALL
