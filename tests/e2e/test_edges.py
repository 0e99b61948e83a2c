"""A gateway as a process of its own, from its sockets inward: TLS, its files, and the admin port's tokens."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import orjson
import pytest
import trustme

from bridge.model import Json
from tests.kit.certificates import Files, client, put
from tests.kit.command import ANYWHERE, Running, gateway, run_apart
from tests.kit.documents import paths
from tests.kit.origin import OK, Origin, answering, playing

OURS, NEXT = trustme.CA(), trustme.CA()
TOKEN = "ann-" + "a" * 32
FAST = {"interval": "100ms"}


@pytest.fixture
async def upstream() -> AsyncIterator[Origin]:
    async with playing(answering(OK)) as origin:
        yield origin


def configured(home: Path, upstream: Origin, **root: Json) -> Path:
    (home / "shop.json").write_bytes(orjson.dumps(paths({"GET /orders": {"operationId": "orders"}})))
    file = home / "bridge.yaml"
    apis = {"shop": {"spec": "shop.json", "upstream": {"url": upstream.url}}}
    file.write_bytes(orjson.dumps({"apis": apis, "watch": FAST, **root}))
    return file


def tls(files: Files) -> Json:
    return {name: str(value) for name, value in files.settings.model_dump().items() if value is not None}


async def logged(running: Running, text: str) -> None:
    async with asyncio.timeout(10):
        while text not in running.log.read_text():  # noqa: ASYNC110 (a file has no event)
            await asyncio.sleep(0.05)


@pytest.mark.statement("F49", "A27")
async def test_certificates_are_renewed_while_connections_stay_open(tmp_path: Path, upstream: Origin) -> None:
    files = Files(tmp_path, "optional", OURS)
    files.issue(OURS)
    file = configured(tmp_path, upstream, tls=tls(files))
    async with gateway("--config", str(file), *ANYWHERE, home=tmp_path) as running:
        assert running.rest.startswith("https://127.0.0.1:")
        assert running.mcp.startswith("https://")
        url = f"{running.rest}/orders"
        ann = OURS.issue_cert("ann@example.com")
        async with httpx.AsyncClient(verify=client(OURS, ann), trust_env=False) as before:
            assert (await before.get(url)).status_code == 200
            assert upstream.requests[-1].values(b"x-forwarded-proto") == [b"https"]
            put(files.key, b"broken")
            await logged(running, f"tls.key: {files.key} holds no private key")
            async with httpx.AsyncClient(verify=client(OURS), trust_env=False) as still:
                assert (await still.get(url)).status_code == 200
            files.issue(NEXT)
            files.trust(NEXT)
            await logged(running, "certificates were read anew")
            # The connection is the one from before: a new one would not be believed.
            assert (await before.get(url)).status_code == 200
        async with httpx.AsyncClient(verify=client(NEXT), trust_env=False) as after:
            assert (await after.get(url)).status_code == 200
        with pytest.raises(httpx.ConnectError):
            httpx.get(url, verify=client(OURS), trust_env=False)
        with pytest.raises((httpx.ReadError, httpx.RemoteProtocolError)):
            httpx.get(url, verify=client(NEXT, ann), trust_env=False)


async def test_a_gateway_without_its_certificate_does_not_start(tmp_path: Path, upstream: Origin) -> None:
    file = configured(tmp_path, upstream, tls={"certificate": "none.pem", "key": "none.pem"})
    ran = await asyncio.to_thread(run_apart, "serve", "--config", str(file), *ANYWHERE, cwd=tmp_path)
    assert ran.code == 4
    assert f"tls.certificate: {tmp_path / 'none.pem'} cannot be read: No such file or directory" in ran.err


@pytest.mark.statement("A30")
async def test_the_admin_port_takes_tokens_names_and_tls_and_tells_who_changed_what(
    tmp_path: Path, upstream: Origin
) -> None:
    files = Files(tmp_path)
    files.issue(OURS, "localhost", "127.0.0.1", "admin.example.com")
    admin = {"tokens": {"ann": TOKEN}, "hosts": ["admin.example.com"], "tls": tls(files)}
    file = configured(tmp_path, upstream, admin=admin, log={"format": "json"})
    async with gateway("--config", str(file), *ANYWHERE, home=tmp_path) as running:
        base = running.told["admin"]
        assert base.startswith("https://127.0.0.1:")
        assert running.rest.startswith("http://")
        async with httpx.AsyncClient(verify=client(OURS), base_url=base, trust_env=False) as caller:
            for path in ("/admin/apis", "/admin/openapi.json"):
                assert (await caller.get(path)).status_code == 401
            caller.headers["authorization"] = f"Bearer {TOKEN}"
            assert (await caller.get("/admin/apis", headers={"host": "admin.example.com"})).status_code == 200
            assert (await caller.get("/admin/apis", headers={"host": "evil.example.com"})).status_code == 400
            assert (await caller.post("/admin/reload", headers={"origin": base})).status_code == 200
            # Whoever has no token any more learns of it with the next request.
            changed = admin | {"tokens": {"bob": "bob-" + "b" * 32}}
            put(file, orjson.dumps(orjson.loads(file.read_bytes()) | {"admin": changed}))
            async with asyncio.timeout(10):
                while (await caller.get("/admin/apis")).status_code == 200:  # noqa: ASYNC110 (as above)
                    await asyncio.sleep(0.05)
            assert (await caller.post("/admin/reload")).status_code == 401
        lines = [orjson.loads(line) for line in running.log.read_text().splitlines() if "dualbridge.admin" in line]
    told = [(one["who"], one["method"], one["path"], one["status"]) for one in lines if one["method"] == "POST"]
    assert told == [("ann", "POST", "/admin/reload", 200), ("", "POST", "/admin/reload", 401)]
    assert TOKEN not in running.log.read_text()


@pytest.mark.statement("A30")
async def test_an_open_admin_port_is_told_of_and_asks_for_its_token(tmp_path: Path, upstream: Origin) -> None:
    file = configured(tmp_path, upstream, admin={"tokens": {"ann": TOKEN}})
    arguments = ("--config", str(file), "--listen", "127.0.0.1:0", "--admin", "0.0.0.0:0", "--health", "off")
    async with gateway(*arguments, home=tmp_path) as running:
        assert "admin.listen is no loopback address: without admin.tls" in running.log.read_text()
        url = running.told["admin"].replace("0.0.0.0", "127.0.0.1") + "/admin/apis"
        async with httpx.AsyncClient(trust_env=False) as caller:
            assert (await caller.get(url)).status_code == 401
            assert (await caller.get(url, headers={"authorization": f"Bearer {TOKEN}"})).status_code == 200


async def test_an_open_admin_port_without_a_token_is_an_error(tmp_path: Path, upstream: Origin) -> None:
    file = configured(tmp_path, upstream, admin={"listen": "0.0.0.0:0"})
    ran = await asyncio.to_thread(run_apart, "serve", "--config", str(file), cwd=tmp_path)
    assert ran.code == 3
    assert "give admin.tokens" in ran.err
