"""The admin API: what is served and what was found, for those on this machine, and how they change it."""

from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import httpx
import pytest

from bridge.control.document import document as described
from bridge.model import Json
from tests.kit.documents import paths
from tests.kit.live import Alive, alive, written
from tests.unit.control.asking import asked

SHOWN = ["/admin/apis", "/admin/apis/shop", "/admin/tools", "/admin/findings", "/admin/catalog", "/admin/reload"]
JSON = {"content-type": "application/json"}
SERVERS: Json = [{"url": "https://depot.example.com"}]
NOWHERE: Json = {"document": paths({"GET /parts": {"operationId": "parts"}})}
DEPOT: Json = {"document": paths({"GET /parts": {"operationId": "parts"}}, servers=SERVERS)}


def shop() -> Json:
    hidden = {"operationId": "count", "x-mcp": {"expose": "none"}}
    return paths({"GET /orders": {"operationId": "orders", "summary": "Lists orders."}, "GET /count": hidden})


@pytest.fixture
async def gateway(tmp_path: Path) -> AsyncIterator[Alive]:
    file = written(tmp_path, {"shop": shop()})
    file.write_bytes(file.read_bytes().replace(b'"upstream":{', b'"upstream":{"headers":{"X-Key":"s3cret"},'))
    async with alive(file) as made:
        yield made


async def sent(
    gateway: Alive, method: str, path: str, json: Json = None, headers: Mapping[str, str] = JSON
) -> httpx.Response:
    transport = httpx.ASGITransport(gateway.admin)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8081", timeout=15) as client:
        return await client.request(method, path, json=json, headers=headers)


async def test_apis_are_counted(gateway: Alive) -> None:
    answer = (await asked(gateway.admin, "/admin/apis")).json()
    assert answer["version"] == gateway.holder.current.version
    assert answer["apis"] == [
        {"name": "shop", "title": "Things", "version": "1", "owner": "configuration", "prefix": "/", "host": None,
         "operations": 2, "tools": 1, "findings": len(gateway.holder.current.catalog.findings)}
    ]  # fmt: skip


async def test_an_api_is_shown_with_its_options_and_without_its_secrets(gateway: Alive, tmp_path: Path) -> None:
    answer = await asked(gateway.admin, "/admin/apis/shop")
    assert answer.json()["options"]["upstream"]["headers"] == {"x-key": "***"}
    assert answer.json()["tool_names"] == ["orders"]
    assert answer.json()["files"] == [str(tmp_path / "shop.json")]
    assert "s3cret" not in answer.text
    assert (await asked(gateway.admin, "/admin/apis/none")).status_code == 404


async def test_the_catalogue_is_what_agents_see_and_where_it_came_from(gateway: Alive) -> None:
    answer = (await asked(gateway.admin, "/admin/catalog")).json()
    assert [tool["name"] for tool in answer["tools"]] == ["orders"]
    assert answer["tokens"] == gateway.holder.current.catalog.tokens > 0
    assert len(answer["sources"][0]["digest"]) == 64
    assert answer["tools"] == (await asked(gateway.admin, "/admin/tools")).json()
    assert answer["findings"] == (await asked(gateway.admin, "/admin/findings")).json()


async def test_a_dry_run_answers_what_would_change_and_changes_nothing(gateway: Alive) -> None:
    answer = await sent(gateway, "PUT", "/admin/apis/depot?dry_run=true", DEPOT)
    assert (answer.status_code, answer.json()["diff"]["added"]) == (200, ["parts"])
    assert gateway.tools == ["orders"]
    assert (await sent(gateway, "GET", "/admin/reload")).json() == {"last": None, "success": None}


async def test_an_api_is_registered_changed_and_taken_back(gateway: Alive) -> None:
    made = await sent(gateway, "PUT", "/admin/apis/depot", DEPOT)
    assert (made.status_code, made.json()["result"], made.json()["breaking"]) == (201, "applied", False)
    shown = (await sent(gateway, "GET", "/admin/apis/depot")).json()
    assert (shown["owner"], shown["prefix"]) == ("registration", "/depot")
    changed = await sent(gateway, "PUT", "/admin/apis/depot", {"options": {"tools": {"exclude": ["parts"]}}})
    assert (changed.status_code, changed.json()["breaking"], gateway.tools) == (200, True, ["orders"])
    gone = await sent(gateway, "DELETE", "/admin/apis/depot")
    assert (gone.status_code, gone.json()["result"]) == (200, "applied")
    again = await sent(gateway, "DELETE", "/admin/apis/depot")
    assert (again.status_code, again.json()["code"]) == (404, "not_registered")


