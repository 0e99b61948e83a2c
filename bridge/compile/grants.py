"""Rules and scopes become a policy: selectors resolved, expressions compiled, once per reload."""

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache

import orjson

from bridge.config import Settings
from bridge.config.schema_apis import ScopesFrom
from bridge.config.schema_grants import Budgets, Who
from bridge.config.schema_grants import Rule as RuleSettings
from bridge.importer.document import pointer
from bridge.importer.select import matches
from bridge.model import Api, Budget, Catalog, Finding, Holds, Json, Operation, OperationRef, Principal, Severity
from bridge.pipeline.conditions import compile_condition
from bridge.pipeline.grants import Alternatives, Matches, Policy, Rule
from bridge.pipeline.identity.capabilities import Resolve

_OAUTH = frozenset({"oauth2", "openIdConnect"})
_NO_ARGUMENTS: Mapping[str, Json] = {}


def policy(settings: Settings, catalog: Catalog) -> tuple[Policy, tuple[Finding, ...]]:
    """With findings for rules that select nothing: somebody misses an operation, or has one that they should not."""
    found: list[Finding] = []
    rules = None
    if settings.grants is not None:
        rules = [made for name, rule in settings.grants.items() for made in _rules(name, rule, catalog)]
        found += _unmatched(settings.grants, catalog)
    accepts = {name: frozenset(api.authenticate) for name, api in settings.apis.items() if api.authenticate}
    needs = dict(_needs(settings, catalog)) if settings.identity is not None else {}
    apis = [api.name for api in catalog.apis]
    return Policy(
        rules, catalog.operations, apis=apis, needs=needs, accepts=accepts, version=_version(settings)
    ), tuple(found)


def resolver(catalog: Catalog) -> Resolve:
    """Of selectors that callers write; those of one request are remembered."""

    @lru_cache(maxsize=256)
    def resolve(selectors: tuple[str, ...]) -> frozenset[OperationRef]:
        return _selected(selectors, catalog)

    return resolve


def _version(settings: Settings) -> str:
    """Of all that decides: the same rules have the same version on every replica."""
    rules = (
        {} if settings.grants is None else {name: one.model_dump(mode="json") for name, one in settings.grants.items()}
    )
    return hashlib.blake2b(orjson.dumps(rules, option=orjson.OPT_SORT_KEYS), digest_size=6).hexdigest() if rules else ""


# --- rules ------------------------------------------------------------------------------------------------------------


def _rules(name: str, rule: RuleSettings, catalog: Catalog) -> Iterator[Rule]:
    """What it allows and what it denies are two: of somebody of whom a condition cannot be judged it allows nothing,
    and denies what it denies."""
    holds = compile_condition(rule.when) if rule.when is not None else None
    if rule.deny:
        denied = _selected(rule.deny, catalog)
        yield Rule(name, _matcher(rule.who, unjudged=True), deny=denied, holds=holds, message=rule.message)
    if rule.may:
        may = _selected(rule.may, catalog)
        yield Rule(
            name=name,
            matches=_matcher(rule.who, unjudged=False),
            may=may,
            holds=holds,
            unlisted=frozenset(api for api, _ in may) if rule.unlisted else frozenset(),
            budget=_budget(name, rule.budgets) if rule.budgets is not None else None,
            message=rule.message,
        )


def _budget(name: str, given: Budgets) -> Budget:
    return Budget(f"rule-{name}", given.calls, given.bytes, given.tokens, given.per)


def _selected(selectors: Iterable[str], catalog: Catalog) -> frozenset[OperationRef]:
    return frozenset(ref for selector in selectors for ref in _of(selector, catalog))


def _of(selector: str, catalog: Catalog) -> Iterator[OperationRef]:
    api, rest = _split(selector, catalog)
    for ref, operation in catalog.operations.items():
        if (not api or ref[0] == api) and matches(rest, operation):
            yield ref


def _split(selector: str, catalog: Catalog) -> tuple[str, str]:
    """`orders/getOrder` is of one API, `/orders/**` and `GET /orders` of all."""
    api, slash, rest = selector.partition("/")
    return (api, rest) if slash and rest and any(one.name == api for one in catalog.apis) else ("", selector)


