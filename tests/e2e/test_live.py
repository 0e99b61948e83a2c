"""What a running gateway takes over: edits on disk, documents at URLs, registrations, and those of other replicas."""

import asyncio
import base64
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import httpx
import orjson
import pytest

from bridge.compile.registered import Registered
from bridge.model import Json
from tests.kit.command import ANYWHERE, COMMAND, Running, environment, gateway, run_apart
from tests.kit.documents import paths
from tests.kit.needs import needs_redis
from tests.kit.origin import Line, Origin, playing
from tests.kit.redis import redis_server

PATIENCE = 12.0
FAST = {"interval": "100ms"}


def document(*names: str, **members: Json) -> Json:
    return paths({f"GET /{name}": {"operationId": name, "summary": f"Reads {name}."} for name in names}, **members)


async def ok(line: Line) -> None:
    while True:
        await line.take()
        await line.say(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}")


class Documents:
    """A server of one document with an ETag; `answers` are the statuses it gave."""

    def __init__(self, content: Json) -> None:
        self.content = content
        self.answers: list[int] = []

    async def play(self, line: Line) -> None:
        while True:
            asked = await line.take()
            body = orjson.dumps(self.content)
            etag = b'"%d"' % hash(body)
            known = etag in asked.values(b"if-none-match")
            self.answers.append(304 if known else 200)
            head = b"HTTP/1.1 304 Not Modified\r\nETag: %s\r\n\r\n" if known else _whole(body)
            await line.say(head % etag if known else head.replace(b"@", etag, 1) + body)
            line.writer.close()
            return


def _whole(body: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\nETag: @\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body)


@pytest.fixture
async def upstream() -> AsyncIterator[Origin]:
    async with playing(ok) as origin:
        yield origin


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(timeout=10, trust_env=False) as client:
        yield client


def write(path: Path, content: Json) -> None:
    """As editors do: another file takes the name."""
    fresh = path.with_suffix(".new")
    fresh.write_bytes(orjson.dumps(content))
    fresh.replace(path)


def configured(home: Path, upstream: Origin, **root: Json) -> Path:
    write(home / "shop.json", document("orders"))
    file = home / "bridge.yaml"
    write(file, {"apis": {"shop": {"spec": "shop.json", "upstream": {"url": upstream.url}}}, "watch": FAST, **root})
    return file


async def tools(client: httpx.AsyncClient, running: Running) -> list[str]:
    return [tool["name"] for tool in (await client.get(f"{running.told['admin']}/admin/tools")).json()]


async def last(client: httpx.AsyncClient, running: Running) -> Json:
    return (await client.get(f"{running.told['admin']}/admin/reload")).json()["last"] or {}


async def until(met: Callable[[], Awaitable[bool]]) -> None:
    """Raises TimeoutError."""
    async with asyncio.timeout(PATIENCE):
        while not await met():  # noqa: ASYNC110 - another process
            await asyncio.sleep(0.05)


async def put(client: httpx.AsyncClient, running: Running, name: str, body: Json, query: str = "") -> httpx.Response:
    return await client.put(f"{running.told['admin']}/admin/apis/{name}{query}", json=body)


async def test_an_edit_is_taken_over_without_a_failed_call(
    tmp_path: Path, upstream: Origin, client: httpx.AsyncClient
) -> None:
    async with gateway("--config", str(configured(tmp_path, upstream)), *ANYWHERE, home=tmp_path) as running:
        failed, swapped = 0, asyncio.Event()

        async def call() -> int:
            wrong = calls = 0
            while calls < 50 or not swapped.is_set():
                wrong += (await client.get(f"{running.rest}/orders")).status_code != 200
                calls += 1
            return wrong

        async with asyncio.TaskGroup() as tasks:
            callers = [tasks.create_task(call()) for _ in range(4)]
            write(tmp_path / "shop.json", document("orders", "returns"))

            async def changed() -> bool:
                return await tools(client, running) == ["orders", "returns"]

            await until(changed)
            swapped.set()
        failed = sum(caller.result() for caller in callers)
        told = await last(client, running)
        assert failed == 0
        assert (told["result"], told["diff"]["added"], told["breaking"]) == ("applied", ["returns"], False)


