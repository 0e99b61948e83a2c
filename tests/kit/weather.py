"""A small API with everything that agents can be offered: tools, resources, prompts, suggestions, questions.

Its names are those of the examples that come with the protocol's schemas.
"""

from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import orjson

from bridge.compile import backends, load_apis
from bridge.compile.runtime import Parts, compile_runtime
from bridge.config import load
from bridge.model import Json, Record
from bridge.pipeline.runtime import Legacy, Runtime
from tests.kit.documents import paths
from tests.kit.upstream import Played, ScriptedUpstream, Sent, plays

HOST = "gw.test"
MAIN = 'fn main() {\n    println!("Hello world!");\n}'
FORECAST = b'{"conditions":"Partly cloudy","temperature":22.5}'
STEPS = b'{"progress":50,"total":100,"message":"Reticulating splines..."}\n{"progress":100,"total":100}\n{"built":1}\n'
TEXT: Json = {"text/plain": {"schema": {"type": "string"}}}
REPORT: Json = {"type": "object", "properties": {"conditions": {"type": "string"}, "temperature": {"type": "number"}}}


def _answering(content: Json) -> Json:
    return {"200": {"description": "Done.", "content": content}}


def _taking(*required: str, **properties: Json) -> Json:
    schema = {"type": "object", "required": list(required), "properties": properties}
    return {"required": True, "content": {"application/json": {"schema": schema}}}


def _named(name: str, where: str = "query", schema: Json = None) -> Json:
    return {"name": name, "in": where, "required": True, "schema": schema or {"type": "string"}}


DOCUMENT = paths({
    "GET /weather": {
        "operationId": "get_weather", "summary": "Get the weather of a place",
        "parameters": [_named("location")], "responses": _answering({"application/json": {"schema": REPORT}}),
    },
    "POST /simulations": {
        "operationId": "build_simulation", "summary": "Simulate a city",
        "requestBody": _taking("city", city={"type": "string"}),
        "responses": _answering({"application/x-ndjson": {"schema": {}}}),
    },
    "GET /stations": {
        "operationId": "list_stations", "summary": "List the stations of a region",
        "parameters": [_named("region", schema={"type": "string", "x-mcp-header": "Region"})],
        "responses": _answering(TEXT),
    },
    "POST /stars": {
        "operationId": "star", "summary": "Leave a star in somebody's name",
        "x-mcp": {"ask": {"github_login": {"message": "Please provide your GitHub username", "arguments": ["name"]}}},
        "requestBody": _taking("name", name={"type": "string"}), "responses": _answering(TEXT),
    },
    "DELETE /stations/{id}": {
        "operationId": "close_station", "summary": "Close a station for good",
        "parameters": [_named("id", "path", {"type": "integer"})], "responses": {"204": {"description": "Closed."}},
    },
    "GET /main": {
        "operationId": "main_rs", "summary": "Primary application entry point",
        "responses": _answering({"text/x-rust": {}}), "x-mcp": {"expose": "resource", "uri": "file:///project/src/main.rs"},
    },
    "GET /notes/{name}": {
        "operationId": "note", "summary": "A note", "responses": _answering(TEXT),
        "parameters": [_named("name", "path", {"type": "string", "enum": ["first", "second"]})],
        "x-mcp": {"expose": "resource", "uri": "notes://{name}"},
    },
})  # fmt: skip
PROMPTS: Json = {
    "code_review": {
        "title": "Request Code Review",
        "description": "Code review prompt",
        "arguments": {
            "code": {"description": "The code to review", "required": True},
            "language": {"values": ["python", "pytorch", "pyside"]},
            "framework": {"values": ["flask", "django"]},
        },
        "messages": [{"role": "user", "text": "Please review this code:\n{{code}}"}],
    }
}


def answer(sent: Sent) -> Played:
    """What the API says. Atlantis has no weather, and the second note is gone."""
    path, _, query = sent.wire.target.partition("?")
    if path.endswith("/weather"):
        return plays(b'{"detail":"no such place"}', 404) if "Atlantis" in query else plays(FORECAST)
    if path.endswith("/simulations"):
        return plays(STEPS, headers=((b"content-type", b"application/x-ndjson"),))
    if path.endswith("/notes/second"):
        return plays(b"gone", 404, ((b"content-type", b"text/plain"),))
    if path.endswith("/main"):
        return plays(MAIN.encode(), headers=((b"content-type", b"text/x-rust"),))
    if sent.wire.method == "DELETE":
        return plays(b"", 204, ())
    return plays(b"a note", headers=((b"content-type", b"text/plain"),))


@dataclass(frozen=True, slots=True, repr=False)
class Weather:
    rt: Runtime
    upstream: ScriptedUpstream
    records: list[Record]

    def __repr__(self) -> str:
        """Short: a property that fails shows everything that it was given."""
        return "Weather()"


def weather(legacy: Legacy = Legacy.SESSIONS) -> Weather:
    """Compiled, with everything kept in memory. It is served as `HOST` only."""
    with TemporaryDirectory() as folder:
        Path(folder, "weather.json").write_bytes(orjson.dumps(DOCUMENT))
        file = Path(folder, "bridge.yaml")
        api = {"spec": "weather.json", "upstream": {"url": "http://upstream.test"}}
        file.write_bytes(orjson.dumps({"apis": {"weather": api}, "prompts": PROMPTS}))
        settings = load(file, {})
        loaded = load_apis(settings)
    assert not loaded.absent, loaded.absent
    upstream, records = ScriptedUpstream([answer]), list[Record]()
    rt = compile_runtime(settings, loaded, Parts(upstream, backends.state(settings.state), (records.append,)))
    door = replace(rt.mcp, hosts=frozenset({HOST}), legacy=legacy)
    return Weather(replace(rt, mcp=door), upstream, records)
