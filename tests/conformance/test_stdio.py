"""stdio, both eras."""

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import orjson
import pytest

from bridge.model import Json
from bridge.pipeline.runtime import Holder
from tests.conformance.worlds import shop
from tests.kit import mcp_schema
from tests.kit.agent import META, MODERN
from tests.kit.command import COMMAND, environment
from tests.kit.documents import paths
from tests.kit.pipe import conversing
from tests.kit.runtime import World, endpoint, world
from tests.kit.upstream import Played

HELLO = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}}


def modern(method: str, id: Json = 1, **params: Json) -> Json:
    return {"jsonrpc": "2.0", "id": id, "method": method, "params": {"_meta": META, **params}}


def legacy(method: str, id: Json = 1, **params: Json) -> Json:
    return {"jsonrpc": "2.0", "id": id, "method": method, "params": params}


def cancel(id: Json) -> Json:
    return {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": id}}


@pytest.mark.requirement("stdio.era")
async def test_a_first_request_with_its_context_is_modern_and_so_is_the_rest() -> None:
    async with conversing(Holder(shop().rt)) as pipes:
        mcp_schema.check(await pipes.ask(modern("server/discover")), MODERN, "server/discover")
        answer = await pipes.ask(modern("tools/call", 2, name="listOrders"))
        mcp_schema.check(answer, MODERN, "tools/call")
        assert (await pipes.ask(legacy("ping", 3)))["error"]["code"] == -32602
        assert (await pipes.ask(modern("initialize", 4)))["error"]["code"] == -32601


@pytest.mark.requirement("stdio.era", "modern.meta.required")
async def test_a_probe_without_context_learns_what_is_missing() -> None:
    async with conversing(Holder(shop().rt)) as pipes:
        answer = await pipes.ask(legacy("server/discover"))
        assert answer["error"]["code"] == -32602
        assert "result" in await pipes.ask(modern("server/discover", 2))


@pytest.mark.requirement("stdio.era")
@pytest.mark.parametrize("revision", ["2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"])
async def test_a_first_initialize_makes_the_conversation_legacy(revision: str) -> None:
    async with conversing(Holder(shop().rt)) as pipes:
        hello = await pipes.ask(legacy("initialize", **{**HELLO, "protocolVersion": revision}))
        mcp_schema.check(hello, revision, "initialize")
        assert hello["result"]["protocolVersion"] == revision
        assert hello["result"]["capabilities"]["tools"] == {"listChanged": True}
        pipes.send({"jsonrpc": "2.0", "method": "notifications/initialized"})
        listed = await pipes.ask(legacy("tools/list", 2))
        mcp_schema.check(listed, revision, "tools/list")
        assert ("annotations" in listed["result"]["tools"][0]) == (revision != "2024-11-05")


async def test_batches_are_for_one_revision_alone() -> None:
    for revision, answered in (("2025-03-26", True), ("2025-06-18", False)):
        async with conversing(Holder(shop().rt)) as pipes:
            await pipes.ask(legacy("initialize", **{**HELLO, "protocolVersion": revision}))
            answer = await pipes.ask([legacy("ping", 2), legacy("ping", 3)])
            assert ([one["id"] for one in answer] == [2, 3]) if answered else answer["error"]["code"] == -32600


@pytest.mark.requirement("stdio.framing")
@pytest.mark.parametrize(
    ("frame", "code"), [(b"{", -32700), (b"\xff", -32700), (b"7", -32600), (b'{"jsonrpc":"2.0","id":null}', -32600),
                        (b"TOO LONG", -32600)]
)  # fmt: skip
async def test_a_frame_that_is_no_message_is_answered_and_the_next_one_too(frame: bytes, code: int) -> None:
    made = shop()
    async with conversing(Holder(made.rt)) as pipes:
        pipes.send(frame)
        assert (await pipes.next())["error"]["code"] == code
        assert "result" in await pipes.ask(modern("server/discover"))
    assert [record.verdict for record in made.records][1:] == ["allowed"]


async def test_blank_lines_are_nothing() -> None:
    async with conversing(Holder(shop().rt)) as pipes:
        pipes.send(b" \r")
        assert "result" in await pipes.ask(modern("server/discover"))


async def test_answers_come_as_they_are_ready() -> None:
    made, hold = shop(), asyncio.Event()
    made.upstream.scripts[:] = [Played(hold=hold)]
    async with conversing(Holder(made.rt)) as pipes:
        pipes.send(modern("tools/call", "slow", name="listOrders"))
        await made.upstream.reached(1)
        assert (await pipes.ask(modern("server/discover", "quick")))["id"] == "quick"
        hold.set()
        assert (await pipes.next())["id"] == "slow"


@pytest.mark.requirement("stdio.cancelled")
async def test_a_cancelled_call_stops_upstream_and_is_not_answered() -> None:
    made = shop()
    made.upstream.scripts[:] = [Played(hold=asyncio.Event())]
    async with conversing(Holder(made.rt)) as pipes:
        pipes.send(modern("tools/call", "slow", name="listOrders"))
        await made.upstream.reached(1)
        pipes.send(cancel("slow"))
        assert (await pipes.ask(modern("server/discover", "after")))["id"] == "after"
        await asyncio.sleep(0)
        assert made.upstream.cancelled == 1
    assert sorted(record.verdict for record in made.records) == ["allowed", "client_gone"]


@pytest.mark.requirement("stdio.cancelled")
async def test_cancelling_what_is_not_there_is_nothing() -> None:
    async with conversing(Holder(shop().rt)) as pipes:
        for unknown in ("x", 7, None, {"a": 1}):
            pipes.send(cancel(unknown))
        assert "result" in await pipes.ask(modern("server/discover"))


async def test_an_id_that_is_still_being_answered_is_refused() -> None:
    made, hold = shop(), asyncio.Event()
    made.upstream.scripts[:] = [Played(hold=hold)]
    async with conversing(Holder(made.rt)) as pipes:
        pipes.send(modern("tools/call", 1, name="listOrders"))
        await made.upstream.reached(1)
        assert (await pipes.ask(modern("tools/call", 1, name="listOrders")))["error"]["code"] == -32600
        hold.set()
        assert "result" in await pipes.next()


def _with(names: list[str], before: World) -> World:
    """Another runtime for the same listeners."""
    made = world([endpoint(name) for name in names])
    return replace(made, rt=replace(made.rt, changes=before.rt.changes))


async def test_a_modern_client_hears_of_changes_where_it_listens_until_it_cancels() -> None:
    first = world([endpoint("a")])
    holder = Holder(first.rt)
    async with conversing(holder) as pipes:
        wanted = {"toolsListChanged": True}
        acknowledged = await pipes.ask(modern("subscriptions/listen", "l", notifications=wanted))
        assert acknowledged["method"] == "notifications/subscriptions/acknowledged"
        holder.swap(_with(["a", "b"], first).rt)
        assert (await pipes.next())["method"] == "notifications/tools/list_changed"
        pipes.send(cancel("l"))
        assert (await pipes.ask(modern("tools/list", 2)))["id"] == 2
        holder.swap(_with(["c"], first).rt)
        assert (await pipes.ask(modern("tools/list", 3)))["id"] == 3


async def test_a_legacy_client_hears_of_changes_unasked() -> None:
    first = world([endpoint("a")])
    holder = Holder(first.rt)
    async with conversing(holder) as pipes:
        await pipes.ask(legacy("initialize", **HELLO))
        await asyncio.sleep(0)
        holder.swap(_with(["a", "b"], first).rt)
        told = await pipes.next()
        assert told["method"] == "notifications/tools/list_changed"
        mcp_schema.holds(told, "2025-11-25", "ToolListChangedNotification")


# --- as a process -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Client:
    process: asyncio.subprocess.Process

    async def ask(self, message: Json) -> Json:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(orjson.dumps(message) + b"\n")
        async with asyncio.timeout(15):
            return orjson.loads(await self.process.stdout.readline())

    async def ended(self) -> tuple[int, bytes]:
        """The exit code, and what was still written to standard output."""
        async with asyncio.timeout(15):
            out, _ = await self.process.communicate(b"")  # which closes its input
        assert self.process.returncode is not None
        return self.process.returncode, out


@asynccontextmanager
async def started(home: Path, *arguments: str) -> AsyncIterator[Client]:
    document = home / "api.json"
    servers = [{"url": "http://127.0.0.1:9"}]
    document.write_bytes(orjson.dumps(paths({"GET /things": {"operationId": "listThings"}}, servers=servers)))
    process = await asyncio.create_subprocess_exec(
        *COMMAND, "stdio", str(document), *arguments, cwd=home, env=environment(home), stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        yield Client(process)
    finally:
        if process.returncode is None:
            process.kill()
            await process.communicate()


@pytest.mark.requirement("stdio.framing", "stdio.output", "stdio.end")
async def test_the_process_says_nothing_but_messages_and_ends_with_its_input(tmp_path: Path) -> None:
    async with started(tmp_path) as client:
        assert (await client.ask(modern("server/discover")))["id"] == 1
        called = await client.ask(modern("tools/call", 2, name="list_things"))
        assert called["result"]["isError"] is True
        assert await client.ended() == (0, b"")


@pytest.mark.requirement("stdio.end")
@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 0), (signal.SIGINT, 130)])
async def test_a_signal_ends_the_process_at_once(tmp_path: Path, number: int, code: int) -> None:
    async with started(tmp_path) as client:
        await client.ask(modern("server/discover"))
        client.process.send_signal(number)
        assert await client.ended() == (code, b"")


