"""What a caller may: rules, scopes, identities and addresses become one `Grant`, once for all callers alike.

A rule allows or denies; deny wins. A scope is necessary and never sufficient: an operation that the rules grant, and
that takes scopes which the token does not have, is lacking, not unknown. A capability narrows, and only ever narrows.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from hashlib import blake2b
from typing import NamedTuple, TypeAlias
from weakref import WeakValueDictionary

from bridge.model import Budget, Clause, Decision, Grant, Holds, OperationRef, Permit, Principal

EVERYTHING = Grant()
MOST_REMEMBERED = 10_000
"""Callers whose grants are kept; those that differ in nothing the rules look at share one."""

Matches: TypeAlias = Callable[[Principal], bool]
Alternatives: TypeAlias = tuple[frozenset[str], ...]
"""Sets of scopes, any one of which will do."""
_NO_NEEDS: Mapping[OperationRef, Alternatives] = {}
_ALL_ACCEPT_ALL: Mapping[str, frozenset[str]] = {}


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule of the configuration, its selectors resolved. `unlisted` are APIs; `holds` restricts both what it allows
    and what it denies."""

    name: str
    matches: Matches
    may: frozenset[OperationRef] = frozenset()
    deny: frozenset[OperationRef] = frozenset()
    holds: Holds | None = None
    unlisted: frozenset[str] = frozenset()
    budget: Budget | None = None
    message: str = ""

    @property
    def permit(self) -> Permit:
        return Permit(self.name, self.holds, self.budget, self.message)


class _Alike(NamedTuple):
    """All that a grant depends on."""

    rules: tuple[str, ...] | None
    scopes: frozenset[str] | None
    closed: frozenset[str]
    """The APIs that do not take how the caller was recognised."""


class Policy:
    """Immutable but for the grants that it remembers.

    `rules` in the order of the configuration, None where there are none and everything is granted. `operations` and
    `apis` are all there are. `needs` are the scopes that operations take of a token that has scopes at all, `accepts`
    the identities that an API takes, for those that do not take all.
    """

    def __init__(
        self,
        rules: Iterable[Rule] | None = None,
        operations: Iterable[OperationRef] = (),
        *,
        apis: Iterable[str] = (),
        needs: Mapping[OperationRef, Alternatives] = _NO_NEEDS,
        accepts: Mapping[str, frozenset[str]] = _ALL_ACCEPT_ALL,
        version: str = "",
    ) -> None:
        self.rules = None if rules is None else tuple(rules)
        self.operations = frozenset(operations)
        self.needs = needs
        self.accepts = accepts
        self.version = version
        self.apis = frozenset(apis) | {api for api, _ in self.operations}
        self._scopes = frozenset(scope for sets in needs.values() for one in sets for scope in one)
        self._known: OrderedDict[bytes, Grant] = OrderedDict()
        # For as long as anybody has one: of two that are equal each would hold all its operations.
        self._shared: WeakValueDictionary[_Alike, Grant] = WeakValueDictionary()

    def grant(self, principal: Principal) -> Grant:
        """Of a caller that is known without a look at the rules: who has an API key is recognised anew every second."""
        who = _digest(principal)
        found = self._known.get(who)
        if found is None:
            if len(self._known) >= MOST_REMEMBERED:
                self._known.popitem(last=False)
            found = self._known[who] = self._judged(principal)
        return found

    def _judged(self, principal: Principal) -> Grant:
        rules = None if self.rules is None else tuple(rule for rule in self.rules if rule.matches(principal))
        names = None if rules is None else tuple(rule.name for rule in rules)
        scopes = None if principal.scopes is None else principal.scopes & self._scopes
        closed = frozenset(api for api, methods in self.accepts.items() if principal.method not in methods)
        alike = _Alike(names, scopes if self._scopes else None, closed)
        found = self._shared.get(alike)
        if found is None:
            found = self._shared[alike] = self._made(rules, alike)
        return found

    def wanted(self, ref: OperationRef) -> tuple[str, ...]:
        """The scopes to ask for: those of the first alternative, all at once."""
        sets = self.needs.get(ref, ())
        return tuple(sorted(sets[0])) if sets else ()

    def _made(self, rules: tuple[Rule, ...] | None, alike: _Alike) -> Grant:
        if rules is None and alike.scopes is None and not alike.closed:
            return EVERYTHING
        granted = self._granted(rules, alike.closed)
        lacking = dict(self._lacking(granted, alike.scopes))
        return Grant(
            operations=granted.difference(lacking),
            rule="allow-all" if rules is None else "",
            version=self.version,
            lacking=lacking,
            clauses=None if rules is None else _Clauses(rules, self.version).__getitem__,
            unlisted=self._unlisted(rules, alike),
        )

    def _granted(self, rules: tuple[Rule, ...] | None, closed: frozenset[str]) -> frozenset[OperationRef]:
        if rules is None:
            granted = self.operations
        else:
            denied = frozenset[OperationRef]().union(*(rule.deny for rule in rules if rule.holds is None))
            granted = frozenset[OperationRef]().union(*(rule.may for rule in rules)) - denied
        return frozenset(ref for ref in granted if ref[0] not in closed) if closed else granted

    def _lacking(
        self, granted: frozenset[OperationRef], scopes: frozenset[str] | None
    ) -> Iterator[tuple[OperationRef, tuple[str, ...]]]:
        if scopes is None:
            return
        for ref, sets in self.needs.items():
            if ref in granted and not any(one <= scopes for one in sets):
                yield ref, self.wanted(ref)

    def _unlisted(self, rules: tuple[Rule, ...] | None, alike: _Alike) -> frozenset[str]:
        """An upstream may take `/a/`, or `//a`, for the `/a` that is described. So who is denied some operation of an
        API, or has too few scopes for it, has none of the API's other paths."""
        open_to = self.apis if rules is None else frozenset[str]().union(*(rule.unlisted for rule in rules))
        denied = {api for rule in rules or () for api, _ in rule.deny}
        return open_to - alike.closed - denied - {api for (api, _), _ in self._lacking(self.operations, alike.scopes)}


