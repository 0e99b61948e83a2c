"""The exact YAML reader: libyaml's events become a JSON tree, and every value keeps its place.

Events, never `compose`, which recurses in C and dies of deep nesting. Nothing here recurses, and depth and size are
counted while reading, aliases with everything that they bring.
"""

from dataclasses import dataclass, field, replace

import orjson
import yaml

from bridge.importer.budget import BudgetExceeded, Budgets, ImportFailed
from bridge.importer.document import MOST_REPEATED, pointer, repeated_key
from bridge.importer.yaml_errors import explain
from bridge.importer.yaml_scalars import Unreadable, resolve, shown
from bridge.model import Finding, Json


@dataclass(slots=True, eq=False)
class Node:
    """A value and where it stands. The nodes are for finding places; `value` is the JSON tree, built on the way."""

    line: int
    column: int
    value: Json = None
    key: str | None = None
    """A scalar's text as it is written, which is what it means as a key."""
    is_merge: bool = False
    size: int = 1
    """Values in it, itself included."""
    height: int = 0
    """Containers inside each other, itself included."""
    length: int = 0
    """Characters of all scalars and keys in it."""
    children: "dict[str | int, tuple[int, Node]]" = field(default_factory=dict)
    """By key or index: the line of the key or item, and the node."""


@dataclass(slots=True, eq=False)
class _Open:
    """A collection whose end has not come yet. `key` is the member being read, `merged` what `<<` brought."""

    node: Node
    anchor: str | None
    key: Node | None = None
    merged: "list[tuple[dict[str, Json], Node]]" = field(default_factory=list)

    @property
    def is_mapping(self) -> bool:
        return isinstance(self.node.value, dict)

    @property
    def token(self) -> str | int:
        if not self.is_mapping:
            return len(self.node.value)
        return self.key.key or "" if self.key else ""


