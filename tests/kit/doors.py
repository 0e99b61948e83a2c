"""A gateway compiled from a document, with both of its doors, before a scripted upstream.

`Gateway.agent` calls a tool; `Gateway.person` sends the HTTP request that stands for the same call. What became of
each is returned in a form in which the two can be compared; `differences` says where they do not agree.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import unquote

import orjson

from bridge.compile import backends, load_apis
from bridge.compile.identity import Links
from bridge.compile.runtime import Parts, compile_runtime
from bridge.config import load
from bridge.egress.upstream import Upstream
from bridge.ingress.asgi import Scope
from bridge.ingress.traffic import Traffic
from bridge.model import Endpoint, Grant, Json, Record, Wire
from bridge.pipeline.runtime import Authenticator, Holder, Runtime
from bridge.state.base import State
from tests.kit.agent import Agent, Answer, Connection
from tests.kit.generate import arguments
from tests.kit.upstream import ScriptedUpstream, Sent

PEER = ("192.0.2.7", 4711)
PREFIX = "/people"
CREDENTIAL = ("x-operator", "the operator's own")

# What the people's door adds of its own accord: where a request came from, and how long it is.
ADDED = frozenset({b"content-length", b"forwarded", b"via", b"x-forwarded-for", b"x-forwarded-host",
                   b"x-forwarded-prefix", b"x-forwarded-proto"})  # fmt: skip
# What tells any two calls apart, the sizes, which are those of different messages, and what is known of an answer that
# was read: people's are handed on unread.
APART = frozenset({"id", "door", "received", "duration", "request_bytes", "response_bytes", "broken"})


@dataclass(frozen=True, slots=True)
class Became:
    """`sent` is None where nothing reached the upstream."""

    answer: Answer
    record: Record
    sent: Sent | None


@dataclass(frozen=True, slots=True)
class Gateway:
    """`more` are headers of the caller's own."""

    rt: Runtime
    upstream: ScriptedUpstream
    records: list[Record]
    links: Links = field(default_factory=Links)
    """To issuers, with their keys."""
    state: State | None = None
    """What it shares with others, to be closed where that is a Redis."""

    @property
    def tools(self) -> Mapping[str, Endpoint]:
        return self.rt.toolsets[""].endpoints

    async def agent(self, tool: str, given: Mapping[str, Json], *more: tuple[bytes, bytes]) -> Became:
        return await self.method("tools/call", {"name": tool, "arguments": dict(given)}, *more)

    async def method(
        self, method: str, params: Mapping[str, Json], *more: tuple[bytes, bytes], toolset: str = ""
    ) -> Became:
        return await self.asked(self.message(method, params, *more, toolset=toolset))

    def message(
        self, method: str, params: Mapping[str, Json], *more: tuple[bytes, bytes], toolset: str = ""
    ) -> Wire:  # fmt: skip
        speaker = Agent(self.rt)
        message = speaker.message(method, dict(params))
        headers = speaker.mirrored(message) | {"host": "localhost"}
        if isinstance(params.get("uri"), str):
            headers["mcp-name"] = params["uri"]
        lines = tuple((name.encode(), value.encode()) for name, value in headers.items())
        target = f"/mcp/{toolset}" if toolset else "/mcp"
        return Wire("POST", target, (*lines, *more), orjson.dumps(message))

    async def person(self, wire: Wire, *more: tuple[bytes, bytes]) -> Became:
        """`wire` has a target below the API's prefix."""
        assert wire.body is None or isinstance(wire.body, bytes)
        length = () if wire.body is None else ((b"content-length", b"%d" % len(wire.body)),)
        lines = ((b"host", b"localhost"), *wire.headers, *length, *more)
        return await self.asked(replace(wire, target=PREFIX + wire.target, headers=lines))

    async def asked(self, wire: Wire) -> Became:
        before = len(self.upstream.sent)
        answer = await self.raw(wire)
        sent = self.upstream.sent[before:]
        assert len(sent) <= 1, "one call makes one request at most"
        return Became(answer, self.records[-1], sent[0] if sent else None)

    async def raw(self, wire: Wire) -> Answer:
        """For requests that are made at the same time, or leave no record."""
        connection = Connection(wire.body if isinstance(wire.body, bytes) else b"")
        await Traffic(Holder(self.rt))(_scope(wire), connection.receive, connection.send)
        return connection.answer()


