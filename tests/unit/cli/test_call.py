import base64
import os
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import orjson
import pytest

from bridge.model import Json
from tests.kit.command import COMMAND, Ran, run, run_apart
from tests.unit.cli.documents import TEXT, keep, operation, small, written

SECRET = "very-secret"


WRITTEN: Json = [
    {"type": "text", "text": "hello"},
    {"type": "resource", "resource": {"uri": "test://x", "text": "inside"}},
    {"type": "resource_link", "uri": "test://y", "name": "y", "size": 5},
    {"type": "audio", "data": base64.b64encode(b"RIFF").decode(), "mimeType": "audio/wav"},
    {"type": "resource", "resource": {"uri": "test://z", "blob": "AAE="}},
]


class Echo(BaseHTTPRequestHandler):
    """Answers with what it was asked; /things/404 is not there, /things/7 is a picture, /things/8 content blocks."""

    def do_GET(self) -> None:
        media_type, body = {
            "/things/7": ("image/png", b"\x89PNG"),
            "/things/8": ("application/vnd.mcp.content+json", orjson.dumps(WRITTEN)),
        }.get(
            self.path,
            ("application/json", orjson.dumps({"path": self.path, "auth": self.headers["authorization"]})),
        )
        self.send_response(404 if self.path.endswith("404") else 200)
        self.send_header("content-type", media_type)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


@contextmanager
def echoing() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Echo) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join(5)


@pytest.fixture
def upstream() -> Iterator[str]:
    with echoing() as url:
        yield url


def dry(tool: str, *arguments: str) -> Ran:
    return run("call", tool, *arguments, "--spec", "things.json", "--dry-run", "-o", "json")


def body_of(**properties: Json) -> Json:
    return {"required": True, "content": {"application/json": {"schema": {"type": "object", "properties": properties}}}}


def test_the_answer_is_printed(upstream: str) -> None:
    ran = run("call", "get_thing", "id=5", "--spec", small(), "--upstream", upstream)
    assert (ran.code, ran.err) == (0, "")
    assert orjson.loads(ran.out) == {"path": "/things/5", "auth": None}


def test_json_is_a_tool_result(upstream: str) -> None:
    ran = run("call", "get_thing", "id=5", "--spec", small(), "--upstream", upstream, "-o", "json")
    assert ran.json["isError"] is False
    assert ran.json["structuredContent"]["path"] == "/things/5"
    assert [block["type"] for block in ran.json["content"]] == ["text"]


def test_a_picture_is_base64(upstream: str) -> None:
    ran = run("call", "get_thing", "id=7", "--spec", small(), "--upstream", upstream, "-o", "json")
    (block,) = ran.json["content"]
    assert (block["type"], block["mimeType"]) == ("image", "image/png")
    assert base64.b64decode(block["data"]) == b"\x89PNG"


def test_a_picture_is_told_by_its_size_and_saved_where_one_likes(upstream: str, folder: Path) -> None:
    ran = run("call", "get_thing", "id=7", "--spec", small(), "--upstream", upstream, "--save", "it.png")
    assert (ran.code, ran.out) == (0, "[image/png, 4 bytes]\n")
    assert (folder / "it.png").read_bytes() == b"\x89PNG"


def test_content_blocks_are_shown_as_what_they_are_and_the_first_file_is_saved(upstream: str, folder: Path) -> None:
    ran = run("call", "get_thing", "id=8", "--spec", small(), "--upstream", upstream, "--save", "it.wav")
    assert ran.out.splitlines() == [
        "hello",
        "inside",
        "[y (5 bytes): test://y]",
        "[audio/wav, 4 bytes]",
        "[bytes, 2 bytes]",
    ]
    assert (folder / "it.wav").read_bytes() == b"RIFF"
    ran = run("call", "get_thing", "id=8", "--spec", small(), "--upstream", upstream, "-o", "json")
    assert ran.json["content"] == WRITTEN


