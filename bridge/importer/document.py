"""A document as it was read, and the one walk over it that counts what it holds."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from bridge.importer.budget import Budgets
from bridge.model import Finding, Json, Severity


@dataclass(frozen=True, slots=True)
class Document:
    uri: str
    """An absolute path without symbolic links, or a URL: what `$ref`s are relative to."""
    name: str
    """As its user wrote it, a URL without user name, password and query: it stands in findings."""
    root: Json
    """Plain dict, list, str, int, float, bool and None; every mapping key is a str."""
    text: str
    digest: str
    """SHA-256 of the bytes, in hexadecimal."""
    findings: tuple[Finding, ...]
    is_yaml: bool
    has_anchors: bool = False
    """Whether any object has a string under `$id`, `$anchor` or `$dynamicAnchor`."""
    references: int = 0
    """Objects with a string under `$ref`."""
    nodes: int = 0


@dataclass(frozen=True, slots=True)
class Census:
    """What a tree holds. `keys` are the members of all objects, each name counted once in its object."""

    nodes: int
    depth: int
    keys: int
    references: int
    has_anchors: bool


def census(root: Json, budgets: Budgets) -> Census:
    """One walk, level by level, so that no nesting can exhaust the stack; it ends once depth or nodes are exceeded."""
    level = [root] if isinstance(root, dict | list) else []
    nodes, keys, references, depth = 1, 0, 0, 0
    has_anchors = False
    while level and depth <= budgets.depth and nodes <= budgets.nodes:
        depth += 1
        below: list[Json] = []
        for container in level:
            nodes += len(container)
            values: Iterable[Json] = container
            if container.__class__ is dict:
                keys += len(container)
                references += "$ref" in container and container["$ref"].__class__ is str
                has_anchors = has_anchors or _is_anchored(container)
                values = container.values()
            below += [value for value in values if value.__class__ is dict or value.__class__ is list]
        level = below
    return Census(nodes, depth, keys, references, has_anchors)


def _is_anchored(mapping: Mapping[str, Json]) -> bool:
    if "$id" in mapping or "$anchor" in mapping or "$dynamicAnchor" in mapping:
        return any(isinstance(mapping.get(key), str) for key in ("$id", "$anchor", "$dynamicAnchor"))
    return False


def pointer(path: Iterable[str | int]) -> str:
    """RFC 6901 section 3: `~` is written `~0` and `/` is written `~1`."""
    return "".join(f"/{str(token).replace('~', '~0').replace('/', '~1')}" for token in path)


def tokens(path: str) -> list[str]:
    """The tokens of a JSON pointer, unescaped. RFC 6901 section 4: first `~1`, then `~0`."""
    return [token.replace("~1", "/").replace("~0", "~") for token in path.split("/")[1:]]


MOST_REPEATED = 100
"""Findings about repeated keys in one document: beyond them a document is broken in some other way."""


def repeated_key(name: str, where: str, line: int, before: int) -> Finding:
    return Finding(
        id="duplicate-key",
        severity=Severity.WARNING,
        where=where,
        message=f"this key is given twice in one object, first on line {before}: the last one counts",
        lost=f"the value on line {before}",
        advice="remove one of the two",
        line=line,
        source=name,
    )
