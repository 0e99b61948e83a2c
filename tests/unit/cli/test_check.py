from pathlib import Path

import orjson
import pytest

from tests.kit.command import run, run_apart
from tests.unit.cli.documents import UPSTREAM, keep, operation, small, written

FINDING = {"id", "severity", "where", "line", "message", "lost", "advice", "api", "source"}


def test_a_clean_document_is_counted_and_0() -> None:
    ran = run("check", small())
    assert ran.code == 0
    assert "no findings" in ran.out
    assert ran.out.splitlines()[1].split()[:3] == ["things", "2", "2"]
    assert ran.err == ""


def test_json_has_apis_counts_and_findings() -> None:
    told = run("check", small(), "-o", "json").json
    assert list(told) == ["apis", "operations", "tools", "tokens", "findings"]
    assert told["apis"] == [{"name": "things", "title": "Things", "version": "1", "operations": 2, "tools": 2}]
    assert (told["operations"], told["tools"], told["findings"]) == (2, 2, [])
    assert told["tokens"] > 0


def test_a_finding_names_its_place_and_line_and_the_code_is_1() -> None:
    schema = {"$ref": "#/components/schemas/No"}
    name = written(**{"GET /a": operation("a", parameters=[{"name": "q", "in": "query", "schema": schema}])})
    text = orjson.dumps(orjson.loads(Path(name).read_bytes()), option=orjson.OPT_INDENT_2).decode()
    ran = run("check", keep(name, text), "-o", "json")
    (finding,) = ran.json["findings"]
    assert ran.code == 1
    assert set(finding) == FINDING
    assert (finding["id"], finding["severity"]) == ("dangling-reference", "warning")
    assert finding["where"] == "/paths/~1a/get/parameters/0/schema"
    assert '"schema"' in text.splitlines()[finding["line"] - 1]


def test_text_gives_file_line_and_what_to_do() -> None:
    ran = run("check", written(servers=False, **{"GET /a": operation("a")}))
    assert ran.code == 1
    assert "no-upstream: there is nowhere to send calls" in ran.out
    assert "give --upstream URL" in ran.out


def test_a_document_without_paths_loads_and_says_that_it_gives_no_tools() -> None:
    ran = run("check", keep("empty.yaml", "openapi: 3.1.0\n"), "--upstream", UPSTREAM)
    assert "no tools" in ran.out
    told = run("check", "empty.yaml", "--upstream", UPSTREAM, "-o", "json").json
    assert (told["operations"], told["tools"]) == (0, 0)
    assert "no-tools" in {finding["id"] for finding in told["findings"]}


def test_several_documents_and_folders_are_several_apis(folder: Path) -> None:
    (folder / "more").mkdir()
    small("more/one.json")
    small("more/two.json")
    told = run("check", small("three.json"), "more", "-o", "json").json
    assert sorted(api["name"] for api in told["apis"]) == ["one", "three", "two"]


def test_one_bad_document_costs_its_own_api_only() -> None:
    ran = run("check", small(), keep("bad.yaml", "a: ["), "-o", "json")
    assert ran.code == 1
    assert [api["name"] for api in ran.json["apis"]] == ["things"]
    (finding,) = ran.json["findings"]
    assert (finding["id"], finding["severity"], finding["api"]) == ("api-absent", "error", "bad")


def test_include_and_exclude_choose_what_becomes_a_tool() -> None:
    assert [one["name"] for one in run("tools", small(), "--include", "GET /**", "-o", "json").json] == ["get_thing"]
    assert [one["name"] for one in run("tools", small(), "--exclude", "getThing", "-o", "json").json] == ["add_thing"]


def test_an_overlay_changes_the_document() -> None:
    less = {"target": "$.paths['/things']", "remove": True}
    overlay = {"overlay": "1.0.0", "info": {"title": "Less", "version": "1"}, "actions": [less]}
    told = run("check", small(), "--overlay", keep("less.json", overlay), "-o", "json").json
    assert told["operations"] == 1


def test_locked_names_do_not_change_when_another_operation_appears() -> None:
    first = operation("list things")
    name = written(**{"GET /a": first})
    assert run("check", name, "--lock").code == 0
    assert orjson.loads(Path("names.lock").read_bytes()) == {"things GET /a": "list_things"}
    written(**{"GET /a": first, "GET /b": operation("listThings")})
    named = {one["operation"]["path"]: one["name"] for one in run("tools", name, "-o", "json").json}
    assert named["/a"] == "list_things"
    assert named["/b"] != "list_things"
    Path("names.lock").unlink()
    unlocked = {one["operation"]["path"]: one["name"] for one in run("tools", name, "-o", "json").json}
    assert unlocked["/a"] != "list_things"


