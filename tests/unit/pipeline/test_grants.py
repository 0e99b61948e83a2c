"""Rules, scopes and capabilities become grants: deny wins, a scope is never sufficient, and narrowing only narrows."""

from collections.abc import Iterable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.model import Budget, Facts, Grant, OperationRef, Permit, Principal, PrincipalKind
from bridge.pipeline.grants import MOST_REMEMBERED, Alternatives, Policy, Rule, closed_to, narrowed

ALL = frozenset(("shop", name) for name in "abcdef")


def somebody(*groups: str, scopes: Iterable[str] | None = None, method: str = "corp") -> Principal:
    return Principal(
        "ann", PrincipalKind.PERSON, Grant(frozenset()), "ann", groups=frozenset(groups),
        scopes=None if scopes is None else frozenset(scopes), method=method,
    )  # fmt: skip


def of(*names: str) -> frozenset[OperationRef]:
    return frozenset(("shop", name) for name in names)


def rule(name: str, group: str = "", *, may: str = "", deny: str = "", **more: object) -> Rule:
    def matches(principal: Principal) -> bool:
        return not group or group in principal.groups

    return Rule(name, matches, of(*may), of(*deny), **more)  # type: ignore[arg-type] # as the tests name them


def operations(grant: Grant) -> frozenset[OperationRef]:
    return ALL if grant.operations is None else grant.operations


def test_without_rules_everybody_may_everything() -> None:
    assert Policy(None, ALL).grant(somebody()) == Grant()


def test_with_rules_nobody_may_what_no_rule_allows() -> None:
    policy = Policy([rule("staff", "staff", may="ab")], ALL)
    assert policy.grant(somebody()).operations == of()
    assert policy.grant(somebody("staff")).operations == of("a", "b")


def test_a_denial_wins_over_every_permission_whatever_their_order() -> None:
    rules = [rule("all", may="abc"), rule("never", deny="b"), rule("more", may="b")]
    for order in (rules, rules[::-1]):
        assert Policy(order, ALL).grant(somebody()).operations == of("a", "c")


def test_whoever_is_denied_something_reaches_it_by_no_other_spelling_of_its_path() -> None:
    open_to_all = rule("all", may="abc", unlisted=frozenset({"shop"}))
    for held in (None, lambda facts: True):
        policy = Policy([open_to_all, rule("never", "staff", deny="b", holds=held)], ALL)
        assert policy.grant(somebody()).unlisted == frozenset({"shop"})
        assert policy.grant(somebody("staff")).unlisted == frozenset()


@pytest.mark.statement("A9")
def test_a_scope_is_necessary_and_never_sufficient() -> None:
    needs: dict[OperationRef, Alternatives] = {
        ("shop", "a"): (frozenset({"r", "w"}),),
        ("shop", "b"): (frozenset({"r"}),),
    }
    policy = Policy([rule("staff", "staff", may="a")], ALL, needs=needs)
    assert policy.grant(somebody("staff", scopes=["r", "w"])).operations == of("a")
    lacking = policy.grant(somebody("staff", scopes=["r"]))
    assert lacking.operations == of()
    assert lacking.lacking == {("shop", "a"): ("r", "w")}
    assert policy.grant(somebody(scopes=["r", "w"])).operations == of()


def test_a_credential_without_scopes_needs_none() -> None:
    policy = Policy(None, ALL, needs={("shop", "a"): (frozenset({"r"}),)})
    assert policy.grant(somebody()).operations is None
    assert policy.grant(somebody(scopes=[])).operations == ALL - of("a")


def test_an_api_that_does_not_take_an_identity_is_not_there_for_it() -> None:
    policy = Policy(None, ALL | {("bank", "x")}, accepts={"bank": frozenset({"api_keys"})})
    assert ("bank", "x") not in (policy.grant(somebody()).operations or ())
    assert policy.grant(somebody()).unlisted == frozenset({"shop"})
    assert policy.grant(somebody(method="api_keys")) == Grant()


def test_what_asks_for_nothing_decides_before_what_asks_for_something() -> None:
    def never(facts: Facts) -> bool:
        return False

    limited = rule("limited", may="a", budget=Budget("k", calls=1))
    policy = Policy([rule("sometimes", may="a", holds=never), limited, rule("always", may="a")], ALL, version="7")
    clauses = policy.grant(somebody()).clauses
    assert clauses is not None
    clause = clauses(("shop", "a"))
    assert [permit.rule for permit in clause.allow] == ["always", "limited", "sometimes"]
    assert clause.settled
    assert (clause.decision.rule, clause.decision.version) == ("always", "7")


