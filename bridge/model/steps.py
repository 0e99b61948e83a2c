"""Long work as steps: done at once where nobody waits for it, in slices where calls are served beside it."""

from collections.abc import Generator
from typing import TypeAlias, TypeVar

T = TypeVar("T")

Steps: TypeAlias = Generator[None, None, T]
"""Yields wherever the work may be interrupted, each time after a fraction of a millisecond, and returns its result."""


def at_once(steps: Steps[T]) -> T:
    while True:
        try:
            next(steps)
        except StopIteration as end:
            result: T = end.value
            return result
