"""What the explanation is made of: faults, the places where they are, and the budget that ends the search for them."""

import time
from collections.abc import Mapping
from typing import NamedTuple, TypeAlias

from bridge.model import Json

MOST_STEPS = 5_000
_MOST_SECONDS = 0.25

SURFACE = 1
"""How many levels of members tell one branch of a union from another."""

Path: TypeAlias = tuple[str | int, ...]
Place: TypeAlias = tuple[Json, Path, int]
"""A value, the path to it, and how many levels of its members are looked at."""


class Fault(NamedTuple):
    """`wanted` is the keyword's value: for `required` a name, for unknown members theirs.

    Faults beyond the keywords: `false`, where a schema forbids every value; `several`, where exclusive branches fit at
    once; and `union`, where none does: it wants what its branches want, as pairs of a keyword and its value.
    """

    path: Path
    keyword: str
    wanted: Json
    value: Json
    schema: Mapping[str, Json]


class Spent(Exception):
    """The budget is: what has been found is what there is to tell."""


class Budget:
    """Steps, of some microseconds each, and a deadline for what takes longer."""

    __slots__ = ("_deadline", "steps")

    def __init__(self, steps: int = MOST_STEPS) -> None:
        self.steps = steps
        self._deadline = time.monotonic() + _MOST_SECONDS

    def spend(self, steps: int) -> None:
        """Raises Spent."""
        self.steps -= steps
        if self.steps < 0 or time.monotonic() > self._deadline:
            raise Spent
