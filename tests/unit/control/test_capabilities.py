"""Capabilities at the admin port: shown without their tokens, and taken back."""

import logging
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import anyio
import httpx
import orjson
import pytest

from bridge.ingress.oauth import EXCHANGE
from bridge.ingress.traffic import Traffic
from bridge.model import Json, PrincipalKind, StateUnavailable
from bridge.pipeline.identity.records import KeyOwner
from bridge.state.memory import MemoryStore
from tests.kit.documents import paths
from tests.kit.live import Alive, alive, written
from tests.unit.control.asking import asked

ANN, BOB = "ann-" + "a" * 32, "bob-" + "b" * 32
PLACE = "/admin/capabilities"
NOBODYS = "0" * 16
ENDS = 2.0


class Away(MemoryStore):
    """Out of reach, whatever is asked."""

    async def get(self, key: str) -> bytes | None:
        raise StateUnavailable("no")

    async def family(self, name: str) -> list[tuple[str, bytes]]:
        raise StateUnavailable("no")


@dataclass(frozen=True, slots=True)
class Stand:
    gateway: Alive
    key: str
    """Ann's, a person's."""

    async def at(
        self, path: str = "", method: str = "GET", token: str = ANN, headers: Mapping[str, str] | None = None
    ) -> httpx.Response:
        who = {"authorization": f"Bearer {token}"} if token else {}
        return await asked(self.gateway.admin, f"{PLACE}{path}", method=method, headers={**who, **(headers or {})})

    async def listed(self) -> list[str]:
        answer = await self.at()
        assert answer.status_code == 200
        return [one["id"] for one in answer.json()]

    async def posted(self, name: str, form: Mapping[str, str], token: str) -> httpx.Response:
        """At the traffic port."""
        transport = httpx.ASGITransport(Traffic(self.gateway.holder))
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            return await client.post(f"/oauth/{name}", data=form, headers={"authorization": f"Bearer {token}"})

    async def narrowed(self, token: str, **details: Json) -> str:
        asks = orjson.dumps([{"type": "operations", **details}]).decode()
        form = {"grant_type": EXCHANGE, "subject_token": token, "authorization_details": asks}
        answer = await self.posted("token", form, token)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["access_token"])

    async def opens(self, token: str) -> bool:
        answer = await self.posted("introspect", {"token": token}, token)
        assert answer.status_code in {200, 401}
        return answer.status_code == 200

    async def ended(self, *tokens: str) -> None:
        with anyio.fail_after(ENDS + 0.3):
            while [await self.opens(token) for token in tokens] != [False] * len(tokens):  # noqa: ASYNC110 (nothing tells)
                await anyio.sleep(0.05)


@pytest.fixture
async def stand(tmp_path: Path) -> AsyncIterator[Stand]:
    document = paths({"GET /orders": {"operationId": "orders"}, "GET /lines": {"operationId": "lines"}})
    file = written(
        tmp_path, {"shop": document}, identity={"api_keys": {"pepper": "p" * 32}},
        admin={"tokens": {"ann": ANN, "bob": BOB}},
    )  # fmt: skip
    async with alive(file) as made:
        keys = made.holder.current.keys
        assert keys is not None
        owner = KeyOwner("ann", PrincipalKind.PERSON, "acme", scopes=frozenset({"b", "a"}))
        yield Stand(made, (await keys.create(owner))[1].reveal())


def id_of(token: str) -> str:
    return token.split("_")[1]


async def test_they_are_listed_with_whose_they_are_and_all_that_bounds_them(stand: Stand) -> None:
    first = await stand.narrowed(stand.key, operations=["orders", "lines"], calls=7, bytes=800)
    second = await stand.narrowed(first, operations=["orders"], when="true", tokens=9)
    one, two = (await stand.at()).json()
    assert (one["id"], two["id"]) == (id_of(second), id_of(first)), "the latest first"
    assert abs(one.pop("created") - time.time()) < 60
    assert abs(one.pop("expires") - time.time() - 3600) < 60
    nothing = dict.fromkeys(("operations", "when", "calls", "bytes", "tokens"))
    outer = nothing | {"id": id_of(first), "operations": ["orders", "lines"], "calls": 7, "bytes": 800}
    inner = nothing | {"id": id_of(second), "operations": ["orders"], "when": "true", "tokens": 9}
    assert one == {
        "id": id_of(second), "principal": "ann", "tenant": "acme", "client": "", "identified": "api_keys",
        "scopes": ["a", "b"], "layers": [outer, inner],
    }  # fmt: skip


