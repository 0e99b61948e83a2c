"""Rows of the report: what was measured, the target, and whether it is met. Gates are on minima, by CPU time.

CPU time is what one call costs whoever else uses the machine; wall time stands beside it, and the two part where the
machine was busy.
"""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

COLUMNS = ("what", "target", "least CPU", "median CPU", "least wall", "")
FLAT = 1.5
"""Growth of a cost that is called flat: more memory means more misses of the processor's caches, and no more."""
_VERDICTS = {True: "met", False: "MISSED", None: ""}


@dataclass(frozen=True, slots=True)
class Timing:
    """CPU time of one call, least and median over the rounds, and the least wall time; all in one unit."""

    least: float
    median: float
    wall: float

    @classmethod
    def of(cls, cpu: Sequence[float], wall: Sequence[float]) -> "Timing":
        return cls(min(cpu), statistics.median(cpu), min(wall))

    def less(self, other: "Timing") -> "Timing":
        """What it costs above another, measured in the same run."""
        return Timing(self.least - other.least, self.median - other.median, self.wall - other.wall)

    def per(self, count: int) -> "Timing":
        return Timing(self.least / count, self.median / count, self.wall / count)


@dataclass(frozen=True, slots=True)
class Row:
    what: str
    target: str = ""
    least: str = ""
    median: str = ""
    wall: str = ""
    met: bool | None = None

    @property
    def cells(self) -> tuple[str, ...]:
        return self.what, self.target, self.least, self.median, self.wall, _VERDICTS[self.met]


def timed_row(what: str, timing: Timing, unit: str = "µs", *, most: float | None = None) -> Row:
    least, median, wall = (_number(value, unit) for value in (timing.least, timing.median, timing.wall))
    met = None if most is None else timing.least <= most
    return Row(what, _target(most, unit), least, median, wall, met)


def wall_row(what: str, timing: Timing, unit: str, *, most: float) -> Row:
    """A target of wall time, for what a person waits for."""
    row = timed_row(what, timing, unit)
    return Row(what, f"{_target(most, unit)} wall", row.least, row.median, row.wall, timing.wall <= most)


def value_row(what: str, value: float, unit: str, *, most: float | None = None) -> Row:
    return Row(what, _target(most, unit), _number(value, unit), met=None if most is None else value <= most)


def count_row(what: str, count: int, *, most: int) -> Row:
    return Row(what, f"≤ {most}", f"{count:,}", met=count <= most)


def skipped(what: str, why: str) -> Row:
    return Row(f"{what}: skipped, {why}")


def _target(most: float | None, unit: str) -> str:
    return "" if most is None else f"≤ {most:g} {unit}"


def _number(value: float, unit: str) -> str:
    digits = 2 if abs(value) < 10 else 1 if abs(value) < 100 else 0
    return f"{value:,.{digits}f} {unit}"
