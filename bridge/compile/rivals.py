"""Operations whose arguments can spell the path of another one: `/users/{id}` beside `/users/me`.

The upstream would carry out the other one, at the agents' door under the name and the grant of the first. So such a
call is refused; the people's door finds the other operation by itself.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from bridge.egress.encode.path import path_literal, split_key
from bridge.model import Arguments, BadArguments, Build, Endpoint, Json, Operation, Style, Where, Wire
from bridge.model.steps import Steps
from bridge.pipeline.match import Router

_ANY, _NUMBER = "{}", "{0}"
_NUMERIC = re.compile(r"-?[0-9][-+.eE0-9]*").fullmatch
_NUMBERS = ("integer", "number")
_SLOT = re.compile(r"\{[^{}]*\}")


@dataclass(slots=True)
class _Node:
    children: "dict[str, _Node]" = field(default_factory=dict)
    shapes: set[str] = field(default_factory=set)


def guarded(compiled: Mapping[tuple[str, str], Endpoint], router: Router) -> Steps[dict[tuple[str, str], Endpoint]]:
    """The same endpoints; only where there is a rival does a built request go through `router` as well."""
    roots: dict[tuple[str, str], _Node] = {}
    for one in compiled.values():
        _insert(roots.setdefault((one.operation.api, one.operation.method), _Node()), one.operation)
        yield
    made: dict[tuple[str, str], Endpoint] = {}
    for key, one in compiled.items():
        made[key] = replace(one, build=_guard(one, router)) if _has_rival(one.operation, roots) else one
        yield
    return made


def _shape(operation: Operation) -> str:
    """The path without the names of its slots: operations of one shape are told apart by nothing in a request."""
    return _SLOT.sub(_ANY, split_key(operation.path)[0])


def _insert(node: _Node, operation: Operation) -> None:
    shape = _shape(operation)
    for segment in shape.split("/"):
        node = node.children.setdefault(segment if _ANY in segment else path_literal(segment), _Node())
    node.shapes.add(shape)


def _has_rival(operation: Operation, roots: Mapping[tuple[str, str], _Node]) -> bool:
    """RFC 9110 section 9.3.2: HEAD is answered wherever GET is."""
    methods = {operation.method} | ({"GET"} if operation.method == "HEAD" else set())
    nodes = [roots[operation.api, method] for method in methods if (operation.api, method) in roots]
    segments, own = list(_segments(operation)), _shape(operation)
    return any(node.shapes - {own} for root in nodes for node in _reached(root, segments, 0, closer=False))


def _segments(operation: Operation) -> Iterator[str]:
    numbers = {
        f"{{{param.name}}}"
        for param in operation.params
        if param.where is Where.PATH and param.style is Style.SIMPLE and _is_number(param.schema)
    }
    for segment in split_key(operation.path)[0].split("/"):
        if segment in numbers:
            yield _NUMBER
        else:
            yield _SLOT.sub(_ANY, segment) if "{" in segment else path_literal(segment)


def _is_number(schema: Json) -> bool:
    return isinstance(schema, dict) and schema.get("type") in _NUMBERS


def _reached(node: _Node, segments: list[str], at: int, *, closer: bool) -> Iterator[_Node]:
    """The ends of paths that some arguments spell. Only one that is `closer`, a text where there is a slot here, wins
    over the operation's own ("concrete paths would be matched before their templated counterparts")."""
    if at == len(segments):
        if closer:
            yield node
        return
    segment = segments[at]
    slot = "{" in segment
    for name, child in node.children.items():
        if name == segment or _ANY in name or (slot and (segment != _NUMBER or _NUMERIC(name))):
            yield from _reached(child, segments, at + 1, closer=closer or (slot and name != _ANY))


def _guard(one: Endpoint, router: Router) -> Build:
    build, operation, route = one.build, one.operation, one.route
    host, prefix = route.host or "", route.prefix if route.rewrite.strip_prefix else ""
    own = _shape(operation)

    def guarded_build(arguments: Arguments) -> Wire:
        wire = build(arguments)
        path, _, query = wire.target.partition("?")
        found = router.match(host, wire.method, prefix + path, query)
        other = found.endpoint if found else None
        if other is not None and _shape(other.operation) != own:
            raise _spells(operation, other)
        return wire

    return guarded_build


def _spells(operation: Operation, other: Endpoint) -> BadArguments:
    names = [param.argument for param in operation.params if param.where is Where.PATH]
    advice = f"; call {other.tool.name} if that is what you want" if other.tool else ""
    message = f"must not spell the address of another operation, {other.operation.key}{advice}"
    errors = [{"argument": name, "message": message} for name in names]
    return BadArguments(f"{' and '.join(names)}: {message}", detail={"errors": errors})
