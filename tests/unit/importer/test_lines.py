import random
from itertools import pairwise
from typing import Any

import pytest

from bridge.importer.budget import Budgets
from bridge.importer.document import pointer
from bridge.importer.lines import locate
from bridge.importer.load import load
from tests.unit.importer.reading import CORPUS, needs_corpus, read

JSON = """\
{
  "paths": {
    "/a~b": {
      "get": {
        "parameters": [
          {"name": "x"},
          [
            1,
            {"get":
              2}
          ]
        ]
      }
    },
    "text": "\\"get\\": {",
    "g\\u0065t": 3
  }
}
"""

YAML = """\
# ours
paths:
  /a~b:
    get:
      parameters:
        - name: x
        -
          - 1
          - get: 2
    <<: &shared
      summary: s
  copy:
    - *id001
"""


@pytest.mark.parametrize(
    ("where", "line"),
    [
        ("", 1),
        ("/paths", 2),
        ("/paths/~1a~0b", 3),
        ("/paths/~1a~0b/get/parameters/0", 6),
        ("/paths/~1a~0b/get/parameters/0/name", 6),
        ("/paths/~1a~0b/get/parameters/1", 7),
        ("/paths/~1a~0b/get/parameters/1/0", 8),
        ("/paths/~1a~0b/get/parameters/1/1/get", 9),
        ("/paths/get", 16),
        ("/paths/~1a~0b/get/parameters/7/x", 5),
        ("/paths/none", 2),
        ("/none", 1),
    ],
)
def test_a_pointer_into_json_leads_to_its_line_or_the_nearest_above(where: str, line: int) -> None:
    assert locate(read(JSON), [where]) == {where: line}


def test_the_later_of_two_equal_keys_is_the_one_that_counts() -> None:
    document = read('{"a":\n {"b": 1},\n"a":\n {"c": 2}}')
    assert locate(document, ["/a", "/a/c", "/a/b"]) == {"/a": 3, "/a/c": 4, "/a/b": 3}


@pytest.mark.parametrize(
    ("where", "line"),
    [
        ("", 2),
        ("/paths/~1a~0b/get", 4),
        ("/paths/~1a~0b/get/parameters/0/name", 6),
        ("/paths/~1a~0b/get/parameters/1", 8),
        ("/paths/~1a~0b/get/parameters/1/1/get", 9),
        ("/paths/~1a~0b/summary", 11),
        ("/paths/copy/0", 13),
        ("/paths/~1a~0b/get/parameters/01", 5),
        ("/paths/none/x", 2),
    ],
)
def test_a_pointer_into_yaml_leads_to_its_line_or_the_nearest_above(where: str, line: int) -> None:
    assert locate(read(YAML.replace("*id001", "*shared"), "api.yaml"), [where]) == {where: line}


def test_nothing_asked_for_is_nothing_read() -> None:
    assert locate(read("{}"), []) == {}


def _pointers(root: Any) -> list[str]:
    """In the order of the text."""
    found: list[str] = []
    pending: list[tuple[Any, tuple[str | int, ...]]] = [(root, ())]
    while pending:
        value, path = pending.pop()
        found.append(pointer(path))
        children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
        pending += reversed([(child, (*path, key)) for key, child in children])
    return found


@needs_corpus
@pytest.mark.parametrize("name", ["openai.json", "docker-engine.yaml", "box.json", "prism-petstore3.yaml"])
def test_lines_of_a_real_document_rise_in_its_order_and_hold_the_key(name: str) -> None:
    document = load(str(CORPUS / name), fetch=None, budgets=Budgets())
    pointers = _pointers(document.root)
    lines = locate(document, pointers)
    assert all(lines[before] <= lines[after] for before, after in pairwise(pointers))
    text = document.text.split("\n")
    for where in random.Random(0).sample(pointers, 300):
        key = where.rpartition("/")[2].replace("~1", "/").replace("~0", "~")
        assert key.isdigit() or key in text[lines[where] - 1], where
