"""What a model reads: no markup, nothing hidden, cut to a budget at a sentence."""

import pytest

from bridge.importer.text import clean, shorten
from bridge.model import Json
from tests.kit.documents import imported, inputs, only_tool, paths, posting


def told(**operation: Json) -> str:
    return only_tool(imported(paths({"GET /a": operation | {"responses": {}}}))).description


@pytest.mark.parametrize(
    ("written", "clear"),
    [
        ("<p>One <b>two</b></p>", "One two"),
        ("see [the manual](https://example.com/a_(b)) now", "see the manual now"),
        ('![logo](x.png "Logo") text', "logo text"),
        ("a &lt; b &amp;&amp; c", "a < b && c"),
        ("a\n\n  b\t c", "a b c"),
        ("a\u202eb\u200bc\x1b[31md\ufeff", "abc[31md"),
        ("a\U000e0041\U000e007fb\xadc", "abc"),
        ("a\ufff9b\ufffbc\ufe0fd\U000e0100e\u3164f\u115fg\u1160h\uffa0", "abcdefgh"),
        ("2 < 3 and x<y", "2 < 3 and x<y"),
        ("[not] (a link)", "[not] (a link)"),
        ("日本語 ünïcödé 🚀", "日本語 ünïcödé 🚀"),
    ],
)
def test_prose_is_cleaned(written: str, clear: str) -> None:
    assert clean(written) == clear


def test_text_is_cut_behind_a_sentence_or_between_words() -> None:
    assert shorten("One. Three four five six.", 20) == "One. Three four…"
    assert shorten("One two three. Four five six.", 20) == "One two three."
    assert shorten("x" * 30, 10) == "x" * 9 + "…"
    assert shorten("short", 5) == "short"


def test_summary_is_not_said_twice() -> None:
    assert told(summary="List things", description="List things by date") == "List things by date."
    assert told(summary="List things", description="Slowly!") == "List things. Slowly!"


def test_operation_without_words_is_told_by_method_and_path() -> None:
    assert told() == "GET /a."


def test_deprecated_operation_says_so_first() -> None:
    assert told(summary="Old", deprecated=True) == "Deprecated. Old."


def test_title_is_the_summary_or_else_the_name() -> None:
    assert only_tool(imported(paths({"GET /a": {"summary": "List <i>things</i>"}}))).title == "List things"
    assert only_tool(imported(paths({"GET /a": {"operationId": "listThings"}}))).title == "List things"


def test_long_description_is_cut() -> None:
    assert len(told(description="A sentence of some words. " * 1000)) <= 700


def test_descriptions_inside_a_large_schema_are_shortened_but_its_constraints_kept() -> None:
    properties = {
        f"p{number}": {"type": "string", "maxLength": 9, "description": "Says a lot. " * 50} for number in range(90)
    }
    catalog = imported(posting({"type": "object", "properties": properties}))
    found = inputs(catalog)
    assert len(found) == 90
    assert all(one["maxLength"] == 9 and len(one["description"]) <= 120 for one in found.values())


@pytest.mark.parametrize("wrong", [5, [], {}, None, True])
def test_words_of_the_wrong_type_are_no_words(wrong: Json) -> None:
    document = paths({"GET /a": {"summary": wrong, "description": wrong, "tags": wrong, "operationId": wrong}})
    assert only_tool(imported(document)).description == "GET /a."
