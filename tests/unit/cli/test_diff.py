import pytest

from bridge.model import Json
from tests.kit.command import run
from tests.unit.cli.documents import keep, operation, small, written

QUERY = {"name": "q", "in": "query", "schema": {"type": "string"}}


def test_the_same_is_0() -> None:
    ran = run("diff", small("old.json"), small("new.json"))
    assert (ran.code, ran.out) == (0, "no difference\n")


def test_json_of_no_difference_has_the_whole_shape() -> None:
    ran = run("diff", small("old.json"), small("new.json"), "-o", "json")
    assert (ran.code, ran.json) == (0, {"added": [], "removed": [], "changed": [], "breaking": False})


def test_another_operation_is_a_difference_that_breaks_nobody() -> None:
    old = written("old.json", **{"GET /a": operation("a")})
    new = written("new.json", **{"GET /a": operation("a"), "GET /b": operation("b")})
    ran = run("diff", old, new, "-o", "json")
    assert (ran.code, ran.json) == (1, {"added": ["b"], "removed": [], "changed": [], "breaking": False})


def test_an_operation_that_is_gone_breaks_its_callers() -> None:
    old = written("old.json", **{"GET /a": operation("a"), "GET /b": operation("b")})
    new = written("new.json", **{"GET /a": operation("a")})
    told = run("diff", old, new, "-o", "json").json
    assert (told["removed"], told["breaking"]) == (["b"], True)
    assert run("diff", old, new).out == "- b  breaking\n"


def test_an_argument_breaks_callers_only_when_it_is_required() -> None:
    old = written("old.json", **{"GET /a": operation("a")})
    optional = written("optional.json", **{"GET /a": operation("a", parameters=[QUERY])})
    required = written("required.json", **{"GET /a": operation("a", parameters=[QUERY | {"required": True}])})
    softer = run("diff", old, optional, "-o", "json").json
    harder = run("diff", old, required, "-o", "json").json
    assert [one["tool"] for one in softer["changed"]] == [one["tool"] for one in harder["changed"]] == ["a"]
    assert (softer["breaking"], harder["breaking"]) == (False, True)


def test_a_document_that_is_not_there_is_3() -> None:
    ran = run("diff", small(), "no.json")
    assert (ran.code, ran.out, ran.err) == (3, "", "error: no.json: there is no such file or folder\n")


def asking(name: str, schema: Json) -> str:
    return written(name, **{"GET /a": operation("a", parameters=[QUERY | {"schema": schema}])})


@pytest.mark.parametrize(
    ("before", "after", "what", "breaking"),
    [
        ({"type": "integer", "maximum": 5}, {"type": "integer", "maximum": 9}, "more values", False),
        ({"type": "integer", "maximum": 9}, {"type": "integer", "maximum": 5}, "other values", True),
        (
            {"type": "string", "default": "a"},
            {"type": "string", "default": "b"},
            "the same values, written otherwise",
            False,
        ),
    ],
)
def test_an_argument_breaks_callers_only_where_it_may_refuse_what_it_took(
    before: Json, after: Json, what: str, breaking: bool
) -> None:
    told = run("diff", asking("old.json", before), asking("new.json", after), "-o", "json").json
    assert [one["what"] for one in told["changed"]] == [f"argument 'q' takes {what}"]
    assert told["breaking"] is breaking


def test_another_operation_id_is_a_rename_that_breaks_callers() -> None:
    old = written("old.json", **{"GET /a": operation("listThings")})
    new = written("new.json", **{"GET /a": operation("findThings") | {"summary": "Does listThings."}})
    told = run("diff", old, new, "-o", "json").json
    assert (told["added"], told["removed"], told["breaking"]) == ([], [], True)
    assert next((one["tool"], one["what"]) for one in told["changed"]) == ("find_things", "renamed from list_things")


def test_a_tool_at_another_place_is_moved_and_people_notice() -> None:
    old = written("old.json", **{"GET /a": operation("a")})
    new = written("new.json", **{"GET /b": operation("a")})
    assert run("diff", old, new).out == "~ a: moved from GET /a to GET /b  breaking\n"


def test_the_lock_beside_a_configuration_names_both_sides() -> None:
    written("old.json", **{"GET /a": operation("listThings")})
    written("new.json", **{"GET /a": operation("findThings") | {"summary": "Does listThings."}})
    for name in ("old", "new"):
        keep(f"{name}.yaml", f"apis: {{things: {{spec: {name}.json}}}}\n")
    keep("names.lock", {"things GET /a": "list_things"})
    assert run("diff", "old.yaml", "new.yaml", "-o", "json").json["changed"] == []


def test_the_lock_of_the_newer_document_names_both_sides() -> None:
    old = written("old.json", **{"GET /a": operation("listThings")})
    new = written("new.json", **{"GET /a": operation("findThings") | {"summary": "Does listThings."}})
    keep("names.lock", {"new GET /a": "list_things"})
    assert run("diff", old, new, "-o", "json").json["changed"] == []


def test_the_names_of_files_make_no_difference_even_where_tools_share_a_name() -> None:
    same = {"GET /a": operation("same"), "GET /b": operation("same")}
    assert run("diff", written("old.json", **same), written("new.json", **same)).out == "no difference\n"


def test_the_help_says_what_is_compared() -> None:
    assert "what agents see" in run("diff", "--help").out