@pytest.mark.parametrize(
    ("id", "file", "said"), [("5", "it.png", "text alone"), ("7", "no/it.png", "cannot be written")]
)
def test_what_cannot_be_saved_is_4_and_said(upstream: str, id: str, file: str, said: str) -> None:
    ran = run("call", "get_thing", f"id={id}", "--spec", small(), "--upstream", upstream, "--save", file)
    assert ran.code == 4
    assert said in ran.err


def test_the_operators_header_is_sent_with_its_variable_filled_in(
    upstream: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOKEN", SECRET)
    flags = ["--upstream", upstream, "--upstream-header", "Authorization: Bearer ${TOKEN}"]
    ran = run("call", "get_thing", "id=5", "--spec", small(), *flags)
    assert orjson.loads(ran.out)["auth"] == f"Bearer {SECRET}"


def test_a_dry_run_shows_the_operators_headers_without_their_values(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKEN", SECRET)
    flags = ["--upstream", "http://api.test/v1", "--upstream-header", "Authorization: Bearer ${TOKEN}", "--dry-run"]
    ran = run("call", "get_thing", "id=5", "--spec", small(), *flags)
    assert ran.code == 0
    assert ran.out.splitlines()[0] == "GET http://api.test/v1/things/5"
    assert "authorization: ***" in ran.out.splitlines()
    assert SECRET not in ran.out + ran.err


@pytest.mark.statement("B27")
@pytest.mark.parametrize(
    ("scheme", "shown"),
    [
        ({"type": "apiKey", "in": "header", "name": "X-Key"}, "x-key: ***"),
        ({"type": "apiKey", "in": "query", "name": "key"}, "GET http://api.test/v1/things/5?key=***"),
        ({"type": "apiKey", "in": "cookie", "name": "sid"}, "cookie: sid=***"),
    ],
)
def test_a_dry_run_shows_that_a_credential_would_go_and_not_which(scheme: Json, shown: str) -> None:
    described = orjson.loads(Path(small()).read_bytes())
    described |= {"components": {"securitySchemes": {"main": scheme}}, "security": [{"main": []}]}
    api = {"spec": keep("keyed.json", described), "upstream": {"url": "http://api.test/v1"}}
    keep("bridge.yaml", {"apis": {"shop": api | {"credentials": {"main": {"key": SECRET}}}}})
    ran = run("call", "get_thing", "id=5", "--config", "bridge.yaml", "--dry-run")
    assert shown in ran.out.splitlines()
    assert SECRET not in ran.out + ran.err


def test_a_dry_run_as_json_has_method_url_headers_and_body() -> None:
    small()
    told = dry("add_thing", "name=lamp").json
    assert list(told) == ["method", "url", "headers", "body"]
    assert (told["method"], told["url"], told["body"]) == ("POST", "http://127.0.0.1:9/things", '{"name":"lamp"}')
    assert ["content-type", "application/json"] in told["headers"]


@pytest.mark.parametrize(
    ("schema", "text", "sent"),
    [
        (TEXT, "5", "5"),
        (TEXT, "null", "null"),
        (TEXT, '"quoted"', '"quoted"'),
        ({"type": ["string", "null"]}, "5", "5"),
        ({"type": ["string", "null"]}, "null", None),
        ({"type": "integer"}, "5", 5),
        ({"type": "number"}, "5", 5),
        ({"type": "boolean"}, "true", True),
        ({"type": "array", "items": {"type": "integer"}}, "[1, 2]", [1, 2]),
        ({"type": "object"}, '{"a": 1}', {"a": 1}),
        ({}, "[1]", [1]),
        ({}, "plain text", "plain text"),
        (TEXT, "a=b=c", "a=b=c"),
        (TEXT, "", ""),
    ],
)
def test_a_value_is_json_where_the_schema_takes_it_and_text_where_not(schema: Json, text: str, sent: Json) -> None:
    written(**{"POST /things": operation("add", requestBody=body_of(it=schema))})
    assert orjson.loads(dry("add", f"it={text}").json["body"]) == {"it": sent}


def test_a_file_is_sent_as_it_is(folder: Path) -> None:
    content = {"required": True, "content": {"application/octet-stream": {}}}
    written(**{"PUT /file": operation("put", requestBody=content)})
    (folder / "data.bin").write_bytes(b"whole file")
    assert dry("put", "body=@data.bin").json["body"] == "whole file"


def test_a_binary_body_is_counted_in_text_and_base64_in_json(folder: Path) -> None:
    content = {"required": True, "content": {"application/octet-stream": {}}}
    name = written(**{"PUT /file": operation("put", requestBody=content)})
    (folder / "data.bin").write_bytes(b"\x89PNG\x00")
    assert base64.b64decode(dry("put", "body=@data.bin").json["bodyBase64"]) == b"\x89PNG\x00"
    assert run("call", "put", "body=@data.bin", "--spec", name, "--dry-run").out.splitlines()[-1] == "<5 bytes>"


def test_a_file_that_is_not_there_is_a_usage_error() -> None:
    small()
    ran = dry("add_thing", "name=@no.bin")
    assert (ran.code, ran.err) == (2, "error: no.bin: No such file or directory\n")


def test_arguments_as_one_object_go_with_single_ones() -> None:
    written(**{"POST /things": operation("add", requestBody=body_of(a={"type": "integer"}, b={"type": "integer"}))})
    assert orjson.loads(dry("add", "b=3", "--json", '{"a": 1}').json["body"]) == {"a": 1, "b": 3}


@pytest.mark.parametrize("twice", [["name=x", "name=y"], ["name=x", "--json", '{"name": "y"}']])
def test_one_value_given_twice_is_a_usage_error(twice: list[str]) -> None:
    small()
    ran = dry("add_thing", *twice)
    assert (ran.code, ran.err) == (2, "error: 'name' is given more than once, and takes one value\n")


NUMBERS: Json = {"type": "array", "items": {"type": "integer"}}


@pytest.mark.parametrize(
    ("schema", "given", "sent"),
    [
        ({"type": "array", "items": TEXT}, ["it=a", "it=5"], ["a", "5"]),
        (NUMBERS, ["it=1"], [1]),
        (NUMBERS, ["it=[1, 2]", "it=3"], [1, 2, 3]),
        (NUMBERS, ["it=2", "--json", '{"it": [1]}'], [1, 2]),
        ({"anyOf": [NUMBERS, {"type": "null"}]}, ["it=1", "it=2"], [1, 2]),
    ],
)
def test_an_array_is_collected(schema: Json, given: list[str], sent: Json) -> None:
    written(**{"POST /things": operation("add", requestBody=body_of(it=schema))})
    assert orjson.loads(dry("add", *given).json["body"]) == {"it": sent}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["id"], "write NAME=VALUE"),
        (["--json", "{"], "--json is not JSON"),
        (["--json", "[1]"], "must be an object"),
        (["id=x"], "id: must be an integer"),
        ([], "id: is missing"),
        (["id=1", "other=2"], "unknown argument 'other'"),
    ],
)
@pytest.mark.parametrize("dry", [["--dry-run"], []])
def test_bad_arguments_are_2_and_say_what_would_be_right(arguments: list[str], said: str, dry: list[str]) -> None:
    ran = run("call", "get_thing", "--spec", small(), *arguments, *dry)
    assert (ran.code, ran.out) == (2, "")
    assert said in ran.err