async def test_a_broken_edit_keeps_what_is_served_and_is_told(
    tmp_path: Path, upstream: Origin, client: httpx.AsyncClient
) -> None:
    file = configured(tmp_path, upstream)
    good = file.read_bytes()
    async with gateway("--config", str(file), *ANYWHERE, home=tmp_path) as running:
        file.write_bytes(good.replace(b'"spec"', b'"sepc"'))

        async def failed() -> bool:
            return bool((await last(client, running)).get("result") == "failed")

        await until(failed)
        told = await last(client, running)
        assert "apis.shop.sepc" in [problem["path"] for problem in told["problems"]]
        assert (await client.get(f"{running.rest}/orders")).status_code == 200
        metrics = (await client.get(f"{running.told['health']}/metrics")).text
        assert 'dualbridge_reloads_total{result="failed"} 1.0' in metrics

        file.write_bytes(good)
        write(tmp_path / "shop.json", document("parts"))

        async def mended() -> bool:
            return await tools(client, running) == ["parts"]

        await until(mended)
        assert "breaking change: orders was removed" in running.log.read_text()


async def test_a_registration_is_tried_made_kept_over_a_restart_and_taken_back(
    tmp_path: Path, upstream: Origin, client: httpx.AsyncClient
) -> None:
    file = configured(tmp_path, upstream)
    options = {"upstream": {"url": upstream.url}, "operations": {"parts": {"name": "list_parts"}}}
    async with gateway("--config", str(file), *ANYWHERE, home=tmp_path) as running:
        tried = await put(
            client, running, "depot", {"document": document("parts"), "options": options}, "?dry_run=true"
        )
        assert (tried.status_code, tried.json()["result"]) == (200, "proposed")
        assert tried.json()["diff"]["added"] == ["list_parts"]
        assert await tools(client, running) == ["orders"]
        made = await put(client, running, "depot", {"document": document("parts"), "options": options})
        assert (made.status_code, made.json()["result"]) == (201, "applied")
        assert (await client.get(f"{running.rest}/depot/parts")).status_code == 200
        assert (await put(client, running, "shop", {"document": document("x")})).status_code == 409
        await running.end(signal.SIGTERM)
    assert [path.stat().st_mode & 0o777 for path in (tmp_path / ".dualbridge" / "registered").iterdir()] == [0o600]
    async with gateway("--config", str(file), *ANYWHERE, home=tmp_path) as running:
        assert await tools(client, running) == ["list_parts", "orders"]
        # The options given before hold for another document too.
        again = await put(client, running, "depot", {"document": document("parts", "bins")})
        assert (again.status_code, again.json()["diff"]["added"]) == (200, ["bins"])
        assert await tools(client, running) == ["bins", "list_parts", "orders"]
        gone = await client.delete(f"{running.told['admin']}/admin/apis/depot")
        assert (gone.status_code, gone.json()["breaking"]) == (200, True)
        assert await tools(client, running) == ["orders"]
    assert not list((tmp_path / ".dualbridge" / "registered").iterdir())


@needs_redis
async def test_replicas_take_over_each_others_registrations(
    tmp_path: Path, upstream: Origin, client: httpx.AsyncClient
) -> None:
    options = {"upstream": {"url": upstream.url}}
    with redis_server() as shared:
        homes = [tmp_path / "one", tmp_path / "two"]
        for home in homes:
            home.mkdir()
        files = [str(configured(home, upstream, state={"url": shared.url})) for home in homes]
        async with gateway("--config", files[0], *ANYWHERE, home=homes[0]) as one:
            made = await put(client, one, "depot", {"document": document("parts"), "options": options})
            assert made.status_code == 201, made.text
            async with gateway("--config", files[1], *ANYWHERE, home=homes[1]) as two:
                # One that starts later knows what was registered before.
                assert await tools(client, two) == ["orders", "parts"]
                assert (await client.get(f"{two.rest}/depot/parts")).status_code == 200
                await put(client, two, "depot", {"document": document("parts", "bins")})

                async def seen() -> bool:
                    return await tools(client, one) == ["bins", "orders", "parts"]

                await until(seen)


async def test_a_document_at_a_url_is_asked_for_anew_and_sent_only_when_it_changed(
    tmp_path: Path, client: httpx.AsyncClient
) -> None:
    served = Documents(document("orders", servers=[{"url": "https://api.example.com"}]))
    async with playing(served.play) as origin:
        api = {"spec": f"{origin.url}/api.json", "allow_private": True, "refresh": "200ms"}
        write(tmp_path / "bridge.yaml", {"apis": {"shop": api}, "watch": "off"})
        async with gateway("--config", "bridge.yaml", *ANYWHERE, home=tmp_path) as running:

            async def asked_again() -> bool:
                return served.answers.count(304) >= 2

            await until(asked_again)
            assert served.answers[0] == 200
            assert served.answers.count(200) == 1
            assert await last(client, running) == {}
            served.content = document("orders", "returns", servers=[{"url": "https://api.example.com"}])

            async def changed() -> bool:
                return await tools(client, running) == ["orders", "returns"]

            await until(changed)
            metrics = (await client.get(f"{running.told['health']}/metrics")).text
            assert 'dualbridge_document_refreshes_total{api="shop",result="changed"} 1.0' in metrics


