"""Patterns for ids of callers: `*` stands for any text, at a cost that no id can drive up."""

import re
import time
from itertools import product

import pytest

from bridge.compile.grants import pattern_of


def test_a_star_stands_for_any_text_and_nothing_else_is_special() -> None:
    texts = ["".join(some) for size in range(6) for some in product("ab.", repeat=size)]
    for size in range(6):
        for some in product("a.*", repeat=size):
            pattern = "".join(some)
            expected = re.compile(re.escape(pattern).replace(r"\*", ".*"))
            for text in texts:
                assert bool(pattern_of(pattern).fullmatch(text)) == bool(expected.fullmatch(text)), (pattern, text)
    assert pattern_of("a*").fullmatch("a\n")


@pytest.mark.parametrize(("pattern", "text"), [("*@*.example.com", "@" * 6000), ("*-*@*.test", "-@" * 3000)])
def test_no_id_costs_more_than_it_is_long(pattern: str, text: str) -> None:
    began = time.perf_counter()
    assert not pattern_of(pattern).fullmatch(text)
    assert time.perf_counter() - began < 0.5
