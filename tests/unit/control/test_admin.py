"""The admin API: what is loaded and what was found, for those on this machine."""

from dataclasses import replace

import pytest

from bridge.control.api import admin_app
from bridge.model import Catalog, Finding, Severity
from bridge.pipeline.runtime import Holder
from tests.kit.runtime import endpoint, world
from tests.unit.control.asking import asked

FOUND = Finding("no-description", Severity.INFO, "/paths/~1a/get", "says nothing", "", "say it", 3, "a.yaml", "orders")
ELSEWHERE = replace(FOUND, api="others")
PATHS = ["/admin/apis", "/admin/tools", "/admin/findings"]


def holder() -> Holder:
    rt = world([endpoint("one"), replace(endpoint("two"), tool=None)]).rt
    return Holder(replace(rt, catalog=replace(rt.catalog, findings=(FOUND, ELSEWHERE))))


async def test_apis_are_counted() -> None:
    answer = await asked(admin_app(holder()), "/admin/apis")
    api = {"name": "orders", "title": "", "version": "", "operations": 2, "tools": 1, "findings": 1}
    assert answer.json() == {"version": 1, "digest": "d1", "apis": [api]}


async def test_tools_are_those_that_agents_see() -> None:
    answer = await asked(admin_app(holder()), "/admin/tools")
    assert answer.json() == [{"name": "one", "title": "one", "api": "orders", "operation": "one", "tokens": 0}]


async def test_findings_say_what_where_and_what_to_do() -> None:
    answer = await asked(admin_app(holder()), "/admin/findings")
    assert answer.json()[0] == {
        "id": "no-description", "severity": "info", "where": "/paths/~1a/get", "message": "says nothing", "lost": "",
        "advice": "say it", "line": 3, "source": "a.yaml", "api": "orders",
    }  # fmt: skip
    assert [finding["api"] for finding in answer.json()] == ["orders", "others"]


async def test_what_is_shown_is_the_runtime_that_is_current() -> None:
    held = holder()
    app = admin_app(held)
    held.swap(replace(held.current, version=2, catalog=Catalog()))
    assert (await asked(app, "/admin/apis")).json() == {"version": 2, "digest": "d1", "apis": []}
    assert (await asked(app, "/admin/tools")).json() == []


async def test_its_own_description_lists_what_there_is() -> None:
    described = (await asked(admin_app(holder()), "/admin/openapi.json")).json()
    assert sorted(described["paths"]) == sorted(PATHS)
    assert all(list(item) == ["get"] for item in described["paths"].values())


@pytest.mark.parametrize("host", ["localhost", "localhost:8081", "LOCALHOST", "127.0.0.1:8081", "[::1]", "[::1]:8081"])
@pytest.mark.parametrize("path", PATHS)
async def test_it_answers_under_the_names_of_this_machine(path: str, host: str) -> None:
    assert (await asked(admin_app(holder()), path, host=host)).status_code == 200


@pytest.mark.parametrize(
    "host",
    ["evil.example.com", "evil.example.com:8081", "127.0.0.1.example.com", "localhost.example.com", "10.0.0.1", "",
     "127.0.0.2", "[::2]", "localhost:8081:x", "127.0.0.1@evil.example.com"],
)  # fmt: skip
@pytest.mark.parametrize("path", [*PATHS, "/admin/openapi.json", "/nothing"])
async def test_a_page_that_rebinds_its_name_learns_nothing(path: str, host: str) -> None:
    answer = await asked(admin_app(holder()), path, host=host)
    assert answer.status_code == 400
    assert "orders" not in answer.text


@pytest.mark.parametrize("path", ["/", "/docs", "/redoc", "/openapi.json", "/admin", "/metrics", "/readyz"])
async def test_nothing_else_is_served(path: str) -> None:
    assert (await asked(admin_app(holder()), path)).status_code == 404


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("path", PATHS)
async def test_nothing_can_be_changed(method: str, path: str) -> None:
    assert (await asked(admin_app(holder()), path, method=method)).status_code == 405
