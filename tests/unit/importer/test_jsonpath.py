from time import perf_counter
from typing import Any

import pytest

from bridge.importer.budget import BudgetExceeded, Budgets
from bridge.importer.jsonpath import BadPath, Queries

DOCUMENT: dict[str, Any] = {
    "paths": {
        "/a": {"get": {"tags": ["x", "y"], "x-level": 2}, "put": {"tags": ["y"]}},
        "/b": {"get": {"tags": [], "x-level": 5}},
    }
}


def select(path: str, root: Any = DOCUMENT, **budgets: Any) -> list[tuple[str | int, ...]]:
    return Queries("overlay.yaml", Budgets(**budgets)).select(path, root)


@pytest.mark.parametrize(
    ("path", "selected"),
    [
        ("$", [()]),
        ("$.paths['/a'].get.tags[-1]", [("paths", "/a", "get", "tags", 1)]),
        ("$.paths.*.get", [("paths", "/a", "get"), ("paths", "/b", "get")]),
        ("$.paths.*[?@.tags[0] == 'y']", [("paths", "/a", "put")]),
        ("$.paths.*[?@['x-level'] > 2 || !@.tags]", [("paths", "/b", "get")]),
        ("$..tags[?match(@, '[xz]')]", [("paths", "/a", "get", "tags", 0)]),
        ("$.paths[?search(@.get.tags[0], '[')]", []),
        ("$.paths.*[?length(@.tags) == count($.paths.*)]", [("paths", "/a", "get")]),
        ("$.paths['/a','/a'].put", [("paths", "/a", "put")]),
        ("$.none..x", []),
    ],
)
def test_a_query_selects_places(path: str, selected: list[tuple[str | int, ...]]) -> None:
    assert select(path) == selected


@pytest.mark.parametrize("path", ["", "paths", "$.paths[", "$ .a ", "$.a[?@.b=]", "$[?nope(@)]", "$" + "[?(" * 5000,
                                  "$" + ".a" * 200_000, "$" + ".a" * 65, "$['" + "a" * 5000 + "']",
                                  "$[?" + "(" * 3000 + "@.a" + ")" * 1000 + "]"])  # fmt: skip
def test_what_is_no_query_is_refused(path: str) -> None:
    with pytest.raises(BadPath, match="is not a JSONPath"):
        select(path)


def test_match_takes_the_whole_string_and_search_any_part() -> None:
    root = ["ab", "b", "abc"]
    assert select("$[?match(@, 'a.|b')]", root) == [(0,), (1,)]
    assert select("$[?search(@, 'b')]", root) == [(0,), (1,), (2,)]


@pytest.mark.parametrize("function", ["match", "search"])
def test_a_regular_expression_takes_linear_time(function: str) -> None:
    began = perf_counter()
    assert select(f"$[?{function}(@, '(a+)+b')]", ["a" * 10_000]) == []
    assert perf_counter() - began < 2


@pytest.mark.parametrize("path", ["$..*..*..*..*", "$..[?count($..*) > count($..*)]", "$..[?@..[?@..*]]"])
def test_a_query_that_multiplies_runs_out_of_budget(path: str) -> None:
    root = {str(n): {str(m): [[1, 2], [3]] for m in range(20)} for n in range(20)}
    with pytest.raises(BudgetExceeded, match="'nodes'"):
        select(path, root, nodes=5_000)
    with pytest.raises(BudgetExceeded, match="'seconds'"):
        select(path, root, seconds=0.001)


def test_a_document_as_deep_as_the_budget_is_searched_to_its_end() -> None:
    root: Any = {"leaf": 1}
    for _ in range(126):
        root = [root]
    assert len(select("$..leaf", root)) == 1
