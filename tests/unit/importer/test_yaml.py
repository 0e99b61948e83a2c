"""Both YAML readers: the fast one and the exact one behind it."""

import tracemalloc
from typing import Any

import pytest

from bridge.importer import yaml
from bridge.importer.budget import Budgets
from bridge.importer.yaml_events import Reader
from tests.unit.importer.reading import CORPUS, needs_corpus, read, refusal


def value(text: str) -> Any:
    return read(f"key: {text}\n", "api.yaml").root["key"]


def exact(text: str) -> Any:
    return Reader("api.yaml", Budgets()).read(f"key: {text}\n").value["key"]


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("no", "no"),
        ("yes", "yes"),
        ("on", "on"),
        ("y", "y"),
        ("2020-01-01", "2020-01-01"),
        ("12:30:45", "12:30:45"),
        ("010", "010"),
        ("-007", "-007"),
        ("08", "08"),
        ("0o10", 8),
        ("0x1F", 31),
        ("0X1F", "0X1F"),
        ("-0x1F", "-0x1F"),
        ("0b11", "0b11"),
        ("1_000", "1_000"),
        ("~", None),
        ("", None),
        ("Null", None),
        ("nULL", "nULL"),
        ("TRUE", True),
        ("tRUE", "tRUE"),
        ("+1", 1),
        ("-0", 0),
        ("1e3", 1000.0),
        ("1.", 1.0),
        (".5", 0.5),
        ("-1.5E+3", -1500.0),
        ("09.5", 9.5),
        (".", "."),
        ("e3", "e3"),
        ("1e400", "1e400"),
        ("18446744073709551615", 18446744073709551615),
        ("-9223372036854775808", -9223372036854775808),
        ("123456789012345678901234567890", 1.2345678901234568e29),
        ("-123456789012345678901234567890", -1.2345678901234568e29),
        ('""', ""),
        ("'200'", "200"),
        ("=", "="),
        ("!!str 200", "200"),
        ("! 200", "200"),
        ("!!int '200'", 200),
        ("!!float 1", 1.0),
        ("!!null ''", None),
        ("!!map {a: !!seq [1]}", {"a": [1]}),
        ("|\n  a: no\n  b", "a: no\nb\n"),
        (">-\n  a\n  b", "a b"),
    ],
)
def test_a_scalar_means_what_yaml_1_2_says_to_both_readers(text: str, meaning: object) -> None:
    for read_by in (value, exact):
        assert repr(read_by(text)) == repr(meaning)


@pytest.mark.parametrize("text", [".inf", "-.INF", ".NaN", "[1, .nan]"])
def test_numbers_that_json_has_not_are_refused(text: str) -> None:
    assert "is no JSON number: quote it if it is text" in refusal(f"key: {text}", "api.yaml")


def test_keys_are_text_as_they_are_written() -> None:
    text = "200: a\ntrue: b\n1.50: c\n010: d\n0xC8: e\n~: f\n'x': g\n+1: h\n'': i\n"
    assert list(read(text, "api.yaml").root) == ["200", "true", "1.50", "010", "0xC8", "~", "x", "+1", ""]


