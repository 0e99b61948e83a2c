"""What ends a command: told on stderr for people and, with `-o json`, on stdout for programs, in one place."""

import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import wraps
from typing import NoReturn, ParamSpec, TypeAlias

from bridge.app import StartFailed
from bridge.cli.output import Format, complain, print_json
from bridge.compile import NothingLoaded
from bridge.config import ConfigInvalid, Problem
from bridge.importer import ImportFailed, Unreachable
from bridge.model import Json

P = ParamSpec("P")


@dataclass(frozen=True, slots=True)
class Fault:
    """`source` is a file, URL or the like, `path` a key in it; lines and columns count from 1, 0 where unknown."""

    message: str
    source: str = ""
    line: int = 0
    column: int = 0
    path: str = ""
    advice: str = ""

    def __str__(self) -> str:
        place = f"{self.source}:{self.line}:{self.column}" if self.line else self.source
        text = ": ".join(part for part in (place, self.path, self.message) if part)
        return f"{text}; {self.advice}" if self.advice else text


class Failed(Exception):
    """A command cannot do what it was asked; `code` is the exit code of its process."""

    def __init__(self, code: int, *faults: Fault) -> None:
        super().__init__(code, *faults)
        self.code = code
        self.faults = faults


def fail(code: int, *faults: str | Fault) -> NoReturn:
    raise Failed(code, *(Fault(fault) if isinstance(fault, str) else fault for fault in faults))


Shape: TypeAlias = Callable[[Exception, Sequence[Fault]], Json]
"""What a command prints with `-o json` when it cannot do what it was asked."""


def errors(error: Exception, faults: Sequence[Fault]) -> Json:
    """`{"errors": […]}`, the shape of every command that does not have one of its own."""
    return {"errors": [asdict(fault) for fault in faults]}


def telling(command: Callable[P, None], shape: Shape = errors) -> Callable[P, None]:
    """The command, its failures told and turned into an exit code."""

    @wraps(command)
    def told(*arguments: P.args, **options: P.kwargs) -> None:
        try:
            command(*arguments, **options)
        except (ConfigInvalid, NothingLoaded, ImportFailed, StartFailed, Failed) as error:
            code, faults = _failure(error)
            if options.get("output") is Format.JSON:
                print_json(shape(error, faults))
            complain(*map(str, faults))
            sys.exit(code)

    return told


def _failure(error: Exception) -> tuple[int, tuple[Fault, ...]]:
    """The exit code, and what is wrong."""
    match error:
        case Failed():
            return error.code, error.faults
        case ConfigInvalid():
            return 3, tuple(map(_problem, error.problems))
        case NothingLoaded():
            unreachable = any(isinstance(one, Unreachable) for one in error.errors)
            return 4 if unreachable else 3, tuple(map(_unread, error.errors))
        case ImportFailed():
            return 3, (_unread(error),)
        case _:
            return 4, tuple(map(Fault, str(error).splitlines()))


def _problem(one: Problem) -> Fault:
    return Fault(one.message, one.file, one.line, one.column, one.path, one.advice)


def _unread(error: ImportFailed) -> Fault:
    return Fault(error.message, error.source, error.line, error.column)