@dataclass(frozen=True, slots=True)
class Arrangement:
    """What differs from one API below a prefix. `api`, `limits` and `root` are keys of a configuration file."""

    api: Mapping[str, Json] = field(default_factory=dict)
    limits: Mapping[str, Json] = field(default_factory=dict)
    root: Mapping[str, Json] = field(default_factory=dict)
    authenticator: Authenticator | None = None
    upstream: Upstream | None = None
    url: str = "http://upstream.test/base"
    """Empty: the document's own servers."""


PLAIN = Arrangement()


def gateway(document: Path, arrangement: Arrangement = PLAIN) -> Gateway:
    upstream = {"headers": dict([CREDENTIAL])} | ({"url": arrangement.url} if arrangement.url else {})
    api = {"spec": str(document.resolve()), "prefix": PREFIX, "upstream": upstream} | dict(arrangement.api)
    with TemporaryDirectory() as folder:
        file = Path(folder, "bridge.yaml")
        file.write_bytes(orjson.dumps({"apis": {"api": api}, "limits": dict(arrangement.limits), **arrangement.root}))
        settings = load(file, {})
        loaded = load_apis(settings)
    assert not loaded.absent, loaded.absent
    scripted, records = ScriptedUpstream(), list[Record]()
    parts = Parts(arrangement.upstream or scripted, backends.state(settings.state), (records.append,))
    rt = compile_runtime(settings, loaded, parts)
    rt = replace(rt, authenticator=arrangement.authenticator or rt.authenticator)
    return Gateway(rt, scripted, records, parts.links, parts.state)


def given(one: Endpoint, turn: int = 1) -> dict[str, Json]:
    """Arguments that the tool's own schema accepts: the first turn what is required, every other one all there is."""
    assert one.tool is not None
    return arguments(one.tool.input_schema, f"{one.tool.name}/{turn}", full=turn > 0)


def granting(*operations: str) -> Grant:
    return Grant(frozenset(("api", operation) for operation in operations), "some")


def differences(agent: Became, person: Became) -> Iterator[str]:
    """Where the two calls were not the same to the gateway or to the upstream."""
    for one in fields(Record):
        said = getattr(agent.record, one.name), getattr(person.record, one.name)
        if one.name not in APART and said[0] != said[1]:
            yield f"record.{one.name}: {said[0]!r} for the agent, {said[1]!r} for the person"
    if agent.sent is None or person.sent is None:
        if agent.sent is not person.sent:
            yield f"sent: {agent.sent and agent.sent.wire!r} for the agent, {person.sent and person.sent.wire!r}"
        return
    yield from _requests_differ(agent.sent, person.sent)


def _requests_differ(agent: Sent, person: Sent) -> Iterator[str]:
    ours, theirs = agent.wire, person.wire
    for name in ("method", "target", "body"):
        if getattr(ours, name) != getattr(theirs, name):
            yield f"{name}: {getattr(ours, name)!r} for the agent, {getattr(theirs, name)!r} for the person"
    lost, added = Counter(ours.headers) - Counter(theirs.headers), Counter(theirs.headers) - Counter(ours.headers)
    if lost or not {name for name, _ in added} <= ADDED:
        yield f"headers: {sorted(lost)} for the agent alone, {sorted(added)} for the person alone"
    if agent.target != person.target or agent.target.headers != person.target.headers:
        yield f"target: {agent.target!r} for the agent, {person.target!r} for the person"
    if abs(agent.deadline - person.deadline) > 1:
        yield f"deadline: {agent.deadline:.1f} for the agent, {person.deadline:.1f} for the person"


def _scope(wire: Wire) -> Scope:
    path, _, query = wire.target.partition("?")
    return {
        "type": "http",
        "method": wire.method,
        "scheme": "http",
        "path": unquote(path),
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "http_version": "1.1",
        "headers": list(wire.headers),
        "client": PEER,
    }


def spoilt(one: Endpoint, arguments: Mapping[str, Json]) -> Iterator[tuple[str, dict[str, Json]]]:
    """Arguments with one thing wrong, and what that is: one is missing, or of another type, or none of the choices."""
    schema = one.operation.input_schema
    for name in schema.get("required", ()):
        yield f"{name} is missing", {key: value for key, value in arguments.items() if key != name}
    for name in arguments:
        wrong = _wrong(schema["properties"].get(name, {}))
        if wrong is not None:
            yield f"{name} is {wrong!r}", {**arguments, name: wrong}


def _wrong(schema: Json) -> Json:
    kind = schema.get("type")
    if kind in ("integer", "number", "boolean") or "enum" in schema:
        return "none-of-these"
    if kind == "array":
        inner = _wrong(schema.get("items", {}))
        return None if inner is None else [inner]
    return None
