from bridge.model import Json
from tests.kit.command import run
from tests.unit.cli.documents import operation, small, written


def test_a_good_document_is_0_and_says_so() -> None:
    ran = run("lint", small())
    assert (ran.code, ran.out, ran.err) == (0, "", "no findings\n")


def test_advice_alone_is_0() -> None:
    bare: Json = {}
    ran = run("lint", written(**{"GET /a": bare}), "-o", "json")
    assert ran.code == 0
    assert {one["id"] for one in ran.json} == {"no-operation-id", "no-description"}


def test_an_example_that_breaks_its_schema_is_found_at_its_line() -> None:
    parameter = {"name": "q", "in": "query", "description": "Q.", "schema": {"type": "integer"}, "example": "big"}
    ran = run("lint", written(**{"GET /a": operation("a", parameters=[parameter])}), "-o", "json")
    (finding,) = ran.json
    assert ran.code == 1
    assert (finding["id"], finding["where"]) == ("example-invalid", "/paths/~1a/get/parameters/0/example")
    assert finding["line"] == 1


def test_paths_that_look_alike_are_found() -> None:
    name = written(**{"GET /a/{x}": operation("a"), "GET /a/{y}": operation("b")})
    assert "ambiguous-path" in {one["id"] for one in run("lint", name, "-o", "json").json}
