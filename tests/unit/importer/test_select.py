"""Selectors as they are documented, at a cost that nobody who writes one can drive up."""

import re
import time
from itertools import product

import pytest

from bridge.importer.select import matches
from bridge.model import Operation
from tests.kit.runtime import endpoint


def operation(path: str) -> Operation:
    return endpoint("a", path=path).operation


def by_the_book(text: str) -> re.Pattern[str]:
    pattern = re.escape(text).replace(r"\*\*", ".*").replace(r"\*", "[^/]*").replace(r"\?", "[^/]")
    return re.compile(pattern.replace("/.*", "(?:/.*)?") if text.endswith("/**") else pattern)


def test_path_globs_select_what_the_plain_reading_of_them_does() -> None:
    texts = ["/" + "".join(some) for size in range(6) for some in product("ab/", repeat=size)]
    operations = {text: operation(text) for text in texts}
    for size in range(6):
        for some in product("a*?/", repeat=size):
            selector = "/" + "".join(some)
            expected = by_the_book(selector)
            for text, one in operations.items():
                assert matches(selector, one) == bool(expected.fullmatch(text)), (selector, text)


@pytest.mark.parametrize(
    "selector", ["*" * 400 + "!", "*a" * 200 + "!", "/" + "*" * 2 + "*?" * 200 + "!", "/" + "*a" * 200]
)
def test_no_number_of_stars_costs_more_than_the_text_is_long(selector: str) -> None:
    one = operation("/" + "a" * 100)
    began = time.perf_counter()
    assert not matches(selector, one)
    assert time.perf_counter() - began < 0.5
