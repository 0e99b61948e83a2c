"""Credentials of our own: one spelling each, and nothing else is one."""

import string

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bridge.pipeline.identity.handles import CAPABILITY, KEY, Handle, mint, parse

ALPHABET = string.ascii_letters + string.digits + "-_"
GOOD = f"dbk_{'0' * 16}_{'A' * 43}"


@pytest.mark.parametrize("prefix", [KEY, CAPABILITY])
def test_what_was_minted_is_read_back_and_is_another_each_time(prefix: str) -> None:
    made = [mint(prefix) for _ in range(200)]
    assert [parse(one.reveal(), prefix) for one in made] == made
    assert len({one.id for one in made}) == len({one.secret for one in made}) == 200


def test_a_key_is_no_capability_and_a_capability_no_key() -> None:
    assert parse(mint(KEY).reveal(), CAPABILITY) is None
    assert parse(mint(CAPABILITY).reveal(), KEY) is None


@given(st.text(max_size=100) | st.text(ALPHABET, max_size=100) | st.from_regex(r"\Adb[kc]_[0-9a-f]{16}_[\w-]{43}\Z"))
@example(GOOD + "\n")
@example(" " + GOOD)
@example(GOOD.upper())
@example(GOOD[:-1] + "B")
@example(GOOD.replace("0", "g", 1))
@example(GOOD.replace("0", "\u0660", 1))
@example(GOOD.replace("A", "\u0041\u0301", 1))
@example("dbk_" * 1_000_000)
def test_whatever_is_read_is_written_just_so(text: str) -> None:
    for prefix in (KEY, CAPABILITY):
        found = parse(text, prefix)
        assert found is None or (found.reveal(), found.prefix) == (text, prefix)


@given(st.integers(0, len(GOOD) - 1), st.sampled_from(ALPHABET + " .\x00\u00e9"))
def test_of_a_secret_there_is_one_spelling(place: int, other: str) -> None:
    """Else what is no key of anybody's would pass for one wherever keys are compared as bytes."""
    text = GOOD[:place] + other + GOOD[place + 1 :]
    found = parse(text, KEY)
    assert found is None or found.reveal() == text
    if place == len(GOOD) - 1 and found is not None:
        assert other in "AEIMQUYcgkosw048"


@pytest.mark.statement("A28")
def test_a_handle_is_never_shown_with_its_secret() -> None:
    made = mint(KEY)
    shown = f"{made!r} {made!s} {made}"
    assert made.id in shown
    assert made.secret not in shown
    assert Handle(made.prefix, made.id, made.secret) == made
