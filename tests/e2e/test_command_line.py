"""What a user meets who gives bad documents: an error with its place and the mend, or a finding; never a traceback."""

import json
import socket
import subprocess
from pathlib import Path

import pytest

from bridge.model import Json
from tests.kit.command import COMMAND, Ran, environment, run, run_apart

HEAD = "openapi: 3.1.0\ninfo: {title: T, version: '1'}\nservers: [{url: 'http://127.0.0.1:9'}]\n"
GET = "get: {responses: {'200': {description: OK}}}"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path


def asking(schema: str) -> str:
    """A document whose one operation takes `q`."""
    parameter = f"{{name: q, in: query, description: Q., schema: {schema}}}"
    answers = "responses: {'200': {description: OK}}"
    return f"{HEAD}paths:\n  /a:\n    get:\n      operationId: ask\n      parameters: [{parameter}]\n      {answers}\n"


def bomb() -> str:
    lines = [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    return "\n".join([HEAD + "a0: &a0 [x, x, x, x, x, x, x, x, x, x]", *lines, "paths: {}"])


def checked(name: str, text: str) -> Ran:
    Path(name).write_text(text)
    return run("check", name, "-o", "json")


# --- What cannot be read at all: exit code 3, one line on stderr, nothing on stdout. ---

DEEP = 200_000
BROKEN = [
    pytest.param("a.yaml", f"{HEAD}paths:\n  /a: [1\n  /b: {{}}\n", "a.yaml:5:", "not closed", id="yaml"),
    pytest.param("a.json", '{"openapi": "3.1.0",\n "info": {"title": "T" 1}}', "a.json:2:24:", "not JSON", id="json"),
    pytest.param("a.yaml", "hello: world\n", "a.yaml:1:1:", "not an OpenAPI document", id="no OpenAPI"),
    pytest.param("a.yaml", "just text\n", "a.yaml:1:1:", "not an object", id="text"),
    pytest.param("a.yaml", "", "a.yaml:", "empty", id="nothing"),
    pytest.param("a.json", f'{{"openapi": {"[" * DEEP}{"]" * DEEP}}}', "a.json:1:", "nested deeper", id="deep json"),
    pytest.param("a.yaml", f"openapi: {'[' * DEEP}{']' * DEEP}", "a.yaml:1:", "nested deeper", id="deep yaml"),
    pytest.param("a.yaml", bomb(), "a.yaml:", "budget 'aliases'", id="bomb"),
    pytest.param("a.yaml", "openapi: 9.0.0\n", "a.yaml:", "no supported version", id="version"),
    pytest.param("a.yaml", "swaggerVersion: '1.2'\n", "a.yaml:", "convert it", id="swagger 1"),
    pytest.param("a.yaml", "overlay: 1.0.0\n", "a.yaml:", "name it as an overlay", id="overlay"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "text", "place", "said"), BROKEN)
@pytest.mark.parametrize("command", ["check", "tools", "lint", "serve"])
def test_a_document_that_cannot_be_read_is_one_line_with_its_place(
    command: str, name: str, text: str, place: str, said: str
) -> None:
    Path(name).write_text(text)
    ran = run(command, name)
    assert (ran.code, ran.out) == (3, "")
    assert (ran.err.count("\n"), ran.err[:7]) == (1, "error: ")
    assert place in ran.err
    assert said in ran.err


def test_a_file_that_is_not_there_is_3_and_named() -> None:
    ran = run("check", "no.yaml", "neither.json")
    assert (ran.code, ran.out) == (3, "")
    expected = [f"error: {name}: there is no such file or folder" for name in ("no.yaml", "neither.json")]
    assert ran.err.splitlines() == expected


@pytest.mark.parametrize("command", ["check", "tools", "lint", "serve"])
def test_all_documents_that_cannot_be_read_are_told_at_once(command: str) -> None:
    Path("a.yaml").write_text("a: [")
    Path("b.yaml").write_text("b: [")
    ran = run(command, "a.yaml", "b.yaml")
    assert (ran.code, ran.out, ran.err.count("error: ")) == (3, "", 2)


def test_documents_that_can_be_read_are_listed_beside_those_that_cannot() -> None:
    Path("a.yaml").write_text(asking("{type: string}"))
    Path("b.yaml").write_text("b: [")
    ran = run("tools", "a.yaml", "b.yaml", "-o", "json")
    assert (ran.code, len(ran.json), ran.err.count("error: ")) == (1, 1, 1)
    assert "b.yaml:2:1:" in ran.err


def test_bytes_that_are_no_text_are_3(folder: Path) -> None:
    (folder / "a.yaml").write_bytes(b"openapi: 3.1.0\n\xff\xfe\x00")
    ran = run("check", "a.yaml")
    assert (ran.code, ran.err.count("\n")) == (3, 1)


def test_a_folder_without_documents_is_3(folder: Path) -> None:
    (folder / "empty").mkdir()
    ran = run("check", "empty")
    assert ran.code == 3
    assert "holds no OpenAPI document" in ran.err


# --- What costs its own part only: a finding, exit code 1, and the rest is there. ---

NAMED = "get: {operationId: one, responses: {'200': {description: OK}}}"
THINNED = [
    pytest.param(asking("{$ref: '#/components/schemas/No'}"), "dangling-reference", 8, 1, id="$ref to nowhere"),
    pytest.param(asking("{$ref: '../../etc/passwd'}"), "dangling-reference", 8, 1, id="$ref outside the folder"),
    pytest.param(asking("{$ref: 'file:///etc/passwd'}"), "dangling-reference", 8, 1, id="$ref to a file URL"),
    pytest.param(asking("{$ref: 'http://127.0.0.1/x'}"), "dangling-reference", 8, 1, id="$ref to another origin"),
    pytest.param(asking("{type: string, pattern: '(['}"), "keyword-dropped", 8, 1, id="pattern"),
    pytest.param(f"{HEAD}paths:\n  /a:\n    {GET}\n    {GET}\n", "duplicate-key", 7, 1, id="a key twice"),
    pytest.param(
        f"{HEAD}paths:\n  /a:\n    {NAMED}\n  /b:\n    {NAMED}\n", "duplicate-operation-id", 6, 2, id="an id twice"
    ),
]  # fmt: skip


@pytest.mark.parametrize(("text", "id", "line", "tools"), THINNED)
def test_what_is_wrong_in_one_place_is_a_finding_with_its_line(text: str, id: str, line: int, tools: int) -> None:
    ran = checked("a.yaml", text)
    assert (ran.code, ran.err, ran.json["tools"]) == (1, "", tools)
    found = [one for one in ran.json["findings"] if one["id"] == id]
    assert found
    assert found[0]["line"] == line
    assert found[0]["message"]


def test_a_recursive_schema_is_kept_as_it_is() -> None:
    node = "{$ref: '#/components/schemas/Node'}"
    shapes = f"components: {{schemas: {{Node: {{type: object, properties: {{next: {node}}}}}}}}}\n"
    text = asking("{type: string}").replace("get:", "post:")
    body = f"      requestBody: {{content: {{application/json: {{schema: {node}}}}}}}\n"
    ran = checked("a.yaml", text + body + shapes)
    assert (ran.code, ran.json["findings"]) == (0, [])
    (tool,) = run("tools", "a.yaml", "-o", "json").json
    assert "#/$defs/" in json.dumps(tool["inputSchema"])


def test_a_path_key_with_a_query_or_a_fragment_is_called_as_it_is_meant() -> None:
    text = f"{HEAD}paths:\n  '/a?beta=true':\n    {GET}\n  '/b#part':\n    {GET}\n"
    assert checked("a.yaml", text).json["tools"] == 2
    urls = [
        run("call", tool["name"], "--spec", "a.yaml", "--dry-run", "-o", "json").json["url"]
        for tool in run("tools", "a.yaml", "-o", "json").json
    ]
    assert sorted(urls) == ["http://127.0.0.1:9/a?beta=true", "http://127.0.0.1:9/b"]


def test_an_empty_document_loads_with_no_tools_and_says_so() -> None:
    ran = checked("a.yaml", "openapi: 3.1.0\n")
    assert (ran.json["operations"], ran.json["tools"]) == (0, 0)
    assert "it describes no operations" in " ".join(one["message"] for one in ran.json["findings"])


# --- Documents from the network. ---


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "10.0.0.1", "[::1]"])
def test_a_private_address_is_4_and_the_flag_that_allows_it_is_named(host: str) -> None:
    ran = run("check", f"http://{host}:9/api.json")
    assert (ran.code, ran.out, ran.err.count("\n")) == (4, "", 1)
    assert "--allow-private" in ran.err