def test_callers_alike_share_one_grant_and_no_number_of_them_fills_the_memory() -> None:
    policy = Policy([rule("even", "even", may="a"), rule("odd", "odd", may="b")], ALL)
    assert policy.grant(somebody("even")) is policy.grant(somebody("even", "none"))
    grants = {id(policy.grant(somebody("odd" if n % 2 else "even", f"g{n}"))) for n in range(MOST_REMEMBERED + 100)}
    assert len(grants) == 2
    assert len(policy._known) == MOST_REMEMBERED


def test_a_caller_who_is_known_is_not_judged_again_and_another_one_is() -> None:
    """Whatever rules can look at makes another caller: also that there are no scopes, which is not to have none."""
    judged: list[Principal] = []

    def matches(principal: Principal) -> bool:
        judged.append(principal)
        return True

    policy = Policy([Rule("all", matches, of("a"))], ALL, needs={("shop", "a"): (frozenset({"r"}),)})
    ann = somebody("staff")
    others = [
        replace(ann, id="bob"), replace(ann, kind=PrincipalKind.AGENT), replace(ann, tenant="t"),
        replace(ann, issuer="https://id.test"), replace(ann, client="c"), replace(ann, groups=frozenset("gh")),
        replace(ann, scopes=frozenset()), replace(ann, scopes=frozenset("r")), replace(ann, claims={"level": 1}),
        replace(ann, claims={"level": "1"}), replace(ann, claims={"level": True}), replace(ann, actor="eve"),
        replace(ann, method="certificates"),
    ]  # fmt: skip
    for one in (ann, *others):
        assert policy.grant(one) is policy.grant(replace(one, limit_key="another", expires=1.0))
    assert judged == [ann, *others]
    assert policy.grant(ann).operations == of("a")
    assert policy.grant(others[6]).operations == of()


def test_from_where_an_api_may_not_be_called_it_is_not_there() -> None:
    policy = Policy([rule("all", may="ab", unlisted=frozenset({"shop"}))], ALL)
    left = closed_to(policy.grant(somebody()), frozenset({"shop"}), policy)
    assert (left.operations, left.unlisted) == (frozenset(), frozenset())
    assert closed_to(Grant(), frozenset({"shop"}), policy).operations == frozenset()


# --- narrowing --------------------------------------------------------------------------------------------------------

names = st.frozensets(st.sampled_from("abcdef"))
rules = st.lists(st.builds(lambda n, g, m, d: rule(f"r{n}", g, may="".join(m), deny="".join(d)),
                           st.integers(0, 9), st.sampled_from(["", "g", "h"]), names, names), max_size=5)  # fmt: skip
layers = st.lists(st.tuples(st.none() | names, st.sampled_from([None, True, False])), max_size=4)
scopes = st.none() | st.frozensets(st.sampled_from("xyz"))
sets = st.lists(st.frozensets(st.sampled_from("xyz"), min_size=1), min_size=1, max_size=2).map(tuple)
needs = st.dictionaries(st.sampled_from(sorted(ALL)), sets)


@pytest.mark.statement("A9")
@given(rules, layers, scopes, scopes, needs, st.frozensets(st.sampled_from("gh")))
@settings(max_examples=300, deadline=None)
def test_a_narrowed_grant_is_never_more_than_either_side(
    some: list[Rule],
    chain: list[tuple[frozenset[str] | None, bool | None]],
    had: frozenset[str] | None,
    asked: frozenset[str] | None,
    wanted: dict[OperationRef, Alternatives],
    groups: frozenset[str],
) -> None:
    """Over random rules and chains of capabilities, with fewer scopes or not: all that is left was there before, lies
    within what was asked for, and every condition on the way still holds."""
    policy = Policy(some, ALL, needs=wanted)
    whole = policy.grant(somebody(*groups, scopes=had))
    fewer = had if asked is None else asked if had is None else asked & had
    grant = policy.grant(somebody(*groups, scopes=fewer))
    assert operations(grant) <= operations(whole)
    for number, (within, answer) in enumerate(chain):
        holds = None if answer is None else (lambda facts, answer=answer: answer)
        left = narrowed(grant, None if within is None else of(*within), Permit(f"c{number}", holds))
        assert operations(left) <= operations(grant)
        assert within is None or operations(left) <= of(*within)
        assert left.lacking.keys() <= grant.lacking.keys()
        assert left.layers[:-1] == grant.layers
        assert grant.unlisted is None or (left.unlisted is not None and left.unlisted <= grant.unlisted)
        assert (within is None and holds is None) or left.unlisted == frozenset()
        grant = left
    assert operations(grant) <= operations(whole)
