"""Settings about callers become the authenticator, and what clients are told about it."""

import logging
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TypeAlias
from urllib.parse import urlsplit

import orjson

from bridge.compile.grants import pattern_of, resolver
from bridge.compile.policy import addresses, key_ring
from bridge.config import Settings
from bridge.config.schema_identity import Certificates as CertificateSettings
from bridge.config.schema_identity import Forwarded, Identity
from bridge.config.schema_identity import Issuer as IssuerSettings
from bridge.egress.issuer import Client, IssuerFailed, IssuerLink
from bridge.model import Catalog, Grant, Json, Principal, PrincipalKind
from bridge.pipeline.authenticate import Anonymous
from bridge.pipeline.grants import Policy
from bridge.pipeline.identity.capabilities import SHORT, Capabilities
from bridge.pipeline.identity.certificates import Certificate, Form, certificate_of
from bridge.pipeline.identity.claims import Reading, closure
from bridge.pipeline.identity.front import Accepted, Certified, Front, Recognise
from bridge.pipeline.identity.handles import KEY, parse
from bridge.pipeline.identity.issuers import Issuer, Issuers, IssuerUnavailable
from bridge.pipeline.identity.keys import KeyRing
from bridge.pipeline.identity.keyset import KeySet, NoKeys, Told
from bridge.pipeline.identity.protected import WELL_KNOWN, Protected
from bridge.pipeline.identity.recognised import Recognised
from bridge.pipeline.identity.tokens import Invalid, Terms
from bridge.pipeline.peers import Addresses
from bridge.pipeline.runtime import Authenticator
from bridge.state.base import Shared

log = logging.getLogger(__name__)
_UNGRANTED = Grant(operations=frozenset())
Granted: TypeAlias = Callable[[Principal], Principal]
"""With what the rules give it."""