class Reader:
    """Builds a tree from libyaml's events: no recursion, budgets counted while reading, every error with its place."""

    def __init__(self, name: str, budgets: Budgets) -> None:
        self.findings: list[Finding] = []
        self._name = name
        self._budgets = budgets
        self._open: list[_Open] = []
        self._anchors: dict[str, Node | None] = {}
        self._root: Node | None = None
        self._nodes = 0
        self._brought = 0  # by aliases: values, and below characters
        self._brought_text = 0

    def read(self, text: str) -> Node:
        try:
            for event in yaml.parse(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
                self._take(event)
        except yaml.YAMLError as error:
            raise explain(error, text, self._name) from error
        return self._root or Node(1, 1)

    def _take(self, event: yaml.Event) -> None:
        if isinstance(event, yaml.ScalarEvent):
            self._scalar(event)
        elif isinstance(event, yaml.CollectionStartEvent):
            self._begin(event)
        elif isinstance(event, yaml.CollectionEndEvent):
            self._end()
        elif isinstance(event, yaml.AliasEvent):
            self._alias(event)

    def _scalar(self, event: yaml.ScalarEvent) -> None:
        if self._root is not None and not self._open and not event.value:
            return  # the empty document after a closing `---`
        node = self._node(event)
        try:
            node.value = resolve(event.value, event.tag, is_plain=event.implicit[0])
        except Unreadable as unreadable:
            raise self._failed(event, str(unreadable)) from unreadable
        node.key = event.value
        node.length = len(event.value)
        node.is_merge = event.value == "<<" and event.implicit[0]
        if event.anchor:
            self._anchors[event.anchor] = node
        self._add(node)

    def _begin(self, event: yaml.CollectionStartEvent) -> None:
        is_mapping = isinstance(event, yaml.MappingStartEvent)
        if event.tag not in (None, "!", f"tag:yaml.org,2002:{'map' if is_mapping else 'seq'}"):
            raise self._failed(event, f"the tag {shown(event.tag)} is not JSON: remove it")
        if len(self._open) >= self._budgets.depth:
            raise BudgetExceeded(self._name, "depth", self._budgets.depth, *_place(event))
        node = self._node(event)
        node.value = {} if is_mapping else []
        if event.anchor:
            self._anchors[event.anchor] = None
        self._open.append(_Open(node, event.anchor))

    def _end(self) -> None:
        done = self._open.pop()
        if done.merged:
            self._merge(done)
        node = done.node
        node.height = 1 + max((child.height for _, child in node.children.values()), default=0)
        node.size = 1 + sum(child.size for _, child in node.children.values())
        node.length = sum(child.length for _, child in node.children.values())
        if self._anchors and done.is_mapping:
            node.length += sum(map(len, node.value))
        if done.anchor:
            self._anchors[done.anchor] = node
        self._add(node)

    def _alias(self, event: yaml.AliasEvent) -> None:
        if event.anchor not in self._anchors:
            raise self._failed(event, f"the alias *{event.anchor} has no anchor &{event.anchor} before it")
        node = self._anchors[event.anchor]
        if node is None:
            raise self._failed(event, f"the alias *{event.anchor} contains itself")
        if len(self._open) + node.height > self._budgets.depth:
            raise BudgetExceeded(self._name, "depth", self._budgets.depth, *_place(event))
        self._bring(node, event)
        self._add(_copy(node, *_place(event)))

    def _merge(self, done: _Open) -> None:
        """YAML 1.1 merge keys: what the mapping itself says wins, then the earlier of several merged mappings."""
        node = done.node
        own, children = node.value, node.children
        node.value, node.children = {}, {}
        for members, source in reversed(done.merged):
            node.value.update(members)
            node.children.update(source.children)
        node.value.update(own)
        node.children.update(children)

    def _add(self, node: Node) -> None:
        if not self._open:
            self._add_root(node)
        elif not (parent := self._open[-1]).is_mapping:
            parent.node.children[len(parent.node.value)] = node.line, node
            parent.node.value.append(node.value)
        elif parent.key is None:
            if node.key is None:
                raise self._failed(node, "a key must be a single value, not a list or a mapping")
            parent.key = node
        elif parent.key.is_merge:
            parent.merged += self._merge_sources(node)
            parent.key = None
        else:
            self._add_member(parent, parent.key, node)
            parent.key = None

    def _add_root(self, node: Node) -> None:
        if self._root is not None:
            raise self._failed(node, "a second document begins here: put each document into a file of its own")
        self._root = node

    def _add_member(self, parent: _Open, key: Node, node: Node) -> None:
        name = key.key or ""
        before = parent.node.children.get(name)
        if before and len(self.findings) < MOST_REPEATED:
            self._report_repeated(name, key.line, before[0])
        parent.node.children[name] = key.line, node
        parent.node.value[name] = node.value

    def _merge_sources(self, node: Node) -> "list[tuple[dict[str, Json], Node]]":
        sources = [(node.value, node)]
        if isinstance(node.value, list):
            children = [child for _, child in node.children.values()]
            sources = list(zip(node.value, children, strict=True))
        if not all(isinstance(value, dict) for value, _ in sources):
            raise self._failed(node, "`<<` merges a mapping or a list of mappings, and this is neither")
        return sources

    def _report_repeated(self, key: str, line: int, before: int) -> None:
        path = [frame.token for frame in self._open[:-1]]
        self.findings.append(repeated_key(self._name, pointer([*path, key]), line, before))

    def _node(self, event: yaml.NodeEvent) -> Node:
        self._count(1, event)
        return Node(*_place(event))

    def _count(self, nodes: int, event: yaml.Event) -> None:
        self._nodes += nodes
        if self._nodes > self._budgets.nodes:
            raise BudgetExceeded(self._name, "nodes", self._budgets.nodes, *_place(event))

    def _bring(self, node: Node, event: yaml.Event) -> None:
        """An alias costs its author a few characters: what it brings is counted before any of it is made."""
        self._count(node.size, event)
        self._brought += node.size
        self._brought_text += node.length
        for budget, amount in (("aliases", self._brought), ("bytes", self._brought_text)):
            limit = getattr(self._budgets, budget)
            if amount > limit:
                raise BudgetExceeded(self._name, budget, limit, *_place(event))

    def _failed(self, place: "yaml.Event | Node", message: str) -> ImportFailed:
        line, column = (place.line, place.column) if isinstance(place, Node) else _place(place)
        return ImportFailed(self._name, message, line, column)


def _place(event: yaml.Event) -> tuple[int, int]:
    mark = event.start_mark
    return (mark.line + 1, mark.column + 1) if mark else (0, 0)


def _copy(node: Node, line: int, column: int) -> Node:
    """Where the alias stands, with values of its own: changing one use of an anchor must not change the others."""
    value = orjson.loads(orjson.dumps(node.value)) if node.height else node.value
    return replace(node, line=line, column=column, value=value, is_merge=False)