@pytest.mark.parametrize("host", ["169.254.169.254", "0.0.0.0"])
def test_an_address_that_no_document_comes_from_is_4_whatever_the_flags(host: str) -> None:
    ran = run("check", "--allow-private", f"http://{host}:9/api.json")
    assert (ran.code, ran.out) == (4, "")
    assert "never fetched from" in ran.err


def test_an_address_where_nobody_answers_is_4_and_said_once() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    url = f"http://127.0.0.1:{port}/api.json"
    ran = run("check", "--allow-private", url)
    assert (ran.code, ran.out) == (4, "")
    assert ran.err.count(url) == 1
    assert "refused" in ran.err


def test_another_scheme_is_3() -> None:
    ran = run("check", "ftp://api.test/api.json")
    assert ran.code == 3
    assert "http or https" in ran.err


# --- Start. ---


BOUND = [
    ("--listen", "listen", "DUALBRIDGE_LISTEN"),
    ("--admin", "admin.listen", "DUALBRIDGE_ADMIN_LISTEN"),
    ("--health", "health.listen", "DUALBRIDGE_HEALTH_LISTEN"),
]


def test_a_port_in_use_is_4_and_what_to_change_is_named(folder: Path) -> None:
    Path("a.yaml").write_text(asking("{type: string}"))
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        for flag, key, variable in BOUND:
            free = [
                part
                for other in ("--listen", "--admin", "--health")
                if other != flag
                for part in (other, "127.0.0.1:0")
            ]
            ran = run("serve", "a.yaml", flag, address, *free)
            assert (ran.code, ran.out) == (4, "")
            assert ran.err == (
                f"error: cannot listen on {address}: the address is in use; give {flag} HOST:PORT "
                f"(or set {key} in the configuration, or {variable})\n"
            )


