"""Everything that was imported, and what was learned on the way."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from bridge.model.operation import Operation, SecurityScheme
from bridge.model.resource import Resource
from bridge.model.tool import Tool


class Severity(StrEnum):
    ERROR = "error"
    """An operation is missing, or a setting that was to protect one protects nothing."""
    WARNING = "warning"
    """Something the document asks for was thinned or guessed."""
    INFO = "info"
    """A choice worth knowing; nothing is lost to a caller."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that could not be carried as it was written.

    `where` is a JSON pointer into `source` (a path or URL), `line` its line there (1-based, 0 when unknown).
    """

    id: str
    severity: Severity
    where: str
    message: str
    lost: str = ""
    advice: str = ""
    line: int = 0
    source: str = ""
    api: str = ""


@dataclass(frozen=True, slots=True)
class Source:
    """A document that was read: its path or URL and the SHA-256 of its bytes."""

    name: str
    digest: str


@dataclass(frozen=True, slots=True)
class Api:
    """What a document says about itself."""

    name: str
    title: str = ""
    version: str = ""
    description: str = ""
    servers: tuple[str, ...] = ()
    security_schemes: Mapping[str, SecurityScheme] = field(default_factory=dict)
    security: tuple[Mapping[str, tuple[str, ...]], ...] = ()
    """What the document requires where an operation does not say otherwise; alternatives, as an operation's."""


@dataclass(frozen=True, slots=True)
class Change:
    """One difference between two catalogues; `breaking` when a caller that worked before may fail now."""

    tool: str
    operation: str
    what: str
    breaking: bool


@dataclass(frozen=True, slots=True)
class Altered:
    """A `Change` of what has no operation of its own to be named by: `name` is a resource's address or a prompt's."""

    name: str
    what: str
    breaking: bool


@dataclass(frozen=True, slots=True)
class Differing:
    """Of one kind of things: the names of those that came and went, and what became of the others."""

    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    changed: tuple[Altered, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.added or self.removed or self.changed)

    @property
    def breaking(self) -> bool:
        return bool(self.removed) or any(one.breaking for one in self.changed)


@dataclass(frozen=True, slots=True)
class Diff:
    """`added`, `removed` and `changed` are tools."""

    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    changed: tuple[Change, ...] = ()
    resources: Differing = Differing()
    prompts: Differing = Differing()

    def __bool__(self) -> bool:
        return bool(self.added or self.removed or self.changed or self.resources or self.prompts)

    @property
    def breaking(self) -> bool:
        others = self.resources.breaking or self.prompts.breaking
        return bool(self.removed) or any(change.breaking for change in self.changed) or others


@dataclass(frozen=True, slots=True)
class Catalog:
    """Operations keyed by (api, id), tools by name. Immutable: a reload makes another one."""

    apis: tuple[Api, ...] = ()
    operations: Mapping[tuple[str, str], Operation] = field(default_factory=dict)
    tools: Mapping[str, Tool] = field(default_factory=dict)
    resources: tuple[Resource, ...] = ()
    """In the order of their addresses; no address twice."""
    findings: tuple[Finding, ...] = ()
    sources: tuple[Source, ...] = ()
    digest: str = ""

    @property
    def tokens(self) -> int:
        return sum(tool.tokens for tool in self.tools.values())
