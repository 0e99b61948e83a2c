"""`tools/list`: which tools, in which form, on which page."""

import orjson
import pytest

from bridge.model import Endpoint, Grant, Json
from bridge.pipeline.listing import MOST_REMEMBERED, Form
from bridge.pipeline.toolset import Toolset
from tests.kit.runtime import endpoint

EVERYTHING = Grant()
OBJECT = {"type": "object"}


def toolset(count: int, page: int) -> Toolset:
    """Tools t0, t1, …, given in reverse."""
    made = {f"t{number}": endpoint(f"t{number}") for number in reversed(range(count))}
    return Toolset("", made, page=page)


def names(page: bytes) -> list[str]:
    return [tool["name"] for tool in orjson.loads(page)]


def pages(tools: Toolset, grant: Grant = EVERYTHING) -> list[list[str]]:
    found, start = [], 0
    while True:
        page, following = tools.listings["tools"].page(Form.FULL, grant, start)
        found.append(names(page))
        if following is None:
            return found
        assert following > start
        start = following


@pytest.mark.parametrize(
    ("count", "sizes"), [(0, [0]), (1, [1]), (2, [2]), (3, [2, 1]), (4, [2, 2]), (5, [2, 2, 1])]
)  # fmt: skip
def test_pages_hold_every_tool_once_in_the_order_of_names(count: int, sizes: list[int]) -> None:
    found = pages(toolset(count, 2))
    assert [len(page) for page in found] == sizes
    assert [name for page in found for name in page] == [f"t{number}" for number in range(count)]


@pytest.mark.parametrize("start", [3, 1000])
def test_behind_the_last_tool_there_is_an_empty_page(start: int) -> None:
    assert toolset(3, 2).listings["tools"].page(Form.FULL, EVERYTHING, start) == (b"[]", None)


def test_pages_begin_at_multiples_of_their_size_and_nowhere_else() -> None:
    assert [start for start in range(12) if toolset(5, 2).listings["tools"].begins_page(start)] == [0, 2, 4]
    assert toolset(0, 2).listings["tools"].begins_page(0)


def test_what_is_not_granted_is_on_no_page() -> None:
    tools = toolset(5, 2)
    some = Grant(frozenset({("orders", "t0"), ("orders", "t3"), ("orders", "t4"), ("others", "t1")}))
    assert pages(tools, some) == [["t0", "t3"], ["t4"]]
    assert pages(tools) == [["t0", "t1"], ["t2", "t3"], ["t4"]]
    assert pages(tools, Grant(frozenset())) == [[]]


def described(form: Form, one: Endpoint) -> Json:
    (tool,) = orjson.loads(Toolset("", {"read": one}).listings["tools"].page(form, EVERYTHING, 0)[0])
    return tool


def test_the_oldest_revision_gets_what_it_knows() -> None:
    one = endpoint("read", output=OBJECT)
    assert one.tool is not None
    assert set(described(Form.FULL, one)) == {
        "name", "title", "description", "inputSchema", "outputSchema", "annotations",
    }  # fmt: skip
    assert set(described(Form.FIRST, one)) == {"name", "description", "inputSchema"}
    basic = described(Form.BASIC, one)
    assert set(basic) == {"name", "description", "inputSchema", "annotations"}
    assert basic["annotations"]["title"] == one.tool.title


def test_without_an_output_schema_there_is_no_empty_one() -> None:
    assert "outputSchema" not in described(Form.FULL, endpoint("read"))


def test_forms_do_not_mix_however_they_are_asked_for() -> None:
    tools = Toolset("", {"read": endpoint("read", output=OBJECT)})
    forms = [Form.FULL, Form.BASIC, Form.FULL, Form.BASIC]
    full = ["outputSchema" in orjson.loads(tools.listings["tools"].page(form, EVERYTHING, 0)[0])[0] for form in forms]
    assert full == [True, False, True, False]


def test_a_page_is_joined_once_for_one_set_of_grants() -> None:
    tools = toolset(3, 2)
    some = Grant(frozenset({("orders", "t0")}), "one rule")
    same = Grant(frozenset({("orders", "t0")}), "another rule")
    assert tools.listings["tools"].page(Form.FULL, some, 0)[0] is tools.listings["tools"].page(Form.FULL, same, 0)[0]


def test_pages_that_are_remembered_have_a_bound() -> None:
    """However many grants there are, and whatever page somebody asks for."""
    tools = toolset(3, 2)
    for number in range(3 * MOST_REMEMBERED):
        grant = Grant(frozenset({("orders", f"t{number % 3}"), ("orders", f"x{number}")}))
        assert names(tools.listings["tools"].page(Form.FULL, grant, 0)[0]) == [f"t{number % 3}"]
        assert tools.listings["tools"].page(Form.FULL, EVERYTHING, number + 5) == (b"[]", None)
    assert tools.listings["tools"].remembered <= MOST_REMEMBERED


def test_a_tool_is_found_by_its_own_name_alone() -> None:
    tools = toolset(3, 2)
    found = tools.get("t1")
    assert found is not None
    assert found.operation.id == "t1"
    assert [tools.get(name) for name in ("T1", "t", "", "t1 ")] == [None] * 4
