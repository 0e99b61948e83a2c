"""From a host and a raw path to a route and an operation: a trie over encoded segments.

The path is matched as it came: `%2F` inside a segment stays inside it. A percent-encoded character that could stand
there plain is compared as if it did; what is forwarded is never touched.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

from bridge.egress.encode.path import path_literal
from bridge.model import BadRequest, Endpoint, OperationRef, Route
from bridge.model.paths import climbs, plain, split_open, unreadable, within
from bridge.model.steps import Steps, at_once

_BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_UNENCODED = re.compile(r"[^\x21-\x7e]")
_PARAMETER = re.compile(r"\{[^{}]*\}")


@dataclass(frozen=True, slots=True)
class Match:
    """`path` is what remains below the route's prefix, raw; `endpoint` is None where no operation describes it.

    `others` are the operations on that path, with their methods, where none has the request's.
    """

    route: Route
    path: str
    endpoint: Endpoint | None
    others: tuple[tuple[str, OperationRef], ...] = ()


@dataclass(slots=True)
class _Node:
    literal: "dict[str, _Node]" = field(default_factory=dict)
    templated: "list[_Templated]" = field(default_factory=list)
    leaves: "dict[str, list[_Leaf]]" = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Templated:
    """A segment with parameters; `pattern` is None where it is one parameter, `literal` the length of its own text."""

    pattern: re.Pattern[str] | None
    literal: int
    node: _Node


@dataclass(frozen=True, slots=True)
class _Leaf:
    """`query` holds the pairs that the path key itself demands: `/x?beta=true`, or with any value `/x?q={q}`."""

    query: frozenset[tuple[str, str]]
    names: frozenset[str]
    endpoint: Endpoint


class Router:
    """Built once per runtime; `match` costs the number of segments, not of operations."""

    def __init__(self, routes: Iterable[tuple[Route, Mapping[tuple[str, str], Endpoint]]]) -> None:
        self._hosts: dict[str | None, list[tuple[Route, str, _Node]]] = {}
        at_once(self._filled(routes))

    @classmethod
    def steps(cls, routes: Iterable[tuple[Route, Mapping[tuple[str, str], Endpoint]]]) -> Steps["Router"]:
        made = cls(())
        yield from made._filled(routes)
        return made

    def _filled(self, routes: Iterable[tuple[Route, Mapping[tuple[str, str], Endpoint]]]) -> Steps[None]:
        for route, endpoints in routes:
            root = _Node()
            for endpoint in endpoints.values():
                _insert(root, endpoint)
                yield
            self._hosts.setdefault(route.host, []).append((route, plain(route.prefix), root))
        for listed in self._hosts.values():
            listed.sort(key=lambda mount: len(mount[1]), reverse=True)

    def pieces(self) -> Iterator[object]:
        """All that it is made of, each before what it holds."""
        nodes = [root for mounts in self._hosts.values() for _, _, root in mounts]
        for node in nodes:
            yield node
            nodes += node.literal.values()
            nodes += (one.node for one in node.templated)
        for node in nodes:
            yield from (leaf.endpoint for leaves in node.leaves.values() for leaf in leaves)

    def match(self, host: str, method: str, path: str, query: str) -> Match | None:
        """`path` must have passed `canonical`. None when no route leads there, or when only a server that decodes
        `%2F` too early would find one: `/b%2Fx` is no way around what is refused at `/b`."""
        spelled = plain(path)
        opened = split_open(spelled)
        for route, prefix, root in (*self._hosts.get(host, ()), *self._hosts.get(None, ())):
            if within(spelled, prefix):
                return _match(route, root, method, _below(path, prefix), query)
            if within(opened, prefix):
                return None
        return None


def _below(path: str, prefix: str) -> str:
    """What is left of a raw path behind as many segments as the prefix has."""
    return "/" + path.split("/", prefix.count("/") + 1)[-1] if path.count("/") > prefix.count("/") else "/"


def canonical(path: str) -> str:
    """Returns `path` when it can mean one thing only.

    Raises BadRequest for dot segments (plain, encoded, or behind an encoded slash), backslashes, controls, NUL and
    broken percent-encoding: forms that an upstream might read as another path than the one that was authorised.
    """
    if not path.startswith("/"):
        raise BadRequest("the request target must be a path")
    if unreadable(path) or _UNENCODED.search(path) or _BAD_ESCAPE.search(path):
        raise BadRequest("the path holds a character or escape that is not allowed")
    if any(map(climbs, path.split("/"))):
        raise BadRequest("the path holds a dot segment")
    return path


def _written(literal: str) -> str:
    """A template's own text as it stands in a request: documents write letters outside ASCII as they are."""
    return plain(path_literal(literal))