class IssuersFailed(Exception):
    """Issuers that could not be asked for their keys; each with what was wrong, by name."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        super().__init__("\n".join(f"the issuer {name}: {why}" for name, why in problems.items()))
        self.problems = problems


@dataclass(slots=True)
class Linked:
    """One issuer as it outlives runtimes: its keys, and the way to it."""

    keys: KeySet
    link: IssuerLink


@dataclass(slots=True)
class Links:
    """Issuers by what the settings say of them: what is the same in the next configuration keeps its keys. `told`
    counts fetches. Written by `linked` and `settle` alone."""

    told: Told = lambda issuer, result: None
    _known: dict[str, Linked] = field(default_factory=dict)

    def linked(self, name: str, settings: IssuerSettings) -> Linked:
        place = _place(name, settings)
        found = self._known.get(place)
        if found is None:
            link = IssuerLink(
                settings.issuer, settings.jwks_uri or "", (settings.introspection and settings.introspection.url) or "",
                _client(settings), allow_private=settings.allow_private,
            )  # fmt: skip
            found = self._known[place] = Linked(KeySet(name, partial(_keys, link), self.told), link)
        return found

    def prepare(self, settings: Settings) -> None:
        """Fetches the keys of issuers that are new. Blocks. Raises IssuersFailed."""
        problems: dict[str, str] = {}
        for name, issuer in _issuers(settings):
            linked = self.linked(name, issuer)
            if linked.keys.keys:
                continue
            try:
                linked.keys.hold(linked.link.keys_now())
                self.told(name, "ok")
            except (IssuerFailed, NoKeys) as error:
                del self._known[_place(name, issuer)]
                self.told(name, "failed")
                problems[name] = str(error)
        if problems:
            raise IssuersFailed(problems)

    async def aclose(self) -> None:
        for linked in self._known.values():
            await linked.keys.aclose()
            await linked.link.aclose()


def _issuers(settings: Settings) -> Iterator[tuple[str, IssuerSettings]]:
    if settings.identity is not None:
        yield from settings.identity.issuers.items()


def _place(name: str, settings: IssuerSettings) -> str:
    secret = settings.introspection.client_secret.reveal() if settings.introspection else ""
    return orjson.dumps([name, settings.model_dump(mode="json"), secret]).decode()


def _client(settings: IssuerSettings) -> Client | None:
    given = settings.introspection
    return Client(given.client_id, given.client_secret.reveal()) if given is not None else None


async def _keys(link: IssuerLink) -> Json:
    try:
        return await link.keys()
    except IssuerFailed as error:
        raise NoKeys(str(error)) from error


def issuers(settings: Settings, links: Links) -> Issuers | None:
    """None where there are none."""
    identity = settings.identity
    if identity is None or not identity.issuers:
        return None
    return Issuers(_issuer(name, one, identity, links.linked(name, one)) for name, one in identity.issuers.items())


def _issuer(name: str, settings: IssuerSettings, identity: Identity, linked: Linked) -> Issuer:
    terms = Terms(
        settings.issuer, frozenset(one.value for one in settings.algorithms), frozenset(settings.types), settings.leeway
    )
    reading = Reading(
        name, settings.issuer, settings.tenant, settings.groups, settings.scopes, _agents(settings.agents),
        closure(identity.implied),
    )  # fmt: skip
    introspect = partial(_introspected, name, linked.link) if settings.introspection is not None else None
    return Issuer(terms, reading, linked.keys, introspect, frozenset(settings.audience))


def _agents(patterns: tuple[str, ...]) -> Callable[[str], bool]:
    compiled = [pattern_of(pattern) for pattern in patterns]
    return lambda client: bool(client) and any(pattern.fullmatch(client) for pattern in compiled)


async def _introspected(name: str, link: IssuerLink, token: str) -> Json:
    try:
        return await link.introspect(token)
    except IssuerFailed as error:
        log.warning("the issuer %s cannot be asked about a token: %s", name, error)
        raise IssuerUnavailable(
            "nobody can say now whether this token is good; try again shortly", headers=((b"retry-after", b"5"),)
        ) from error


def named(settings: CertificateSettings) -> Callable[[Certificate], Principal]:
    def principal(certificate: Certificate) -> Principal:
        subject = certificate.subject(settings.subject.value)
        if not subject:
            raise Invalid(f"the certificate has no {settings.subject.value}")
        return Principal(
            id=subject,
            kind=PrincipalKind.SERVICE,
            grant=_UNGRANTED,
            limit_key=f"certificates:{settings.tenant}:{subject}",
            tenant=settings.tenant,
            method="certificates",
        )

    return principal


# --- what clients are told --------------------------------------------------------------------------------------------


def protected(settings: Settings, policy: Policy, toolsets: Mapping[str, object]) -> Protected:
    identity = settings.identity
    if identity is None or not identity.demanding:
        return Protected()
    needs = {ref: policy.wanted(ref) for ref in policy.needs}
    if not identity.issuers or settings.public_url is None:
        return Protected(demanding=True, needs=needs)
    resources = _resources(settings, toolsets)
    places = {toolset: _well_known(resource) for toolset, resource in resources.items()}
    documents = {toolset: _document(resource, identity) for toolset, resource in resources.items()}
    everywhere = {resources[None], resources[""], f"{resources[None]}/"}
    return Protected(
        demanding=True,
        metadata=dict(_by_path(settings, resources, documents)),
        places=places,
        audiences=frozenset(everywhere),
        own_audiences={name: frozenset({resource}) for name, resource in resources.items() if name},
        needs=needs,
    )


def _resources(settings: Settings, toolsets: Mapping[str, object]) -> dict[str | None, str]:
    """Canonical URIs by toolset, None for the people's door: RFC 8707 section 2, without a fragment or a last slash."""
    assert settings.public_url is not None
    endpoint = f"{settings.public_url}{settings.mcp.path}"
    found: dict[str | None, str] = {None: settings.public_url, "": endpoint}
    return found | {name: f"{endpoint}/{name}" for name in toolsets if name}


def _well_known(resource: str) -> str:
    """RFC 9728 section 3.1: the well-known string goes "between the host component and the path"."""
    parts = urlsplit(resource)
    return f"{parts.scheme}://{parts.netloc}{WELL_KNOWN}{parts.path}"


