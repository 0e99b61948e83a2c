"""`x-mcp` on an operation, the same keys from the configuration, and which operations are chosen at all."""

import pytest

from bridge.importer import ImportFailed, Override
from bridge.importer.select import matches
from bridge.model import Json, Operation, Severity
from tests.kit.documents import finding, finding_ids, imported, only_operation, only_tool, paths, tool

ALL = {
    "GET /pets": {"operationId": "listPets", "tags": ["public", "pets"]},
    "POST /pets": {"operationId": "addPet", "tags": ["pets"]},
    "GET /pets/{id}": {"operationId": "pets/get"},
    "DELETE /pets/{id}": {},
    "GET /admin/users": {"operationId": "LIST"},
}


def extended(extension: Json) -> Json:
    return paths({"POST /a": {"operationId": "a", "summary": "Does a", "x-mcp": extension}})


def test_document_may_name_and_describe_its_tool() -> None:
    found = only_tool(imported(extended({"name": "do_it", "title": "Do it", "description": "Use <b>first</b>"})))
    assert (found.name, found.title, found.description) == ("do_it", "Do it", "Use first")


def test_document_may_hide_an_operation_from_agents() -> None:
    catalog = imported(extended({"expose": "none"}))
    assert not catalog.tools
    assert only_operation(catalog).key == "POST /a"


def test_document_may_ask_for_consent() -> None:
    assert only_tool(imported(extended({"confirm": True}))).confirm
    assert not only_tool(imported(extended({}))).confirm


def test_document_may_correct_the_hints() -> None:
    hints = {"readOnly": True, "destructive": False, "idempotent": True, "openWorld": False}
    found = only_tool(imported(extended({"annotations": hints}))).annotations
    assert (found.read_only, found.destructive, found.idempotent, found.open_world) == (True, False, True, False)


@pytest.mark.parametrize(
    ("written", "seconds"),
    [(2, 2.0), (0.5, 0.5), ("500ms", 0.5), ("30s", 30.0), ("2m", 120.0), ("7", 7.0), ("1.5 s", 1.5)],
)
def test_timeout_is_read_with_its_unit(written: Json, seconds: float) -> None:
    assert only_operation(imported(extended({"timeout": written}))).timeout == seconds


@pytest.mark.parametrize(
    "wrong",
    [
        {"timeout": 0}, {"timeout": -5}, {"timeout": "-5s"}, {"timeout": "inf"}, {"timeout": "nan"},
        {"timeout": "1e9s"},
        {"timeout": True}, {"timeout": []}, {"timeout": "5h"},
        {"ask": "yes"}, {"ask": []}, {"ask": {}}, {"ask": {"k": 5}}, {"ask": {"k": {"arguments": "a"}}},
        {"ask": {"k": {"arguments": [1]}}}, {"ask": {"k": {"message": 1}}}, {"ask": {"k": {"other": 1}}},
        {"ask": {"": {}}}, {"ask": {"k" * 65: {}}}, {"uri": 5}, {"annotations": {"audience": "user"}},
        {"annotations": {"audience": ["robot"]}}, {"annotations": {"audience": [[]]}}, {"annotations": {"priority": 2}},
        {"annotations": {"priority": True}}, {"annotations": {"priority": "1"}},
        {"name": 5}, {"title": []}, {"annotations": 5}, {"annotations": {"readOnly": "yes"}}, {"unknown": 1},
    ],
)  # fmt: skip
def test_setting_that_cannot_be_read_is_reported_and_costs_itself_alone(wrong: Json) -> None:
    catalog = imported(extended(wrong))
    assert tool(catalog, "a").description == "Does a."
    assert only_operation(catalog).timeout is None
    assert finding(catalog, "x-mcp").lost


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"confrm": True}, "did you mean 'confirm'?"), ({"Confirm": True}, "did you mean 'confirm'?"),
        ({"exposed": "none"}, "did you mean 'expose'?"), ({"confirm": "yes"}, "confirm cannot be 'yes'"),
        ({"expose": "hidden"}, "expose cannot be 'hidden'"), ({"expose": []}, "expose cannot be []"),
        ({"expose": None}, "expose cannot be None"), ({"confirm": None}, "confirm cannot be None"),
        ([], "must be an object"), ("none", "must be an object"), (False, "must be an object"),
    ],
)  # fmt: skip
def test_agents_do_not_get_an_operation_whose_protection_cannot_be_read(wrong: Json, told: str) -> None:
    catalog = imported(extended(wrong))
    assert not catalog.tools
    assert not catalog.resources
    assert only_operation(catalog).key == "POST /a", "people do"
    said = finding(catalog, "x-mcp")
    assert (said.severity, said.lost) == (Severity.ERROR, "this operation for agents")
    assert told in said.message


def test_a_document_cannot_do_without_the_consent_that_a_policy_asks_for() -> None:
    catalog = imported(extended({"confirm": False}))
    assert only_operation(catalog).confirm is None
    assert "confirm: false says nothing here" in finding(catalog, "x-mcp").message
    assert only_operation(imported(extended({}), overrides={"a": Override(confirm=False)})).confirm is False


def test_configuration_may_say_what_a_document_meant_but_consent_stays_until_it_says_so() -> None:
    wrong = extended({"confrm": True})
    assert only_tool(imported(wrong, overrides={"a": Override(expose="tool")})).confirm
    assert not only_tool(imported(wrong, overrides={"a": Override(expose="tool", confirm=False)})).confirm


