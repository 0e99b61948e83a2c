"""What is read as a resource instead of called as a tool, and the address of everything that can be read."""

import pytest

from bridge.importer import Options, Override, Sources, build, import_api
from bridge.model import AskFor, Catalog, Json, Resource
from bridge.model.template import Template
from tests.kit.documents import document, finding, finding_ids, imported, only_tool, paths, posting, tool

ALL = {
    "GET /orders": {"operationId": "listOrders", "tags": ["public"]},
    "GET /orders/{id}": {"operationId": "getOrder"},
    "POST /orders": {"operationId": "addOrder", "tags": ["public"]},
    "GET /config": {"operationId": "getConfig", "x-mcp": {"expose": "resource", "uri": "shop://config"}},
}


def listed(catalog: Catalog) -> dict[str, str]:
    """Operations by address, of what agents are offered to read."""
    return {one.uri: one.operation for one in catalog.resources if one.listed}


def parameter(where: str, schema: Json = None, *, required: bool = True, name: str = "p") -> Json:
    return {"name": name, "in": where, "required": required, "schema": schema or {"type": "string"}}


def reading(x_mcp: Json, *parameters: Json, path: str = "/a", **more: Json) -> Json:
    return paths({f"GET {path}": {"operationId": "a", "parameters": list(parameters), "x-mcp": x_mcp} | more})


def only_resource(catalog: Catalog) -> Resource:
    (found,) = catalog.resources
    return found


def test_resource_is_no_tool_and_every_readable_tool_has_an_address_that_is_not_listed() -> None:
    catalog = imported(paths(ALL))
    assert sorted(catalog.tools) == ["add_order", "get_order", "list_orders"]
    assert [(one.uri, one.listed) for one in catalog.resources] == [
        ("api://api/orders", False), ("api://api/orders/{id}", False), ("shop://config", True),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"resource_include": ("tag:public",)}, {"api://api/orders", "shop://config"}),
        ({"resource_include": ("/**",), "resource_exclude": ("getOrder",)}, {"api://api/orders", "shop://config"}),
        ({"resource_exclude": ("getOrder",)}, {"shop://config"}),
        ({"include": ("POST",), "resource_include": ("getOrder",)}, {"api://api/orders/{id}"}),
        ({"exclude": ("/config",)}, set()),
        ({"exclude": ("getOrder",), "resource_include": ("getOrder",)}, {"shop://config"}),
        ({"resource_include": ("/**",), "overrides": {"listOrders": Override(expose="tool")}},
         {"api://api/orders/{id}", "shop://config"}),
        ({"overrides": {"getConfig": Override(expose="none")}}, set()),
        ({"overrides": {"GET /config": Override(uri="shop://settings")}}, {"shop://settings"}),
    ],
)  # fmt: skip
def test_patterns_choose_what_no_setting_of_its_own_decides(options: Json, expected: set[str]) -> None:
    catalog = imported(paths(ALL), **options)
    assert set(listed(catalog)) == expected
    assert not finding_ids(catalog) - {"path-parameter-missing"}
    assert {one.operation for one in catalog.tools.values()}.isdisjoint(listed(catalog).values())


def test_pattern_that_selects_nothing_is_reported() -> None:
    assert "'nothing'" in finding(imported(paths(ALL), resource_include=("nothing",)), "selector-unmatched").message


