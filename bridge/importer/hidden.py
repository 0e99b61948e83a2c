"""Which properties do not travel: readOnly ones into an input, writeOnly ones out of an answer.

The flag may stand on the property, behind its reference, or on a member of its `allOf`; and whoever requires such a
property, in another member of the `allOf` that describes it, must not.
"""

from collections.abc import Iterator
from enum import StrEnum

from bridge.importer.refs import At, Dangling, Refs


class Mode(StrEnum):
    """INPUT leaves readOnly properties out, OUTPUT writeOnly ones (OpenAPI: Schema Object, readOnly)."""

    INPUT = "input"
    OUTPUT = "output"


HIDDEN_BY = {Mode.INPUT: "readOnly", Mode.OUTPUT: "writeOnly"}
_NOTHING: frozenset[str] = frozenset()


class Hidden:
    """Remembers what it found out about each schema."""

    def __init__(self, refs: Refs) -> None:
        self._refs = refs
        self._known: dict[tuple[str, Mode], frozenset[str]] = {}

    def holds(self, at: At, mode: Mode) -> bool:
        """Whether a property's schema, or what it refers to, is left out in this direction."""
        flag = HIDDEN_BY[mode]
        if isinstance(at.value, dict) and at.value.get(flag) is True:
            return True
        try:
            value = self._refs.follow(at).value
        except Dangling:
            return False
        if not isinstance(value, dict):
            return False
        parts = value.get("allOf")
        return value.get(flag) is True or (
            isinstance(parts, list) and any(isinstance(part, dict) and part.get(flag) is True for part in parts)
        )

    def names(self, at: At, mode: Mode) -> frozenset[str]:
        """Names of the properties that this schema, or any under its `allOf`, leaves out in this direction."""
        if "properties" not in at.value and "allOf" not in at.value:
            return _NOTHING
        key = (at.key, mode)
        known = self._known.get(key)
        if known is None:
            self._known[key] = _NOTHING  # a circle of allOf adds nothing
            known = self._known[key] = frozenset(self._found(at, mode))
        return known

    def _found(self, at: At, mode: Mode) -> Iterator[str]:
        properties = at.value.get("properties")
        if isinstance(properties, dict):
            place = at.child("properties")
            yield from (name for name in properties if self.holds(place.child(name), mode))
        parts = at.value.get("allOf")
        for position in range(len(parts)) if isinstance(parts, list) else ():
            try:
                target = self._refs.follow(at.child("allOf").child(position))
            except Dangling:
                continue
            if isinstance(target.value, dict):
                yield from self.names(target, mode)
