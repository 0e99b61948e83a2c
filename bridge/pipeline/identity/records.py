"""What is kept of an API key: everything but the key itself."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Self

import orjson

from bridge.model import Json, PrincipalKind

# RFC 6749 section 3.3: scope-token = 1*( %x21 / %x23-5B / %x5D-7E )
_SCOPE = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]{1,200}")
_LONGEST = 200
_MOST_NAMES = 100
_MOST_CLAIMS = 8_192


class KeyStatus(StrEnum):
    ACTIVE = "active"
    EXPIRED = "expired"
    REVOKED = "revoked"


class Holder(StrEnum):
    """Which kinds of principals may hold a key: nobody is anonymous with one."""

    PERSON = PrincipalKind.PERSON.value
    AGENT = PrincipalKind.AGENT.value
    SERVICE = PrincipalKind.SERVICE.value


@dataclass(frozen=True, slots=True)
class KeyOwner:
    """Whom a key speaks for; `scopes` is None where scopes do not bound it. Raises ValueError for what nobody is."""

    subject: str
    kind: PrincipalKind = PrincipalKind.SERVICE
    tenant: str = ""
    groups: frozenset[str] = frozenset()
    scopes: frozenset[str] | None = None
    claims: Mapping[str, Json] = field(default_factory=dict)
    label: str = ""

    def __post_init__(self) -> None:
        for name, text, least in (("subject", self.subject, 1), ("tenant", self.tenant, 0), ("label", self.label, 0)):
            if not least <= len(text) <= _LONGEST or not text.isprintable() or text != text.strip():
                raise ValueError(f"{name}: write {least} to {_LONGEST} printable characters without blanks around them")
        if self.kind is PrincipalKind.ANONYMOUS:
            raise ValueError("kind: write person, agent or service")
        if any(not 0 < len(name) <= _LONGEST or not name.isprintable() for name in self.groups):
            raise ValueError(f"groups: each has 1 to {_LONGEST} printable characters")
        if not all(map(_SCOPE.fullmatch, self.scopes or ())):
            raise ValueError("scopes: write visible ASCII without blanks, quotes and backslashes, as in orders:read")
        if max(len(self.groups), len(self.scopes or ())) > _MOST_NAMES:
            raise ValueError(f"groups and scopes: there may be {_MOST_NAMES} of each")
        if len(_written(dict(self.claims))) > _MOST_CLAIMS:
            raise ValueError(f"claims: they may have {_MOST_CLAIMS:,} bytes as JSON")


def _written(value: Json) -> bytes:
    """Raises ValueError for what is no JSON."""
    try:
        return orjson.dumps(value)
    except TypeError as error:
        raise ValueError("claims: they are no JSON") from error


@dataclass(frozen=True, slots=True)
class KeyRecord:
    """Times are Unix times. `lasts` is how many seconds it was given, as is each key that replaces it, None being for
    good; `replaces` is the id of the key whose place it took."""

    id: str
    hash: str = field(repr=False)
    subject: str
    kind: PrincipalKind
    created: float
    tenant: str = ""
    groups: frozenset[str] = frozenset()
    scopes: frozenset[str] | None = None
    claims: Mapping[str, Json] = field(default_factory=dict)
    expires: float | None = None
    revoked: float | None = None
    label: str = ""
    replaces: str = ""
    lasts: float | None = None

    @property
    def owner(self) -> KeyOwner:
        return KeyOwner(self.subject, self.kind, self.tenant, self.groups, self.scopes, self.claims, self.label)

    def status(self, now: float) -> KeyStatus:
        if self.revoked is not None:
            return KeyStatus.REVOKED
        return KeyStatus.ACTIVE if self.expires is None or self.expires > now else KeyStatus.EXPIRED

    @property
    def raw(self) -> bytes:
        names = {name: getattr(self, name) for name in self.__slots__}
        scopes = None if self.scopes is None else sorted(self.scopes)
        return orjson.dumps(names | {"groups": sorted(self.groups), "scopes": scopes, "claims": dict(self.claims)})

    @classmethod
    def read(cls, raw: bytes) -> Self:
        """Raises ValueError for what is no record."""
        try:
            known = orjson.loads(raw)
            scopes = None if known["scopes"] is None else frozenset(known["scopes"])
            sets = {"kind": PrincipalKind(known["kind"]), "groups": frozenset(known["groups"]), "scopes": scopes}
            return cls(**known | sets)
        except (KeyError, TypeError) as error:
            raise ValueError("it is no record of a key") from error