@pytest.mark.parametrize(
    ("body", "path", "message"),
    [({"document": "openapi: 3.1.0\npaths: [\n"}, "", "line"), ({"document": {"nothing": 1}}, "", ""),
     ({"document": DEPOT["document"], "options": {"prefix": "depot"}}, "apis.depot.prefix", "is not a path"),
     ({"url": "http://127.0.0.1:9/x"}, "", "loopback address; set options.allow_private to fetch from it")],
)  # fmt: skip
async def test_a_registration_that_cannot_be_made_is_a_problem_with_its_place(
    gateway: Alive, body: Json, path: str, message: str
) -> None:
    answer = await sent(gateway, "PUT", "/admin/apis/depot", body)
    assert answer.status_code == 422, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert (problem["code"], problem["errors"][0]["path"]) == ("registration_refused", path)
    assert message in problem["errors"][0]["message"] or problem["errors"][0]["line"]
    assert gateway.tools == ["orders"]


@pytest.mark.parametrize("query", ["", "?dry_run=true"])
async def test_an_api_that_has_nowhere_to_send_calls_is_not_registered(gateway: Alive, query: str) -> None:
    answer = await sent(gateway, "PUT", f"/admin/apis/depot{query}", NOWHERE)
    assert answer.status_code == 422, answer.text
    (place,) = answer.json()["errors"]
    assert (place["source"], place["path"]) == ("registration", "options.upstream.url")
    assert "nowhere to send calls" in place["message"]
    assert "options.upstream.url" in place["advice"]
    assert "--" not in answer.text
    assert gateway.tools == ["orders"]
    mended = NOWHERE | {"options": {"upstream": {"url": "https://depot.example.com"}}}
    assert (await sent(gateway, "PUT", f"/admin/apis/depot{query}", mended)).is_success


@pytest.mark.parametrize(
    ("method", "path", "told"),
    [("PUT", "/admin/apis/depot?dryrun=true", "query.dryrun is no parameter of this request: did you mean dry_run?"),
     ("PUT", "/admin/apis/depot?dry_run=true&dry_run=false", "query.dry_run is given more than once"),
     ("DELETE", "/admin/apis/stock?dry-run=1", "query.dry-run is no parameter of this request: did you mean dry_run?"),
     ("POST", "/admin/reload?dry_run=true", "query.dry_run is no parameter of this request: leave it out"),
     ("GET", "/admin/approvals?state=used", "there are status, limit")],
)  # fmt: skip
async def test_a_query_parameter_that_nobody_knows_stops_the_request(
    gateway: Alive, method: str, path: str, told: str
) -> None:
    await sent(gateway, "PUT", "/admin/apis/stock", NOWHERE | {"options": {"upstream": {"url": "https://a.example"}}})
    before = gateway.tools
    answer = await sent(gateway, method, path, DEPOT if method == "PUT" else None)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request"), answer.text
    assert told in answer.json()["detail"]
    assert answer.json()["errors"][0]["path"].startswith("query.")
    assert gateway.tools == before


async def test_a_bad_name_is_told_in_words(gateway: Alive) -> None:
    answer = await sent(gateway, "PUT", "/admin/apis/De%20pot", DEPOT)
    (place,) = answer.json()["errors"]
    assert (answer.status_code, place["path"]) == (422, "path.name")
    assert place["message"] == "'De pot' is no name of an API"
    assert place["advice"].startswith("write a lower-case letter, then up to 31")


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
async def test_what_the_configuration_names_is_changed_there(gateway: Alive, method: str) -> None:
    answer = await sent(gateway, method, "/admin/apis/shop", DEPOT if method == "PUT" else None)
    assert (answer.status_code, answer.json()["code"]) == (409, "owned_by_configuration")


async def test_a_reload_is_asked_for_and_its_failure_is_a_problem(gateway: Alive) -> None:
    assert (await sent(gateway, "POST", "/admin/reload")).json()["result"] == "unchanged"
    gateway.file.write_text("{")
    answer = await sent(gateway, "POST", "/admin/reload")
    assert (answer.status_code, answer.json()["code"]) == (503, "reload_failed")
    shown = (await sent(gateway, "GET", "/admin/reload")).json()
    assert (shown["last"]["result"], shown["success"]["result"]) == ("failed", "unchanged")
    assert shown["last"]["problems"] == answer.json()["errors"]


