"""From converted schemas that refer to components to one self-contained schema with local `$defs`.

What is used once, or is smaller than a reference to it, is written in place; what recurs or repeats stays a definition.
A component used once is never inside a cycle that it could unroll: whoever enters a cycle is referred to twice.
"""

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from os.path import commonprefix

import orjson

from bridge.importer.hidden import Mode
from bridge.importer.keywords import NAMED, ONE, SEVERAL
from bridge.importer.schema import Component, Schemas, uses
from bridge.importer.text import shorten
from bridge.model import Json

SMALL = 80
"""Bytes up to which a definition costs more than what it would save."""
DEEPEST = 40
"""Levels below which nothing more is written in place, so that no chain of single uses nests without end."""


@dataclass(frozen=True, slots=True)
class Prose:
    """How long descriptions may be: `top` characters for an argument, `nested` below; 0 leaves them out."""

    top: int
    nested: int

    def most(self, depth: int) -> int:
        return self.top if depth <= 1 else self.nested


def assemble(schema: dict[str, Json], schemas: Schemas, mode: Mode, prose: Prose) -> dict[str, Json]:
    """Resolves every component key in `schema`; the result refers to nothing but its own `$defs`."""
    counts = _closure(uses(schema), schemas, mode)
    kept = {key for key, count in counts.items() if not _inline(schemas.component(key, mode), count)}
    writer = _Writer(schemas, mode, _names(kept, schemas, mode), prose)
    out = writer.object(schema, 0)
    definitions: dict[str, Json] = {}
    while writer.wanted:
        key = writer.wanted.pop()
        definitions[writer.names[key]] = writer.definition(key)
    if mode is Mode.INPUT:
        schemas.charge(len(orjson.dumps(out)))
    if definitions:
        out["$defs"] = dict(sorted(definitions.items())) | out.get("$defs", {})
    return out


def weight(schema: dict[str, Json], schemas: Schemas, mode: Mode) -> int:
    """Bytes of the schema with everything it refers to, each once: what `assemble` would make of it, roughly."""
    counts = _closure(uses(schema), schemas, mode)
    return len(orjson.dumps(schema)) + sum(schemas.component(key, mode).size for key in counts)


def _closure(start: Iterable[str], schemas: Schemas, mode: Mode) -> Counter[str]:
    """How often each reachable component is referred to."""
    counts: Counter[str] = Counter()
    waiting = list(start)
    while waiting:
        key = waiting.pop()
        counts[key] += 1
        if counts[key] == 1:
            waiting.extend(schemas.component(key, mode).uses)
    return counts


def _inline(component: Component, count: int) -> bool:
    return count == 1 or (component.size <= SMALL and not component.uses)


def _names(keys: set[str], schemas: Schemas, mode: Mode) -> dict[str, str]:
    """Component names, with a hash of the place where two components share one."""
    plain = {key: re.sub(r"[^A-Za-z0-9_.-]", "_", schemas.component(key, mode).name)[:64] or "schema" for key in keys}
    shared = Counter(plain.values())
    return {key: name if shared[name] == 1 else f"{name[:57]}_{_place(key, plain)}" for key, name in plain.items()}


def _place(key: str, plain: Mapping[str, str]) -> str:
    """A hash of where a component stands among those of its name: the same wherever the documents themselves stand."""
    rivals = [other for other, name in plain.items() if name == plain[key]]
    differs = len(commonprefix(rivals))  # noqa: RUF071 - any character may be where two URIs part
    return hashlib.sha256(key[differs:].encode()).hexdigest()[:6]


class _Writer:
    """One assembly: `wanted` collects the definitions that were referred to and are still to be written."""

    def __init__(self, schemas: Schemas, mode: Mode, names: dict[str, str], prose: Prose) -> None:
        self.names = names
        self.wanted: list[str] = []
        self._asked: set[str] = set()
        self._schemas = schemas
        self._mode = mode
        self._prose = prose
        self._given = set(names.values())
        self._level = 0
        self._referred: list[str] = []

    def definition(self, key: str) -> Json:
        """The same object wherever it would say the same: most tools of a document share most of their definitions."""
        same = (key, self._mode, self._prose, self._spelling(key))
        known = self._schemas.written.get(same)
        if known is None:
            before = len(self.names)
            self._referred = []
            schema = self.schema(self._schemas.component(key, self._mode).schema, 1)
            known = schema, tuple(dict.fromkeys(self._referred))
            if self._mode is Mode.INPUT:
                self._schemas.charge(len(orjson.dumps(schema)))
                if len(self.names) == before:  # else names were made for this tool alone
                    self._schemas.written[same] = known
        for referred in known[1]:
            self._want(referred)
        return known[0]

    def _spelling(self, key: str) -> tuple[str, ...]:
        """What a definition depends on besides itself: the names it refers to, and what it writes in place ("")."""
        found: list[str] = []
        waiting = list(self._schemas.component(key, self._mode).uses)
        while waiting:
            used = waiting.pop()
            name = self.names.get(used, "")
            found.append(name)
            if not name:
                waiting.extend(self._schemas.component(used, self._mode).uses)
        return tuple(found)

    def schema(self, value: Json, depth: int) -> Json:
        return self.object(value, depth) if isinstance(value, dict) else value

    def object(self, value: dict[str, Json], depth: int) -> dict[str, Json]:
        if "$ref" in value:
            return self._reference(value, depth)
        self._level += 1
        out = self._inside(value, depth)
        self._level -= 1
        return out

    def _inside(self, value: dict[str, Json], depth: int) -> dict[str, Json]:
        out: dict[str, Json] = {}
        for keyword, child in value.items():
            if keyword == "description":
                short = shorten(child, most) if (most := self._prose.most(depth)) else ""
                if short:
                    out[keyword] = short
            elif keyword in ONE or keyword == "items":
                out[keyword] = self.schema(child, depth + 1)
            elif keyword in SEVERAL:
                out[keyword] = [self.schema(item, depth + 1) for item in child]
            elif keyword in NAMED:
                out[keyword] = {name: self.schema(item, depth + 1) for name, item in child.items()}
            else:
                out[keyword] = child
        return out

    def _reference(self, value: dict[str, Json], depth: int) -> dict[str, Json]:
        key = value["$ref"]
        beside = self.object({k: v for k, v in value.items() if k != "$ref"}, depth)
        if key in self.names or self._level >= DEEPEST:
            return {"$ref": f"#/$defs/{self._want(key)}"} | beside
        return _beside(self.schema(self._schemas.component(key, self._mode).schema, depth), beside)

    def _want(self, key: str) -> str:
        self._referred.append(key)
        name = self.names.get(key)
        if name is None:
            name = f"nested_{len(self.names)}"  # definitions are met in the same order on every import
            while name in self._given:
                name += "_"
            self.names[key] = name
            self._given.add(name)
        if key not in self._asked:
            self._asked.add(key)
            self.wanted.append(key)
        return name


def _beside(inside: Json, beside: dict[str, Json]) -> dict[str, Json]:
    """A schema written in place of its reference, together with the keywords that stood beside the reference."""
    if not isinstance(inside, dict):
        return beside if inside is True else {"not": {}}
    if all(keyword == "description" or keyword not in inside for keyword in beside):
        return inside | beside
    return {"allOf": [inside, beside]}
