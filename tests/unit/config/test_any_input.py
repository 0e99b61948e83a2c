"""Whatever a file holds, loading ends in settings or in problems, each with its place."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as limits
from hypothesis import strategies as st

from bridge.config import ConfigInvalid, Problem, keys, load
from bridge.model import Json

_TELLING = ["off", "on", "1", "-1", "0s", "1/s", "x", "/", "http://[", "http://a", "${X}", "${", "$$", "*", "tag:"]
_NAMES = sorted({part for key in keys() for part in key.path.replace("[]", "").split(".")})

words = st.one_of(st.sampled_from(_TELLING), st.text(max_size=5))
names = st.one_of(st.sampled_from(_NAMES), st.text(max_size=3))


def _around(inner: st.SearchStrategy[Json]) -> st.SearchStrategy[Json]:
    return st.one_of(st.lists(inner, max_size=3), st.dictionaries(names, inner, max_size=4))


values = st.recursive(st.one_of(st.none(), words), _around)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("any")
    (folder / "orders.yaml").touch()
    return folder


def found(path: Path) -> Sequence[Problem]:
    try:
        load(path, {})
    except ConfigInvalid as invalid:
        return invalid.problems
    return ()


@given(st.dictionaries(names, values, max_size=5), st.lists(st.tuples(names, names, values), max_size=4), values)
@limits(deadline=None)
def test_every_problem_has_a_place_and_a_message(
    folder: Path, top: dict[str, Json], api: list[tuple[str, str, Json]], other: Json
) -> None:
    orders: dict[str, Json] = {"spec": "orders.yaml"} | {section: {key: value} for section, key, value in api}
    path = folder / "bridge.yaml"
    path.write_text(json.dumps({"apis": {"orders": orders, "other": other}, **top}, indent=1))
    assert all(problem.line and problem.column and problem.message for problem in found(path))


@given(st.text(max_size=60))
@limits(deadline=None)
def test_text_that_is_no_configuration_is_refused(folder: Path, text: str) -> None:
    path = folder / "text.yaml"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    assert found(path)
