"""YAML 1.2 to a JSON tree: `ryaml` for speed, the exact reader for what it cannot say or should not decide.

OpenAPI 3.1, "Format": YAML 1.2, "tags MUST be limited to those allowed by the JSON Schema ruleset", keys limited to a
scalar string. Two readings are ours, so that nobody is surprised: `010` stays text (YAML 1.1 reads 8, YAML 1.2
reads 10), and merge keys (`<<`), which YAML 1.2 dropped and documents use, are merged. `ryaml` bounds how often an
alias is followed, not what it brings, so that every anchor goes to the exact reader, which counts.
"""

import re

from ryaml._ryaml import loads

from bridge.importer.budget import Budgets
from bridge.importer.yaml_events import Reader
from bridge.model import Finding, Json

_EXACT = tuple(
    re.compile(pattern)
    for pattern in (
        r"(?:(?<=[\s:\-?,\[{])|\A)(?:&\S|!)",  # anchors and tags, and some prose, which only costs time
        r"<<",  # merge keys
        r"\.(?:inf|Inf|INF|nan|NaN|NAN)\b",  # no JSON value
        r"(?<!\w)(?:0b[01]|[+-]0[xob])",  # integers to ryaml, text to YAML 1.2
        r"(?<!\w)(?:[+-]\d|0[xo])\w*[\"' ]*:",  # keys that ryaml would not give back as they are written
    )
)


def read(text: str, name: str, budgets: Budgets) -> tuple[Json, tuple[Finding, ...]]:
    """The tree and what was odd about it. Raises ImportFailed."""
    if not _needs_exact(text, budgets):
        try:
            root = loads(text)
        except ValueError:
            pass  # the exact reader either can say it or has the better error
        else:
            if _keys_to_text(root):
                return root, ()
    reader = Reader(name, budgets)
    return reader.read(text).value, tuple(reader.findings)


def _needs_exact(text: str, budgets: Budgets) -> bool:
    # Each value but the first follows one of these: a text with few of them cannot hold too many values.
    most = sum(text.count(mark) for mark in ("\n", ",", "[", "{", "- ", ": "))
    if most > budgets.nodes or any(pattern.search(text) for pattern in _EXACT):
        return True
    # ryaml scans a whole document before it looks at its depth, in the time of values × open brackets.
    return _open_brackets(text) > budgets.depth


_BRACKET = re.compile(r"[\[\]{}]")


def _open_brackets(text: str) -> int:
    """How many are open at most; those in strings and comments count too, which only costs time."""
    depth = deepest = 0
    for bracket in _BRACKET.findall(text):
        depth = depth + 1 if bracket in "[{" else max(depth - 1, 0)
        deepest = max(deepest, depth)
    return deepest


def _keys_to_text(root: Json) -> bool:
    """Rewrites integer keys in place (`200:` is the key "200"); False when a key cannot be had back as written."""
    pending = [root]
    while pending:
        container = pending.pop()
        values = container
        if isinstance(container, dict):
            if any(key.__class__ is not str for key in container) and not _rewrite_keys(container):
                return False
            values = container.values()
        elif not isinstance(container, list):
            continue
        pending += [value for value in values if value.__class__ is dict or value.__class__ is list]
    return True


def _rewrite_keys(mapping: dict[Json, Json]) -> bool:
    if any(key.__class__ is not str and key.__class__ is not int for key in mapping):
        return False
    renamed = {str(key): value for key, value in mapping.items()}
    if len(renamed) < len(mapping):
        return False
    mapping.clear()
    mapping.update(renamed)
    return True