def test_status_codes_as_keys_keep_their_order() -> None:
    responses = read("default: a\n200: b\nother: {404: c, x: [{500: d}]}\n", "api.yaml").root
    assert list(responses) == ["default", "200", "other"]
    assert responses["other"] == {"404": "c", "x": [{"500": "d"}]}


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("a: 1\nb:\n\tc: 1", "3:1: a tab begins this: YAML is indented with spaces"),
        ("a:\n  b: [1, 2\nc: 3", "2:6: this `[` is not closed or lacks a comma before line 3"),
        ("a: {b: 1\n", "1:4: this `{` is not closed or lacks a comma before line 2"),
        ("a: 'x\nb: 1", "1:4: this quote is never closed"),
        ("a: 1\ndescription: see: this", "2:17: a colon is not allowed here"),
        ("a: @foo", "1:4: a value cannot begin with '@': put it into quotes"),
        ("a: %x", "1:4: a value cannot begin with '%': put it into quotes"),
        ("a: 'it's'", "1:8: expected a key"),
        ('a: "\\d+"', "1:5: unknown escape: in single quotes a backslash is itself"),
        ("a:\n  b: 1\nplain\nc: 1", "3:1: this is not `key: value`"),
        ("a: b\nplain\n", "2:1: this is not `key: value`"),
        ("a: - b", "1:4: a list item needs a line of its own"),
        ("a: *x", "1:4: the alias *x has no anchor &x before it"),
        ("a: &x [1, *x]", "1:11: the alias *x contains itself"),
        ("a: &x {<<: *x}", "1:12: the alias *x contains itself"),
        ("- 1\n---\n- 2", "3:1: a second document begins here"),
        ("a: 1\n? [b]\n: 2", "2:3: a key must be a single value"),
        ("a: !!python/object/apply:os.system [id]", "1:4: the tag !!python/object/apply:os.system is not JSON"),
        ("a: !!binary aGk=", "1:4: the tag !!binary is not JSON"),
        ("a: !custom x", "1:4: the tag !custom is not JSON"),
        ("a: !h!custom x", "1:4: this tag is not declared"),
        ("a: !!int x", "1:4: 'x' is not what its tag !!int says"),
        ("a: 1\n<<: 2", "2:5: `<<` merges a mapping or a list of mappings"),
        ("a: 1\nb: x\x07", "2:5: the control character U+0007 is not allowed"),
        ("a: \x00", "1:4: the control character U+0000 is not allowed"),
    ],
)
def test_broken_yaml_is_refused_at_its_line_and_column_with_the_mend(text: str, error: str) -> None:
    assert refusal(text, "api.yaml").startswith(f"api.yaml:{error}")


@pytest.mark.parametrize("text", ["# nothing\n", "---\n", "---\n...\n"])
def test_yaml_without_a_value_is_an_empty_document(text: str) -> None:
    assert refusal(text, "api.yaml") == "api.yaml: empty document"


def test_an_empty_document_at_the_end_is_no_second_document() -> None:
    assert read("a: 1\n---\n", "api.yaml").root == {"a": 1}


def test_repeated_keys_are_found_and_the_later_value_counts() -> None:
    document = read("paths:\n  /a:\n    - {get: 1}\n    - get: 1\n      get: 2\n200: x\n'200': y\n", "api.yaml")
    assert document.root == {"paths": {"/a": [{"get": 1}, {"get": 2}]}, "200": "y"}
    assert [(finding.id, finding.where, finding.line) for finding in document.findings] == [
        ("duplicate-key", "/paths/~1a/1/get", 5),
        ("duplicate-key", "/200", 7),
    ]


def test_a_key_written_once_as_a_number_and_once_as_text_is_repeated() -> None:
    document = read("200: x\n'200': y\n", "api.yaml")
    assert document.root == {"200": "y"}
    assert [finding.where for finding in document.findings] == ["/200"]


def test_merge_keys_give_way_to_the_mapping_itself_and_to_earlier_mappings() -> None:
    text = "a: &a {x: 1, y: 1}\nb: &b {y: 2, z: 2}\nc: {<<: [*a, *b], x: 3}\nd:\n  w: 0\n  <<: *b\ne: {'<<': 1}\n"
    root = read(text, "api.yaml").root
    assert root["c"] == {"x": 3, "y": 1, "z": 2}
    assert root["d"] == {"w": 0, "y": 2, "z": 2}
    assert root["e"] == {"<<": 1}
    assert read(text, "api.yaml").findings == ()


def test_each_use_of_an_anchor_is_a_value_of_its_own() -> None:
    root = read("a: &a {x: {y: []}}\nb: *a\nc: {<<: *a}\nd: &d [*a]\ne: {<<: *d}\n", "api.yaml").root
    places = [root["a"]["x"], root["b"]["x"], root["c"]["x"], root["d"][0]["x"], root["e"]["x"]]
    assert places == [{"y": []}] * 5
    assert len({id(place) for place in places}) == 5


def test_a_bomb_of_aliases_is_refused_while_it_is_read() -> None:
    levels = [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 30)]
    error = refusal("\n".join(["a0: &a0 [x]", *levels]), "api.yaml", nodes=100_000)
    assert error.startswith("api.yaml:6:")
    assert "(budget 'nodes')" in error