async def test_a_document_that_comes_into_a_served_folder_is_an_api(
    tmp_path: Path, upstream: Origin, client: httpx.AsyncClient
) -> None:
    folder = tmp_path / "apis"
    folder.mkdir()
    write(folder / "shop.json", document("orders"))
    async with gateway("apis", "--upstream", upstream.url, *ANYWHERE, home=tmp_path) as running:
        write(folder / "depot.json", document("parts"))

        async def there() -> bool:
            return await tools(client, running) == ["orders", "parts"]

        await until(there)


async def test_without_a_configuration_registrations_belong_to_the_documents_that_are_served(
    tmp_path: Path, upstream: Origin, client: httpx.AsyncClient
) -> None:
    write(tmp_path / "shop.json", document("orders"))
    write(tmp_path / "books.json", document("books"))
    flags = ("--upstream", upstream.url, *ANYWHERE)
    options = {"upstream": {"url": upstream.url}}
    async with gateway("shop.json", *flags, home=tmp_path) as running:
        assert running.told["registered"] == []
        made = await put(client, running, "depot", {"document": document("parts"), "options": options})
        assert made.status_code == 201, made.text
    async with gateway("books.json", *flags, home=tmp_path) as other:
        assert (await tools(client, other), other.told["registered"]) == (["books"], [])
    # The same document, however its place is written.
    async with gateway(f"{tmp_path}/state/../shop.json", *flags, home=tmp_path) as again:
        assert (await tools(client, again), again.told["registered"]) == (["orders", "parts"], ["depot"])


async def test_people_are_told_at_start_what_was_registered(tmp_path: Path, upstream: Origin) -> None:
    file = configured(tmp_path, upstream)
    made = Registered.made("depot", 1.0, None, {"upstream": {"url": upstream.url}}, orjson.dumps(document("parts")))
    kept = tmp_path / ".dualbridge" / "registered"
    kept.mkdir(parents=True)
    (kept / "depot.registration").write_bytes(made.raw)
    assert "registered at the admin port: depot" in run_apart("stdio", "--config", str(file), cwd=tmp_path).err
    process = await asyncio.create_subprocess_exec(
        *COMMAND, "serve", "--config", str(file), *ANYWHERE, cwd=tmp_path, env=environment(tmp_path),
        stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stderr is not None
    told = ""
    try:
        async with asyncio.timeout(PATIENCE):
            while "connect" not in told:
                told += (await process.stderr.readline()).decode()
    finally:
        process.terminate()
        await process.communicate()
    assert "(depot, registered at the admin port)" in told
    assert "(shop)" in told


async def test_a_picture_that_is_edited_is_taken_over(
    tmp_path: Path, upstream: Origin, client: httpx.AsyncClient
) -> None:
    picture = tmp_path / "logo.png"
    picture.write_bytes(b"before")
    file = configured(tmp_path, upstream, prompts={"look": {"messages": [{"image": "logo.png"}]}})
    async with gateway("--config", str(file), *ANYWHERE, home=tmp_path) as running:

        async def shown() -> bytes:
            call = {"jsonrpc": "2.0", "id": 1, "method": "prompts/get", "params": {"name": "look"}}
            headers = {"accept": "application/json, text/event-stream", "mcp-protocol-version": "2025-06-18"}
            answer = (await client.post(running.mcp, json=call, headers=headers)).json()
            return base64.b64decode(answer["result"]["messages"][0]["content"]["data"])

        assert await shown() == b"before"
        picture.write_bytes(b"after!")

        async def taken_over() -> bool:
            return await shown() == b"after!"

        await until(taken_over)
        picture.unlink()

        async def told() -> bool:
            return bool((await last(client, running)).get("problems"))

        await until(told)
        (problem,) = (await last(client, running))["problems"]
        assert (problem["path"], "does not exist" in problem["message"]) == ("prompts.look.messages[0].image", True)
        assert await shown() == b"after!"
