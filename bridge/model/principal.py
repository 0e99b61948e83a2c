"""Who calls, and what was decided about it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from bridge.model.json import Json


class PrincipalKind(StrEnum):
    PERSON = "person"
    AGENT = "agent"
    SERVICE = "service"
    ANONYMOUS = "anonymous"


@dataclass(frozen=True, slots=True)
class Grant:
    """What a rule lets its holder use; None means every operation."""

    operations: frozenset[tuple[str, str]] | None = None
    rule: str = "allow-all"


@dataclass(frozen=True, slots=True)
class Principal:
    """A caller whose identity is established. `limit_key` names the buckets that its calls draw from."""

    id: str
    kind: PrincipalKind
    grant: Grant
    limit_key: str
    tenant: str = ""
    issuer: str = ""
    client: str = ""
    groups: frozenset[str] = frozenset()
    scopes: frozenset[str] = frozenset()
    claims: Mapping[str, Json] = field(default_factory=dict)
    actor: str = ""
    expires: float | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """A verdict with the rule that made it, for the record."""

    allowed: bool
    rule: str
    version: str = ""
    reason: str = ""
