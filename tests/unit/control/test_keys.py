"""API keys at the admin port: made, shown without their secrets, replaced, revoked."""

import time
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from bridge.model import Json, StateUnavailable
from bridge.pipeline.identity.handles import KEY, parse
from bridge.pipeline.identity.keys import KeyRing
from bridge.pipeline.identity.records import KeyRecord
from bridge.state.memory import MemoryStore
from tests.kit.documents import paths
from tests.kit.live import Alive, alive, written

PEPPER = "pepper-pepper-pepper-pepper-pepper"
DAY = 86_400.0


class Away(MemoryStore):
    """Out of reach, whatever is asked."""

    async def get(self, key: str) -> bytes | None:
        raise StateUnavailable("no")

    async def put(self, key: str, value: bytes, ttl: float | None, *, fresh: bool = False) -> bool:
        raise StateUnavailable("no")

    async def family(self, name: str) -> list[tuple[str, bytes]]:
        raise StateUnavailable("no")


@pytest.fixture
async def gateway(tmp_path: Path) -> AsyncIterator[Alive]:
    document = paths({"GET /orders": {"operationId": "orders"}})
    file = written(tmp_path, {"shop": document}, identity={"anonymous": True, "api_keys": {"pepper": PEPPER}})
    async with alive(file) as made:
        yield made


async def sent(gateway: Alive, method: str, path: str = "", json: Json = None) -> httpx.Response:
    transport = httpx.ASGITransport(gateway.admin)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8081") as client:
        headers = {"content-type": "application/json"}
        return await client.request(method, f"/admin/keys{path}", json=json, headers=headers)


async def made(gateway: Alive, **more: Json) -> Json:
    answer = await sent(gateway, "POST", json={"subject": "ann"} | more)
    assert answer.status_code == 201
    return answer.json()


async def found(gateway: Alive, key: str) -> KeyRecord | None:
    keys, handle = gateway.holder.current.keys, parse(key, KEY)
    assert keys
    assert handle
    return await keys.find(handle)


async def test_a_key_is_made_with_all_that_is_said_and_opens(gateway: Alive) -> None:
    body: Json = {
        "subject": "ann", "kind": "agent", "tenant": "acme", "groups": ["ops"], "scopes": ["orders:read"],
        "claims": {"level": 3}, "expires": "12h", "label": "desk",
    }  # fmt: skip
    answer = await sent(gateway, "POST", json=body)
    assert (answer.status_code, answer.headers["cache-control"]) == (201, "no-store")
    shown = answer.json()
    record = await found(gateway, shown["key"])
    assert record
    assert (record.claims, record.kind.value) == ({"level": 3}, "agent")
    assert abs(shown["expires"] - time.time() - DAY / 2) < 60
    assert shown | {"expires": "12h"} == body | {
        "id": record.id, "key": shown["key"], "status": "active", "created": record.created, "revoked": None,
        "replaces": None,
    }  # fmt: skip