async def test_a_body_above_the_limit_is_refused(gateway: Alive) -> None:
    async def endless() -> AsyncIterator[bytes]:
        piece = b" " * (1 << 20)
        while True:
            yield piece

    transport = httpx.ASGITransport(gateway.admin)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8081", timeout=15) as client:
        answer = await client.put("/admin/apis/depot", content=endless(), headers=JSON)
    assert (answer.status_code, answer.headers["content-type"]) == (413, "application/problem+json")


@pytest.mark.parametrize(
    ("headers", "status"),
    [({"origin": "https://evil.example"}, 403), ({"origin": "null"}, 403), ({"sec-fetch-site": "cross-site"}, 403),
     ({"sec-fetch-site": "same-site"}, 403), ({"origin": "http://127.0.0.1:9999"}, 403),
     ({"content-type": "text/plain"}, 415), ({"content-type": "application/x-www-form-urlencoded"}, 415),
     ({"origin": "http://127.0.0.1:8081", "sec-fetch-site": "same-origin"}, 201), ({}, 201)],
)  # fmt: skip
async def test_a_page_of_another_origin_changes_nothing(
    gateway: Alive, headers: Mapping[str, str], status: int
) -> None:
    answer = await sent(gateway, "PUT", "/admin/apis/depot", DEPOT, {**JSON, **headers})
    assert answer.status_code == status, answer.text
    assert ("parts" in gateway.tools) == (status == 201)
    if status >= 400:
        assert answer.headers["content-type"] == "application/problem+json"


async def test_a_preflight_is_not_granted(gateway: Alive) -> None:
    asking = {"origin": "https://evil.example", "access-control-request-method": "PUT"}
    answer = await sent(gateway, "OPTIONS", "/admin/apis/depot", None, asking)
    assert answer.status_code == 405
    assert "access-control-allow-origin" not in answer.headers


async def test_its_own_description_lists_what_there_is(gateway: Alive) -> None:
    served = (await asked(gateway.admin, "/admin/openapi.json")).json()
    assert set(served["paths"]) == set(described()["paths"])
    assert {path.replace("shop", "{name}") for path in SHOWN} <= set(served["paths"])
    ids = [operation["operationId"] for item in served["paths"].values() for operation in item.values()]
    assert len(set(ids)) == len(ids)


@pytest.mark.parametrize("host", ["localhost", "localhost:8081", "LOCALHOST", "127.0.0.1:8081", "[::1]", "[::1]:8081"])
async def test_it_answers_under_the_names_of_this_machine(gateway: Alive, host: str) -> None:
    for path in SHOWN:
        assert (await asked(gateway.admin, path, host=host)).status_code == 200


@pytest.mark.parametrize(
    "host",
    ["evil.example.com", "evil.example.com:8081", "127.0.0.1.example.com", "localhost.example.com", "10.0.0.1", "",
     "127.0.0.2", "[::2]", "localhost:8081:x", "127.0.0.1@evil.example.com"],
)  # fmt: skip
async def test_a_page_that_rebinds_its_name_learns_nothing(gateway: Alive, host: str) -> None:
    for path in (*SHOWN, "/admin/openapi.json", "/nothing"):
        answer = await asked(gateway.admin, path, host=host)
        assert (answer.status_code, answer.headers["content-type"]) == (400, "application/problem+json")
        assert (answer.json()["code"], "127.0.0.1 or [::1] as Host" in answer.json()["detail"]) == (
            "foreign_host",
            True,
        )
        assert "orders" not in answer.text


@pytest.mark.parametrize("path", ["/", "/docs", "/redoc", "/openapi.json", "/admin", "/metrics", "/readyz"])
async def test_nothing_else_is_served(gateway: Alive, path: str) -> None:
    answer = await asked(gateway.admin, path)
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize("path", ["/admin/apis", "/admin/tools", "/admin/findings", "/admin/catalog"])
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
async def test_what_is_only_shown_cannot_be_changed(gateway: Alive, method: str, path: str) -> None:
    answer = await asked(gateway.admin, path, method=method)
    assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")
