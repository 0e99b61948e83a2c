"""What the schema finds wrong, in plain words: which value, what is wrong with it, what would be right."""

import difflib
from collections.abc import Callable, Mapping
from typing import NamedTuple, TypeAlias

from pydantic_core import ErrorDetails

from bridge.config.problems import KeyPath, Unfit
from bridge.config.reference import homes_of, known_at
from bridge.config.tree import Tree

_OF_A_KEY = "[key]"
"""pydantic's mark for an error in a mapping's key."""


class Said(NamedTuple):
    path: KeyPath
    message: str
    advice: str
    key: bool = False
    """It is about the key, so that is where it points."""


def say(error: ErrorDetails, tree: Tree) -> Said:
    return _WORDS.get(error["type"], _other)(error, tree)


def subject(error: ErrorDetails) -> KeyPath:
    return tuple(step for step in error["loc"] if step != _OF_A_KEY)


def _location(error: ErrorDetails, tree: Tree) -> KeyPath:
    """Of a value that somebody wrote: `100` under `limits.requests` stands there for its `rate`."""
    path = subject(error)
    while path and tree.get(path) is None:
        path = path[:-1]
    return path


def _missing(error: ErrorDetails, tree: Tree) -> Said:
    *around, name = error["loc"]
    return Said(tuple(around), f"has no {name}", f"add the key {name}")


def _unknown(error: ErrorDetails, tree: Tree) -> Said:
    path = _location(error, tree)
    name, known = str(path[-1]), known_at(path[:-1])
    close = difflib.get_close_matches(name, known, 1)
    homes = homes_of(name)
    if close:
        advice = f"did you mean {close[0]}?"
    elif homes:
        advice = f"it belongs under {' or '.join(home.rpartition('.')[0] or 'the top level' for home in homes)}"
    else:
        advice = f"known here: {', '.join(known)}"
    return Said(path, "is not a known key", advice, key=True)


def _unfit(error: ErrorDetails, tree: Tree) -> Said:
    path, unfit = _location(error, tree), error["ctx"]["error"]
    if not isinstance(unfit, Unfit):
        return _other(error, tree)
    if error["loc"][-1] == _OF_A_KEY:
        return Said(path, f"“{path[-1]}” {unfit.what}", unfit.advice, key=True)
    shown = tree.shown(path) if unfit.quotable else "the value"
    return Said(path, f"{shown} {unfit.what}", unfit.advice)


def _choice(error: ErrorDetails, tree: Tree) -> Said:
    path = _location(error, tree)
    choices = [choice.strip(" '") for choice in error["ctx"]["expected"].replace(" or ", ",").split(",")]
    given = tree.get(path)
    # YAML 1.1 took `off`, `no` and `false` for the same, and hands still do.
    meant = "off" if given in ("no", "No", "false", "False", False) and "off" in choices else None
    close = [meant] if meant else difflib.get_close_matches(str(given).lower(), choices, 1)
    advice = f"did you mean {close[0]}?" if close else "write one of them"
    return Said(path, f"{tree.shown(path)} is none of {', '.join(choices)}", advice)


def _no_section(error: ErrorDetails, tree: Tree) -> Said:
    path = _location(error, tree)
    known = known_at(path)
    if isinstance(tree.get(path), str) and path in (("admin",), ("health",)):
        return Said(path, f"{tree.shown(path)} is neither off nor a section", f"write off, or keys: {', '.join(known)}")
    return Said(path, f"{_kind(tree, path)} where keys are expected", f"write keys: {', '.join(known)}")


def _no_mapping(error: ErrorDetails, tree: Tree) -> Said:
    path = _location(error, tree)
    return Said(path, f"{_kind(tree, path)} where names with values are expected", "write `name: value` lines")


def _no_list(error: ErrorDetails, tree: Tree) -> Said:
    path = _location(error, tree)
    return Said(path, f"{_kind(tree, path)} where a list is expected", "write it in brackets, as in [a, b]")


def _other(error: ErrorDetails, tree: Tree) -> Said:
    path = _location(error, tree)
    return Said(path, f"{tree.shown(path)} cannot be used here", "see the reference for what this key takes")


def _kind(tree: Tree, path: KeyPath) -> str:
    """Never the text itself, which may be a header with its credential."""
    value = tree.get(path)
    if isinstance(value, Mapping):
        return "is a section"
    return "is a list" if isinstance(value, list) else "is one value"


_Word: TypeAlias = Callable[[ErrorDetails, Tree], Said]

_WORDS: dict[str, _Word] = {
    "missing": _missing,
    "extra_forbidden": _unknown,
    "value_error": _unfit,
    "enum": _choice,
    "model_type": _no_section,
    "mapping_type": _no_mapping,
    "dict_type": _no_mapping,
    "tuple_type": _no_list,
}
