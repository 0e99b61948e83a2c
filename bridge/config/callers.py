"""Clashes between the settings about callers: what could let nobody in, or somebody whom nobody meant."""

from collections import Counter
from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from typing import TypeAlias

from bridge.config.problems import KeyPath
from bridge.config.schema import Settings
from bridge.config.schema_grants import Rule
from bridge.config.schema_identity import ClientCertificates, Forwarded, Identity

Fault: TypeAlias = tuple[KeyPath, str, str]
"""Where, what is wrong, what would be right."""
_ALWAYS = ("anonymous", "api_keys", "certificates")


def faults(settings: Settings) -> Iterator[Fault]:
    if settings.identity is not None:
        yield from _identity(settings, settings.identity)
    yield from _tls(settings)
    for name, api in settings.apis.items():
        yield from _unknown(api.authenticate, ("apis", name, "authenticate"), settings.identity)
    for name, rule in (settings.grants or {}).items():
        yield from _rule(rule, ("grants", name), settings.identity)


def _identity(settings: Settings, identity: Identity) -> Iterator[Fault]:
    here: KeyPath = ("identity",)
    if not identity.demanding and not identity.anonymous:
        yield here, "lets nobody in", "give api_keys, issuers or certificates, or say anonymous: true"
    if identity.issuers and settings.public_url is None:
        yield (
            (*here, "issuers"), "needs public_url: tokens are issued for it, and clients find the issuer by it",
            "set public_url to the gateway's address as callers know it",
        )  # fmt: skip
    yield from _issuers(identity)
    if identity.capabilities is not None:
        yield from _token_path(settings, identity.capabilities.path)
    if identity.certificates is not None:
        yield from _certificates(settings, identity)


def _issuers(identity: Identity) -> Iterator[Fault]:
    seen = Counter(one.issuer for one in identity.issuers.values())
    for name, one in identity.issuers.items():
        if seen[one.issuer] > 1:
            yield ("identity", "issuers", name, "issuer"), "is another one's issuer too", "keep one of them"
    asking = [name for name, one in identity.issuers.items() if one.introspection is not None]
    for name in asking[1:]:
        yield (
            ("identity", "issuers", name, "introspection"),
            f"is given for {asking[0]} too, and an opaque token does not say whose it is", "keep one of them",
        )  # fmt: skip


def _token_path(settings: Settings, path: str) -> Iterator[Fault]:
    here: KeyPath = ("identity", "capabilities", "path")
    if path == settings.mcp.path or path.startswith(f"{settings.mcp.path}/"):
        yield here, "is within mcp.path", "give one of them another path"


def _certificates(settings: Settings, identity: Identity) -> Iterator[Fault]:
    assert identity.certificates is not None
    asked = settings.tls is not None and settings.tls.client is not ClientCertificates.OFF
    forwarded = identity.certificates.forwarded is not Forwarded.OFF
    here: KeyPath = ("identity", "certificates")
    if not asked and not forwarded:
        yield here, "meets no certificate", "set tls.client and tls.client_ca, or forwarded and trusted_proxies"
    if forwarded and not identity.trusted_proxies:
        yield (*here, "forwarded"), "is believed of nobody", "name the proxies under identity.trusted_proxies"


def _tls(settings: Settings) -> Iterator[Fault]:
    for path, tls in ((("tls",), settings.tls), (("admin", "tls"), settings.admin.tls if settings.admin else None)):
        if tls is not None and tls.client is not ClientCertificates.OFF and tls.client_ca is None:
            yield (*path, "client"), "asks for certificates that nothing can check", f"give {'.'.join(path)}.client_ca"


def _rule(rule: Rule, here: KeyPath, identity: Identity | None) -> Iterator[Fault]:
    if not rule.may and not rule.deny:
        yield here, "neither allows nor denies anything", 'give may, as in may: ["effect:reads"], or deny'
    if not rule.may and (rule.unlisted or rule.budgets is not None):
        yield here, "has unlisted or budgets and allows nothing", "give may"
    if rule.unlisted and (rule.when is not None or rule.budgets is not None):
        yield (*here, "unlisted"), "opens what neither when nor budgets is about", "give a rule of its own for it"
    if rule.budgets is not None and (rule.budgets.calls, rule.budgets.bytes, rule.budgets.tokens) == (None, None, None):
        yield (*here, "budgets"), "bounds nothing", "give calls, bytes or tokens"
    yield from _unknown(rule.who.methods, (*here, "who", "methods"), identity)


def _unknown(methods: Iterable[str], path: KeyPath, identity: Identity | None) -> Iterator[Fault]:
    known = [*_ALWAYS, *(identity.issuers if identity is not None else ())]
    for at, name in enumerate(methods):
        if name not in known:
            near = get_close_matches(name, known, 1)
            advice = f"did you mean {near[0]}?" if near else f"there are {', '.join(known)}"
            yield (*path, at), "is no identity", advice