@pytest.mark.parametrize(("given", "likely"), [("ad_thing", "add_thing"), ("addThings", "add_thing")])
def test_a_likely_tool_that_writes_is_named_under_its_own_verb(given: str, likely: str) -> None:
    assert f"did you mean {likely!r}?" in run("call", given, "--spec", small()).err


def test_a_tool_that_writes_is_never_named_for_one_that_reads() -> None:
    written("orders.json", **{"DELETE /orders": operation("deleteOrders"), "PUT /orders": operation("setOrders")})
    for given in ("get_orders", "getOrders", "select_orders"):
        assert "did you mean" not in run("call", given, "--spec", "orders.json").err


def test_a_resource_is_told_to_be_one_with_its_address() -> None:
    resource = {"x-mcp": {"expose": "resource"}}
    written("orders.json", **{"GET /orders": operation("getOrders", **resource), "DELETE /orders": operation("delete")})
    for given in ("get_orders", "getOrders"):
        ran = run("call", given, "--spec", "orders.json")
        assert (ran.code, ran.err) == (2, f"error: {given!r} is a resource, read at api://orders/orders\n")


def test_an_unknown_tool_is_2_and_the_likely_one_is_named() -> None:
    ran = run("call", "get_things", "--spec", small())
    assert (ran.code, ran.err) == (2, "error: there is no tool 'get_things'; did you mean 'get_thing'?\n")
    assert "`dualbridge tools`" in run("call", "xyz", "--spec", small()).err


