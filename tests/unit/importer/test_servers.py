"""Where an operation is called: the nearest level that names a server, variables filled in by the operator alone."""

import pytest

from bridge.importer import Budgets, Options, Sources, build, import_api
from bridge.importer.load import parse
from bridge.model import Json, Operation
from tests.kit.documents import document, finding, finding_ids, imported, only_operation, paths

REGION = {"url": "https://{region}.example.com/v1/", "variables": {"region": {"default": "eu", "enum": ["eu", "us"]}}}


def called(servers: Json, item: Json = None, operation: Json = None, **options: Json) -> Operation:
    described = paths({"GET /a": {} if operation is None else {"servers": operation}}, servers=servers)
    if item is not None:
        described["paths"]["/a"]["servers"] = item
    return only_operation(imported(described, **options))


def test_nearest_level_wins() -> None:
    root, item, own = ([{"url": f"https://{name}.example.com"}] for name in ("root", "item", "own"))
    assert called(root).servers == ("https://root.example.com",)
    assert called(root, item).servers == ("https://item.example.com",)
    assert called(root, item, own).servers == ("https://own.example.com",)
    assert not called(root).own_server
    assert called(root, item).own_server


def test_variables_have_their_defaults() -> None:
    assert called([REGION]).servers == ("https://eu.example.com/v1",)


def test_operator_may_set_a_variable_to_one_of_its_values() -> None:
    assert called([REGION], server_variables={"region": "us"}).servers == ("https://us.example.com/v1",)


@pytest.mark.parametrize("value", ["evil.com/?", "", "EU"])
def test_value_outside_the_enum_is_refused(value: str) -> None:
    catalog = imported(paths({"GET /a": {}}, servers=[REGION]), server_variables={"region": value})
    assert only_operation(catalog).servers == ("https://eu.example.com/v1",)
    assert "server-variable" in finding_ids(catalog)


def test_variable_without_a_default_costs_its_server() -> None:
    servers = [{"url": "https://{x}.example.com"}, {"url": "https://b.example.com"}]
    catalog = imported(paths({"GET /a": {}}, servers=servers))
    assert only_operation(catalog).servers == ("https://b.example.com",)
    assert finding(catalog, "server-variable").lost == "this server"


def test_variables_are_never_arguments() -> None:
    catalog = imported(paths({"GET /a": {}}, servers=[REGION]))
    assert not only_operation(catalog).params


@pytest.mark.parametrize(
    "servers", [None, [], {}, "x", [None], [5], [{}], [{"url": 5}], [{"url": "https://{x}", "variables": []}]]
)
def test_servers_that_cannot_be_read_are_none(servers: Json) -> None:
    assert called(servers).servers == ()


@pytest.mark.parametrize("url", ["http://[", "http://[::1", "http://h:99999", "http://h:x", "http://a b", "http://a\x07",
                                 "http://a\r\nx", "http://" + "a" * 5000])  # fmt: skip
def test_server_that_is_no_url_costs_itself_and_it_is_said(url: str) -> None:
    catalog = imported(paths({"GET /a": {}}, servers=[{"url": url}, {"url": "https://b.example.com"}]))
    assert only_operation(catalog).servers == ("https://b.example.com",)
    told = finding(catalog, "invalid-server")
    assert (told.where, told.lost) == ("/servers/0", "this server")


def test_host_of_swagger_2_that_is_none_is_said() -> None:
    catalog = imported(paths({"GET /a": {}}, openapi="2.0", host="[::1", schemes=["http"]))
    assert only_operation(catalog).servers == ()
    assert "invalid-server" in finding_ids(catalog)


@pytest.mark.timeout(5)
def test_what_a_variable_brings_is_no_variable_again() -> None:
    variables = {f"v{n}": {"default": f"{{v{n + 1}}}" * 2} for n in range(34)}
    url = "https://h/" + "".join(f"{{v{n}}}" for n in range(34))
    servers = [{"url": url, "variables": variables}]
    expected = "https://h/" + "".join(f"{{v{n + 1}}}" * 2 for n in range(34))
    assert called(servers).servers == (expected,)


def test_variables_that_make_a_server_too_long_cost_it() -> None:
    servers = [{"url": "https://h/" + "{a}" * 1000, "variables": {"a": {"default": "x" * 1000}}}]
    assert called(servers).servers == ()


@pytest.mark.parametrize(
    ("url", "server"),
    [("/v1", "https://docs.example.com/v1"), ("./v1/", "https://docs.example.com/specs/v1"),
     ("https://api.example.com", "https://api.example.com"), ("//b.example.com", "https://b.example.com")],
)  # fmt: skip
def test_relative_server_is_relative_to_where_the_document_is_served(url: str, server: str) -> None:
    text = document(paths({"GET /a": {}}, servers=[{"url": url}])).text
    served = parse(text.encode(), "https://docs.example.com/specs/api.json", "api.json", None, Budgets())
    assert only_operation(build([import_api("api", Sources(served), Options())])).servers == (server,)


@pytest.mark.parametrize(
    ("root", "servers"),
    [
        ({"host": "h.example.com"}, ("https://h.example.com",)),
        ({"host": "h.example.com", "basePath": "/v1/"}, ("https://h.example.com/v1",)),
        ({"host": "h.example.com", "basePath": "v1", "schemes": ["http"]}, ("http://h.example.com/v1",)),
        (
            {"host": "h.example.com", "schemes": ["http", "wss", "https"]},
            ("https://h.example.com", "http://h.example.com"),
        ),
        ({"host": "h.example.com", "schemes": [["x"], {}]}, ("https://h.example.com",)),
        ({"host": 5, "basePath": []}, ()),
        ({"basePath": "/v1"}, ("/v1",)),
        ({}, ()),
    ],
)
def test_2_0_says_it_with_host_base_path_and_schemes(root: dict[str, Json], servers: tuple[str, ...]) -> None:
    assert only_operation(imported(paths({"GET /a": {}}, openapi="2.0", **root))).servers == servers


def test_2_0_operation_may_have_its_own_schemes() -> None:
    described = paths({"GET /a": {"schemes": ["http"]}}, openapi="2.0", host="h.example.com", schemes=["https"])
    assert only_operation(imported(described)).servers == ("http://h.example.com",)
