"""Tool names: legal for every client and provider, unique, independent of order, and kept once they are locked."""

import random
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.importer import Options, Sources, build, import_api, names_lock
from bridge.importer.naming import Wish, snake, tool_names
from tests.kit.documents import document, imported, paths

LEGAL = re.compile(r"[a-z][a-z0-9_]{0,47}")

_texts = st.one_of(
    st.text(max_size=60), st.sampled_from(["get", "getUser", "get_user", "GET user", "", "1", "é", "a" * 99])
)
_wishes = st.lists(
    st.builds(
        Wish,
        api=st.sampled_from(["api", "Other-Api", "数"]),
        key=st.sampled_from(["GET", "POST"]).flatmap(
            lambda method: st.text(max_size=8).map(lambda p: f"{method} /{p}")
        ),
        operation_id=_texts,
        given=st.one_of(st.just(""), _texts),
    ),
    max_size=12,
    unique_by=lambda wish: (wish.api, wish.key),
)


@given(_wishes, st.randoms(use_true_random=False))
def test_names_are_legal_unique_and_do_not_depend_on_order(wishes: list[Wish], order: random.Random) -> None:
    names = tool_names(wishes)
    assert len(names) == len(wishes) == len(set(names.values()))
    assert all(LEGAL.fullmatch(name) for name in names.values())
    assert tool_names(order.sample(wishes, len(wishes))) == names


@given(_wishes, _wishes)
def test_locked_names_stay_whatever_is_added(before: list[Wish], added: list[Wish]) -> None:
    before = [Wish(wish.api, wish.key, wish.operation_id) for wish in before]
    first = tool_names(before)
    lock = {f"{api} {key}": name for (api, key), name in first.items()}
    known = {(wish.api, wish.key) for wish in before}
    after = tool_names([*added_to(known, added), *before], lock)
    assert {key: after[key] for key in first} == first
    assert len(set(after.values())) == len(after)
    assert all(LEGAL.fullmatch(name) for name in after.values())


def added_to(known: set[tuple[str, str]], added: list[Wish]) -> list[Wish]:
    return [wish for wish in added if (wish.api, wish.key) not in known]


def test_lock_of_a_catalogue_keeps_its_names() -> None:
    first = imported(paths({"GET /a": {"operationId": "getThing"}}))
    grown = paths({"GET /b": {"operationId": "get_thing"}, "GET /a": {"operationId": "getThing"}})
    assert "get_thing" not in imported(grown).tools
    locked = imported(grown, lock=names_lock(first))
    assert locked.operations["api", locked.tools["get_thing"].operation].path == "/a"
    assert len(locked.tools) == 2


def test_name_of_a_removed_operation_is_not_given_to_another() -> None:
    lock = {"api GET /gone": "get_thing"}
    assert "get_thing" not in imported(paths({"GET /a": {"operationId": "getThing"}}), lock=lock).tools


def test_lock_that_gives_one_name_twice_gives_it_once() -> None:
    lock = {"api GET /a": "same", "api GET /b": "same"}
    catalog = imported(paths({"GET /a": {"operationId": "a"}, "GET /b": {"operationId": "b"}}), lock=lock)
    assert len(catalog.tools) == 2


def test_every_operation_is_named_even_if_another_asks_for_its_hash() -> None:
    twice = [Wish("api", "GET /a", "x"), Wish("api", "GET /b", "x")]
    stolen = tool_names(twice)["api", "GET /a"]
    names = tool_names([*twice, Wish("api", "GET /c", stolen)])
    assert len(set(names.values())) == 3
    assert names["api", "GET /c"] == stolen


@pytest.mark.parametrize(
    ("text", "words"),
    [("getHTTPServer2Config", "get_http_server2_config"), ("repos/list-for-org", "repos_list_for_org"), ("2fa", "n2fa"),
     ("__x__", "x"), ("🚀", ""), ("A", "a"), ("GET /users/{id}", "get_users_id")],
)  # fmt: skip
def test_names_are_words_in_lower_case(text: str, words: str) -> None:
    assert snake(text) == words


def test_tools_of_two_apis_get_the_api_into_the_name_where_they_collide() -> None:
    both = [
        import_api(name, Sources(document(paths({"GET /a": {"operationId": "list"}}))), Options())
        for name in ("orders", "users")
    ]
    assert sorted(build(both).tools) == ["orders_list", "users_list"]


def test_an_api_that_comes_later_takes_no_name_from_those_before_it() -> None:
    wishes = [Wish(api, "GET /a", "list") for api in ("third", "orders", "users", "second")]
    before = tool_names([wish for wish in wishes if wish.api in {"orders", "users"}])
    names = tool_names(wishes, later=("second", "third"))
    assert before == {key: name for key, name in names.items() if key in before}
    assert (names["second", "GET /a"], names["third", "GET /a"]) == ("list", "third_list")


@given(_wishes, st.permutations(["api", "Other-Api", "数"]), st.integers(0, 3))
def test_names_of_those_before_are_what_they_are_without_those_that_come_later(
    wishes: list[Wish], order: list[str], first: int
) -> None:
    names = tool_names(wishes, later=order[first:])
    assert len(set(names.values())) == len(names) == len(wishes)
    for end in range(first, len(order)):
        fewer = [wish for wish in wishes if wish.api in order[:end]]
        assert tool_names(fewer, later=order[first:end]).items() <= names.items()
