"""What a user may ask of one import."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from bridge.importer.budget import Budgets


class Profile(StrEnum):
    """`portable` is what every model provider accepts; `verbatim` keeps every 2020-12 keyword, root combinators too."""

    PORTABLE = "portable"
    VERBATIM = "verbatim"


@dataclass(frozen=True, slots=True)
class Override:
    """What `x-mcp` on an operation, or the configuration, says about one tool; None leaves the document's word."""

    expose: str | None = None
    name: str | None = None
    title: str | None = None
    description: str | None = None
    confirm: bool | None = None
    read_only: bool | None = None
    destructive: bool | None = None
    idempotent: bool | None = None
    open_world: bool | None = None
    timeout: float | None = None
    """Seconds."""


@dataclass(frozen=True, slots=True)
class Options:
    """`include` and `exclude` are selectors: `tag:NAME`, `METHOD /path/glob`, `/path/glob` or an operationId glob.

    `overrides` are keyed by operationId or `METHOD /path`. `output_bytes` is the largest output schema that is listed.
    """

    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    overrides: Mapping[str, Override] = field(default_factory=dict)
    profile: Profile = Profile.PORTABLE
    output_bytes: int = 4096
    server_variables: Mapping[str, str] = field(default_factory=dict)
    budgets: Budgets = field(default_factory=Budgets)
