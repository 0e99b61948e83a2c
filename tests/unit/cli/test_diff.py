from tests.kit.command import run
from tests.unit.cli.documents import operation, small, written

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
