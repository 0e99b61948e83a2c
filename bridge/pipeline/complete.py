"""Suggestions for one argument, compiled: where they come from, ready to be asked."""

from collections.abc import Callable
from dataclasses import dataclass

from bridge.model import Json


@dataclass(frozen=True, slots=True)
class Compiled:
    """Fixed `values`, or the operation `endpoint` (api, id) that lists them.

    `argument` names the one of its arguments that takes what was typed so far, "" for none; `pick` takes the
    suggestions out of its answer.
    """

    values: tuple[str, ...] = ()
    endpoint: tuple[str, str] | None = None
    argument: str = ""
    pick: Callable[[Json], list[str]] | None = None