@pytest.mark.parametrize("lock", ["{", "[]", '{"a": 1}'])
def test_a_lock_that_cannot_be_read_is_3_and_named(lock: str) -> None:
    keep("names.lock", lock)
    ran = run("check", small())
    assert (ran.code, ran.out) == (3, "")
    assert "names.lock" in ran.err


def test_a_lock_that_cannot_be_written_is_one_line() -> None:
    Path("names.lock").symlink_to("/nowhere/names.lock")
    ran = run("check", small(), "--lock")
    assert ran.code == 4
    assert ran.err.count("\n") == 1
    assert "names.lock: cannot be written" in ran.err


@pytest.mark.parametrize(
    ("name", "content", "id", "line"),
    [
        ("a.yaml", "a: [", "document-invalid", 2),
        ("bridge.yaml", "apis:\n  a: {spec: a.json, no: 1}\n", "config-invalid", 2),
    ],
)
def test_json_keeps_its_shape_where_nothing_could_be_loaded(name: str, content: str, id: str, line: int) -> None:
    small("a.json")
    ran = run("check", keep(name, content), "-o", "json")
    assert (ran.code, ran.err[:7]) == (3, "error: ")
    (finding,) = ran.json["findings"]
    assert {key: value for key, value in ran.json.items() if key != "findings"} == {
        "apis": [], "operations": 0, "tools": 0, "tokens": 0,
    }  # fmt: skip
    assert set(finding) == FINDING
    assert (finding["id"], finding["severity"], Path(finding["source"]).name, finding["line"]) == (
        id,
        "error",
        name,
        line,
    )
    assert finding["message"]
    assert finding["advice"]


def test_a_document_that_is_not_there_is_a_finding_too() -> None:
    ran = run("check", "no.yaml", "-o", "json")
    assert [(one["id"], one["source"]) for one in ran.json["findings"]] == [("document-invalid", "no.yaml")]


@pytest.mark.parametrize("setting", ["confirm: true", "expose: none"])
def test_a_misspelt_operation_that_was_to_be_protected_costs_its_api(setting: str) -> None:
    small("books.json")
    small("other.json")
    wrong = f"books: {{spec: books.json, prefix: /books, operations: {{adThing: {{{setting}}}}}}}"
    keep("bridge.yaml", f"apis:\n  {wrong}\n  other: {{spec: other.json, prefix: /other}}\n")
    ran = run("check", "bridge.yaml", "-o", "json")
    assert ran.code == 1
    assert [api["name"] for api in ran.json["apis"]] == ["other"]
    (finding,) = ran.json["findings"]
    assert (finding["id"], finding["severity"], finding["api"]) == ("api-absent", "error", "books")
    assert "there is no operation 'adThing'" in finding["message"]
    assert "did you mean 'addThing'?" in finding["message"]


def test_a_gateway_of_nothing_but_an_unprotected_api_does_not_come_up(folder: Path) -> None:
    keep("bridge.yaml", f"apis: {{books: {{spec: {small()}, operations: {{adThing: {{confirm: true}}}}}}}}\n")
    for ran in (run("check", "bridge.yaml"), run_apart("stdio", "bridge.yaml", cwd=folder)):
        assert (ran.code, ran.out) == (3, "")
        assert "did you mean 'addThing'?" in ran.err


def test_a_webhook_at_a_private_address_is_told_unless_it_is_allowed() -> None:
    key = "whsec_" + "a" * 40
    for more, found in (("", ["webhook-unreachable"]), (", allow_private: true", [])):
        webhook = f"{{url: 'http://10.0.0.7/x', secret: {key}{more}}}"
        keep("bridge.yaml", f"apis: {{things: {{spec: {small()}}}}}\napprovals: {{webhook: {webhook}}}\n")
        assert [finding["id"] for finding in run("check", "bridge.yaml", "-o", "json").json["findings"]] == found


def test_a_finding_about_the_configuration_names_its_line_there() -> None:
    small()
    keep("bridge.yaml", """apis:
  things:
    spec: things.json
    tools:
      exclude:
        - addThing
        - delThing
    operations:
      getThin: {title: Get}
      getThing:
        expose: resource
        complete:
          nothing: {operation: addThing, select: "$"}
mcp:
  toolsets:
    few: {include: [no]}
prompts:
  about:
    messages:
      - {resource: "api://things/nothing"}
""")  # fmt: skip
    found = {one["id"]: one for one in run("check", "bridge.yaml", "-o", "json").json["findings"]}
    told = [(one["id"], one["line"]) for one in run("check", "bridge.yaml", "-o", "json").json["findings"]]
    assert sorted(told) == [
        ("completion-unusable", 13), ("override-unmatched", 9), ("prompt-resource", 20), ("selector-unmatched", 7),
        ("selector-unmatched", 16),
    ]  # fmt: skip
    assert {one["source"] for one in found.values()} == {"bridge.yaml"}
    assert found["override-unmatched"]["where"] == "/apis/things/operations/getThin"
