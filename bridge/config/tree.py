"""A configuration before it has a meaning: nested mappings, lists and texts, and the place each one came from.

A scalar is the text that was written. What it means is the schema's business, so YAML has no say in whether `no`,
`0777` or `12:30` is a boolean, a number or a time.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from bridge.config.problems import KeyPath, Place, Problem, problem_at
from bridge.model import Json

MOST_QUOTED = 80


@dataclass(slots=True)
class Tree:
    """Written by the steps of loading, one after the other, and dropped when the settings stand.

    `sealed` are values made with the help of the environment or a file: no message quotes them. `spoiled` are paths
    about which something was said already. `files` were read, or were to be, for references.
    """

    file: str
    root: Json
    places: dict[KeyPath, Place] = field(default_factory=dict)
    key_places: dict[KeyPath, Place] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    sealed: set[KeyPath] = field(default_factory=set)
    spoiled: set[KeyPath] = field(default_factory=set)
    files: set[str] = field(default_factory=set)

    def place(self, path: KeyPath, *, key: bool = False) -> Place:
        """Of the value, or of the key; failing that, of the nearest thing around it."""
        if key and path in self.key_places:
            return self.key_places[path]
        for end in range(len(path), -1, -1):
            if path[:end] in self.places:
                return self.places[path[:end]]
        return Place(self.file)

    def report(self, path: KeyPath, message: str, advice: str = "", *, key: bool = False) -> None:
        self.problems.append(problem_at(self.place(path, key=key), path, message, advice))

    def get(self, path: KeyPath) -> Json:
        """None where there is nothing."""
        value = self.root
        for step in path:
            value = _child(value, step)
        return value

    def shown(self, path: KeyPath) -> str:
        """The value as a message may quote it: not if it was filled in, nor a URL with room for a credential."""
        value = self.get(path)
        if path in self.sealed or not isinstance(value, str | int | float):
            return "the value"
        text = value if isinstance(value, str) else json.dumps(value)
        if "://" in text and ("@" in text or "?" in text):
            return "the value"
        return f"“{text}”" if len(text) <= MOST_QUOTED else f"“{text[:MOST_QUOTED]}…”"

    def put(self, path: KeyPath, value: Json, place: Place) -> None:
        """Sets a value from outside the file, making the mappings that lead to it."""
        self.root = _put(self.root, path, value)
        for known in [known for known in self.places if known[: len(path)] == path]:
            del self.places[known]
        self.places[path] = place

    def spoil(self, path: KeyPath) -> bool:
        """Leaves a value out of what follows: it is wrong, and that has been said. A list goes as a whole.

        False if there was nothing to leave out.
        """
        whole = next((path[:end] for end, step in enumerate(path) if isinstance(step, int)), path)
        self.spoiled.add(whole)
        around = self.get(whole[:-1])
        return bool(whole) and isinstance(around, dict) and around.pop(whole[-1], None) is not None

    def in_spoiled(self, path: KeyPath) -> bool:
        return any(path[:end] in self.spoiled for end in range(len(path) + 1))

    def touches_spoiled(self, path: KeyPath) -> bool:
        return self.in_spoiled(path) or any(spoiled[: len(path)] == path for spoiled in self.spoiled)


def _child(value: Json, step: str | int) -> Json:
    if isinstance(value, Mapping):
        return value.get(step)
    return value[step] if isinstance(value, list) and isinstance(step, int) and step < len(value) else None


def _put(value: Json, path: KeyPath, new: Json) -> Json:
    if not path:
        return new
    around = value if isinstance(value, Mapping) else {}
    return {**around, path[0]: _put(around.get(path[0]), path[1:], new)}
