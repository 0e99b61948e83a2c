"""What a person sees who is to decide: everything that makes a difference, bounded, and nothing in disguise."""

import pytest

from bridge.model import Call, Door, Json
from bridge.pipeline.shown import MOST_ARGUMENTS, MOST_TARGET, cut, shown, visible
from tests.kit.runtime import endpoint


def seen(given: Json) -> str:
    one = endpoint("drop", "DELETE")
    call = Call("c", Door.MCP, "DELETE", "/drop", 0, 0, 0, endpoint=one, route=one.route, arguments=given, tool="drop")
    return shown(call).as_text()


def test_a_call_without_arguments_says_so() -> None:
    assert seen({}) == "Tool: drop\nAPI: orders\nRequest: DELETE /drop\nArguments: none"


def test_every_value_is_shown_as_json() -> None:
    text = seen({"a": "x", "n": 1, "list": [True, None], "empty": ""})
    assert text.splitlines()[4:] == ['  a: "x"', "  n: 1", "  list: [true, null]", '  empty: ""']


@pytest.mark.parametrize("char", ["\n", "\r", "\x1b", "\u202e", "\u2066", "\u200b", "\ufeff", "\u00a0", "\u2028"])
def test_what_cannot_be_seen_is_written_out(char: str) -> None:
    assert "\\" in visible(char)
    text = seen({"a": f"x{char}y", f"n{char}": 1})
    assert char not in text.replace("\n", "") if char != "\n" else text.count("\n") == 5


def test_letters_of_any_script_stay_as_they_are() -> None:
    assert visible("Grüße, 世界 – 🙂") == "Grüße, 世界 – 🙂"


def test_what_is_cut_can_be_told_apart() -> None:
    one, other = cut("x" * 10_000 + "a", 300), cut("x" * 10_000 + "b", 300)
    assert one != other
    assert len(one) < 500
    assert "10,001 characters" in one
    assert cut("\u202e" * 300, 300).count("\\u202e") == 300


def test_however_many_arguments_there_are_the_text_is_bounded_and_tells_all_of_them_apart() -> None:
    many = {f"name{number}": "v" * 200 for number in range(500)}
    one, other = seen(many), seen({**many, "name499": "changed"})
    assert len(one) < MOST_ARGUMENTS + MOST_TARGET + 4_000
    assert "more: SHA-256" in one
    assert one != other


def test_a_target_is_bounded_too() -> None:
    assert len(cut("/" + "a" * 100_000, MOST_TARGET)) < MOST_TARGET + 150
