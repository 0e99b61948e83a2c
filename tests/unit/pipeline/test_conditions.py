"""What a condition may cost: whatever its text and whatever the arguments, it is judged soon or not at all."""

import pytest

from bridge.model import Facts, Json
from bridge.model.conditions import STEPS, size_of
from bridge.pipeline.conditions import Unjudged, compile_callers, compile_condition

JOINED = " + ".join(["args.text"] * 70) + ' != "a"'
LISTED = "[0,0,0,0,0,0,0,0,0,0]"


def nested(deep: int, over: str) -> str:
    text = "true"
    for level in range(deep):
        text = f"{over}.all(x{level}, {text})"
    return text


def about(**args: Json) -> Facts:
    return {"args": args, "principal": {}, "operation": {}}


@pytest.mark.parametrize("text", [nested(6, LISTED), nested(16, "[0, 1]")])
def test_what_would_go_on_for_long_is_no_condition(text: str) -> None:
    with pytest.raises(ValueError, match="nest fewer"):
        compile_condition(text)


@pytest.mark.parametrize(
    ("text", "args"),
    [
        (nested(2, "args.many"), {"many": [0] * 1_000}),
        (nested(3, "args.many"), {"many": [0] * 100}),
        (" + ".join(["args.text"] * 40) + ' == ""', {"text": "x" * 1_000_000}),
        ("args.many.size() < 1", {"many": [[]] * STEPS}),
        ("args.many.map(a, args.many).size() > 1", {"many": list(range(1_000))}),
        (" && ".join(["args.many == args.many"] * 100), {"many": list(range(100_000))}),
    ],
)
def test_where_there_is_too_much_to_look_at_it_cannot_be_judged(text: str, args: Json) -> None:
    holds = compile_condition(text)
    with pytest.raises(Unjudged, match="too much"):
        holds(about(**args))


@pytest.mark.parametrize(
    ("text", "args", "held"),
    [
        ('args.lines.all(line, line.tags.exists(tag, tag == "ok"))', {"lines": [{"tags": ["no", "ok"]}] * 30}, True),
        ("args.lines.all(line, line < 5)", {"lines": list(range(20_000))}, False),
        ("args.a + args.b <= 100", {"a": 40, "b": 60}, True),
        ('args.filter == "all" || args.map == "exists"', {"filter": "all"}, True),
        ("args.text.size() > 0", {"text": "x" * 1_000_000}, True),
    ],
)
def test_what_people_write_is_judged(text: str, args: Json, held: bool) -> None:
    assert compile_condition(text)(about(**args)) is held


@pytest.mark.parametrize("text", ["args.a.matches('x{1000}')", "args.a.map(x, x) == []", "args.a.filter (x, x) == []"])
def test_callers_write_neither_patterns_nor_what_builds_lists(text: str) -> None:
    with pytest.raises(ValueError, match="is for grants alone"):
        compile_callers(text)


def test_where_a_caller_compares_lists_in_a_list_there_may_be_fewer() -> None:
    text, many = "args.many.all(x, args.many != [x])", {"many": list(range(1_000))}
    assert compile_condition(text)(about(**many))
    with pytest.raises(Unjudged):
        compile_callers(text)(about(**many))


@pytest.mark.parametrize(
    ("text", "facts"),
    [
        (f"args.list.all(one, {JOINED})", {"args": {"list": [1] * 1_000, "text": "a" * 100_000}}),
        (f"principal.groups.all(one, {JOINED})", {"principal": {"groups": ["a"] * 4_000}, "args": {"text": "a" * 999}}),
        (JOINED, {"args": {"text": "a" * 5_000_000}}),
        (" && ".join(["args.list == args.list"] * 30), {"args": {"list": [1] * 1_000_000}}),
    ],
)  # fmt: skip
def test_what_a_caller_makes_long_is_not_judged(text: str, facts: Facts) -> None:
    holds = compile_callers(text)
    with pytest.raises(Unjudged, match="too much"):
        holds({**about(), **facts})


@pytest.mark.parametrize("gap", [" ", "\n", "// and so on\n", " //a\n //(\n "])
def test_a_gap_before_the_parenthesis_hides_nothing(gap: str) -> None:
    with pytest.raises(ValueError, match="nest fewer"):
        compile_condition(nested(6, LISTED).replace("all(", f"all{gap}("))


@pytest.mark.parametrize(
    ("text", "held"),
    [
        ("args.a == 1", True),
        ("args . a == 1", True),
        ("args\n.a == 1", True),
        ('args["b"] == 2 && args.a == 1', True),
        ("size(args) == 3", True),
        ("args.a == 1 // args\n && size(args) == 3", True),
        ("args.many.all(args, args < 3)", True),
        ("[args].all(one, one.b == 2)", True),
        ("args.a == 1 && has(args.b) && !has(args.c)", True),
        ('"b" in args', True),
        ('principal.claims.team == "a"', True),
        ("operation.tags.exists(t, t == principal.id) || args.a == 2", False),
    ],
)
def test_an_expression_sees_all_that_it_asks_for(text: str, held: bool) -> None:
    facts: Facts = {
        "args": {"a": 1, "b": 2, "many": [1, 2]},
        "principal": {"id": "ann", "claims": {"team": "a"}},
        "operation": {"tags": ["x"]},
    }
    assert compile_condition(text)(facts) is held


def test_what_an_expression_does_not_ask_for_costs_nothing() -> None:
    assert compile_condition("args.amount < 1")(about(amount=0, many=[[]] * STEPS))


def test_counting_ends_where_it_is_enough() -> None:
    assert size_of({"a": [1, "x" * 640]}) == 1 + 1 + 1 + 1 + 1 + 10
    assert size_of([0] * (10 * STEPS)) <= STEPS + 1