@pytest.mark.statement("A28")
async def test_the_secret_is_in_the_answer_that_makes_it_and_in_no_other(
    gateway: Alive, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    one = await made(gateway)
    secret = one["key"].split("_", 2)[2]
    rotated = await sent(gateway, "POST", f"/{one['id']}/rotation")
    texts = [rotated.text]
    for method, path in [("GET", ""), ("DELETE", f"/{one['key']}"), ("DELETE", f"/{one['id']}"), ("GET", "")]:
        texts.append((await sent(gateway, method, path)).text)
    assert one["id"] in texts[-1]
    texts += [record.getMessage() for record in caplog.records if record.name.startswith("bridge")]
    assert any(one["id"] in text for text in texts[5:]), "the log says what was done"
    for text in texts:
        assert secret not in text
        assert PEPPER not in text
        assert "hash" not in text


async def test_a_key_is_replaced_and_the_old_one_ends_after_the_overlap(gateway: Alive) -> None:
    old = await made(gateway, expires="never")
    answer = await sent(gateway, "POST", f"/{old['id']}/rotation", {"overlap": "7d"})
    assert (answer.status_code, answer.headers["cache-control"]) == (201, "no-store")
    new = answer.json()
    assert (new["replaces"], new["expires"]) == (old["id"], None)
    assert await found(gateway, old["key"])
    assert await found(gateway, new["key"])
    listed = {one["id"]: one for one in (await sent(gateway, "GET")).json()}
    assert abs(listed[old["id"]]["expires"] - time.time() - 7 * DAY) < 60


async def test_a_revoked_key_opens_nothing_and_is_shown_as_revoked(gateway: Alive) -> None:
    one = await made(gateway)
    assert await found(gateway, one["key"])
    answer = await sent(gateway, "DELETE", f"/{one['id']}")
    assert (answer.status_code, answer.json()["status"]) == (200, "revoked")
    assert await found(gateway, one["key"]) is None
    assert (await sent(gateway, "DELETE", f"/{one['id']}")).json() == answer.json()
    refused = await sent(gateway, "POST", f"/{one['id']}/rotation")
    assert (refused.status_code, refused.json()["code"]) == (409, "key_ended")


async def test_keys_outlive_the_gateway_that_made_them(gateway: Alive) -> None:
    one = await made(gateway)
    async with alive(gateway.file) as again:
        assert await found(again, one["key"])
        assert [known["id"] for known in (await sent(again, "GET")).json()] == [one["id"]]


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ({}, "body.subject"),
        ({"subject": ""}, "body.subject"),
        ({"subject": "a", "expires": "90"}, "body.expires"),
        ({"subject": "a", "expires": "0s"}, "body.expires"),
        ({"subject": "a", "expires": None}, "body.expires"),
        ({"subject": "a", "kind": "anonymous"}, "body.kind"),
        ({"subject": "a", "scopes": ["a b"]}, "body.scopes"),
        ({"subject": "a", "groups": [""]}, "body.groups"),
        ({"subject": "a", "claims": {"a": "x" * 9000}}, "body.claims"),
        ({"subject": "a", "extra": 1}, "body.extra"),
        ([], "body"),
        (None, "body"),
    ],
)
async def test_what_is_no_key_is_refused_with_its_place(gateway: Alive, body: Json, place: str) -> None:
    answer = await sent(gateway, "POST", json=body)
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
    assert answer.json()["errors"][0]["path"] == place
    assert (await sent(gateway, "GET")).json() == []


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "code"),
    [
        ("DELETE", f"/{'0' * 16}", None, 404, "no_such_key"),
        ("POST", f"/{'0' * 16}/rotation", None, 404, "no_such_key"),
        ("POST", f"/{'0' * 16}/rotation", {"overlap": "soon"}, 422, "invalid_request"),
        ("POST", f"/{'0' * 16}/rotation", {"lap": "1h"}, 422, "invalid_request"),
        ("DELETE", "/none", None, 422, "invalid_request"),
        ("GET", "?status=active", None, 422, "invalid_request"),
        ("DELETE", f"/{'0' * 16}?dry_run=true", None, 422, "invalid_request"),
        ("PUT", "", {}, 405, "method_not_allowed"),
    ],
)
async def test_what_cannot_be_done_is_a_problem(
    gateway: Alive, method: str, path: str, body: Json, status: int, code: str
) -> None:
    answer = await sent(gateway, method, path, body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers["content-type"] == "application/problem+json"


ALL = [("GET", ""), ("POST", ""), ("POST", f"/{'0' * 16}/rotation"), ("DELETE", f"/{'0' * 16}")]


@pytest.mark.parametrize(("method", "path"), ALL)
async def test_where_keys_are_not_configured_there_are_none(gateway: Alive, method: str, path: str) -> None:
    gateway.holder.swap(replace(gateway.holder.current, keys=None))
    answer = await sent(gateway, method, path, {"subject": "a"} if path == "" and method == "POST" else None)
    assert (answer.status_code, answer.json()["code"]) == (404, "no_api_keys")
    assert "identity.api_keys" in answer.json()["detail"]


@pytest.mark.parametrize(("method", "path"), ALL)
async def test_what_is_out_of_reach_is_told_as_such(gateway: Alive, method: str, path: str) -> None:
    gateway.holder.swap(replace(gateway.holder.current, keys=KeyRing(Away(), PEPPER.encode())))
    answer = await sent(gateway, method, path, {"subject": "a"} if path == "" and method == "POST" else None)
    assert (answer.status_code, answer.json()["code"]) == (503, "state_unavailable")
