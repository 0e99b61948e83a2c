import orjson
import pytest

from bridge.model import Json
from tests.kit.command import run
from tests.unit.cli.documents import keep, operation, small, written

QUERY = {"name": "q", "in": "query", "schema": {"type": "string"}}
NOTHING: Json = {"added": [], "removed": [], "changed": []}
SAME = NOTHING | {"resources": NOTHING, "prompts": NOTHING, "breaking": False}


def test_the_same_is_0() -> None:
    ran = run("diff", small("old.json"), small("new.json"))
    assert (ran.code, ran.out) == (0, "no difference\n")


def test_json_of_no_difference_has_the_whole_shape() -> None:
    ran = run("diff", small("old.json"), small("new.json"), "-o", "json")
    assert (ran.code, ran.json) == (0, SAME)


def test_another_operation_is_a_difference_that_breaks_nobody() -> None:
    old = written("old.json", **{"GET /a": operation("a")})
    new = written("new.json", **{"GET /a": operation("a"), "GET /b": operation("b")})
    ran = run("diff", old, new, "-o", "json")
    assert (ran.code, ran.json) == (1, SAME | {"added": ["b"]})


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


def of(before: Json, after: Json, **methods: Json) -> Json:
    """The difference between two configurations of one document."""
    written("things.json", **(methods or {"GET /a": operation("a"), "POST /a": operation("b")}))
    for name, root in (("old", before), ("new", after)):
        api = {"spec": "things.json"} | root.get("api", {})
        whole = {"apis": {"things": api}} | {key: value for key, value in root.items() if key != "api"}
        keep(f"{name}.yaml", "".join(f"{key}: {orjson.dumps(value).decode()}\n" for key, value in whole.items()))
    ran = run("diff", "old.yaml", "new.yaml", "-o", "json")
    assert ran.code in {0, 1}, ran.err
    return ran.json


def read_at(uri: str | None = None) -> Json:
    return {"api": {"operations": {"a": {"expose": "resource"} | ({"uri": uri} if uri else {})}}}


def test_a_resource_that_is_gone_or_moves_breaks_its_readers_and_a_new_one_nobody() -> None:
    told = of(read_at("shop://a"), read_at("shop://b"))
    moved = {"name": "shop://b", "what": "its address was shop://a", "breaking": True}
    assert (told["resources"], told["breaking"]) == (NOTHING | {"changed": [moved]}, True)
    gone = of(read_at("shop://a"), {})
    assert (gone["resources"], gone["added"], gone["breaking"]) == (NOTHING | {"removed": ["shop://a"]}, ["a"], True)
    assert of({"api": {"operations": {"a": {"expose": "none"}}}}, read_at())["breaking"] is False


def test_a_resource_of_another_media_type_breaks_its_readers() -> None:
    for name, kind in (("old", "text/csv"), ("new", "text/html")):
        answer = {"200": {"description": "OK", "content": {kind: {}}}}
        written(f"{name}.json", **{"GET /a": operation("a", responses=answer, **{"x-mcp": {"expose": "resource"}})})
    (changed,) = run("diff", "old.json", "new.json", "-o", "json").json["resources"]["changed"]
    assert (changed["what"], changed["breaking"]) == ("text/html in place of text/csv", True)


@pytest.mark.parametrize(
    "after", [{"api": {"operations": {"b": {"confirm": True}}}}, {"approvals": {"effects": ["writes"]}}]
)
def test_consent_that_is_newly_required_breaks_callers_and_consent_that_is_not_does_not(after: Json) -> None:
    (changed,) = of({}, after)["changed"]
    assert changed == {
        "tool": "b", "operation": "b", "what": "a person must consent to each call", "breaking": True,
    }  # fmt: skip
    (changed,) = of(after, {})["changed"]
    assert (changed["tool"], changed["breaking"]) == ("b", False)


def said(**prompts: Json) -> Json:
    return {"prompts": {name: {"messages": [{"text": "Hi"}], **prompt} for name, prompt in prompts.items()}}


def test_a_prompt_that_is_gone_or_renamed_breaks_who_uses_it() -> None:
    assert of(said(hi={}), {})["prompts"] == NOTHING | {"removed": ["hi"]}
    assert of({}, said(hi={}))["prompts"] == NOTHING | {"added": ["hi"]}
    renamed = of(said(hi={}), said(hello={}))
    change = {"name": "hello", "what": "renamed from hi", "breaking": True}
    assert (renamed["prompts"], renamed["breaking"]) == (NOTHING | {"changed": [change]}, True)


@pytest.mark.parametrize(
    ("before", "after", "what", "breaking"),
    [
        ({}, {"who": {}}, "optional argument 'who' added", False),
        ({}, {"who": {"required": "true"}}, "required argument 'who' added", True),
        ({"who": {}}, {"who": {"required": "true"}}, "argument 'who' became required", True),
        ({"who": {"required": "true"}}, {"who": {}}, "argument 'who' became optional", False),
        ({"who": {}}, {}, "argument 'who' removed", True),
    ],
)
def test_an_argument_of_a_prompt_breaks_callers_as_a_tools_does(
    before: Json, after: Json, what: str, breaking: bool
) -> None:
    told = of(said(hi={"arguments": before}), said(hi={"arguments": after}))
    assert told["prompts"]["changed"] == [{"name": "hi", "what": what, "breaking": breaking}]
    assert told["breaking"] is breaking


def test_people_read_what_kind_of_thing_differs() -> None:
    of(read_at("shop://a") | said(hi={}), read_at("shop://b"))
    assert run("diff", "old.yaml", "new.yaml").out == (
        "~ resource shop://b: its address was shop://a  breaking\n- prompt hi  breaking\n"
    )
