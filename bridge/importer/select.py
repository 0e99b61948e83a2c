"""Which operations become tools: selectors by tag, method and path, or operationId."""

import re
from collections.abc import Callable, Sequence
from functools import cache

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


@cache
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
    name = re.compile(re.escape(selector).replace(r"\*", ".*").replace(r"\?", "."))
    # An operationId may look like a method, `LIST`; a method that is written so is none of the others.
    return lambda operation: (
        selector == operation.method
        or bool(name.fullmatch(operation.operation_id or operation.id))
        or bool(name.fullmatch(snake(operation.operation_id or operation.key)))
    )


def _glob(text: str) -> re.Pattern[str]:
    """`*` stays within a path segment, `**` does not, `?` is one character."""
    pattern = re.escape(text).replace(r"\*\*", ".*").replace(r"\*", "[^/]*").replace(r"\?", "[^/]")
    return re.compile(pattern.replace("/.*", "(?:/.*)?") if text.endswith("/**") else pattern)