def _digest(principal: Principal) -> bytes:
    """Of all that rules look at: their tests read what conditions see of a caller, where no scopes are none at all.
    Written as Python does, which has a text of its own for every value."""
    return blake2b(repr((principal.facts, principal.scopes is None)).encode(), digest_size=24).digest()


class _Clauses(dict[OperationRef, Clause]):
    """Of the rules of one grant, made when an operation is called first: few of many ever are."""

    def __init__(self, rules: tuple[Rule, ...], version: str) -> None:
        super().__init__()
        self._rules = rules
        self._version = version

    def __missing__(self, ref: OperationRef) -> Clause:
        allow = [rule.permit for rule in self._rules if ref in rule.may]
        deny = tuple(rule.permit for rule in self._rules if ref in rule.deny)
        # What asks for nothing decides before what asks for something: to have two rules is never less than one.
        allow.sort(key=lambda permit: (permit.holds is not None, permit.budget is not None))
        first = allow[0] if allow else Permit("")
        settled = first.holds is None and first.budget is None and not deny
        clause = Clause(tuple(allow), deny, Decision(bool(allow), first.rule, self._version), settled)
        self[ref] = clause
        return clause


def narrowed(grant: Grant, operations: frozenset[OperationRef] | None, layer: Permit) -> Grant:
    """What is left of `grant` within `operations` (None: all of them) and under `layer`, which says which calls, and
    how many. Paths that no operation describes are left only where nothing but a budget narrows."""
    kept, lacking = grant.operations, grant.lacking
    if operations is not None:
        kept = operations if kept is None else kept & operations
        lacking = {ref: scopes for ref, scopes in lacking.items() if ref in operations}
    judging = operations is not None or layer.holds is not None
    unlisted = frozenset[str]() if judging else grant.unlisted
    return replace(grant, operations=kept, lacking=lacking, unlisted=unlisted, layers=(*grant.layers, layer))


def closed_to(grant: Grant, closed: frozenset[str], policy: Policy) -> Grant:
    """What is left of `grant` where these APIs may not be called."""
    kept = policy.operations if grant.operations is None else grant.operations
    every = policy.apis if grant.operations is None else frozenset[str]()
    apis = every if grant.unlisted is None else grant.unlisted
    return replace(
        grant,
        operations=frozenset(ref for ref in kept if ref[0] not in closed),
        lacking={ref: scopes for ref, scopes in grant.lacking.items() if ref[0] not in closed},
        unlisted=apis - closed,
    )


@lru_cache(maxsize=1024)
def allowed(rule: str, version: str) -> Decision:
    """Where no rule has to be looked for."""
    return Decision(allowed=True, rule=rule, version=version)
