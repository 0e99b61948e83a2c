"""Conditions: CEL expressions over what is known of a call, compiled once.

CEL has neither loops without end nor a way out of its facts. Its macros nest, though, so what a judgement takes is
estimated first. It coerces nothing: where an argument is missing, or of another type than the expression compares it
with, or where there are too many, it cannot be judged, which is nobody's permission and everybody's denial.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace

import cel

from bridge.model import Facts, Holds, Json
from bridge.model.conditions import FACTS, LONGEST, Effort, size_of, unknown_names


class Unjudged(ValueError):
    """The facts do not fit the condition."""


_FOR_GRANTS = re.compile(r"\b(?:matches|map|filter|optMap|optFlatMap)\b")


def compile_callers(text: str) -> Holds:
    """One that a caller wrote, as `compile_condition`: patterns take long to compile, and lists to build, so there are
    none, and inside a list whole lists may be compared."""
    if found := _FOR_GRANTS.search(text):
        raise ValueError(f"{found[0]} is for grants alone: use all, exists, startsWith, endsWith, contains or in")
    effort = Effort.of(text)
    return compile_condition(text, replace(effort, nested=effort.nested + 1) if effort.nested else effort)


def compile_condition(text: str, effort: Effort | None = None) -> Holds:
    """Raises ValueError, whose message is for whoever wrote the expression. `effort` is the text's own by default."""
    if len(text) > LONGEST:
        raise ValueError(f"has more than {LONGEST:,} characters")
    program = cel.compile(text)
    strange = unknown_names(text, program.variables())
    if strange:
        raise ValueError(f"speaks of {strange[0][:50]!r}; there are args, principal and operation")
    execute, takes, wanted = program.execute, effort or Effort.of(text), _wanted(text, program.variables())
    if not takes.fits(0):
        raise ValueError("may take too long: nest fewer of all, exists, exists_one, map and filter")

    def holds(facts: Facts) -> bool:
        seen = _seen(facts, wanted)
        if not takes.fits(size_of(seen)):
            raise Unjudged("there is too much to look at")
        try:
            verdict = execute(seen)
        except Exception as error:
            # The library raises whatever Python has for it: KeyError, TypeError, ValueError, RuntimeError.
            raise Unjudged(f"{type(error).__name__}: {error}"[:300]) from error
        if verdict is not True and verdict is not False:
            raise Unjudged("the condition is neither true nor false")
        return verdict

    return holds


def _wanted(text: str, variables: Iterable[str]) -> dict[str, frozenset[str] | None]:
    """The members of each fact that the expression can see; None for all, where it is not only asked for members.

    Handing over what nobody looks at takes more time than judging.
    """
    wanted: dict[str, frozenset[str] | None] = {}
    for name in set(variables) & {*FACTS}:
        members = re.findall(rf"\b{name}\s*\.\s*([A-Za-z_][A-Za-z0-9_]*)", text)
        wanted[name] = frozenset(members) if len(members) == len(re.findall(rf"\b{name}\b", text)) else None
    return wanted


def _seen(facts: Facts, wanted: Mapping[str, frozenset[str] | None]) -> dict[str, Json]:
    return {
        name: facts[name] if members is None else {one: facts[name][one] for one in members if one in facts[name]}
        for name, members in wanted.items()
        if name in facts
    }
