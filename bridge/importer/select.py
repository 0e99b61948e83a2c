"""Which operations become tools: selectors by tag, method and path, or operationId.

Callers write selectors too, for capabilities, so no number of `*` and `?` may cost more than the text's length. Only
`**` multiplies: whoever takes selectors from callers bounds how often it stands in one.
"""

import re
from collections.abc import Callable, Sequence
from functools import lru_cache

from bridge.importer.naming import snake
from bridge.model import Operation


def selected(operation: Operation, include: Sequence[str], exclude: Sequence[str]) -> bool:
    """With `include`, only what it names; `exclude` wins over it."""
    if any(matches(selector, operation) for selector in exclude):
        return False
    return not include or any(matches(selector, operation) for selector in include)


def matches(selector: str, operation: Operation) -> bool:
    """`tag:NAME`, `METHOD /path/glob`, `METHOD`, `/path/glob`, `effect:reads` (writes, destroys), or a glob for the
    operationId or the tool's name."""
    return _matcher(selector)(operation)


@lru_cache(maxsize=4096)
def _matcher(selector: str) -> Callable[[Operation], bool]:
    selector = selector.strip()
    if selector.startswith("tag:"):
        tag = _glob(selector[4:])
        return lambda operation: any(tag.fullmatch(one) for one in operation.tags)
    method, _, path = selector.rpartition(" ")
    if path.startswith("/"):
        pattern = _glob(path)
        wanted = method.strip().upper()
        return lambda operation: bool(pattern.fullmatch(operation.path)) and wanted in {"", "*", operation.method}
    if selector.startswith("effect:"):
        return lambda operation: operation.effect.value == selector[7:]
    name = re.compile(_linear(selector, "."))
    # An operationId may look like a method, `LIST`; a method that is written so is none of the others.
    return lambda operation: (
        selector == operation.method
        or bool(name.fullmatch(operation.operation_id or operation.id))
        or bool(name.fullmatch(_snake(operation.operation_id or operation.key)))
    )


_snake = lru_cache(maxsize=16_384)(snake)


def _glob(text: str) -> re.Pattern[str]:
    """`*` stays within a path segment, `**` does not, `?` is one character."""
    pieces = re.split(r"(\*\*|/)", text)
    pattern = "".join(_BETWEEN.get(piece) or _linear(piece, "[^/]") for piece in pieces)
    return re.compile(pattern.replace("/.*", "(?:/.*)?") if text.endswith("/**") else pattern)


_BETWEEN = {"**": ".*", "/": "/"}


def _linear(text: str, char: str) -> str:
    """`*` stands for any number of `char`, `?` for one. What stands between two stars is taken where it comes first and
    kept: the second star makes up for whatever a later place would have left."""
    first, *rest = (re.escape(part).replace(r"\?", char) for part in text.split("*"))
    kept = [f"(?>{char}*?{part})" for part in rest[:-1]]
    return "".join([first, *kept, *(f"{char}*{part}" for part in rest[-1:])])
