"""What a verified token says about its caller, by the names that its issuer has for it."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from bridge.model import Grant, Json, Principal, PrincipalKind
from bridge.pipeline.identity.tokens import Invalid

_NOTHING_YET = Grant(operations=frozenset())


@dataclass(frozen=True, slots=True)
class Reading:
    """How one issuer's claims are read: `name` is its own in the configuration, the others name claims, a dot leading
    into an object. `agents` knows the ids of agents' clients; `implied` are the scopes that each scope stands for."""

    name: str
    issuer: str
    tenant: str = ""
    groups: str = "groups"
    scopes: str = "scope"
    agents: Callable[[str], bool] = lambda client: False
    implied: Mapping[str, frozenset[str]] | None = None

    def principal(self, claims: Mapping[str, Json]) -> Principal:
        """Raises Invalid. What it may is not decided yet: it is granted nothing. A token without a subject is its
        client's own."""
        client = _text(claims.get("client_id")) or _text(claims.get("azp"))
        subject = _text(claims.get("sub")) or client
        if not subject:
            raise Invalid("without a subject")
        tenant = _text(_at(claims, self.tenant)) if self.tenant else ""
        actor = _actor(claims.get("act"))
        return Principal(
            id=subject,
            kind=self._kind(subject, client, acted=claims.get("act") is not None),
            grant=_NOTHING_YET,
            limit_key=f"{self.name}:{tenant}:{subject}",
            tenant=tenant,
            issuer=self.issuer,
            client=client,
            groups=frozenset(_texts(_at(claims, self.groups))),
            scopes=self._scopes(claims),
            claims=claims,
            actor=actor,
            expires=float(claims["exp"]),
            method=self.name,
            audience=_audience(claims.get("aud")),
            confirmation=_confirmation(claims.get("cnf")),
        )

    def _kind(self, subject: str, client: str, *, acted: bool) -> PrincipalKind:
        """RFC 8693 section 4.1: members of `act` "identify the actor", and `sub` need not be one of them."""
        if acted or self.agents(client):
            return PrincipalKind.AGENT
        return PrincipalKind.SERVICE if subject == client else PrincipalKind.PERSON

    def _scopes(self, claims: Mapping[str, Json]) -> frozenset[str]:
        value = _at(claims, self.scopes)
        named = value.split() if isinstance(value, str) else list(_texts(value))
        implied = self.implied or {}
        return frozenset(named).union(*(implied.get(scope, frozenset()) for scope in named))


def closure(implied: Mapping[str, tuple[str, ...]]) -> dict[str, frozenset[str]]:
    """All that each scope stands for, in however many steps."""
    found: dict[str, frozenset[str]] = {}
    for scope in implied:
        reached, waiting = set[str](), [scope]
        while waiting:
            for one in implied.get(waiting.pop(), ()):
                if one not in reached:
                    reached.add(one)
                    waiting.append(one)
        found[scope] = frozenset(reached)
    return found


def _audience(value: Json) -> frozenset[str]:
    """RFC 7519 section 4.1.3: an array of strings, or one of them by itself. Raises Invalid."""
    values = [value] if isinstance(value, str) else value
    if not isinstance(values, list) or not values or not all(isinstance(one, str) for one in values):
        raise Invalid("without an audience")
    return frozenset(values)


def _confirmation(value: Json) -> str:
    """RFC 7800 section 3.1: a token that is bound to something is not for whoever cannot show it. Of what it may be
    bound to, only the certificate of the connection can be seen here. Raises Invalid."""
    if value is None:
        return ""
    thumbprint = value.get("x5t#S256") if isinstance(value, dict) and len(value) == 1 else None
    if not isinstance(thumbprint, str) or not thumbprint:
        raise Invalid("bound to what cannot be shown here")
    return thumbprint


def _actor(value: Json) -> str:
    """RFC 8693 section 4.1: the outermost `act` is the current actor."""
    return _text(value.get("sub")) if isinstance(value, dict) else ""


def _at(claims: Mapping[str, Json], path: str) -> Json:
    """A claim by its name, else by the path that the name may be."""
    if path in claims:
        return claims[path]
    value: Json = claims
    for step in path.split("."):
        value = value.get(step) if isinstance(value, Mapping) else None
    return value


def _text(value: Json) -> str:
    return value if isinstance(value, str) else ""


def _texts(value: Json) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        yield from (one for one in value if isinstance(one, str))
