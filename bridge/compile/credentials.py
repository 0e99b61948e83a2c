"""Which credential goes with which operation, to which of its targets.

The document says what an operation needs, the settings what the gateway has for it. A credential was given for the
API's own addresses: an operation whose document leads elsewhere goes there without one. What does not fit is left out
and told; nothing else takes its place.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import TypeAlias

from bridge.compile.entries import Misfit, attachment
from bridge.compile.routes import Routed
from bridge.config import ConfigInvalid, Problem
from bridge.config.problems import KeyPath, dotted
from bridge.config.schema_apis import Api as ApiSettings
from bridge.config.schema_credentials import Credential
from bridge.egress.certificate import CertificateUnusable, Files, client_tls
from bridge.egress.credentials import Attachment, Together
from bridge.egress.credentials.tokens import Tokens
from bridge.egress.upstream import Upstream
from bridge.importer.document import pointer
from bridge.model import Api, Catalog, ClientTls, Finding, Operation, Route, Severity, Target, Where
from bridge.model.headers import dashed
from bridge.model.steps import Steps

Security: TypeAlias = tuple[Mapping[str, tuple[str, ...]], ...]
"""As an operation has it: alternatives, each of them schemes that are all needed."""
MUTUAL_TLS = "mutualTLS"


@dataclass(frozen=True, slots=True)
class Equipped:
    """`credentials` by the key that targets have."""

    routed: Routed
    credentials: Mapping[str, Attachment]
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class _Purse:
    """What there is for one target, by scheme: None for what its TLS shows. `always` goes with every call."""

    key: str
    held: Mapping[str, Attachment | None]
    always: tuple[str, ...] = ()


def equipped(
    settings: Mapping[str, ApiSettings], catalog: Catalog, routed: Routed, tokens: Tokens, upstream: Upstream
) -> Steps[Equipped]:
    """Raises ConfigInvalid for a client certificate that cannot be used."""
    made, own = dict(routed.routes), dict(routed.own)
    credentials: dict[str, Attachment] = {}
    findings: list[Finding] = []
    operations = yield from _by_api(catalog)
    for api in catalog.apis:
        route, one = routed.routes[api.name], settings[api.name]
        fitting = _Fitting(api, one, tokens, upstream)
        if not fitting.needed:
            continue
        purses = fitting.purses(route)
        made[api.name] = replace(route, targets=fitting.targets(route.targets, purses, api.security))
        for operation in operations[api.name]:
            key = (api.name, operation.id)
            targets = fitting.of_operation(operation, routed.own.get(key, route.targets), route, purses)
            if key in own or targets != made[api.name].targets:
                own[key] = targets
            yield
        credentials |= fitting.credentials
        findings += fitting.found()
    return Equipped(replace(routed, routes=made, own=own), credentials, tuple(findings))


def _by_api(catalog: Catalog) -> Steps[dict[str, list[Operation]]]:
    found: dict[str, list[Operation]] = {api.name: [] for api in catalog.apis}
    for (api, _), operation in catalog.operations.items():
        found[api].append(operation)
        yield
    return found


class _Fitting:
    """One API's share of it, gathered while its operations are gone through."""

    def __init__(self, api: Api, settings: ApiSettings, tokens: Tokens, upstream: Upstream) -> None:
        self.credentials: dict[str, Attachment] = {}
        self._api = api
        self._settings = settings
        self._tokens = tokens
        self._upstream = upstream
        self._tls = _tls(api.name, settings)
        self._findings: list[Finding] = []
        self._uncovered: dict[tuple[tuple[str, ...], ...], list[Operation]] = {}
        self._shared: dict[tuple[Target, ...], tuple[Target, ...]] = {}

    @property
    def needed(self) -> bool:
        several = self._settings.upstream.targets
        return bool(self._settings.credentials or self._tls or any(one.credentials for one in several))

    def purses(self, route: Route) -> Sequence[_Purse]:
        """One for each target of the API."""
        name = self._api.name
        common = self._purse(name, self._settings.credentials, ("apis", name, "credentials"))
        own = [
            common
            if one.credentials is None
            else self._purse(f"{name}#{at}", one.credentials, ("apis", name, "upstream", "targets", at, "credentials"))
            for at, one in enumerate(self._settings.upstream.targets)
        ]
        return (*own, *[common] * (len(route.targets) - len(own)))

    def targets(self, given: tuple[Target, ...], purses: Sequence[_Purse], security: Security) -> tuple[Target, ...]:
        """The API's own targets with what goes to them; the same object for the same credentials."""
        made = tuple(
            replace(target, credential=self._chosen(purse, security), tls=self._tls)
            for target, purse in zip(given, purses, strict=True)
        )
        return self._shared.setdefault(made, made)

    def of_operation(
        self, operation: Operation, given: tuple[Target, ...], route: Route, purses: Sequence[_Purse]
    ) -> tuple[Target, ...]:
        origins = {target.origin for target in route.targets}
        if not all(target.origin in origins for target in given):
            return given
        around = purses if len(given) == len(purses) else purses[:1]
        if any(_uncovered(purse, operation.security) for purse in around):
            self._uncovered.setdefault(tuple(map(tuple, operation.security)), []).append(operation)
        return self.targets(given, around, operation.security)

    def found(self) -> Iterator[Finding]:
        yield from self._findings
        for needed, operations in self._uncovered.items():
            first = operations[0]
            others = f" and {len(operations) - 1} more" if len(operations) > 1 else ""
            schemes = " or ".join(" with ".join(one) for one in needed)
            yield Finding(
                "credential-missing", Severity.WARNING, first.where,
                f"there is no credential for {schemes}, which {first.key}{others} asks for",
                lost="such calls, unless the caller's own credential goes on",
                advice=f"add it to apis.{self._api.name}.credentials", api=self._api.name,
            )  # fmt: skip

    def _purse(self, key: str, entries: Mapping[str, Credential], path: KeyPath) -> _Purse:
        held: dict[str, Attachment | None] = {}
        if self._tls is not None:
            held |= {name: None for name, one in self._api.security_schemes.items() if one.type == MUTUAL_TLS}
        for name, entry in entries.items():
            made = self._made(name, entry, (*path, name))
            if made is not None:
                held[name] = made
        always = tuple(name for name, entry in entries.items() if entry.where is not None and name in held)
        return _Purse(key, held, always)

    def _made(self, name: str, entry: Credential, path: KeyPath) -> Attachment | None:
        scheme = self._api.security_schemes.get(name)
        if scheme is None and entry.where is None:
            self._report("credential-unknown", path, f"the document has no security scheme {name!r}", self._near(name))
            return None
        try:
            made = attachment(dotted(path), self._api.name, self._settings, entry, scheme, self._tokens, self._upstream)
        except Misfit as misfit:
            self._report("credential-misfit", path, misfit.what, misfit.advice)
            return None
        for header in {place.name for place in made.places if place.where is Where.HEADER}:
            if dashed(header.encode()) in {dashed(own.encode()) for own in self._settings.upstream.headers}:
                what = f"upstream.headers has {header} as well, and wins"
                self._report("credential-replaced", path, what, "keep one of them", Severity.WARNING)
        return made

    def _chosen(self, purse: _Purse, security: Security) -> str:
        """Its key; the credential is made with its first use."""
        names = dict.fromkeys((*_covering(purse, security), *purse.always))
        parts = {name: part for name in names if (part := purse.held[name]) is not None}
        if not parts:
            return ""
        key = json.dumps([purse.key, *parts])
        if key not in self.credentials:
            self.credentials[key] = self._together(parts)
        return key

    def _together(self, parts: Mapping[str, Attachment]) -> Attachment:
        places = [place for part in parts.values() for place in part.places]
        if len(set(places)) < len(places):
            path: KeyPath = ("apis", self._api.name, "credentials")
            what = f"{' and '.join(parts)} go into one place, where the last of them stands"
            self._report("credential-replaced", path, what, "keep one of them", Severity.WARNING)
        made = tuple(parts.values())
        return made[0] if len(made) == 1 else Together(made)

    def _near(self, name: str) -> str:
        known = list(self._api.security_schemes)
        close = get_close_matches(name, known, 1)
        told = f"did you mean {close[0]}?" if close else f"it has {', '.join(known)}" if known else "it has none"
        return f"{told}; or say with `in` where it goes"

    def _report(
        self, id: str, path: KeyPath, message: str, advice: str, severity: Severity = Severity.ERROR
    ) -> None:  # fmt: skip
        lost = "this credential" if severity is Severity.ERROR else ""
        where = pointer(tuple(map(str, path)))
        finding = Finding(id, severity, where, message, lost=lost, advice=advice, api=self._api.name)
        if finding not in self._findings:
            self._findings.append(finding)


def _covering(purse: _Purse, security: Security) -> tuple[str, ...]:
    """The first alternative for which there is everything. One that needs nothing is no reason to send nothing."""
    return next((tuple(one) for one in security if one and all(name in purse.held for name in one)), ())


def _uncovered(purse: _Purse, security: Security) -> bool:
    """Where the gateway has something, and nothing for this."""
    given = any(part is not None for part in purse.held.values())
    return given and bool(security) and all(security) and not _covering(purse, security)


def _tls(api: str, settings: ApiSettings) -> ClientTls | None:
    given = settings.upstream.client_certificate
    if given is None:
        return None
    try:
        return client_tls(Files(given.certificate, given.key, given.ca))
    except CertificateUnusable as error:
        files = {given.certificate: "certificate", given.key: "key", given.ca: "ca"}
        path = dotted(("apis", api, "upstream", "client_certificate", files[error.file]))
        advice = "give a certificate, its key and authorities in PEM"
        raise ConfigInvalid([Problem(str(error.file), 0, 0, path, error.why, advice)]) from error
