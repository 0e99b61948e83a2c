"""What stands in a prompt's argument stays where it was put."""

import pytest

from bridge.ingress.mcp.prompts import addressed, filled


@pytest.mark.parametrize("value", ["7?all=1", "../admin", "a/b", "x#y", "{{id}}", "%2e%2e", "é", "a b"])
def test_a_part_of_an_address_stays_a_part(value: str) -> None:
    made = addressed("shop://items/{{id}}/notes", {"id": value})
    assert made.startswith("shop://items/")
    assert made.endswith("/notes")
    assert not set(made.removeprefix("shop://items/").removesuffix("/notes")) & set("/?#{} ")


def test_an_argument_may_be_the_whole_address() -> None:
    assert addressed(" {{ uri }} ", {"uri": "shop://items/7?all=1"}) == "shop://items/7?all=1"


def test_what_is_put_in_is_not_looked_at_again() -> None:
    assert filled("{{a}} and {{ b }}{{c}}", {"a": "{{b}}", "b": "x"}) == "{{b}} and x"
