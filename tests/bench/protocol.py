"""What the agents' door itself does to a call, without the pipeline behind it and the server before it.

From bytes to a call, and from an outcome to bytes: the head's checks, JSON-RPC in and out, the revision's rules, the
call and its line. In a loop, as other parts are measured; and in a request, from the ASGI message to the moment at
which the pipeline has its call, and from the decoded answer to the first ASGI message, where every step finds its
memory cold and the watch for a client that leaves comes on top.
"""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import orjson

from bridge.config import load
from bridge.ingress.answer import Answer
from bridge.ingress.asgi import Scope
from bridge.ingress.body import Upload
from bridge.ingress.mcp.asking import agent_of
from bridge.ingress.mcp.endpoint import serve
from bridge.ingress.mcp.envelope import decode, read
from bridge.ingress.mcp.eras import revision_of
from bridge.ingress.mcp.exchange import Exchange as Exchanged
from bridge.ingress.mcp.exchange import Sender, aim, new_call
from bridge.ingress.mcp.headers import (
    SESSION,
    VERSION,
    check_accept,
    fields_of,
    methods_of,
    plain,
    screen,
    takes_streams,
)
from bridge.ingress.mcp.line import Post
from bridge.ingress.mcp.methods import handler_of, looked_up
from bridge.ingress.mcp.modern import climb
from bridge.ingress.mcp.render import result, tool_members
from bridge.ingress.mcp.standing import JSON
from bridge.model import Arguments, Call, Endpoint, Json
from bridge.pipeline.consent import KEY
from bridge.pipeline.run import finish, run
from bridge.pipeline.runtime import Legacy, Runtime
from tests.bench import made
from tests.bench.figures import Row, timed_row
from tests.bench.inprocess import NO_HEADERS, SMALL, Exchange, InProcess, Instant, request
from tests.bench.insitu import around
from tests.bench.timing import AsyncCall, empty_task, timed, timed_async
from tests.kit.agent import META, MODERN, Agent
from tests.kit.person import ASKS, accept

LEGACY = "2025-11-25"
ITEMS = 100
SIZE = 700
"""Bytes of an answer, about: text and structured content of 305 bytes each, in an envelope."""
CALL: Json = {"name": "read3", "arguments": made.ARGUMENTS}
CHANGE: Json = {"name": "change3", "arguments": made.ARGUMENTS | made.BODY}
PROMPT: Json = {"name": "review", "arguments": {"shop": "north-7"}}
URI = f"api://{made.NAME}{made.path(3, 'north-7', '4711')}?limit=20&sort=created"
PROMPTS: Json = {"review": {"arguments": {"shop": {}}, "messages": [{"text": "Review the orders of {{shop}}."}]}}
NDJSON = Instant(
    ((b"content-type", b"application/x-ndjson"),), tuple(b'{"id":%d,"status":"open"}\n' % at for at in range(ITEMS))
)


def rows(_: Path) -> Iterator[Row]:
    with TemporaryDirectory() as folder:
        asking = {"operations": {"change3": {"confirm": True}}}
        path = made.configured(Path(folder), 10, api=asking, prompts=PROMPTS)
        rt = InProcess.of(load(path, {})).runtime
    yield from _layer(rt)
    yield from _others(rt)


# --- the layer alone --------------------------------------------------------------------------------------------------


def _layer(rt: Runtime) -> Iterator[Row]:
    sessionless = replace(rt, mcp=replace(rt.mcp, legacy=Legacy.SESSIONLESS))
    called = _request(rt, MODERN, "tools/call", CALL)
    took = around({
        "call": (rt, *called),
        "sessionless": (sessionless, *_request(rt, LEGACY, "tools/call", CALL)),
        "session": (rt, *_request(rt, LEGACY, "tools/call", CALL, {"mcp-session-id": _session(rt)})),
        "read": (rt, *_request(rt, MODERN, "resources/read", {"uri": URI}, {"mcp-name": URI})),
    })  # fmt: skip
    whole = timed_async({"call": _door(rt, *called), "piped": _piped(rt, _endpoint(rt), made.ARGUMENTS)})
    steps = timed({"steps": _steps(rt)})["steps"]
    yield timed_row(f"tools/call, {MODERN}: bytes to call, outcome to bytes", steps, most=20)
    yield timed_row("the same in a request, before and after the pipeline", took["call"])
    yield timed_row("a whole request less a run of the pipeline", whole["call"].less(whole["piped"]))
    yield timed_row(f"tools/call, {LEGACY}, without a session", took["sessionless"])
    yield timed_row(f"tools/call, {LEGACY}, in a session", took["session"])
    yield timed_row(f"resources/read, {MODERN}", took["read"])


def _door(rt: Runtime, asked: Scope, body: bytes) -> AsyncCall:
    _answer(rt, asked, body)

    async def call() -> None:
        await _serve(rt, asked, Exchange(body))

    return call


def _request(
    rt: Runtime, revision: str, method: str, params: Json, headers: Mapping[str, str] = NO_HEADERS
) -> tuple[Scope, bytes]:
    agent = Agent(rt, revision)
    message = agent.message(method, params)
    fields = agent.mirrored(message) | {"host": "localhost"} | dict(headers)
    return request(fields), orjson.dumps(message)


