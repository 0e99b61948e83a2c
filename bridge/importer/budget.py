"""What one import may cost at most, and the two errors that end one.

A document is input from a stranger: every loop that reads one counts against a budget, and a budget that runs out is an
error with its name and its limit, never a slow or a dead process.
"""

import time
from dataclasses import dataclass, field


class ImportFailed(Exception):
    """A document that cannot be imported at all. `line` and `column` are 1-based, 0 when the place is unknown."""

    def __init__(self, source: str, message: str, line: int = 0, column: int = 0) -> None:
        super().__init__(source, message, line, column)
        self.source = source
        self.message = message
        self.line = line
        self.column = column

    def __str__(self) -> str:
        place = f"{self.source}:{self.line}:{self.column}" if self.line else self.source
        return f"{place}: {self.message}"


class Unreachable(ImportFailed):
    """The document's URL did not answer with a document."""


class BudgetExceeded(ImportFailed):
    """The document costs more than its budget; `budget` is the field of `Budgets` that ran out."""

    def __init__(self, source: str, budget: str, limit: float, line: int = 0, column: int = 0) -> None:
        super().__init__(source, f"{_EXCEEDED[budget]} {limit:,} (budget {budget!r})", line, column)
        self.budget = budget
        self.limit = limit


_EXCEEDED = {
    "bytes": "the documents are larger in bytes than",
    "depth": "objects and arrays are nested deeper than",
    "nodes": "with its aliases expanded the document holds more values than",
    "aliases": "its YAML aliases bring more values than",
    "references": "the document holds more references than",
    "all_of": "the document holds more expanded `allOf` members than",
    "seconds": "the import takes more seconds than",
    "files": "the document refers to more files than",
    "schemas": "the input schemas of its operations take more bytes than",
}


@dataclass(frozen=True, slots=True)
class Budgets:
    """The limits of one import: of its root document together with every document that it refers to."""

    bytes: int = 64 << 20
    """All documents together. The largest public document known is 13 MB."""
    depth: int = 128
    """Objects and arrays inside each other. Real documents need 23; 128 leaves Python's stack of 1000 frames seven for
    each level, and is where the YAML reader's own guard stands, so that both formats end at the same depth."""
    nodes: int = 5_000_000
    """Objects, arrays and scalars, YAML aliases expanded. The largest public document known has 258 000."""
    aliases: int = 500_000
    """Values that YAML aliases bring; the text that they bring counts against `bytes`."""
    references: int = 500_000
    """`$ref`s resolved."""
    all_of: int = 500_000
    """Members of `allOf`, after expansion."""
    seconds: float = 60.0
    """By the wall clock."""
    files: int = 500
    """Documents, the root included."""
    schemas: int = 64 << 20
    """Bytes of all input schemas together, a definition that several share counted once: in memory a byte of schema is
    some ten. The largest public document known, of 22 000 operations, takes 29 MB."""


@dataclass(frozen=True, slots=True)
class Deadline:
    """The `seconds` of an import, running since this was made."""

    budgets: Budgets
    source: str
    _ends: float = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_ends", time.monotonic() + self.budgets.seconds)

    def check(self) -> None:
        """Raises BudgetExceeded once the time is up."""
        if time.monotonic() > self._ends:
            raise BudgetExceeded(self.source, "seconds", self.budgets.seconds)
