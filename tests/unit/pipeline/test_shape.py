"""What agents get of an answer: links where it is too large, progress while it streams, a record of what was broken."""

import asyncio
import time
from dataclasses import replace

import pytest

from bridge.egress.decode import Limits, compile_decoder
from bridge.model import Agent, Arguments, Call, Door, Endpoint, Json, Link, Outcome, Progress, Text
from bridge.pipeline.run import finish, run
from tests.kit.runtime import endpoint, world
from tests.kit.upstream import JSON, Played, plays

ZIP = ((b"content-type", b"application/zip"),)
LINES = ((b"content-type", b"application/x-ndjson"),)
SMALL = Limits(blob=3)


def decoding(method: str = "GET", output: Json = None) -> Endpoint:
    made = endpoint("file", method, output=output)
    return replace(made, decode=compile_decoder(made.operation, made.tool, SMALL))


def address(arguments: Arguments) -> str | None:
    return f"api://orders/file?id={arguments['id']}" if "id" in arguments else None


async def outcome_of(one: Endpoint, played: Played, arguments: Arguments, agent: Agent | None = None) -> Outcome:
    w = world([one])
    w.upstream.scripts = [played]
    deadline = asyncio.get_running_loop().time() + 5
    call = Call("c1", Door.MCP, "GET", "/file", time.time(), time.perf_counter(), deadline, one, one.route)
    call.arguments, call.agent = arguments, agent
    outcome = await run(w.rt, call)
    await finish(w.rt, call, outcome, sent=0)
    assert (w.rt.leases.in_flight(), w.upstream.open) == (0, 0)
    (record,) = w.records
    assert record.broken == (outcome.result is not None and outcome.result.broken)
    return outcome


async def test_an_answer_too_large_for_a_result_is_a_link_to_where_it_can_be_read() -> None:
    one = replace(decoding(), address=address)
    outcome = await outcome_of(one, plays(b"\0" * 4, headers=ZIP), {"id": 7})
    assert outcome.result is not None
    (link,) = outcome.result.blocks
    assert isinstance(link, Link)
    assert (link.uri, link.name, link.size) == ("api://orders/file?id=7", "file", 4)
    assert outcome.body == b"\0" * 4


@pytest.mark.parametrize(
    ("one", "arguments"),
    [
        (decoding(), {"id": 7}),
        (replace(decoding(), address=address), {}),
        (replace(decoding("POST"), address=address), {"id": 7}),
    ],
    ids=["no address", "none for these arguments", "no mere reading"],
)
async def test_what_has_no_address_is_told_with_its_size(one: Endpoint, arguments: Arguments) -> None:
    outcome = await outcome_of(one, plays(b"\0" * 4, headers=ZIP), arguments)
    assert outcome.result is not None
    told = "[application/zip, 4 bytes: too large to pass on in the answer, where at most 3 bytes are]"
    assert outcome.result.blocks == (Text(told),)


@pytest.mark.parametrize(("status", "heard"), [(200, [Progress(0, 2), Progress(2, 2)]), (500, [])])
async def test_progress_is_told_while_a_success_streams(status: int, heard: list[Progress]) -> None:
    told: list[Progress] = []

    async def report(progress: Progress) -> None:
        told.append(progress)

    pieces = (b'{"progress":0,"tot', b'al":2}\n{"progress":2,"total":2}\n{"id', b'":5}')
    outcome = await outcome_of(decoding(), Played(status, LINES, pieces), {}, Agent(report=report))
    assert told == heard
    assert outcome.result is not None
    assert (outcome.result.structured == b'{"id":5}') == (status == 200)


async def test_an_agent_that_did_not_ask_is_not_told() -> None:
    outcome = await outcome_of(decoding(), Played(200, LINES, (b"1\n2",)), {}, Agent())
    assert outcome.result is not None
    assert outcome.result.structured == b'{"items":[1,2]}'


@pytest.mark.parametrize(("body", "broken"), [(b'{"id":5}', False), (b'{"id":"five"}', True)])
async def test_a_broken_answer_is_delivered_and_recorded(body: bytes, broken: bool) -> None:
    one = decoding(output={"type": "object", "properties": {"id": {"type": "integer"}}})
    outcome = await outcome_of(one, plays(body, headers=JSON), {})
    assert outcome.result is not None
    assert outcome.result.blocks[0] == Text(body.decode())
    assert (outcome.result.broken, outcome.result.error) == (broken, False)
