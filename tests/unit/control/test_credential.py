"""Who gets past the gate of the admin API, and the trail that is kept of it."""

import logging
import time
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import orjson
import pytest

from bridge.control.credential import OPERATOR
from bridge.control.trail import Trail
from bridge.ingress.asgi import Receive, Scope, Send
from bridge.model import Json
from bridge.pipeline.cases import Approval, keep
from bridge.telemetry.log import Change
from tests.kit.documents import paths
from tests.kit.live import Alive, alive, written
from tests.unit.control.asking import asked

ANN, BOB = "ann-" + "a" * 32, "bob-" + "b" * 32
TOKENS = {"ann": ANN, "bob": BOB}
PATHS = ["/admin/apis", "/admin/openapi.json", "/admin/approvals", "/nothing", "/"]


def bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


def configured(home: Path, **admin: Json) -> Path:
    return written(home, {"shop": paths({"GET /orders": {"operationId": "orders"}})}, admin=admin)


def rewritten(gateway: Alive, **admin: Json) -> None:
    gateway.file.write_bytes(orjson.dumps(orjson.loads(gateway.file.read_bytes()) | {"admin": admin}))


@pytest.fixture
async def gateway(tmp_path: Path) -> AsyncIterator[Alive]:
    async with alive(configured(tmp_path, tokens=TOKENS)) as made:
        yield made


@pytest.mark.statement("A30")
@pytest.mark.parametrize("path", PATHS)
async def test_nothing_is_told_to_whoever_has_no_token(gateway: Alive, path: str) -> None:
    answer = await asked(gateway.admin, path)
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == "unauthenticated"
    assert "orders" not in answer.text


@pytest.mark.statement("A30")
@pytest.mark.parametrize(
    "given",
    ["Bearer", "Bearer ", f"Bearer {ANN}x", f"Bearer {ANN[:-1]}", f"Bearer {ANN}, Bearer {ANN}", f"Basic {ANN}", ANN,
     "Bearer ***", "Bearer \xe9"],
)  # fmt: skip
async def test_what_is_no_token_lets_nobody_in(gateway: Alive, given: str) -> None:
    headers = [("host", "localhost"), ("authorization", given.encode("latin-1"))]
    async with httpx.AsyncClient(transport=httpx.ASGITransport(gateway.admin), base_url="http://127.0.0.1") as client:
        answer = await client.get("/admin/apis", headers=headers)  # type: ignore[arg-type] # bytes are values as well
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, 'Bearer error="invalid_token"')
    assert ANN not in answer.text


async def test_two_credentials_are_none(gateway: Alive) -> None:
    headers = [("host", "localhost"), ("authorization", f"Bearer {ANN}"), ("authorization", f"Bearer {BOB}")]
    async with httpx.AsyncClient(transport=httpx.ASGITransport(gateway.admin), base_url="http://127.0.0.1") as client:
        assert (await client.get("/admin/apis", headers=headers)).status_code == 401


@pytest.mark.parametrize("given", [f"Bearer {ANN}", f"bearer {BOB}", f"BEARER  {BOB}"])
async def test_everybodys_token_opens_everything(gateway: Alive, given: str) -> None:
    for path in PATHS[:3]:
        assert (await asked(gateway.admin, path, headers={"authorization": given})).status_code == 200


@pytest.mark.statement("A30")
async def test_a_token_that_is_taken_away_is_refused_from_the_next_reload_on(gateway: Alive) -> None:
    rewritten(gateway, tokens={"bob": BOB, "eve": "e" * 32})
    assert (await asked(gateway.admin, "/admin/apis", headers=bearer("e" * 32))).status_code == 401
    report = await gateway.reloader.reload("a test")
    assert report.restart == ()
    assert (await asked(gateway.admin, "/admin/apis", headers=bearer(ANN))).status_code == 401
    for token in (BOB, "e" * 32):
        assert (await asked(gateway.admin, "/admin/apis", headers=bearer(token))).status_code == 200


@pytest.mark.statement("A30")
async def test_an_open_address_stays_closed_where_the_file_says_that_it_will_be_loopback(tmp_path: Path) -> None:
    async with alive(configured(tmp_path, tokens=TOKENS, listen="0.0.0.0:8081")) as gateway:
        rewritten(gateway, listen="127.0.0.1:8081")
        report = await gateway.reloader.reload("a test")
        assert report.restart == ("admin",)
        for headers in ({}, bearer(ANN)):
            assert (await asked(gateway.admin, "/admin/apis", headers=headers)).status_code == 401


async def test_names_can_be_given_and_taken_while_it_serves(gateway: Alive) -> None:
    async def status(host: str, server: str = "127.0.0.1") -> int:
        return (await asked(gateway.admin, "/admin/apis", host=host, headers=bearer(ANN), server=server)).status_code

    assert await status("admin.example.com:8081") == 400
    assert await status("192.0.2.7:8081") == 400
    assert await status("192.0.2.7:8081", server="192.0.2.7") == 200
    assert await status("[2001:db8::1]", server="[2001:db8::1]") == 200
    assert await status("evil.example.com", server="192.0.2.7") == 400
    rewritten(gateway, tokens=TOKENS, hosts=["admin.example.com"])
    await gateway.reloader.reload("a test")
    assert await status("Admin.Example.com:8081") == 200
    assert await status("evil.example.com") == 400


