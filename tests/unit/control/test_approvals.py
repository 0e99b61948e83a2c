"""Calls that wait for a person, from the configuration to the decision: seen, decided once, and then made."""

import time
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from bridge.compile.runtime import parts
from bridge.model import Json
from tests.kit.agent import META
from tests.kit.documents import paths
from tests.kit.live import Alive, alive, written
from tests.kit.person import Person, text
from tests.kit.upstream import ScriptedUpstream

ORDER = {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}
DROP: Json = {"operationId": "drop", "parameters": [ORDER]}
KEEP: Json = {"operationId": "keep", "parameters": [ORDER]}
EXEMPT: Json = {"operations": {"keep": {"confirm": False}}}


@pytest.fixture
def upstream() -> ScriptedUpstream:
    return ScriptedUpstream()


@pytest.fixture
async def gateway(tmp_path: Path, upstream: ScriptedUpstream) -> AsyncIterator[Alive]:
    document = paths({"DELETE /orders/{id}": DROP, "DELETE /drafts/{id}": KEEP})
    file = written(tmp_path, {"shop": document}, {"shop": EXEMPT}, approvals={"effects": ["destroys"], "ttl": "5m"})
    async with alive(file, replace(parts(), upstream=upstream)) as made:
        yield made


async def sent(gateway: Alive, method: str, path: str = "", json: Json = None) -> httpx.Response:
    transport = httpx.ASGITransport(gateway.admin)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8081") as client:
        headers = {"content-type": "application/json"}
        return await client.request(method, f"/admin/approvals{path}", json=json, headers=headers)


async def called(gateway: Alive, tool: str = "drop", id: str = "4") -> Json:
    rt = gateway.holder.current
    rt = replace(rt, mcp=replace(rt.mcp, hosts=None))
    return await Person(rt).call(tool, {"id": id}, meta=META)


async def test_a_call_that_waits_is_shown_with_all_that_a_decision_needs(gateway: Alive) -> None:
    assert (await sent(gateway, "GET")).json() == []
    answer = await called(gateway)
    (shown,) = (await sent(gateway, "GET")).json()
    assert shown["id"] in text(answer)
    assert abs(shown.pop("created") - time.time()) < 60
    assert 240 < shown.pop("expires") - time.time() <= 300
    assert shown == {
        "id": shown["id"], "status": "pending", "principal": "anonymous", "door": "mcp", "api": "shop",
        "operation": "drop", "tool": "drop", "method": "DELETE", "path": "/orders/4",
        "arguments": [{"name": "id", "value": '"4"'}], "whole": True, "decision": None, "used": None,
    }  # fmt: skip
    assert (await sent(gateway, "GET", f"/{shown['id']}")).json()["status"] == "pending"


async def test_a_long_call_is_cut_in_the_list_and_shown_whole_by_its_id(gateway: Alive) -> None:
    long = "a" * 40_000 + "b" + "c" * 40_000
    await called(gateway, id=long)
    (listed,) = (await sent(gateway, "GET")).json()
    assert listed["whole"] is False
    assert len(listed["path"]) + len(listed["arguments"][0]["value"]) < 2_000
    whole = (await sent(gateway, "GET", f"/{listed['id']}")).json()
    assert (whole["whole"], whole["path"]) == (True, f"/orders/{long}")
    assert whole["arguments"] == [{"name": "id", "value": f'"{long}"'}]


async def test_an_approved_call_is_made_once_and_the_record_says_who_and_when(
    gateway: Alive, upstream: ScriptedUpstream
) -> None:
    await called(gateway)
    (waiting,) = (await sent(gateway, "GET", "?status=pending")).json()
    decided = await sent(gateway, "POST", f"/{waiting['id']}", {"decision": "approve", "by": " ann ", "reason": "ok"})
    assert decided.status_code == 200
    assert decided.json()["status"] == "approved"
    assert "isError" not in (await called(gateway)).result
    (record,) = (await sent(gateway, "GET", "?status=used")).json()
    assert (record["decision"]["by"], record["decision"]["reason"]) == ("ann", "ok")
    assert record["decision"]["token"] == "loopback"
    assert waiting["created"] <= record["decision"]["at"] <= record["used"]
    assert (await called(gateway)).result["isError"]
    assert [wire.target for wire in upstream.wires] == ["/orders/4"]


async def test_what_is_decided_stays_decided(gateway: Alive, upstream: ScriptedUpstream) -> None:
    await called(gateway)
    (waiting,) = (await sent(gateway, "GET")).json()
    place = f"/{waiting['id']}"
    assert (await sent(gateway, "POST", place, {"decision": "deny", "by": "ann", "reason": "no"})).status_code == 200
    again = await sent(gateway, "POST", place, {"decision": "approve", "by": "bob"})
    assert (again.status_code, again.json()["code"]) == (409, "decided")
    assert again.headers["content-type"] == "application/problem+json"
    assert (await sent(gateway, "GET", place)).json()["decision"]["by"] == "ann"
    assert "no" in text(await called(gateway))
    assert not upstream.sent


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"decision": "approve"},
        {"decision": "approve", "by": " "},
        {"decision": "maybe", "by": "ann"},
        {"decision": "approve", "by": "ann", "extra": 1},
        {"decision": "approve", "by": "ann", "reason": "x" * 1001},
        [],
        None,
    ],
)
async def test_a_decision_that_cannot_be_understood_decides_nothing(gateway: Alive, body: Json) -> None:
    await called(gateway)
    (waiting,) = (await sent(gateway, "GET")).json()
    answer = await sent(gateway, "POST", f"/{waiting['id']}", body)
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
    assert (await sent(gateway, "GET", "?status=pending")).json()


@pytest.mark.parametrize(
    ("path", "status"), [(f"/{'0' * 32}", 404), ("/x", 422), ("?limit=0", 422), ("?status=none", 422)]
)
async def test_what_does_not_exist_is_a_problem(gateway: Alive, path: str, status: int) -> None:
    answer = await sent(gateway, "GET", path)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")


async def test_an_expired_call_cannot_be_decided(gateway: Alive) -> None:
    gateway.holder.swap(replace(rt := gateway.holder.current, approvals=replace(rt.approvals, ttl=-1.0)))
    await called(gateway)
    (expired,) = (await sent(gateway, "GET")).json()
    assert expired["status"] == "expired"
    answer = await sent(gateway, "POST", f"/{expired['id']}", {"decision": "approve", "by": "ann"})
    assert answer.status_code == 409


async def test_an_operation_that_is_exempt_is_called_at_once(gateway: Alive, upstream: ScriptedUpstream) -> None:
    await called(gateway, "keep")
    assert len(upstream.sent) == 1


async def test_without_a_store_nothing_is_shown_as_empty(gateway: Alive) -> None:
    gateway.holder.swap(replace(gateway.holder.current, shared=None))
    answer = await sent(gateway, "GET")
    assert (answer.status_code, answer.json()["code"]) == (503, "state_unavailable")
