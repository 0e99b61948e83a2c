"""A reload changes everything or nothing, one at a time, and leaves nothing behind."""

import asyncio
import gc
import os
import signal
import weakref
from pathlib import Path

import orjson
import pytest

from bridge.compile import Result
from bridge.compile.apart import ImportRefused, import_apart
from bridge.compile.apis import load_apis
from bridge.compile.errand import HEAD, End, Errand, Packer, Unpacker
from bridge.config import load
from bridge.model import Json
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
    async with asyncio.timeout(10):
        while not (child := _child_of_ours()):  # noqa: ASYNC110 - the system says when
            await asyncio.sleep(0.01)
    os.kill(child, signal.SIGKILL)
    with pytest.raises(ImportRefused, match="ended by signal 9"):
        await importing


def _child_of_ours() -> int:
    """The process that imports, 0 where there is none yet."""
    for listed in Path("/proc/self/task").glob("*/children"):
        for child in listed.read_text().split():
            if b"bridge.compile.child" in Path(f"/proc/{child}/cmdline").read_bytes():
                return int(child)
    return 0