@pytest.mark.parametrize(
    ("parameters", "path", "uri"),
    [
        ([], "/a", "api://api/a"), ([parameter("path")], "/a/{p}", "api://api/a/{p}"),
        ([parameter("query", required=False)], "/a", "api://api/a{?p}"),
        ([parameter("query", {"type": "array", "items": {"type": "string"}})], "/a", "api://api/a{?p*}"),
        ([parameter("query", name="a-b")], "/a", "api://api/a{?a%2Db}"),
        ([parameter("query", {"type": "object"}, required=False)], "/a", "api://api/a"),
        ([parameter("query", {"type": "array", "items": {"type": "object"}}, required=False)], "/a", "api://api/a"),
        ([parameter("header", required=False)], "/a", "api://api/a"), ([], "/a?x=1", "api://api/a?x=1"),
        ([parameter("query", required=False)], "/a?x=1", "api://api/a?x=1{&p}"),
        ([], "/a b/ä", "api://api/a%20b/%C3%A4"),
        ([], "/a%20b", "api://api/a%20b"), ([], "/a#b", "api://api/a%23b"),
        ([], "/a|b^'", "api://api/a%7Cb%5E%27"),
        ([parameter("header", {"type": "string", "default": "1"})], "/a", "api://api/a"),
    ],
)  # fmt: skip
def test_canonical_address_holds_what_an_address_can_hold(parameters: list[Json], path: str, uri: str) -> None:
    found = only_resource(imported(reading({"expose": "resource"}, *parameters, path=path)))
    assert found.uri == uri
    assert not Template.parse(uri).unreadable


@pytest.mark.parametrize(
    ("document", "why"),
    [
        (paths({"POST /a": {"x-mcp": {"expose": "resource"}}}), "POST is not GET"),
        (paths({"HEAD /a": {"x-mcp": {"expose": "resource"}}}), "HEAD is not GET"),
        (reading({"expose": "resource"}, parameter("header")), "'p' travels in header"),
        (reading({"expose": "resource"}, parameter("cookie")), "'p' travels in cookie"),
        (reading({"expose": "resource"}, parameter("query", {"type": "object"})), "'p' is no text"),
        (reading({"expose": "resource", "annotations": {"readOnly": False}}), "said to change something"),
        (reading({"expose": "resource"}, parameter("path"), parameter("path", name="q"), path="/a/{p}{q}"),
         "read back"),
        (reading({"expose": "resource"}, path="/" + "a" * 5_000), "read back"),
    ],
)  # fmt: skip
def test_what_cannot_be_a_resource_stays_a_tool_and_it_is_said(document: Json, why: str) -> None:
    catalog = imported(document)
    only_tool(catalog)
    assert not catalog.resources
    found = finding(catalog, "resource-refused")
    assert why in found.message
    assert (found.severity, found.where[-13:]) == ("warning", "/x-mcp/expose")
    assert found.advice


def test_pattern_over_what_cannot_be_a_resource_is_noted_and_loses_nothing() -> None:
    document = paths({"GET /a": {"parameters": [parameter("header")]}, "POST /a": {}})
    catalog = imported(document, resource_include=("/a",))
    assert len(catalog.tools) == 2
    assert finding(catalog, "resource-refused").severity == "info"


def test_address_of_a_tool_may_be_chosen_too() -> None:
    catalog = imported(reading({"uri": "x://{p}"}, parameter("query")))
    found = only_resource(catalog)
    assert (found.uri, found.listed, found.name) == ("x://{p}", False, only_tool(catalog).name)


@pytest.mark.parametrize(
    ("uri", "why"),
    [
        ("config", "no scheme"), ("x:", "no scheme"), ("{p}://a", "no scheme"), ("HTTP://a/{p}", "past the gateway"),
        ("data:,{p}", "past the gateway"), ("api://other/{p}", "the gateway's own"), ("x://{p", "not closed"),
        ("x://{q}", "variable 'q'"), ("x://a", "required argument 'p'"), ("x://{p:1}", "read back"),
        ("x://{p}/{o}", "variable 'o', whose value"), ("x://{p}{?p}", "twice"), ("x://\ud800{p}", "no URI template"),
    ],
)  # fmt: skip
def test_address_that_cannot_be_used_gives_way_to_the_canonical_one(uri: str, why: str) -> None:
    optional = parameter("query", {"type": "object"}, required=False, name="o")
    settings = Override(expose="resource", uri=uri)
    catalog = imported(reading({}, parameter("query"), optional), overrides={"a": settings})
    assert only_resource(catalog).uri == "api://api/a{?p}"
    found = finding(catalog, "resource-address")
    assert why in found.message
    assert found.advice