def test_an_upstream_that_refuses_is_4_and_its_answer_is_the_result(upstream: str) -> None:
    ran = run("call", "get_thing", "id=404", "--spec", small(), "--upstream", upstream, "-o", "json")
    assert ran.code == 4
    assert ran.json["isError"] is True
    assert "404" in ran.json["content"][0]["text"]


def test_an_upstream_that_is_not_there_is_4() -> None:
    ran = run("call", "get_thing", "id=1", "--spec", small())
    assert (ran.code, ran.out) == (4, "")
    assert "could not be reached" in ran.err


def test_a_document_without_a_server_is_4_and_says_what_to_give() -> None:
    name = written(servers=False, **{"GET /a": operation("a")})
    ran = run("call", "a", "--spec", name)
    assert ran.code == 4
    assert "--upstream" in ran.err


def test_the_configuration_of_the_folder_is_used_when_none_is_named(upstream: str) -> None:
    small()
    keep("bridge.yaml", f"apis: {{a: {{spec: things.json, upstream: {{url: '{upstream}'}}}}}}")
    assert orjson.loads(run("call", "get_thing", "id=5").out)["path"] == "/things/5"


def test_an_upstream_that_cannot_be_reached_is_told_with_its_address_and_the_reason() -> None:
    ran = run("call", "get_thing", "id=5", "--spec", small())
    assert (ran.code, ran.out) == (4, "")
    assert "could not be reached: http://127.0.0.1:9: Connection refused" in ran.err


def consenting(upstream: str) -> str:
    small()
    operations = "{getThing: {confirm: true, ask: true}}"
    api = f"things: {{spec: things.json, upstream: {{url: {upstream}}}, operations: {operations}}}"
    return keep("bridge.yaml", f"apis:\n  {api}\n")


def test_a_call_that_needs_consent_is_refused_where_there_is_no_terminal_to_ask_at(upstream: str, folder: Path) -> None:
    ran = run_apart("call", "get_thing", "id=5", "--spec", consenting(upstream), cwd=folder)
    assert (ran.code, ran.out) == (4, "")
    assert "this process has no admin port" in ran.err
    assert "make this call in a terminal" in ran.err


@pytest.mark.parametrize(("answer", "code"), [(b"y\n", 0), (b"YES\n", 0), (b"n\n", 4), (b"\n", 4), (b"accept\n", 4)])
def test_a_call_that_needs_consent_asks_at_the_terminal(upstream: str, answer: bytes, code: int, folder: Path) -> None:
    ours, theirs = os.openpty()
    try:
        os.write(ours, answer)
        command = [*COMMAND, "call", "get_thing", "id=5", "--spec", consenting(upstream)]
        ended = subprocess.run(command, stdin=theirs, capture_output=True, timeout=15, check=False, cwd=folder)
    finally:
        os.close(ours)
        os.close(theirs)
    assert ended.returncode == code, ended.stderr
    assert b"Request: GET /things/5" in ended.stderr
    assert bool(ended.stdout) is (code == 0)
