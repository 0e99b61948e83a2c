from pathlib import Path

from tests.kit.command import run
from tests.unit.cli.documents import keep, operation, small, written

ORDERS = str(Path(__file__).parents[3] / "specs" / "orders.yaml")


def test_json_is_an_array_of_tools_with_their_operations() -> None:
    add, get = run("tools", small(), "-o", "json").json
    assert list(get) == [
        "name", "title", "description", "inputSchema", "outputSchema", "annotations", "tokens", "operation",
    ]  # fmt: skip
    assert get["operation"] == {"api": "things", "method": "GET", "path": "/things/{id}", "operationId": "getThing"}
    assert get["annotations"]["readOnlyHint"] is True
    assert get["inputSchema"]["required"] == ["id"]
    assert isinstance(get["tokens"], int)
    assert "outputSchema" not in add


def test_text_has_one_line_per_tool_however_long_its_path() -> None:
    ran = run("tools", ORDERS)
    names = [tool["name"] for tool in run("tools", ORDERS, "-o", "json").json]
    assert [line.split()[0] for line in ran.out.splitlines()[1:]] == names
    assert f"{len(names)} tools of {len(names)} operations" in ran.err


def test_the_profile_decides_how_much_of_a_schema_is_kept() -> None:
    either = {"type": "object", "oneOf": [{"type": "object", "properties": {name: {}}} for name in "xy"]}
    body = {"required": True, "content": {"application/json": {"schema": either}}}
    written("one.json", **{"POST /a": operation("a", requestBody=body)})
    (portable,) = run("tools", "one.json", "-o", "json").json
    (verbatim,) = run("tools", "one.json", "--profile", "verbatim", "-o", "json").json
    assert "oneOf" not in portable["inputSchema"]
    assert "oneOf" in verbatim["inputSchema"]


def test_an_operation_without_an_id_says_null() -> None:
    document = {"openapi": "3.1.0", "info": {"title": "T", "version": "1"}, "paths": {"/a": {"get": {"responses": {}}}}}
    (tool,) = run("tools", keep("one.json", document), "-o", "json").json
    assert tool["operation"]["operationId"] is None


def test_several_apis_are_told_apart_in_the_table() -> None:
    small("one.json")
    written("two.json", **{"GET /b": operation("b")})
    lines = [line.split() for line in run("tools", "one.json", "two.json").out.splitlines()]
    assert lines[0][:2] == ["tool", "api"]
    assert ["b", "two"] in [line[:2] for line in lines]
    assert "api" not in run("tools", "one.json").out.splitlines()[0].split()
