"""Configuration text is bounded, and each fault of its syntax has a place."""

import time
from pathlib import Path

import pytest

from bridge.config import ConfigInvalid, load
from bridge.config.reader import MOST_BYTES, parse


def fault(text: str) -> str:
    with pytest.raises(ConfigInvalid) as caught:
        parse(text, "f")
    (problem,) = caught.value.problems
    return str(problem)


@pytest.mark.parametrize(
    ("text", "place", "advice"),
    [
        ("a: b: c", "f:1:5: ", "quote a value that holds a colon"),
        ("a:\n\tb: 1", "f:2:1: ", "indent with spaces"),
        ("a: [1, 2\nb: 3", "f:2:2: ", "a bracket is not closed"),
        ("a: {b: ${X}}", "f:1:9: ", 'quote a value that holds a brace, as in "${NAME}"'),
        ("a: @x", "f:1:4: ", "quote the value"),
        ("a: 'x", "f:1:6: ", "a quote or bracket is not closed"),
        ("a: 1\n---\nb: 2", "f:2:1: ", "keep one: remove the line `---`"),
        ("- a", "f:1:1: ", "write `key: value` lines"),
        ("text", "f:1:1: ", "write `key: value` lines"),
        ("a: *b", "f:1:4: ", "define &b further up"),
        ("a: &b [*b]", "f:1:8: ", "define &b further up"),
        ("? [a]\n: 1", "f:1:3: ", "write a plain key"),
        ("a: \x07", "f:1:4: ", "remove it"),
    ],
)
def test_broken_yaml_is_located(text: str, place: str, advice: str) -> None:
    found = fault(text)
    assert found.startswith(place)
    assert advice in found


@pytest.mark.parametrize("text", ["a: " + "[" * 200_000, "{a: " * 200_000, "a:\n" + "- " * 200_000])
def test_deep_nesting_ends_quickly(text: str) -> None:
    started = time.process_time()
    assert "is nested more than 64 deep" in fault(text)
    assert time.process_time() - started < 5


def test_aliases_that_expand_without_end_are_counted() -> None:
    levels = "".join(f"l{i}: &l{i} [{', '.join([f'*l{i - 1}'] * 10)}]\n" for i in range(1, 20))
    assert "holds more than 100000 values, aliases expanded" in fault(f"l0: &l0 [x]\n{levels}")


def test_aliases_do_not_nest_deeper_than_the_rest() -> None:
    levels = "".join(f"l{i}: &l{i} {{x: *l{i - 1}}}\n" for i in range(1, 400))
    assert fault(f"l0: &l0 x\n{levels}").startswith("f:65:")


def test_an_alias_stands_for_its_anchor() -> None:
    tree = parse("a: &a {b: [1, 2]}\nc: *a", "f")
    assert tree.root["c"] == {"b": ["1", "2"]}
    assert str(tree.place(("c", "b", 0))) == "f:2:4"


def test_a_file_above_the_bound_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "bridge.yaml"
    path.write_bytes(b"#" * (MOST_BYTES + 1))
    with pytest.raises(ConfigInvalid, match="is larger than 1 MiB"):
        load(path, {})


def test_bytes_that_are_no_utf8_are_located(tmp_path: Path) -> None:
    path = tmp_path / "bridge.yaml"
    path.write_bytes("a: é\nb: ".encode() + b"\xff")
    with pytest.raises(ConfigInvalid, match=r"bridge\.yaml:2:4: is not UTF-8 here"):
        load(path, {})


def test_a_byte_order_mark_is_no_part_of_the_first_key(tmp_path: Path) -> None:
    path = tmp_path / "bridge.yaml"
    path.write_bytes(b"\xef\xbb\xbfapis:\n  a: {spec: bridge.yaml}\n")
    assert list(load(path, {}).apis) == ["a"]


def test_the_value_of_a_key_given_twice_is_skipped_whole() -> None:
    tree = parse("a: 1\na: {x: [1, {y: 2}], x: 3}\nb: 2", "f")
    assert tree.root == {"a": "1", "b": "2"}
    assert [str(problem) for problem in tree.problems] == ["f:2:1: a: is given twice, first at 1:1; keep one of them"]


def test_merge_keys_are_plain_keys(tmp_path: Path) -> None:
    assert parse("a: &a {x: 1}\nb: {<<: *a}", "f").root["b"] == {"<<": {"x": "1"}}