def test_all_ports_in_use_are_told_at_once() -> None:
    Path("a.yaml").write_text(asking("{type: string}"))
    with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("127.0.0.1", 0)) as two:
        taken = [f"127.0.0.1:{listener.getsockname()[1]}" for listener in (one, two)]
        ran = run("serve", "a.yaml", "--listen", taken[0], "--admin", "127.0.0.1:0", "--health", taken[1], "-o", "json")
    assert (ran.code, len(ran.err.splitlines())) == (4, 2)
    assert [taken[n] in one["message"] for n, one in enumerate(ran.json["errors"])] == [True, True]


def test_an_api_without_an_upstream_is_4_and_the_flag_is_named(folder: Path) -> None:
    Path("a.yaml").write_text(asking("{type: string}").replace("servers", "x-servers"))
    ran = run("serve", "a.yaml")
    assert (ran.code, ran.out) == (4, "")
    assert "--upstream" in ran.err


# --- As a process: what a shell and a pipe see. ---


def test_a_pipe_gets_plain_text_without_progress_or_colour(folder: Path) -> None:
    (folder / "a.yaml").write_text(asking("{$ref: '#/no'}"))
    ran = run_apart("check", "a.yaml", cwd=folder)
    assert ran.code == 1
    assert "dangling-reference" in ran.out
    assert "\x1b" not in ran.out + ran.err
    broken = run_apart("check", "no.yaml", cwd=folder)
    assert (broken.code, broken.err) == (3, "error: no.yaml: there is no such file or folder\n")


def shown_on_a_terminal(folder: Path, more: dict[str, str]) -> bytes:
    """What `check` writes when its output is a terminal."""
    pty = pytest.importorskip("pty", reason="needs a pseudo-terminal: run it on Linux or macOS")
    import os

    (folder / "a.yaml").write_text(asking("{$ref: '#/no'}"))
    ours, theirs = pty.openpty()
    variables = environment(folder) | {"TERM": "xterm-256color"} | more
    variables = {name: value for name, value in variables.items() if name != "NO_COLOR" or name in more}
    command = [*COMMAND, "check", "a.yaml"]
    with subprocess.Popen(command, cwd=folder, env=variables, stdout=theirs, stderr=theirs) as process:
        os.close(theirs)
        seen = b""
        try:
            while piece := os.read(ours, 65536):
                seen += piece
        except OSError:  # Linux: the other end is closed
            pass
        process.wait(15)
    os.close(ours)
    return seen


def test_colours_are_for_terminals_whose_user_did_not_refuse_them(folder: Path) -> None:
    coloured = shown_on_a_terminal(folder, {})
    plain = shown_on_a_terminal(folder, {"NO_COLOR": "1"})
    assert b"\x1b[33m" in coloured
    assert b"\x1b[33m" not in plain
    assert b"dangling-reference" in plain


@pytest.mark.parametrize("form", ["json", "text"])
def test_a_reader_that_has_seen_enough_is_no_error(folder: Path, form: str) -> None:
    methods = {f"/a{n}": {"get": {"summary": "x" * 500, "responses": {}}} for n in range(2_000)}
    document: Json = {"openapi": "3.1.0", "info": {"title": "T", "version": "1"}, "paths": methods}
    (folder / "a.json").write_text(json.dumps(document))
    command = [*COMMAND, "tools", "a.json", "-o", form]
    with subprocess.Popen(
        command, cwd=folder, env=environment(folder), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        complaint = process.stderr.read()
        assert process.wait(15) == 0
    assert b"Traceback" not in complaint
    assert b"Broken pipe" not in complaint
