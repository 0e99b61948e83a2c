"""What a condition (a CEL expression) may speak of, and what it may cost to judge one."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from bridge.model.json import Json

Facts: TypeAlias = Mapping[str, Json]
"""`args`, `principal` and `operation`, each an object."""
Holds: TypeAlias = Callable[[Facts], bool]
"""Whether a condition holds. Raises ValueError where it cannot be judged: an argument is missing, of another type."""

FACTS = ("args", "operation", "principal")
LONGEST = 4_096
"""Characters of an expression."""

STEPS = 500_000
"""What one judgement may take at most, in operations of a tenth of a microsecond, or of three where they are many."""

_CALLED = r"(?=\s*(?:\(|//))"
_LOOPS = re.compile(r"\b(?:all|exists|exists_one|existsOne)\b" + _CALLED)
_BUILDERS = re.compile(r"\b(?:map|filter|optMap|optFlatMap)\b" + _CALLED)
"""The library copies what they have gathered at each element, so they count twice."""
_MOST_NESTED = 16
_OPERATION = 16
"""Characters that one operation takes to write, less rather than more."""

# CEL's macros bind a name of the writer's own: `args.tags.all(tag, tag != "x")`.
_BOUND = re.compile(r"\.(?:all|exists|exists_one|map|filter)\(\s*([A-Za-z_][A-Za-z0-9_]*)\s*,")


def unknown_names(expression: str, variables: Iterable[str]) -> list[str]:
    """Those of the expression's variables that stand for nothing."""
    return sorted({*variables} - {*FACTS} - {*_BOUND.findall(expression)})


@dataclass(frozen=True, slots=True)
class Effort:
    """What judging an expression takes at most, read off its text: each macro may stand in all others, and go through
    whatever the facts hold, the expression lists, or it puts together with `+`."""

    nested: int
    """How many lists inside one another it may go through."""
    joins: int
    listed: int
    operations: int

    @staticmethod
    def of(expression: str) -> "Effort":
        nested = len(_LOOPS.findall(expression)) + 2 * len(_BUILDERS.findall(expression))
        listed = expression.count(",") + 1
        return Effort(min(nested, _MOST_NESTED), expression.count("+") + 1, listed, len(expression) // _OPERATION + 1)

    def fits(self, size: int) -> bool:
        """Whether it is little enough with facts of this size, as `size_of` has it."""
        longest = size * self.joins + self.listed
        steps: int = longest ** max(self.nested, 1) * self.joins * self.operations
        return steps <= STEPS


def size_of(facts: Json) -> int:
    """Members, elements, and every 64 characters of texts; counting ends beyond `STEPS`."""
    size, left = 0, [facts]
    while left and size <= STEPS:
        value = left.pop()
        size += 1
        if isinstance(value, str):
            size += len(value) >> 6
        elif isinstance(value, Mapping):
            size += sum(1 + (len(name) >> 6) for name in value)
            left.extend(value.values())
        elif isinstance(value, list | tuple):
            left.extend(value)
    return size