def test_one_long_list_used_many_times_is_refused() -> None:
    """Only the square of what is written, so that counting how often aliases are followed would not show it."""
    items = "\n".join(["- x"] * 2000)
    text = f"a: &a\n{items}\nb:\n" + "- *a\n" * 2000
    assert "(budget 'nodes')" in refusal(text, "api.yaml", nodes=400_000)
    assert "(budget 'aliases')" in refusal(text, "api.yaml")


def test_what_aliases_bring_is_counted_before_any_of_it_is_made() -> None:
    levels = [f"a{n}: &a{n} {{{', '.join(f'k{k}: *a{n - 1}' for k in range(10))}}}" for n in range(1, 12)]
    tracemalloc.start()
    error = refusal("\n".join(["a0: &a0 {k: v}", *levels]), "api.yaml")
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert "(budget 'aliases')" in error
    assert most < 100 << 20


def test_long_text_that_aliases_repeat_is_refused() -> None:
    text = f"a: &a [{'x' * 10_000}]\nb:\n" + "- *a\n" * 200
    assert "(budget 'bytes')" in refusal(text, "api.yaml", bytes=1_000_000)


@pytest.mark.parametrize("anchor", ["", "&x "])
def test_a_radix_integer_that_no_number_can_hold_is_text_to_both_readers(anchor: str) -> None:
    digest = "0x" + "f" * 400
    assert read(f"a: {digest}\nb: {anchor}0x{'f' * 20}\n", "api.yaml").root == {"a": digest, "b": float(16**20 - 1)}


def test_a_radix_integer_that_no_number_can_hold_is_not_what_its_tag_says() -> None:
    assert "is not what its tag !!int says" in refusal("a: !!int 0x" + "f" * 400, "api.yaml")


def test_aliases_do_not_lead_below_the_depth_budget() -> None:
    assert refusal("a: &a [[[1]]]\nb: [[*a]]", "api.yaml", depth=5).startswith("api.yaml:2:6: ")
    assert read("a: &a [[[1]]]\nb: [[*a]]", "api.yaml", depth=6).root


@pytest.mark.parametrize(
    "text",
    [
        "[" * 200_000,
        "{a: " * 200_000,
        "- " * 200_000,
        "\n".join(f"{' ' * depth}a:" for depth in range(2000)),
        "? " * 200_000,
    ],
)
def test_endless_nesting_is_refused(text: str) -> None:
    assert "nested deeper than 128" in refusal(text, "api.yaml")


def test_many_small_values_are_refused_while_they_are_read() -> None:
    assert refusal("- a\n" * 2000, "api.yaml", nodes=1000).startswith("api.yaml:1000:3: ")


@pytest.mark.parametrize(
    ("text", "name", "media_type", "is_yaml"),
    [
        ("{a: 1}", "api.yaml", None, True),
        ("{a: 1}", "api", None, True),
        ('{"a": 1}', "api.yaml", None, False),
        ("a: 1", "api.json", None, True),
        ("[a, b]", "api", "text/yaml", True),
    ],
)
def test_the_content_decides_the_format(text: str, name: str, media_type: str | None, is_yaml: bool) -> None:
    assert read(text, name, media_type).is_yaml is is_yaml


@pytest.mark.parametrize(
    ("name", "media_type", "error"),
    [
        ("api.json", None, "api.json:1:2: not JSON"),
        ("api", "application/vnd.oai.openapi+json;version=3.1", "api:1:2: not JSON"),
        ("api", None, "api:1:2: not JSON"),
        ("api.yml", None, "api.yml:1:1: this `{` is not closed"),
    ],
)
def test_what_is_neither_is_refused_as_what_it_claims_to_be(name: str, media_type: str | None, error: str) -> None:
    assert refusal("{a: 1", name, media_type).startswith(error)


@needs_corpus
def test_both_readers_agree_on_every_real_document() -> None:
    documents = sorted(CORPUS.glob("*.yaml"))
    assert documents
    for path in documents:
        text = path.read_text("utf-8")
        assert yaml.read(text, path.name, Budgets())[0] == Reader(path.name, Budgets()).read(text).value, path
