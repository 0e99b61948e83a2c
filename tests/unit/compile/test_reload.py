"""A reload changes everything or nothing, one at a time, and leaves nothing behind."""

import asyncio
import base64
import gc
import os
import pickle
import signal
import weakref
from pathlib import Path

import orjson
import pytest

from bridge.compile import Result
from bridge.compile.apart import ImportRefused, import_apart
from bridge.compile.apis import load_apis
from bridge.compile.errand import HEAD, Candidate, End, Errand, Packer, Unpacker, asked
from bridge.compile.live import on_disk
from bridge.config import Settings, load
from bridge.egress.credentials.fixed import Fixed
from bridge.model import Json
from bridge.pipeline.runtime import Runtime
from tests.kit.documents import paths
from tests.kit.live import alive, written


def document(*names: str, **members: Json) -> Json:
    return paths({f"GET /{name}": {"operationId": name} for name in names}, **members)


async def test_an_edited_document_is_another_runtime_and_says_what_changed(tmp_path: Path) -> None:
    async with alive(written(tmp_path, {"shop": document("orders", "returns")})) as gateway:
        before = gateway.holder.current
        (tmp_path / "shop.json").write_bytes(orjson.dumps(document("orders", "bins")))
        report = await gateway.reloader.reload("test")
        assert (report.result, report.diff.added, report.diff.removed) == (Result.APPLIED, ("bins",), ("returns",))
        assert report.diff.breaking
        after = gateway.holder.current
        assert (gateway.tools, report.version) == (["bins", "orders"], after.version)
        # What is the same need not be compiled again.
        assert after.endpoints["shop", "orders"] is before.endpoints["shop", "orders"]


async def test_what_says_the_same_as_before_changes_nothing(tmp_path: Path) -> None:
    file = written(tmp_path, {"shop": document("orders")})
    async with alive(file) as gateway:
        before = gateway.holder.current
        file.write_bytes(file.read_bytes() + b"\n")
        assert (await gateway.reloader.reload("test")).result is Result.UNCHANGED
        assert gateway.holder.current is before
        assert gateway.reloader.success is gateway.reloader.last


@pytest.mark.parametrize("kind", ["image", "audio"])
async def test_a_prompts_file_counts_by_what_is_in_it(tmp_path: Path, kind: str) -> None:
    media = tmp_path / ("a.png" if kind == "image" else "a.wav")
    media.write_bytes(b"one")
    prompts: Json = {"look": {"messages": [{kind: media.name}]}}
    async with alive(written(tmp_path, {"shop": document("orders")}, prompts=prompts)) as gateway:
        assert (await gateway.reloader.reload("test")).result is Result.UNCHANGED
        media.write_bytes(b"two")
        assert (await gateway.reloader.reload("test")).result is Result.APPLIED
        (message,) = gateway.holder.current.toolsets[""].prompts["look"].messages
        assert message.data == base64.b64encode(b"two").decode()
        media.unlink()
        failed = await gateway.reloader.reload("test")
        assert (failed.result, failed.problems[0].path) == (Result.FAILED, f"prompts.look.messages[0].{kind}")


