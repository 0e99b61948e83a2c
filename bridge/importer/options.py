"""What a user may ask of one import."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from bridge.importer.budget import Budgets
from bridge.model import AskFor


class Profile(StrEnum):
    """`portable` is what every model provider accepts; `verbatim` keeps every 2020-12 keyword, root combinators too."""

    PORTABLE = "portable"
    VERBATIM = "verbatim"


@dataclass(frozen=True, slots=True)
class Override:
    """What `x-mcp` on an operation, or the configuration, says about its tool or resource; None leaves the document's
    word."""

    expose: str | None = None
    name: str | None = None
    title: str | None = None
    description: str | None = None
    uri: str | None = None
    confirm: bool | None = None
    ask: tuple[AskFor, ...] | None = None
    """A form that names no arguments asks for all required ones."""
    read_only: bool | None = None
    destructive: bool | None = None
    idempotent: bool | None = None
    open_world: bool | None = None
    audience: tuple[str, ...] | None = None
    priority: float | None = None
    timeout: float | None = None
    """Seconds."""


@dataclass(frozen=True, slots=True)
class Options:
    """`include` and `exclude` are selectors: `tag:NAME`, `METHOD /path/glob`, `/path/glob` or an operationId glob.

    `resource_include` and `resource_exclude` choose GET operations that become resources instead of tools, where no
    override says what they are. `overrides` are keyed by operationId or `METHOD /path`. `output_bytes` is the largest
    output schema that is listed.
    """

    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    resource_include: tuple[str, ...] = ()
    resource_exclude: tuple[str, ...] = ()
    overrides: Mapping[str, Override] = field(default_factory=dict)
    profile: Profile = Profile.PORTABLE
    output_bytes: int = 4096
    server_variables: Mapping[str, str] = field(default_factory=dict)
    budgets: Budgets = field(default_factory=Budgets)