def _unmatched(grants: Mapping[str, RuleSettings], catalog: Catalog) -> Iterator[Finding]:
    for name, rule in grants.items():
        listed: tuple[tuple[str, Sequence[str], Severity], ...] = (
            ("may", rule.may, Severity.WARNING),
            ("deny", rule.deny, Severity.ERROR),
        )
        for key, selectors, severity in listed:
            for at, selector in enumerate(selectors):
                if next(_of(selector, catalog), None) is None:
                    yield Finding(
                        "selector-unmatched", severity, pointer(("grants", name, key, at)),
                        f"{selector!r} of the rule {name!r} selects no operation",
                        lost="what it was to deny" if key == "deny" else "what it was to allow",
                        advice="tag:NAME, effect:reads, METHOD /path/**, operationId, or API/ before any of them",
                    )  # fmt: skip


def _matcher(who: Who, *, unjudged: bool) -> Matches:
    """All that is given must hold; `unjudged` is what counts where a condition cannot be judged."""
    tests = list(_tests(who))
    if who.when is not None:
        tests.append(_fulfils(compile_condition(who.when), unjudged=unjudged))

    # Most rules have one test, and there may be hundreds of rules to look at.
    if len(tests) == 1:
        return tests[0]

    def matches_all(principal: Principal) -> bool:
        return all(test(principal) for test in tests)

    return matches_all


def _tests(who: Who) -> Iterator[Matches]:
    if who.subjects:
        yield lambda one: _any_like(one.id, who.subjects)
    if who.clients:
        yield lambda one: _any_like(one.client, who.clients)
    if who.tenants:
        yield lambda one: _any_like(one.tenant, who.tenants)
    if who.groups:
        groups = frozenset(who.groups)
        yield lambda one: not groups.isdisjoint(one.groups)
    if who.kinds:
        kinds = frozenset(who.kinds)
        yield lambda one: one.kind in kinds
    if who.methods:
        methods = frozenset(who.methods)
        yield lambda one: one.method in methods
    for name, value in who.claims.items():
        yield _claims(name, value)


def _any_like(text: str, patterns: Iterable[str]) -> bool:
    return any(pattern_of(pattern).fullmatch(text) for pattern in patterns)


@lru_cache(maxsize=4096)
def pattern_of(text: str) -> re.Pattern[str]:
    """`*` stands for any text, and nothing else is special. What stands between two stars is taken where it comes first
    and kept: a subject of thousands of characters, which its issuer chose, costs no more than its length."""
    first, *rest = map(re.escape, text.split("*"))
    kept = [f"(?>.*?{part})" for part in rest[:-1]]
    return re.compile("".join([first, *kept, *(f".*{part}" for part in rest[-1:])]), re.DOTALL)


def _claims(name: str, value: str) -> Matches:
    def claims(principal: Principal) -> bool:
        held = principal.claims.get(name)
        return value in held if isinstance(held, list) else held is not None and _as_text(held) == value

    return claims


def _as_text(value: Json) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _fulfils(holds: Holds, *, unjudged: bool) -> Matches:
    def fulfils(principal: Principal) -> bool:
        try:
            return holds({"principal": principal.facts, "args": _NO_ARGUMENTS, "operation": _NO_ARGUMENTS})
        except ValueError:
            return unjudged

    return fulfils


# --- scopes -----------------------------------------------------------------------------------------------------------


def _needs(settings: Settings, catalog: Catalog) -> Iterator[tuple[OperationRef, Alternatives]]:
    apis = {api.name: api for api in catalog.apis}
    for ref, operation in catalog.operations.items():
        api = settings.apis[operation.api]
        override = _override(api.operations, operation)
        if override is not None:
            sets: Alternatives = (frozenset(override),) if override else ()
        elif api.scopes is ScopesFrom.OFF or operation.api not in apis:
            sets = ()
        else:
            sets = _documented(operation, apis[operation.api])
        if sets and all(sets):
            yield ref, sets


def _override(given: Mapping[str, Json], operation: Operation) -> tuple[str, ...] | None:
    for key in (operation.key, operation.operation_id, operation.id):
        scopes = given[key].scopes if key in given else None
        if scopes is not None:
            return tuple(scopes)
    return None


def _documented(operation: Operation, api: Api) -> Alternatives:
    """The alternatives that a token can meet; where one of them takes no scope, or nothing at all, none is needed.

    OpenAPI 3.1 section 4.8.30: for other types than oauth2 and openIdConnect the list holds roles, which are no scopes.
    """
    sets: list[frozenset[str]] = []
    for alternative in operation.security:
        oauth = [
            name for name in alternative if name in api.security_schemes and api.security_schemes[name].type in _OAUTH
        ]
        if not alternative:
            return ()
        if oauth:
            sets.append(frozenset(scope for name in oauth for scope in alternative[name]))
    return tuple(sorted(sets, key=len))