@pytest.mark.statement("A28")
async def test_no_answer_and_no_line_of_the_log_has_a_token(stand: Stand, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    token = await stand.narrowed(stand.key)
    secret, mothers = token.split("_", 2)[2], stand.key.split("_", 2)[2]
    answers = [await stand.at(), await stand.at(f"/{token}", "DELETE"), await stand.at(f"/{token}")]
    answers += [await stand.at(f"/{id_of(token)}", "DELETE"), await stand.at()]
    keyed = await asked(
        stand.gateway.admin, f"/admin/keys/{stand.key}", method="DELETE", headers={"authorization": f"Bearer {ANN}"}
    )
    assert [answer.status_code for answer in (*answers, keyed)] == [200, 422, 405, 204, 200, 422]
    logged = [f"{one.getMessage()} {one.__dict__}" for one in caplog.records if one.name.startswith(("bridge", "dual"))]
    assert any(id_of(token) in line for line in logged)
    for text in (*(answer.text for answer in (*answers, keyed)), *logged):
        assert secret not in text
        assert mothers not in text
        assert "digest" not in text


@pytest.mark.statement("A11")
async def test_one_that_is_taken_back_opens_nothing_any_more_nor_does_what_was_made_from_it(stand: Stand) -> None:
    first, other = await stand.narrowed(stand.key), await stand.narrowed(stand.key)
    second = await stand.narrowed(first)
    assert [await stand.opens(one) for one in (first, second, other)] == [True] * 3
    answer = await stand.at(f"/{id_of(first)}", "DELETE")
    assert (answer.status_code, answer.content) == (204, b"")
    assert await stand.listed() == [id_of(other)], "what has ended with it is not in force either"
    await stand.ended(first, second)
    assert await stand.opens(other)
    for gone in (first, second):
        again = await stand.at(f"/{id_of(gone)}", "DELETE")
        assert (again.status_code, again.json()["code"]) == (404, "not_found")


@pytest.mark.statement("A28")
async def test_those_of_a_key_that_was_revoked_are_in_force_no_longer(stand: Stand) -> None:
    token = await stand.narrowed(stand.key)
    await asked(
        stand.gateway.admin, f"/admin/keys/{id_of(stand.key)}", method="DELETE",
        headers={"authorization": f"Bearer {ANN}"},
    )  # fmt: skip
    assert await stand.listed() == []
    await stand.ended(token, stand.key)


REQUESTS = [("GET", ""), ("DELETE", f"/{NOBODYS}")]


@pytest.mark.statement("A30")
@pytest.mark.parametrize(("method", "path"), REQUESTS)
async def test_nobody_without_a_token_of_the_admin_port_sees_or_changes_them(
    stand: Stand, method: str, path: str
) -> None:
    live = await stand.narrowed(stand.key)
    place = path.replace(NOBODYS, id_of(live))
    for token in ("", "x" * 40, stand.key, live):
        answer = await stand.at(place, method, token)
        assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")
        assert id_of(live) not in answer.text
    assert await stand.opens(live)


@pytest.mark.statement("A19", "A30")
@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        ({"origin": "https://evil.example"}, 403, "foreign_origin"),
        ({"origin": "null"}, 403, "foreign_origin"),
        ({"sec-fetch-site": "cross-site"}, 403, "foreign_origin"),
        ({"content-type": "text/plain"}, 415, "unsupported_media_type"),
        ({"host": "evil.example"}, 400, "foreign_host"),
    ],
)
async def test_no_page_of_another_origin_takes_one_back(
    stand: Stand, headers: dict[str, str], status: int, code: str
) -> None:
    live = await stand.narrowed(stand.key)
    answer = await stand.at(f"/{id_of(live)}", "DELETE", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert await stand.opens(live)
    own = {"origin": "http://127.0.0.1:8081"}
    assert (await stand.at(f"/{id_of(live)}", "DELETE", headers=own)).status_code == 204


@pytest.mark.statement("A30")
async def test_whoever_takes_one_back_is_written_down(stand: Stand, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "dualbridge.admin")
    live = id_of(await stand.narrowed(stand.key))
    await stand.at()
    await stand.at(f"/{live}", "DELETE", BOB)
    await stand.at(f"/{live}", "DELETE", ANN)
    lines = [record.__dict__["change"] for record in caplog.records if record.name == "dualbridge.admin"]
    told = [(one["who"], one["method"], one["path"], one["status"]) for one in lines]
    assert told == [("bob", "DELETE", f"{PLACE}/{live}", 204), ("ann", "DELETE", f"{PLACE}/{live}", 404)]


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("DELETE", f"/{NOBODYS}", 404, "not_found"),
        ("DELETE", "/none", 422, "invalid_request"),
        ("GET", "?status=active", 422, "invalid_request"),
        ("DELETE", f"/{NOBODYS}?dry_run=true", 422, "invalid_request"),
        ("POST", "", 405, "method_not_allowed"),
        ("GET", f"/{NOBODYS}", 405, "method_not_allowed"),
    ],
)
async def test_what_cannot_be_done_is_a_problem(stand: Stand, method: str, path: str, status: int, code: str) -> None:
    answer = await stand.at(path, method)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers["content-type"] == "application/problem+json"
    if path == "/none":
        assert "capability" in answer.json()["detail"]


async def test_where_none_are_handed_out_there_are_none(stand: Stand) -> None:
    holder = stand.gateway.holder
    holder.swap(replace(holder.current, capabilities=None))
    assert (await stand.at()).json() == []
    answer = await stand.at(f"/{NOBODYS}", "DELETE")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize(("method", "path"), REQUESTS)
async def test_what_is_out_of_reach_is_told_as_such(stand: Stand, method: str, path: str) -> None:
    holder = stand.gateway.holder
    assert holder.current.capabilities is not None
    away = replace(holder.current.capabilities, store=Away())
    holder.swap(replace(holder.current, capabilities=away))
    answer = await stand.at(path, method)
    assert (answer.status_code, answer.json()["code"]) == (503, "state_unavailable")