def _match(route: Route, root: _Node, method: str, path: str, query: str) -> Match:
    segments = plain(path).split("/")[1:]
    node = _walk(root, segments, 0)
    if node is None:
        return Match(route, path, None)
    endpoint = _endpoint(node, method, query)
    if endpoint is not None:
        return Match(route, path, endpoint)
    # `GET /a/{id}` is meant by `GET /a/special` where the concrete path only takes POST, or wants another query.
    others = list(_all(root, segments, 0))
    endpoint = next((found for other in others if (found := _endpoint(other, method, query))), None)
    if endpoint is not None:
        return Match(route, path, endpoint)
    leaves = ((method, leaf) for other in others for method, listed in other.leaves.items() for leaf in listed)
    return Match(route, path, None, tuple((method, leaf.endpoint.operation.ref) for method, leaf in leaves))


def _endpoint(node: _Node, method: str, query: str) -> Endpoint | None:
    leaves = node.leaves.get(method) or (node.leaves.get("GET") if method == "HEAD" else None)
    return _choose(leaves, query) if leaves else None


def _walk(node: _Node, segments: list[str], at: int) -> _Node | None:
    """OpenAPI: concrete paths are matched before their templated counterparts."""
    if at == len(segments):
        return node if node.leaves else None
    segment = segments[at]
    child = node.literal.get(segment)
    found = _walk(child, segments, at + 1) if child else None
    if found or not segment:
        return found
    for one in node.templated:
        if one.pattern is None or one.pattern.fullmatch(segment):
            found = _walk(one.node, segments, at + 1)
            if found:
                return found
    return None


def _all(node: _Node, segments: list[str], at: int) -> Iterator[_Node]:
    """Every node that the segments lead to, in the order in which `_walk` would take them."""
    if at == len(segments):
        if node.leaves:
            yield node
        return
    segment = segments[at]
    if segment in node.literal:
        yield from _all(node.literal[segment], segments, at + 1)
    for one in node.templated if segment else ():
        if one.pattern is None or one.pattern.fullmatch(segment):
            yield from _all(one.node, segments, at + 1)


def _choose(leaves: "list[_Leaf]", query: str) -> Endpoint | None:
    if len(leaves) == 1 and not leaves[0].query:
        return leaves[0].endpoint
    pairs = frozenset(parse_qsl(query, keep_blank_values=True))
    names = frozenset(name for name, _ in pairs)
    return next((leaf.endpoint for leaf in leaves if leaf.query <= pairs and leaf.names <= names), None)


def _insert(root: _Node, endpoint: Endpoint) -> None:
    path, _, rest = endpoint.operation.path.partition("?")
    pairs = parse_qsl(rest.partition("#")[0], keep_blank_values=True)
    query = frozenset(pair for pair in pairs if "{" not in pair[1])
    names = frozenset(name for name, value in pairs if "{" in value)
    node = root
    for segment in path.partition("#")[0].split("/")[1:]:
        node = _child(node, segment)
    leaves = node.leaves.setdefault(endpoint.operation.method, [])
    leaves.append(_Leaf(query, names, endpoint))
    # A fragment (`/files/{id}#add_link`) describes one path twice and is in no request: the plain key is meant.
    leaves.sort(
        key=lambda leaf: (len(leaf.query), len(leaf.names), "#" not in leaf.endpoint.operation.path), reverse=True
    )


def _child(node: _Node, segment: str) -> _Node:
    if "{" not in segment:
        return node.literal.setdefault(_written(segment), _Node())
    literals = [_written(literal) for literal in _PARAMETER.split(segment)]
    pattern = None if literals == ["", ""] else _pattern(literals)
    for known in node.templated:
        if known.pattern == pattern:
            return known.node
    made = _Templated(pattern, sum(map(len, literals)), _Node())
    node.templated.append(made)
    # The more literal text a template has, the more concrete it is: `{a}.json` before `{a}-{b}`; the bare one last.
    node.templated.sort(key=lambda one: (one.pattern is not None, one.literal), reverse=True)
    return made.node


def _pattern(literals: list[str]) -> re.Pattern[str]:
    """Each parameter takes as little as it may and keeps it, so that no text costs more than its length: what is left
    for the next one could only be less. The last one takes all but the text behind it."""
    first, *rest = map(re.escape, literals)
    slots = [f"(?>.+?{literal})" for literal in rest[:-1]] + [f".+{literal}" for literal in rest[-1:]]
    return re.compile("".join([first, *slots]))