async def test_a_page_of_another_origin_changes_nothing_with_a_token_either(gateway: Alive) -> None:
    foreign = {**bearer(ANN), "origin": "https://evil.example"}
    answer = await asked(gateway.admin, "/admin/reload", method="POST", headers=foreign)
    assert (answer.status_code, answer.json()["code"]) == (403, "foreign_origin")


def lines(caplog: pytest.LogCaptureFixture) -> list[Json]:
    return [record.__dict__["change"] for record in caplog.records if record.name == "dualbridge.admin"]


@pytest.mark.statement("A30")
async def test_each_change_leaves_a_line_that_says_who_and_what(
    gateway: Alive, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "dualbridge.admin")
    await asked(gateway.admin, "/admin/apis", headers=bearer(ANN))
    await asked(gateway.admin, "/admin/reload", method="POST", headers=bearer(ANN))
    await asked(gateway.admin, "/admin/apis/none?dry_run=s3cret", method="DELETE", headers=bearer(BOB))
    await asked(gateway.admin, "/admin/reload", method="POST")
    await asked(gateway.admin, "/admin/apis", headers=bearer("x" * 40))
    told = [(one["who"], one["method"], one["path"], one["query"], one["status"]) for one in lines(caplog)]
    assert told == [
        ("ann", "POST", "/admin/reload", (), 200),
        ("bob", "DELETE", "/admin/apis/none", ("dry_run",), 422),
        ("", "POST", "/admin/reload", (), 401),
        ("", "GET", "/admin/apis", (), 401),
    ]
    assert all(len(one["id"]) == 32 and one["seconds"] >= 0 and one["peer"] == "127.0.0.1" for one in lines(caplog))
    for secret in (ANN, "s3cret", "x" * 40):
        assert secret not in str(lines(caplog))


async def test_without_tokens_it_is_somebody_on_this_machine(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "dualbridge.admin")
    async with alive(configured(tmp_path)) as gateway:
        assert (await asked(gateway.admin, "/admin/reload", method="POST")).status_code == 200
    assert [one["who"] for one in lines(caplog)] == ["loopback"]


async def test_strangers_fill_no_log_and_operators_lose_no_line() -> None:
    told: list[Change] = []
    clock = [0.0]

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        status = 200 if scope["path"] == "/good" else 401
        scope[OPERATOR] = "ann" if status == 200 else ""
        await send({"type": "http.response.start", "status": status, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    trail = Trail(app, told.append, lambda: clock[0])
    async with httpx.AsyncClient(transport=httpx.ASGITransport(trail), base_url="http://127.0.0.1") as client:
        for _ in range(50):
            await client.post("/bad")
            await client.post("/good")
        assert [one.path for one in told].count("/bad") == 10
        assert [one.path for one in told].count("/good") == 50
        assert sum(one.unlogged for one in told) == 40
        clock[0] += 2.0
        for _ in range(50):
            await client.post("/bad")
        assert [one.path for one in told].count("/bad") == 12


async def test_a_line_is_short_whatever_was_asked() -> None:
    told: list[Change] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        raise ValueError("broken")

    trail = Trail(app, told.append)
    query = "&".join(f"{number:03}{'n' * 250}=v" for number in range(100))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(trail), base_url="http://127.0.0.1") as client:
        with pytest.raises(ValueError, match="broken"):
            await client.post(f"/{'p' * 5000}?{query}")
    (one,) = told
    assert one.status == 500
    assert (len(one.path), len(one.query), max(map(len, one.query))) == (200, 16, 200)


@pytest.mark.statement("A30")
async def test_a_decision_shows_whose_token_made_it_beside_who_it_says_it_was(gateway: Alive) -> None:
    shared = gateway.holder.current.shared
    assert shared is not None
    until = time.time() + 60
    case = Approval(
        "0" * 32, "waiting-x:y", "eve", "mcp", "shop", "order", "order", "POST", "/orders", (), until, until
    )
    await keep(shared.store, case, 60)
    answer = await asked(
        gateway.admin, f"/admin/approvals/{case.id}", method="POST", headers=bearer(BOB),
        json={"decision": "deny", "by": "the boss"},
    )  # fmt: skip
    decision = answer.json()["decision"]
    assert (decision["by"], decision["token"]) == ("the boss", "bob")


async def test_the_description_says_that_it_takes_a_token(gateway: Alive) -> None:
    described = (await asked(gateway.admin, "/admin/openapi.json", headers=bearer(ANN))).json()
    assert described["components"]["securitySchemes"]["token"]["scheme"] == "bearer"
    assert {"401"} <= set(described["paths"]["/admin/reload"]["post"]["responses"])