def _document(resource: str, identity: Identity) -> bytes:
    """RFC 9728 section 2: "Parameters with zero values MUST be omitted"."""
    told: dict[str, Json] = {
        "resource": resource,
        "authorization_servers": list(dict.fromkeys(issuer.issuer for issuer in identity.issuers.values())),
        "bearer_methods_supported": ["header"],
    }
    return orjson.dumps(told | ({"scopes_supported": list(identity.scopes)} if identity.scopes else {}))


def _by_path(
    settings: Settings, resources: Mapping[str | None, str], documents: Mapping[str | None, bytes]
) -> Iterator[tuple[str, bytes]]:
    """With and without the path of `public_url`, which a proxy in front may have taken off."""
    assert settings.public_url is not None
    prefix = urlsplit(settings.public_url).path
    for toolset, resource in resources.items():
        path = urlsplit(resource).path
        yield f"{WELL_KNOWN}{path}", documents[toolset]
        if prefix:
            yield f"{WELL_KNOWN}{path.removeprefix(prefix)}", documents[toolset]


# --- the front --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Handed:
    """None for what is not handed out here."""

    keys: KeyRing | None = None
    capabilities: Capabilities | None = None


def front(settings: Settings, door: Protected, rules: Policy, links: Links, handed: Handed) -> Authenticator:
    """Everybody is anonymous, and may everything, where the configuration says nothing about callers."""
    identity = settings.identity
    if identity is None and rules.rules is None and not closing(settings):
        return Anonymous()
    identity = identity or Identity(anonymous=True, capabilities=None)
    granted = partial(_granted, rules)
    known = addresses(settings)
    accepted = Accepted(
        anonymous=identity.anonymous,
        handles=tuple(_handles(identity, handed, granted)),
        key_header=identity.api_keys.header.encode() if identity.api_keys else b"",
        issuers=issuers(settings, links),
        certified=_certified(identity, known),
        named=named(identity.certificates) if identity.certificates else None,
        closed=known.closed if closing(settings) else None,
    )
    return Front(accepted, rules, door)


def handed(settings: Settings, catalog: Catalog, rules: Policy, shared: Shared) -> Handed:
    """What the gateway hands out itself."""
    identity = settings.identity
    if identity is None or not identity.demanding:
        return Handed()
    ring = key_ring(settings, shared.durable)
    given = identity.capabilities
    if given is None:
        return Handed(ring)
    stands = ring.stands if ring is not None else None
    return Handed(ring, Capabilities(shared.store, rules, resolver(catalog), given.ttl, given.most, stands))


def _handles(identity: Identity, handed: Handed, granted: Granted) -> Iterator[Recognise]:
    if handed.keys is not None:
        yield partial(_key, handed.keys, closure(identity.implied), granted)
    if handed.capabilities is not None:
        yield handed.capabilities.recognise


async def _key(
    keys: KeyRing, implied: Mapping[str, frozenset[str]], granted: Granted, text: str
) -> Recognised | None:  # fmt: skip
    """Raises Invalid, StateUnavailable."""
    handle = parse(text, KEY)
    if handle is None:
        return None
    record = await keys.find(handle)
    if record is None:
        raise Invalid("no API key, or not any more")
    scopes = record.scopes and record.scopes.union(*(implied.get(scope, _NONE) for scope in record.scopes))
    principal = Principal(
        id=record.subject,
        kind=record.kind,
        grant=_UNGRANTED,
        limit_key=f"api_keys:{record.tenant}:{record.subject}",
        tenant=record.tenant,
        groups=record.groups,
        scopes=scopes,
        claims=record.claims,
        expires=record.expires,
        method="api_keys",
        credential=record.id,
    )
    return Recognised(granted(principal), min(time.time() + SHORT, record.expires or float("inf")))


_NONE: frozenset[str] = frozenset()


def _granted(rules: Policy, principal: Principal) -> Principal:
    return replace(principal, grant=rules.grant(principal))


def _certified(identity: Identity, known: Addresses) -> Certified:
    """Without `certificates` nobody is known by one, and a token may be bound to one all the same."""
    given = identity.certificates
    form = Form(given.forwarded.value) if given is not None and given.forwarded is not Forwarded.OFF else None
    return partial(certificate_of, addresses=known, form=form)


def closing(settings: Settings) -> bool:
    """Whether some API may not be called from everywhere."""
    return any(api.allow for api in settings.apis.values())
