"""JSONPath (RFC 9535) queries that end: every step costs, and a regular expression takes linear time.

The library evaluates lazily but without a bound, and `$..*..*..*` multiplies. So each of its segments is replaced,
while a query is parsed, by one that counts what goes in and what comes out. Its `match` and `search` run on Python's
backtracking engine; here they run on the one that validates arguments, which cannot backtrack.
"""

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import ClassVar

import jsonschema_rs
from jsonpath import CompoundJSONPath, JSONPath, JSONPathEnvironment, JSONPathError, JSONPathMatch
from jsonpath.function_extensions import ExpressionType, FilterFunction
from jsonpath.parse import Parser
from jsonpath.segments import JSONPathChildSegment, JSONPathRecursiveDescentSegment, JSONPathSegment
from jsonpath.stream import TokenStream

from bridge.importer.budget import BudgetExceeded, Budgets, Deadline
from bridge.model import Json

Location = tuple[str | int, ...]
"""Keys and indexes from the root."""

LONGEST = 4_096
MOST_SEGMENTS = 64
"""Each is a generator around those after it, and the interpreter dies of taking down a deep nest of them."""
_TICKS_PER_LOOK = 1024  # at the clock
_QUOTED = re.compile(r"""'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*\"""")


class BadPath(Exception):
    """Not a JSONPath query; the message says why."""


class Queries:
    """Evaluates queries; all of them together may visit `budgets.nodes` values and take `budgets.seconds`."""

    def __init__(self, source: str, budgets: Budgets) -> None:
        self._environment = _Environment(source, budgets)

    def select(self, path: str, root: Json) -> list[Location]:
        """Where the selected values are, in the order of the query, each once. Raises BadPath, BudgetExceeded."""
        return list(dict.fromkeys(match.parts for match in self._matches(self.compiled(path), path, root)))

    def compiled(self, path: str) -> CompoundJSONPath | JSONPath:
        """Raises BadPath."""
        if not path.startswith("$"):
            raise BadPath(f"{path!r} is not a JSONPath: it must begin with `$`, the root of the document")
        if len(path) > LONGEST or _segments(path) > MOST_SEGMENTS:
            most = f"{LONGEST:,} characters and {MOST_SEGMENTS} segments"
            raise BadPath(f"{path[:60]!r}… is not a JSONPath of at most {most}")
        with _translated(path):
            return self._environment.compile(path)

    def values(self, query: CompoundJSONPath | JSONPath, root: Json) -> Iterator[Json]:
        """What a compiled query selects, as far as somebody asks for it. The budgets begin anew with each call.
        Raises BadPath, BudgetExceeded."""
        self._environment.begin()
        for match in self._matches(query, str(query), root):
            yield match.obj

    def _matches(self, query: CompoundJSONPath | JSONPath, path: str, root: Json) -> Iterator[JSONPathMatch]:
        with _translated(path):
            yield from query.finditer(root)


@contextmanager
def _translated(path: str) -> Iterator[None]:
    try:
        yield
    except JSONPathError as error:
        raise BadPath(f"{path!r} is not a JSONPath: {error.args[0] if error.args else 'it cannot be read'}") from error
    except RecursionError as error:
        raise BadPath(f"{path[:60]!r}… is not a JSONPath that can be followed: it is nested too deeply") from error


def _segments(path: str) -> int:
    """How many there are at most, those in filters included."""
    plain = _QUOTED.sub("", path)
    return plain.count(".") + plain.count("[")


def value_at(root: Json, location: Location) -> Json:
    for token in location:
        root = root[token]
    return root


class _Environment(JSONPathEnvironment):
    def __init__(self, source: str, budgets: Budgets) -> None:
        self.parser_class = _Parser
        self.max_recursion_depth = budgets.depth + 1
        super().__init__(strict=True)
        self._source = source
        self._budgets = budgets
        self.begin()

    def begin(self) -> None:
        self._deadline = Deadline(self._budgets, self._source)
        self._ticks = 0

    def setup_function_extensions(self) -> None:
        super().setup_function_extensions()
        self.function_extensions["match"] = _Regex("^(?:{})$")
        self.function_extensions["search"] = _Regex("{}")

    def tick(self) -> None:
        self._ticks += 1
        if self._ticks > self._budgets.nodes:
            raise BudgetExceeded(self._source, "nodes", self._budgets.nodes)
        if self._ticks % _TICKS_PER_LOOK == 0:
            self._deadline.check()


class _Parser(Parser):
    def parse_query(self, stream: TokenStream) -> Iterable[JSONPathSegment]:
        for segment in super().parse_query(stream):
            kind = _Descendants if isinstance(segment, JSONPathRecursiveDescentSegment) else _Children
            yield kind(env=segment.env, token=segment.token, selectors=segment.selectors)


class _Children(JSONPathChildSegment):
    __slots__ = ()
    env: _Environment

    def resolve(self, nodes: Iterable[JSONPathMatch]) -> Iterable[JSONPathMatch]:
        for node in nodes:
            yield from _selected(self, node)


class _Descendants(JSONPathRecursiveDescentSegment):
    __slots__ = ()
    env: _Environment

    def resolve(self, nodes: Iterable[JSONPathMatch]) -> Iterable[JSONPathMatch]:
        for node in nodes:
            for visited in self._visit(node):
                yield from _selected(self, visited)


def _selected(segment: _Children | _Descendants, node: JSONPathMatch) -> Iterable[JSONPathMatch]:
    segment.env.tick()
    for selector in segment.selectors:
        for match in selector.resolve(node):
            segment.env.tick()
            yield match
    node.children.clear()  # the library would keep every match alive until the last one is found


class _Regex(FilterFunction):
    """RFC 9535 sections 2.4.6 and 2.4.7: an argument that is no string or no regular expression makes it false."""

    arg_types: ClassVar = [ExpressionType.VALUE, ExpressionType.VALUE]
    return_type: ClassVar = ExpressionType.LOGICAL

    def __init__(self, frame: str) -> None:
        self._frame = frame

    def __call__(self, value: object, pattern: object) -> bool:
        if not isinstance(value, str) or not isinstance(pattern, str):
            return False
        regex = _compiled(self._frame.replace("{}", pattern))
        return regex is not None and regex.is_valid(value)


@lru_cache(maxsize=64)
def _compiled(pattern: str) -> jsonschema_rs.Draft202012Validator | None:
    try:
        return jsonschema_rs.Draft202012Validator(
            {"pattern": pattern}, pattern_options=jsonschema_rs.RegexOptions(size_limit=1 << 20)
        )
    except jsonschema_rs.ValidationError:
        return None
