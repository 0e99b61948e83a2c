"""Who calls, what it may, and what was decided about it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias

from bridge.model.conditions import Holds
from bridge.model.json import Json

OperationRef: TypeAlias = tuple[str, str]
"""API and operation id."""


class PrincipalKind(StrEnum):
    PERSON = "person"
    AGENT = "agent"
    SERVICE = "service"
    ANONYMOUS = "anonymous"


@dataclass(frozen=True, slots=True)
class Budget:
    """How much may be used under `key` within `window` seconds, None being for as long as what it belongs to lasts.

    `calls` are made to an upstream, `bytes` of answers' bodies, `tokens` what these cost a model, estimated; None is
    no bound. `per_caller`: everybody has a budget of their own.
    """

    key: str
    calls: int | None = None
    bytes: int | None = None
    tokens: int | None = None
    window: float | None = None
    per_caller: bool = True


@dataclass(frozen=True, slots=True)
class Decision:
    """A verdict with the rule that made it, and the version of the rules, for the record. `budgets` are drawn on by the
    call: the rule's and those of capabilities."""

    allowed: bool
    rule: str
    version: str = ""
    reason: str = ""
    budgets: tuple[Budget, ...] = ()


@dataclass(frozen=True, slots=True)
class Permit:
    """One rule's word about an operation: `holds` is None where it is unconditional. `message` is for the caller whose
    arguments it refuses."""

    rule: str
    holds: Holds | None = None
    budget: Budget | None = None
    message: str = ""


@dataclass(frozen=True, slots=True)
class Clause:
    """All that the rules of one caller say of one operation: any of `allow` lets it pass, any of `deny` does not.

    Those without a condition and without a budget come first. `decision` is what holds where nothing depends on the
    call's arguments, and no budget is drawn on: then `settled` is true.
    """

    allow: tuple[Permit, ...]
    deny: tuple[Permit, ...]
    decision: Decision
    settled: bool


@dataclass(frozen=True, slots=True, weakref_slot=True)
class Grant:
    """What somebody may use; None means every operation. `unlisted` are APIs whose paths may be called that no
    operation describes; None is those of every API where every operation may be used, and else of none.

    `operations` can be used now; those in `lacking` are granted, and take scopes that the caller's token does not have
    but may get. `clauses` says which rules decide about a granted operation; None where there are no rules. `layers`
    are narrowings by capabilities, all of which must let a call pass as well.
    """

    operations: frozenset[OperationRef] | None = None
    rule: str = "allow-all"
    version: str = ""
    lacking: Mapping[OperationRef, tuple[str, ...]] = field(default_factory=dict)
    clauses: Callable[[OperationRef], Clause] | None = None
    unlisted: frozenset[str] | None = None
    layers: tuple[Permit, ...] = ()


@dataclass(frozen=True, slots=True)
class Principal:
    """A caller whose identity is established. `limit_key` names the buckets that its calls draw from.

    `method` names the authenticator that established it: "anonymous", "api_keys", "certificates", or an issuer's name
    in the configuration. `scopes` is None for a credential that has none. `audience` holds what a token was issued for,
    None where it was issued by the gateway itself. `confirmation` is the SHA-256 thumbprint, in base64url, of the
    certificate that a token is bound to (RFC 8705). `credential` is the id of the API key or capability that was
    presented, empty for others; `capability` that of a capability.
    """

    id: str
    kind: PrincipalKind
    grant: Grant
    limit_key: str
    tenant: str = ""
    issuer: str = ""
    client: str = ""
    groups: frozenset[str] = frozenset()
    scopes: frozenset[str] | None = None
    claims: Mapping[str, Json] = field(default_factory=dict)
    actor: str = ""
    expires: float | None = None
    method: str = "anonymous"
    audience: frozenset[str] | None = None
    confirmation: str = ""
    credential: str = ""
    capability: str = ""

    @property
    def facts(self) -> Json:
        """As conditions see it."""
        return {
            "id": self.id,
            "kind": self.kind.value,
            "tenant": self.tenant,
            "issuer": self.issuer,
            "client": self.client,
            "groups": sorted(self.groups),
            "scopes": sorted(self.scopes or ()),
            "claims": dict(self.claims),
            "actor": self.actor,
            "method": self.method,
        }
