"""What is wrong with a configuration, in words for the person who wrote it. All of it is reported at once."""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias

KeyPath: TypeAlias = tuple[str | int, ...]
"""Keys and list positions from the root of the configuration to a value."""

_PLAIN_KEY = re.compile(r"[A-Za-z0-9_-]+")


@dataclass(frozen=True, slots=True)
class Place:
    """Lines and columns count from 1; `file` may also be the command line or an environment variable, with line 0."""

    file: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}" if self.line else self.file


@dataclass(frozen=True, slots=True)
class Problem:
    """`path` is dotted, `message` says what is wrong, `advice` what would be right."""

    file: str
    line: int
    column: int
    path: str
    message: str
    advice: str = ""

    def __str__(self) -> str:
        place = Place(self.file, self.line, self.column)
        text = f"{place}: {self.path}: {self.message}" if self.path else f"{place}: {self.message}"
        return f"{text}; {self.advice}" if self.advice else text


class ConfigInvalid(Exception):
    """Every problem of a configuration, in the order of the file. Nothing was loaded."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(problems, key=lambda problem: (problem.file, problem.line, problem.column)))
        super().__init__("\n".join(str(problem) for problem in self.problems))


class Unfit(ValueError):
    """A value that a key cannot take. `what` continues a sentence that begins with the value: “12” is not a duration.

    It never quotes the value itself: who reports it knows whether the value may be shown, which credentials and
    values from the environment may not.
    """

    def __init__(self, what: str, advice: str, *, quotable: bool = True) -> None:
        super().__init__(what)
        self.quotable = quotable
        self.what = what
        self.advice = advice


def problem_at(place: Place, path: KeyPath, message: str, advice: str = "") -> Problem:
    return Problem(place.file, place.line, place.column, dotted(path), message, advice)


def dotted(path: KeyPath) -> str:
    """`apis.orders.operations."GET /orders".name`, `cors.origins[0]`."""
    return "".join(_step(step) for step in path).removeprefix(".")


def _step(step: str | int) -> str:
    if isinstance(step, int):
        return f"[{step}]"
    return f".{step}" if _PLAIN_KEY.fullmatch(step) else f".{json.dumps(step, ensure_ascii=False)}"
