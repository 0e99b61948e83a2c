"""However a request is made, judging it ends soon and raises nothing."""

import time

import pytest

from bridge.model import BodyKind, Field, Headers, Json, Spread, Style, Where
from tests.unit.egress.encode.kit import body, param
from tests.unit.pipeline.inspecting import FORM, INTEGER, INTEGERS, JSON, MEMBERS, MULTIPART, ask, inspector


def test_ten_problems_are_told_at_most() -> None:
    params = [param(f"p{number}", Where.QUERY, INTEGER) for number in range(20)]
    fields = [Field(f"f{number}", f"f{number}", required=True) for number in range(20)]
    described = body(BodyKind.JSON, *fields, required=True)
    schemas = {field.argument: INTEGER for field in fields}
    text = "&".join(f"p{number}=x" for number in range(20))
    assert len(ask(*params, query=text, body=described, schemas=schemas, headers=JSON, content=b"{}")) == 10
    assert len(ask(*params[:4], query=text, body=described, schemas=schemas, headers=JSON, content=b"{}")) == 10


LISTS = {"type": "array", "items": {"type": "object"}}
UNION = {"anyOf": [{"type": "array", "items": {"type": "object"}}, {"type": "null"}]}
TREE = {
    "anyOf": [
        {"type": "object", "properties": {"a": {"$ref": "#/$defs/Tree"}, "z": INTEGER}},
        {"type": "object", "properties": {"a": {"$ref": "#/$defs/Tree"}, "z": {"type": "boolean"}}},
    ]
}


@pytest.mark.parametrize(
    ("kind", "schema", "headers", "content"),
    [
        (BodyKind.JSON, UNION, JSON, b"[" + b"1," * 500_000 + b"1]"),
        (BodyKind.JSON, LISTS, JSON, b"[" * 800 + b"]" * 800),
        (BodyKind.FORM, {"type": "object", "properties": {"a": INTEGERS}}, FORM, b"a=x&" * 500_000),
        (BodyKind.FORM, {"type": "object", "properties": {"a": INTEGERS}}, FORM, b"a=" + b"x," * 500_000),
        (BodyKind.FORM, {"type": "object", "properties": {"d": TREE}}, FORM, b"d" + b"[a]" * 60 + b"[z]=x"),
        (BodyKind.FORM, {"type": "object", "properties": {"d": TREE}}, FORM, b"d" + b"[a]" * 50_000 + b"[z]=x"),
    ],
)
def test_a_hostile_body_is_a_problem_within_a_second(
    kind: BodyKind, schema: Json, headers: Headers, content: bytes
) -> None:
    fields = Field("a", "a", style=Style.FORM, explode=False), Field("d", "d", style=Style.DEEP)
    described = body(kind, *fields, spread=Spread.WHOLE)
    inspect = inspector(body=described, schemas={"body": schema}, defs={"Tree": TREE})
    inspect("/things", "", headers, b"{}")
    started = time.perf_counter()
    found = inspect("/things", "", headers, content)
    assert time.perf_counter() - started < 1
    assert 1 <= len(found) <= 10


@pytest.mark.parametrize("text", ["%", "%zz", "&&==", "x=%ff", "x[", "x]", "x[[]]=1", "[]=", "x=\udcff", "x[a]=1&x=2"])
@pytest.mark.parametrize("style", [Style.FORM, Style.DEEP, Style.PIPE])
def test_nothing_that_comes_raises(text: str, style: Style) -> None:
    every = [
        param("x", where, MEMBERS, style if where is Where.QUERY else None, required=True)
        for where in (Where.PATH, Where.QUERY, Where.HEADER, Where.COOKIE)
    ]
    raw = text.encode("utf-8", "surrogateescape")
    headers = ((b"x", raw), (b"cookie", raw), (b"content-type", raw))
    described = body(BodyKind.FORM, Field("x", "x"))
    for at in (f"/a/{text}", text, ""):
        assert ask(*every, path="/a/{x}", at=at, query=text, headers=headers, content=raw, body=described)


def test_names_with_braces_are_told_as_they_are() -> None:
    described = body(BodyKind.MULTIPART, Field("{b}", "b"))
    x = param("{a}", Where.QUERY, INTEGER)
    content = b'--x\r\nContent-Disposition: form-data; name="{b}"\r\n\r\ny\r\n--x--\r\n'
    inspect = inspector(x, body=described, schemas={"b": INTEGER})
    assert inspect("/things", "%7Ba%7D=y", MULTIPART, content) == (
        "query parameter '{a}': must be an integer, not \"y\"",
        'body.{b}: must be an integer, not "y"',
    )