async def test_a_secret_in_a_file_is_read_anew_and_compiles_nothing_anew(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("first\n")
    keyed = document("orders", components={"securitySchemes": {"main": MAIN}}, security=[{"main": []}])
    settings: Json = {"shop": {"credentials": {"main": {"key": "${file:secret}"}}}}
    async with alive(written(tmp_path, {"shop": keyed}, settings)) as gateway:
        before = gateway.holder.current
        assert (await gateway.reloader.reload("test")).result is Result.UNCHANGED
        secret.write_text("second\n")
        assert (await gateway.reloader.reload("test")).result is Result.APPLIED
        after = gateway.holder.current
        assert [presented(rt) for rt in (before, after)] == [b"first", b"second"], "calls in flight keep theirs"
        assert after.endpoints["shop", "orders"] is before.endpoints["shop", "orders"]
        secret.unlink()
        failed = await gateway.reloader.reload("test")
        assert (failed.result, failed.problems[0].path) == (Result.FAILED, "apis.shop.credentials.main.key")
        assert presented(gateway.holder.current) == b"second"
        assert str(secret) in on_disk(gateway.reloader.world.configured, ()), "and it is looked for on"


MAIN: Json = {"type": "apiKey", "in": "header", "name": "X-Key"}


def presented(rt: Runtime) -> bytes:
    credential = rt.credentials[rt.endpoints["shop", "orders"].route.targets[0].credential]
    assert isinstance(credential, Fixed)
    return credential.value


def test_the_files_of_references_and_of_certificates_are_watched(tmp_path: Path) -> None:
    for name in ("secret", "a.crt", "a.key", "b.crt", "b.key", "c.crt", "c.key", "c.ca"):
        (tmp_path / name).write_text("x")
    root: Json = {
        "tls": {"certificate": "a.crt", "key": "a.key"},
        "admin": {"tls": {"certificate": "b.crt", "key": "b.key"}},
    }
    upstream: Json = {
        "url": "https://127.0.0.1:9",
        "headers": {"X-Key": "${file:secret}"},
        "client_certificate": {"certificate": "c.crt", "key": "c.key", "ca": "c.ca"},
    }
    settings = load(written(tmp_path, {"shop": document("orders")}, {"shop": {"upstream": upstream}}, **root), {})
    watched = set(on_disk(settings, ()))
    assert {str(path) for path in tmp_path.iterdir()} - watched == {str(tmp_path / "bridge.yaml")}


@pytest.mark.parametrize("broken", ["bridge.yaml", "shop.json"])
async def test_a_failure_changes_nothing_and_names_the_place(tmp_path: Path, broken: str) -> None:
    async with alive(written(tmp_path, {"shop": document("orders"), "depot": document("bins")})) as gateway:
        before, good = gateway.holder.current, (tmp_path / broken).read_bytes()
        (tmp_path / broken).write_bytes(b"{" + good)
        report = await gateway.reloader.reload("test")
        assert report.result is Result.FAILED
        assert report.problems[0].file.endswith(broken)
        assert report.problems[0].line == 1
        assert gateway.holder.current is before
        (tmp_path / broken).write_bytes(good)
        assert (await gateway.reloader.reload("test")).result is Result.UNCHANGED


async def test_a_new_api_that_cannot_be_read_costs_itself_alone(tmp_path: Path) -> None:
    async with alive(written(tmp_path, {"shop": document("orders")})) as gateway:
        written(tmp_path, {"shop": document("orders", "returns"), "depot": "no document"})
        assert (await gateway.reloader.reload("test")).result is Result.APPLIED
        assert [api.name for api in gateway.holder.current.catalog.apis] == ["shop"]
        assert "api-absent" in {finding.id for finding in gateway.holder.current.catalog.findings}


async def test_a_key_that_needs_a_restart_is_named_and_the_rest_applies(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with alive(written(tmp_path, {"shop": document("orders")})) as gateway:
        written(tmp_path, {"shop": document("orders", "bins")}, listen="127.0.0.1:1", data="elsewhere")
        report = await gateway.reloader.reload("test")
        assert (report.result, report.restart) == (Result.APPLIED, ("listen", "data"))
        assert gateway.reloader.world.settings.data == tmp_path / ".dualbridge"
        assert "changed, but needs a restart: listen, data" in caplog.text


async def test_reloads_that_wait_for_their_turn_are_one(tmp_path: Path) -> None:
    async with alive(written(tmp_path, {"shop": document("orders")})) as gateway:
        reports = await asyncio.gather(*(gateway.reloader.reload(f"test {number}") for number in range(10)))
        assert len({id(report) for report in reports}) <= 2


async def test_a_runtime_goes_when_the_last_call_that_uses_it_has_gone(tmp_path: Path) -> None:
    async with alive(written(tmp_path, {"shop": document("orders")})) as gateway:
        gc.freeze()  # as at start: what is in a circle is never collected
        in_a_call = gateway.holder.current
        gone = weakref.ref(in_a_call.toolsets[""])
        operation = weakref.ref(in_a_call.endpoints["shop", "orders"].build)
        written(tmp_path, {"shop": document("bins")})
        await gateway.reloader.reload("test")
        await asyncio.sleep(0.1)
        assert gone() is not None
        del in_a_call
        assert gone() is None
        async with asyncio.timeout(10):
            while operation() is not None:  # noqa: ASYNC110 - it goes in slices
                await asyncio.sleep(0.05)
        gc.unfreeze()


def test_what_was_unpacked_is_in_no_circle() -> None:
    """The collector never looks at it: what an unpickler remembers would stay for ever."""
    gc.disable()
    try:
        unpacker = Unpacker()
        unpacker.unpack(Packer().pack(End())[HEAD.size :])
        gone = weakref.ref(unpacker)
        del unpacker
        assert gone() is None
    finally:
        gc.enable()


async def test_an_import_apart_brings_what_an_import_here_would(tmp_path: Path) -> None:
    shared = {"Name": {"type": "string", "description": "A name."}}
    schema = {"type": "object", "properties": {"name": {"$ref": "#/components/schemas/Name"}}}
    body = {"content": {"application/json": {"schema": schema}}}
    described = paths(
        {f"POST /things{n}": {"operationId": f"do{n}", "requestBody": body} for n in range(40)},
        components={"schemas": shared},
    )
    settings = load(written(tmp_path, {"shop": described, "depot": "no document"}), {})
    arrived: list[bool] = []
    brought = (await import_apart(Errand(settings), lambda: arrived.append(True))).loaded
    here = load_apis(settings)
    assert brought.catalog == here.catalog
    assert brought.contents == here.contents
    assert {name: b"".join(one.pieces) for name, one in brought.documents.items()} == {
        name: b"".join(one.pieces) for name, one in here.documents.items()
    }
    assert [str(one.error) for one in brought.absent] == [str(one.error) for one in here.absent]
    one = next(iter(brought.catalog.tools.values()))
    assert one.input_schema is brought.catalog.operations[one.api, one.operation].input_schema
    assert arrived == [True]


async def test_an_import_whose_process_is_killed_fails_and_says_so(tmp_path: Path) -> None:
    settings = load(written(tmp_path, {"shop": document("orders")}), {})
    importing = asyncio.create_task(import_apart(Errand(settings), lambda: None))
    os.kill(await _its_process(), signal.SIGKILL)
    with pytest.raises(ImportRefused, match="ended by signal 9"):
        await importing


async def test_a_cancelled_import_leaves_neither_process_nor_line(tmp_path: Path) -> None:
    settings = load(written(tmp_path, {"shop": document("orders")}), {})
    before = _open_files()
    importing = asyncio.create_task(import_apart(Errand(settings), lambda: None))
    child = await _its_process()
    importing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await importing
    assert not Path(f"/proc/{child}").exists()  # as one that nobody waited for would
    await asyncio.sleep(0)  # transports close with the loop's next turn
    assert _open_files() == before


@pytest.mark.parametrize("pidfd", [True, False])
async def test_an_import_leaves_neither_process_nor_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, pidfd: bool
) -> None:
    if not pidfd:
        monkeypatch.delattr(os, "pidfd_open")
    settings = load(written(tmp_path, {"shop": document("orders")}), {})
    await asyncio.to_thread(lambda: None)  # a thread may stay, and what it opened
    before = _open_files()
    importing = asyncio.create_task(import_apart(Errand(settings), lambda: None))
    child = await _its_process()
    await importing
    assert not Path(f"/proc/{child}").exists()
    await asyncio.sleep(0)
    assert _open_files() == before


def test_an_errand_is_told_in_pieces_of_what_it_holds() -> None:
    errand = Errand(Settings(), (b"r" * 700_000,), Candidate("depot", 1.0, (b"a" * 200_000, b"b" * 600_000)))
    pieces = list(asked(errand))
    assert pickle.loads(b"".join(pieces)) == errand
    assert max(map(len, pieces)) <= 256 << 10


async def _its_process() -> int:
    async with asyncio.timeout(10):
        while not (child := _child_of_ours()):  # noqa: ASYNC110 - the system says when
            await asyncio.sleep(0.01)
    return child


def _open_files() -> list[str]:
    """Their numbers, but for the one that lists them."""
    return sorted(one.name for one in Path("/proc/self/fd").iterdir() if one.exists())


def _child_of_ours() -> int:
    """The process that imports, 0 where there is none yet."""
    for listed in Path("/proc/self/task").glob("*/children"):
        for child in listed.read_text().split():
            if b"bridge.compile.child" in Path(f"/proc/{child}/cmdline").read_bytes():
                return int(child)
    return 0


def configured(home: Path, more: Json, *names: str, **root: Json) -> Path:
    file = written(home, {"shop": document(*names)}, **root)
    settings = orjson.loads(file.read_bytes())
    settings["apis"]["shop"] |= more
    file.write_bytes(orjson.dumps(settings))
    return file


async def test_a_reload_that_would_serve_an_operation_unprotected_changes_nothing(tmp_path: Path) -> None:
    protected = {"operations": {"orders": {"confirm": True}}}
    async with alive(configured(tmp_path, protected, "orders")) as gateway:
        before = gateway.holder.current
        (tmp_path / "shop.json").write_bytes(orjson.dumps(document("order")))
        report = await gateway.reloader.reload("test")
        assert report.result is Result.FAILED
        assert "there is no operation 'orders'" in report.problems[0].message
        assert gateway.holder.current is before


async def test_a_reload_tells_of_resources_prompts_and_consent_too(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    readable = {"operations": {"orders": {"expose": "resource", "uri": "shop://orders"}}}
    prompts = {"hi": {"messages": [{"text": "Hi"}]}}
    async with alive(configured(tmp_path, readable, "orders", "bins", prompts=prompts)) as gateway:
        asked = {"operations": {"orders": {"expose": "resource", "uri": "shop://all"}, "bins": {"confirm": True}}}
        configured(tmp_path, asked, "orders", "bins")
        diff = (await gateway.reloader.reload("test")).diff
    assert [(one.tool, one.what, one.breaking) for one in diff.changed] == [
        ("bins", "a person must consent to each call", True)
    ]
    assert (diff.resources.changed[0].name, diff.prompts.removed) == ("shop://all", ("hi",))
    assert "tools: 1 changed; resources: 1 changed; prompts: 1 removed" in caplog.text
    for line in ("the resource shop://all: its address was shop://orders", "the prompt hi was removed"):
        assert f"breaking change: {line}" in caplog.text


async def test_a_reload_logs_what_is_lost(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async with alive(configured(tmp_path, {}, "orders")) as gateway:
        configured(tmp_path, {"operations": {"order": {"title": "Order"}}, "tools": {"exclude": ["bin"]}}, "orders")
        assert (await gateway.reloader.reload("test")).result is Result.APPLIED
    errors = [record.getMessage() for record in caplog.records if record.levelname == "ERROR"]
    assert any("override-unmatched: shop: there is no operation 'order'" in line for line in errors)
    assert any("selector-unmatched: shop: 'bin' selects no operation" in line for line in errors)