def _answer(rt: Runtime, asked: Scope, body: bytes) -> Exchange:
    """Raises SystemExit when it is no result."""
    exchange = Exchange(body)
    asyncio.run(_serve(rt, asked, exchange))
    if exchange.sent[0]["status"] != 200 or b'"result":' not in exchange.answer or b'"isError"' in exchange.answer:
        raise SystemExit(f"{body[:200]!r} was answered {exchange.sent[0]['status']}: {exchange.answer[:500]!r}")
    return exchange


async def _serve(rt: Runtime, asked: Scope, exchange: Exchange) -> None:
    await serve(rt, asked, exchange.receive, exchange.send, "")


def _piped(rt: Runtime, endpoint: Endpoint, arguments: Arguments) -> AsyncCall:
    """The pipeline's part of a call that was made before, and an answer as large as the door gives."""
    prepared, answer = asyncio.run(_prepared(endpoint, arguments)), b"x" * SIZE

    async def call() -> None:
        outcome = await run(rt, prepared)
        await Answer(Exchange(b"").send).whole(200, JSON, answer)
        await finish(rt, prepared, outcome, sent=SIZE)

    return call


async def _prepared(endpoint: Endpoint, arguments: Arguments) -> Call:
    call = new_call(Sender("192.0.2.7"), "tools/call")
    aim(call, endpoint, arguments)
    call.deadline += 3600  # it is made once, and run for as long as the rounds take
    return call


def _steps(rt: Runtime) -> Callable[[], object]:
    asked, body = _request(rt, MODERN, "tools/call", CALL)
    toolset, exchange, endpoint = rt.toolsets[""], Exchange(body), _endpoint(rt)
    outcome = endpoint.decode(200, JSON, SMALL, False)

    def steps() -> bytes:
        fields = fields_of(asked)
        screen(rt, asked, fields, methods_of(rt, fields))
        value = decode(body)
        revision = revision_of(rt.mcp, plain(fields, VERSION), value)
        check_accept(fields, modern=revision.modern)
        message = read(value)
        call = new_call(Sender.of(asked, ""), looked_up(message, modern=revision.modern)[0])
        upload = Upload(exchange.receive, asked)
        line = Post(upload, exchange.send, streams=takes_streams(fields), leaving=revision.modern)
        exchanged = Exchanged(rt, toolset, revision, message, call, line, fields)
        handler_of(exchanged)
        climb(rt.mcp, message, fields)
        call.agent = agent_of(exchanged)
        aim(call, endpoint, message.params["arguments"])
        assert message.id is not None
        return result(message.id, tool_members(outcome, revision), revision, rt.mcp.name, rt.mcp.version)

    return steps


def _endpoint(rt: Runtime) -> Endpoint:
    endpoint = rt.toolsets[""].get(CALL["name"])
    assert endpoint is not None
    return endpoint


def _session(rt: Runtime) -> str:
    """Begins one, which lasts as long as the runtime."""
    about = {"protocolVersion": LEGACY, "capabilities": {}, "clientInfo": {"name": "bench", "version": "1"}}
    begun = _answer(rt, *_request(rt, LEGACY, "initialize", about))
    return str(dict(begun.sent[0]["headers"])[SESSION].decode())


# --- whole requests ---------------------------------------------------------------------------------------------------


def _others(rt: Runtime) -> Iterator[Row]:
    streaming = replace(rt, upstream=NDJSON)
    told = {"_meta": {**META, "progressToken": 1}}
    took = timed_async({
        "nothing": empty_task,
        "prompt": _door(rt, *_request(rt, MODERN, "prompts/get", PROMPT)),
        "consent": _consenting(rt),
        "mute": _door(streaming, *_request(rt, MODERN, "tools/call", CALL)),
        "told": _door(streaming, *_request(rt, MODERN, "tools/call", CALL | told)),
    })  # fmt: skip
    yield timed_row("prompts/get of a text, the whole request", took["prompt"].less(took["nothing"]))
    consent = took["consent"].less(took["nothing"])
    yield timed_row("a call that is asked about, then made: both requests, pipeline included", consent)
    each = took["told"].less(took["mute"]).per(ITEMS)
    yield timed_row(f"progress of an upstream's stream of {ITEMS} items, of which a burst is told: each item", each)


def _consenting(rt: Runtime) -> AsyncCall:
    """A question, and the same request again with a person's consent. A consent can be used once, so the state is cut
    out of each first answer, as it came, and pasted into a second request written before."""
    asked, first = _request(rt, MODERN, "tools/call", CHANGE | {"_meta": ASKS})
    again = CHANGE | {"_meta": ASKS, "inputResponses": {KEY: accept()}, "requestState": "@"}
    before, after = _request(rt, MODERN, "tools/call", again)[1].split(b'"@"')

    async def call() -> Exchange:
        question, made = Exchange(first), Exchange(b"")
        await _serve(rt, asked, question)
        state = question.answer.partition(b'"requestState":"')[2].partition(b'"')[0]
        made = Exchange(b'%s"%s"%s' % (before, state, after))
        await _serve(rt, asked, made)
        return made

    answer = asyncio.run(call()).answer
    if b'"structuredContent":' not in answer:
        raise SystemExit(f"a call with consent was answered {answer[:500]!r}")
    return call