@pytest.mark.parametrize("protection", [Override(confirm=True), Override(expose="none", title="A")])
def test_api_is_not_served_where_what_was_to_be_protected_is_not_there(protection: Override) -> None:
    two = paths({"POST /books": {"operationId": "createBook"}, "GET /books": {"operationId": "listBooks"}})
    with pytest.raises(ImportFailed, match=r"there is no operation 'creatBook'.*did you mean 'createBook'") as failed:
        imported(two, overrides={"creatBook": protection, "listBooks": Override(title="List")})
    assert "apis.api.operations" in failed.value.message


def test_other_settings_for_what_is_not_there_are_an_error_that_names_them() -> None:
    catalog = imported(extended({}), overrides={"b": Override(title="B", read_only=True, confirm=False)})
    said = finding(catalog, "override-unmatched")
    assert (said.severity, said.lost) == (Severity.ERROR, "its settings: title, confirm, annotations")
    assert "a" in catalog.tools


def test_settings_for_an_operation_that_cannot_be_read_are_not_for_nothing() -> None:
    broken = paths({"GET /ok": {}, "POST /a": {"operationId": "a", "requestBody": {"$ref": "#/nowhere"}}})
    catalog = imported(broken, overrides={"a": Override(confirm=True)})
    assert "operation-skipped" in finding_ids(catalog)
    assert "override-unmatched" not in finding_ids(catalog)


@pytest.mark.parametrize(
    ("options", "severity"),
    [({"exclude": ("deleteAl",)}, Severity.ERROR), ({"include": ("a", "getAl")}, Severity.WARNING)],
)
def test_selector_that_selects_nothing_is_graver_where_it_was_to_leave_something_out(
    options: Json, severity: Severity
) -> None:
    catalog = imported(extended({}), **options)
    assert finding(catalog, "selector-unmatched").severity is severity
    assert "a" in catalog.tools


@pytest.mark.parametrize("key", ["a", "POST /a"])
def test_configuration_wins_over_the_document(key: str) -> None:
    overrides = {key: Override(name="configured", confirm=False, timeout=9.0)}
    catalog = imported(extended({"name": "written", "title": "Kept", "confirm": True}), overrides=overrides)
    found = tool(catalog, "configured")
    assert (found.title, found.confirm, only_operation(catalog).timeout) == ("Kept", False, 9.0)


def test_method_and_path_win_over_the_operation_id() -> None:
    overrides = {"a": Override(title="by id"), "POST /a": Override(title="by path")}
    assert only_tool(imported(extended({}), overrides=overrides)).title == "by path"


@pytest.mark.parametrize("given", ["Do It!", "x" * 60, "1st"])
def test_name_that_is_not_usable_everywhere_is_changed_and_it_is_said(given: str) -> None:
    catalog = imported(extended({"name": given}))
    assert "not usable" in finding(catalog, "name-changed").message
    assert only_tool(catalog).name in finding(catalog, "name-changed").message


def test_name_that_two_ask_for_goes_to_neither_and_it_is_said() -> None:
    catalog = imported(paths({"GET /a": {"x-mcp": {"name": "same"}}, "GET /b": {"x-mcp": {"name": "same"}}}))
    assert "same" not in catalog.tools
    assert len(catalog.tools) == 2
    assert finding_ids(catalog) == {"name-changed"}


# --- choosing ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("include", "exclude", "keys"),
    [
        ((), (), {"GET /pets", "POST /pets", "GET /pets/{id}", "DELETE /pets/{id}", "GET /admin/users"}),
        (("tag:public",), (), {"GET /pets"}),
        (("tag:p*",), ("addPet",), {"GET /pets"}),
        (("GET /pets/**",), (), {"GET /pets", "GET /pets/{id}"}),
        (("GET /pets/*",), (), {"GET /pets/{id}"}),
        (("/pets",), (), {"GET /pets", "POST /pets"}),
        (("get /pets",), (), {"GET /pets"}),
        (("* /pets",), (), {"GET /pets", "POST /pets"}),
        (("DELETE",), (), {"DELETE /pets/{id}"}),
        (("effect:reads",), ("/admin/**",), {"GET /pets", "GET /pets/{id}"}),
        (("effect:destroys",), (), {"DELETE /pets/{id}"}),
        (("list*", "LIST"), (), {"GET /pets", "GET /admin/users"}),
        (("pets/*",), (), {"GET /pets/{id}"}),
        (("nothing",), (), set()),
        ((), ("GET", "POST"), {"DELETE /pets/{id}"}),
    ],
)
def test_selectors_choose_which_operations_become_tools(
    include: tuple[str, ...], exclude: tuple[str, ...], keys: set[str]
) -> None:
    catalog = imported(paths(ALL), include=include, exclude=exclude)
    assert {catalog.operations["api", tool.operation].key for tool in catalog.tools.values()} == keys
    assert len(catalog.operations) == len(ALL)


def test_one_star_stays_within_a_segment_and_two_do_not() -> None:
    operation = Operation("a", "api", "GET", "/a/b/c")
    assert not matches("/a/*", operation)
    assert matches("/a/*/c", operation)
    assert matches("/a/**", operation)
    assert matches("/a/b/c/**", operation)


def test_selector_is_no_regular_expression() -> None:
    operation = Operation("a.b", "api", "GET", "/a(b", operation_id="a.b")
    assert matches("/a(b", operation)
    assert matches("a.b", operation)
    assert not matches("a.b", Operation("axb", "api", "GET", "/", operation_id="axb"))
