import pytest

from bridge.ingress.mcp import cursor
from bridge.ingress.mcp.refusals import InvalidParams


@pytest.mark.parametrize("start", [1, 250, 99_999])
def test_a_cursor_leads_back_to_where_it_was_given(start: int) -> None:
    assert cursor.read(cursor.write(start, "support", "d1"), "support", "d1") == start


def test_a_cursor_of_another_toolset_is_refused() -> None:
    with pytest.raises(InvalidParams, match="not one of this endpoint"):
        cursor.read(cursor.write(250, "support", "d1"), "", "d1")


def test_a_cursor_of_a_former_catalogue_says_that_the_list_has_changed() -> None:
    with pytest.raises(InvalidParams, match="has changed"):
        cursor.read(cursor.write(250, "", "d1"), "", "d2")


@pytest.mark.parametrize(
    "given", ["", "250", "x" * 10_000, "\u0661.0000000000000000.0000000000000000", 250, None, ["a"], {}]
)
def test_what_was_never_given_is_no_cursor(given: object) -> None:
    with pytest.raises(InvalidParams):
        cursor.read(given, "", "d1")


@pytest.mark.statement("A21")
def test_no_character_of_a_cursor_can_be_changed() -> None:
    good = cursor.write(250, "", "d1")
    for at, character in enumerate(good):
        changed = good[:at] + ("1" if character != "1" else "2") + good[at + 1 :]
        with pytest.raises(InvalidParams):
            cursor.read(changed, "", "d1")