@pytest.mark.requirement("stdio.end")
async def test_messages_sent_before_the_end_are_answered(tmp_path: Path) -> None:
    async with started(tmp_path) as client:
        assert client.process.stdin is not None
        client.process.stdin.write(b"".join(orjson.dumps(modern("tools/list", number)) + b"\n" for number in range(5)))
        code, out = await client.ended()
        assert (code, sorted(orjson.loads(line)["id"] for line in out.splitlines())) == (0, [0, 1, 2, 3, 4])


async def test_a_mistake_at_the_start_is_told_on_standard_error(tmp_path: Path) -> None:
    async with started(tmp_path, "--toolset", "none") as client:
        async with asyncio.timeout(15):
            out, told = await client.process.communicate()
        assert (client.process.returncode, out) == (4, b"")
        assert b"there is no toolset 'none'" in told


@pytest.mark.requirement("stdio.end")
@pytest.mark.parametrize("standing", ["nothing", "a file"])
async def test_input_and_output_need_not_be_pipes(tmp_path: Path, standing: str) -> None:
    document = tmp_path / "api.json"
    document.write_bytes(
        orjson.dumps(paths({"GET /things": {"operationId": "listThings"}}, servers=[{"url": "http://127.0.0.1:9"}]))
    )
    given, said = tmp_path / "given", tmp_path / "said"
    given.write_bytes(orjson.dumps(modern("server/discover")) + b"\n" if standing == "a file" else b"")
    source = given if standing == "a file" else Path("/dev/null")
    target = said if standing == "a file" else Path("/dev/null")
    with source.open("rb") as stdin, target.open("wb") as stdout:
        process = await asyncio.create_subprocess_exec(
            *COMMAND, "stdio", str(document), cwd=tmp_path, env=environment(tmp_path), stdin=stdin, stdout=stdout,
            stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        async with asyncio.timeout(15):
            _, told = await process.communicate()
    assert process.returncode == 0, told
    if standing == "a file":
        assert orjson.loads(said.read_bytes())["id"] == 1