def test_one_address_leads_to_one_resource_whatever_its_variables_are_called() -> None:
    wish = {"expose": "resource", "uri": "x://{p}"}
    other = {"expose": "resource", "uri": "x://{q}"}
    catalog = imported(paths({
        "GET /a": {"operationId": "a", "parameters": [parameter("query")], "x-mcp": wish},
        "GET /b": {"operationId": "b", "parameters": [parameter("query", name="q")], "x-mcp": other},
    }))  # fmt: skip
    assert listed(catalog) == {"x://{p}": "a", "api://api/b{?q}": "b"}
    assert "that of GET /a too" in finding(catalog, "resource-address").message


def wishing(*uris: str) -> list[str]:
    """Which address each API has that wishes for one of these, in their order; "" for the canonical one."""
    apis = []
    for number, uri in enumerate(uris):
        names = {name: parameter("query", name=name) for name in Template.parse(uri).variables}
        content = reading({"expose": "resource", "uri": uri}, *names.values())
        apis.append(import_api(f"api{number}", Sources(document(content)), Options()))
    catalog = build(apis)
    found = {one.api: one.uri for one in catalog.resources if not one.uri.startswith("api://")}
    told = {one.api for one in catalog.findings if one.id == "resource-address"}
    assert told.isdisjoint(found)
    assert told | found.keys() == {f"api{number}" for number in range(len(uris))}
    return [found.get(f"api{number}", "") for number in range(len(uris))]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("files://f/{+p}", "files://f/{id}"), ("files://f/{+p}", "files://f/exactly"), ("files://f/a", "files://f/b"),
        ("files://f/{p}", "FILES://F/{p}"), ("files://f/{p}", "files://%66/x"), ("files://f{?p}", "files://f/x"),
        ("files://f", "files://f/{p}"), ("files://{host}/x", "files://f/x"), ("files://f/x", "files://{host}/x"),
        ("files://f/x", "files://f{p}"), ("files:{+p}", "files://f/x"), ("files://f/x", "files:{+p}"),
        ("files:/{+p}", "files://f/x"), ("files:a/{p}", "files:b/{p}"), ("files:///{+p}", "files:///x"),
    ],
)  # fmt: skip
def test_scheme_and_authority_are_those_of_the_api_that_had_them_first(first: str, second: str) -> None:
    assert wishing(first, second) == [first, ""]


@pytest.mark.parametrize(
    "uris",
    [("files://f/{+p}", "files://g/{+p}"), ("files://f/{+p}", "files://ff/{+p}"), ("files://f/{p}", "notes://f/{p}"),
     ("files:///{p}", "files://f/{p}"), ("files://f{/p}", "files://ff{/p}"), ("files://f:1/x", "files://f:2/x")],
)  # fmt: skip
def test_other_authorities_of_a_scheme_are_anybodys(uris: tuple[str, ...]) -> None:
    assert wishing(*uris) == list(uris)


def test_within_an_api_one_address_may_lie_in_another() -> None:
    wishes = ("files://f/{+p}", "files://f/{p}", "files://{p}/x")
    catalog = imported(paths({
        f"GET /{name}": {"operationId": name, "parameters": [parameter("query")],
                         "x-mcp": {"expose": "resource", "uri": uri}}
        for name, uri in zip("abc", wishes, strict=True)
    }))  # fmt: skip
    assert set(listed(catalog)) == set(wishes)
    assert "resource-address" not in finding_ids(catalog)


def test_it_is_said_whose_an_address_is() -> None:
    wish = reading({"expose": "resource", "uri": "files://f/x"})
    catalog = build([import_api(name, Sources(document(wish)), Options()) for name in ("one", "two")])
    found = finding(catalog, "resource-address")
    assert (found.api, found.where) == ("two", "/paths/~1a/get/x-mcp/uri")
    assert "lies among those of the API 'one'" in found.message
    assert "the canonical one is used" in found.lost


