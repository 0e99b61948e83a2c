"""What stands in the slots of a path: the template read backwards, in time that is linear in the path's length."""

import re
from collections.abc import Callable, Mapping

from bridge.egress.encode.path import split_key

_SLOT = re.compile(r"\{([^{}]*)\}")


def compile_slots(key: str) -> Callable[[str], Mapping[str, str]]:
    """Raw texts by the slot's name. A slot that cannot be told apart is left out: the router has matched the path."""
    segments = [_SLOT.split(part) for part in split_key(key)[0].split("/")]

    def slots(path: str) -> Mapping[str, str]:
        parts = path.split("/")
        found: dict[str, str] = {}
        if len(parts) == len(segments):
            for template, text in zip(segments, parts, strict=True):
                found |= _filled(template, text)
        return found

    return slots


def _filled(template: list[str], text: str) -> dict[str, str]:
    """`re.split` with one group puts literals at even places and names at odd ones."""
    if len(template) == 1:
        return {}
    first, last = template[0], template[-1]
    if not text.startswith(first) or not text.endswith(last) or len(text) < len(first) + len(last):
        return {}
    rest = text[len(first) : len(text) - len(last)]
    found: dict[str, str] = {}
    for name, literal in zip(template[1:-2:2], template[2:-1:2], strict=True):
        # A slot holds at least one character, and ends where its literal first comes after that.
        end = rest.find(literal, 1) if literal else 1
        if end < 0:
            return {}
        found[name], rest = rest[:end], rest[end + len(literal) :]
    return found | {template[-2]: rest}