def test_operations_whose_paths_look_alike_share_no_address() -> None:
    one = {"parameters": [parameter("path")]}
    two = {"operationId": "b", "parameters": [parameter("path", name="q")], "x-mcp": {"expose": "resource"}}
    catalog = imported(paths({"GET /a/{p}": one, "GET /a/{q}": two}))
    assert {one.uri: one.listed for one in catalog.resources} == {"api://api/a/{q}": True}


def test_resource_tells_what_it_is() -> None:
    content = {"text/plain": {}, "application/json": {"schema": {"type": "object"}}}
    x_mcp = {"expose": "resource", "annotations": {"audience": ["user", "assistant"], "priority": 0.5}}
    answers = {"200": {"description": "Things", "content": content}}
    found = only_resource(imported(reading(x_mcp, responses=answers, summary="All things")))
    assert (found.name, found.title, found.description) == ("a", "All things", "All things. Returns: Things.")
    assert (found.media_type, found.audience, found.priority) == ("application/json", ("user", "assistant"), 0.5)


@pytest.mark.parametrize(
    ("content", "kind"),
    [({"image/png": {}}, "image/png"), ({"*/*": {}}, ""), ({}, ""), ({"image/*": {}, "text/csv": {}}, "text/csv"),
     ({"text/html": {}, "application/hal+json": {}}, "application/hal+json")],
)  # fmt: skip
def test_media_type_is_the_best_of_those_that_are_answered(content: Json, kind: str) -> None:
    answers = {"200": {"description": "OK", "content": content}}
    assert only_resource(imported(reading({"expose": "resource"}, responses=answers))).media_type == kind


def test_catalogue_changes_with_its_resources() -> None:
    plain, titled = ({"expose": "resource"} | more for more in ({}, {"title": "Other"}))
    assert imported(reading(plain)).digest != imported(reading(titled)).digest


def test_what_people_are_shown_holds_nothing_that_is_not_seen() -> None:
    named = only_resource(imported(reading({"expose": "resource", "name": "All\u202e <b>things</b>"})))
    assert named.name == "All things"
    (form,) = tool(asking({"k": {"message": "Which\u200b <i>one</i>?", "arguments": ["text"]}}), "send").ask
    assert form.message == "Which one ?"
    assert "ask must be" in finding(asking({"k\u200b": {}}), "x-mcp").message


# --- asking -----------------------------------------------------------------------------------------------------------

BODY: Json = {
    "type": "object",
    "required": ["text", "count", "choice", "picks", "lines", "deep"],
    "properties": {
        "text": {"type": "string"}, "count": {"type": ["integer", "null"]},
        "choice": {"$ref": "#/components/schemas/C"},
        "picks": {"type": "array", "items": {"enum": ["a", "b"]}},
        "lines": {"type": "array", "items": {"type": "string"}},
        "deep": {"type": "object", "properties": {"a": {"type": "string"}}}, "more": {"type": "string"},
    },
}  # fmt: skip


def asking(x_mcp: Json) -> Catalog:
    document = posting(BODY, C={"enum": ["x", "y"]})
    document["paths"]["/things"]["post"]["x-mcp"] = {"ask": x_mcp}
    return imported(document)


def test_one_form_asks_for_every_required_argument_that_a_person_can_give() -> None:
    assert tool(asking(True), "send").ask == (AskFor("arguments", ("text", "count", "choice", "picks")),)
    assert tool(asking(False), "send").ask == ()


def test_forms_ask_in_their_order_and_each_argument_once() -> None:
    found = asking({"what": {"message": "What?", "arguments": ["text", "more"]}, "rest": {}})
    assert tool(found, "send").ask == (
        AskFor("what", ("text", "more"), "What?"), AskFor("rest", ("count", "choice", "picks")),
    )  # fmt: skip


@pytest.mark.parametrize(("name", "why"), [("lines", "type into"), ("deep", "type into"), ("txt", "is no argument")])
def test_argument_that_nobody_can_be_asked_for_is_reported_and_left_out(name: str, why: str) -> None:
    catalog = asking({"k": {"arguments": [name, "text"]}})
    assert tool(catalog, "send").ask == (AskFor("k", ("text",)),)
    assert why in finding(catalog, "ask-not-possible").message
