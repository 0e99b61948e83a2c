"""People's bodies against the document, by media type."""

from dataclasses import replace

import pytest

from bridge.model import BodyKind, Field, Headers, Json, Operation, Spread, Style
from bridge.pipeline.inspect import compile_inspector
from tests.unit.egress.encode.kit import STRING, STRINGS, body
from tests.unit.pipeline.inspecting import FORM, INTEGER, INTEGERS, JSON, MEMBERS, MULTIPART, ask

LINES = {"type": "array", "items": {"type": "object", "properties": {"n": INTEGER}, "additionalProperties": False}}


def json_body(content: bytes, spread: Spread = Spread.FIELDS, **others: Json) -> tuple[str, ...]:
    """A required `name` and optional `lines`, however the arguments spell them."""
    settings = {"headers": JSON, "content": content, **others}
    if spread is Spread.FIELDS:
        fields = Field("name", "body_name", required=True), Field("lines", "lines")
        described = body(BodyKind.JSON, *fields, required=True)
        return ask(body=described, schemas={"body_name": STRING, "lines": LINES}, **settings)
    root = {"type": "object", "properties": {"name": STRING, "lines": LINES}, "required": ["name"]}
    described = body(BodyKind.JSON, spread=spread, required=True)
    if spread is Spread.WHOLE:
        return ask(body=described, schemas={"body": root}, **settings)
    operation = Operation("op", "api", "POST", "/things", body=described, input_schema=root)
    return compile_inspector(operation)("/things", "", settings["headers"], content)


@pytest.mark.parametrize("spread", Spread)
def test_a_json_body_is_judged_however_its_arguments_are_spread(spread: Spread) -> None:
    assert json_body(b'{"name":"a","lines":[{"n":1}]}', spread) == ()
    assert json_body(b'\xef\xbb\xbf{"name":"a"}', spread) == ()
    assert sorted(json_body(b'{"name":1,"lines":[{"n":1},{"n":"2"}]}', spread)) == [
        'body.lines[1].n: must be an integer, not "2"',
        "body.name: must be a string, not 1",
    ]
    assert json_body(b"{}", spread) == ("body.name: is missing, but required: a string",)
    assert json_body(b"[]", spread) == ("body: must be an object, not []",)


def test_properties_that_only_answers_have_may_be_sent_back() -> None:
    assert json_body(b'{"name":"a","id":7,"lines":[{"n":1,"price":2}]}') == ()


def test_forms_that_differ_in_what_they_close_may_both_fit() -> None:
    closed = {"type": "object", "properties": {"a": INTEGER}, "additionalProperties": False}
    longer = {**closed, "properties": {"a": INTEGER, "b": INTEGER}}
    schemas = {"body": {"oneOf": [closed, longer]}}
    described = body(BodyKind.JSON)
    assert ask(body=described, schemas=schemas, headers=JSON, content=b'{"a":1}') == ()
    assert ask(body=described, schemas=schemas, headers=JSON, content=b'{"a":"x"}') != ()


def test_a_property_named_like_a_keyword_is_no_keyword() -> None:
    names = {"additionalProperties": False, "oneOf": STRING}
    schemas = {"body": {"type": "object", "properties": names}}
    described = body(BodyKind.JSON)
    assert len(ask(body=described, schemas=schemas, headers=JSON, content=b'{"additionalProperties":1}')) == 1
    assert len(ask(body=described, schemas=schemas, headers=JSON, content=b'{"oneOf":1}')) == 1


def test_broken_json_is_told_with_its_position() -> None:
    (problem,) = json_body(b'{"name":\n"a",}')
    assert problem.startswith("body: must be JSON, but has an error: ")
    assert "line 2 column 4" in problem


@pytest.mark.parametrize(
    ("headers", "content", "problems"),
    [
        ((), b"", ("body: is missing, but required; send application/json",)),
        (JSON, b"", ("body: is missing, but required; send application/json",)),
        ((), b"{}", ("body: must be application/json, but the request has no content-type",)),
        (((b"content-type", b"text/plain"),), b"{}", ("body: must be application/json, not text/plain",)),
        (((b"content-type", b"Application/JSON; charset=utf-8"),), b'{"name":"a"}', ()),
        (((b"content-type", b"application/vnd.a+json"),), b"{}", ("body.name: is missing, but required: a string",)),
        ((*JSON, JSON[0]), b"{}", ("header 'content-type': is given 2 times, but means one value; give it once",)),
    ],
)
def test_a_body_must_be_there_in_an_offered_media_type(headers: Headers, content: bytes, problems: Json) -> None:
    assert json_body(content, headers=headers) == problems


@pytest.mark.parametrize("codings", [(b"identity",), (b"",), (b",",), (b"Identity , identity",), (b"identity", b"")])
def test_a_body_that_is_only_said_to_be_encoded_is_judged(codings: tuple[bytes, ...]) -> None:
    headers = (*JSON, *((b"content-encoding", coding) for coding in codings))
    assert json_body(b'{"name":"a"}', headers=headers) == ()
    assert json_body(b'{"name":1}', headers=headers) == ("body.name: must be a string, not 1",)


@pytest.mark.parametrize("codings", [(b"gzip",), (b"x",), (b"identity, br",), (b"identity", b"gzip")])
def test_a_body_whose_coding_hides_it_is_a_problem(codings: tuple[bytes, ...]) -> None:
    headers = (*JSON, *((b"content-encoding", coding) for coding in codings))
    (problem,) = json_body(b'{"name":"a"}', headers=headers)
    assert problem.startswith("header 'content-encoding': a body in ")
    assert "cannot be checked; send it plain" in problem


def test_a_content_coding_of_what_is_not_judged_is_nobodys_business() -> None:
    headers = ((b"content-type", b"text/plain"), (b"content-encoding", b"gzip"))
    assert ask(body=body(BodyKind.TEXT), headers=headers, content=b"\x1f\x8b") == ()


@pytest.mark.parametrize("content", [b'{"name":1,"name":"a"}', b'{"name":"a","lines":[{"n":"x","n":1}],"\\u003a":1}'])
def test_a_member_that_two_readers_could_read_differently_is_a_problem(content: bytes) -> None:
    assert json_body(content) == ("body: names a member of an object twice; name it once",)


@pytest.mark.parametrize(
    ("offered", "sent", "problems"),
    [
        (("application/json", "text/csv"), b"text/csv", 0),
        (("application/json", "image/*"), b"image/png", 0),
        (("application/json", "image/*"), b"text/png", 1),
        (("*/*",), b"image/png", 0),
        (("*/*",), b"application/json", 1),
        (("*/*",), b"", 0),
        (("application/json", "application/octet-stream"), b"", 0),
        (("application/vnd.api+json",), b"application/json", 1),
    ],
)
def test_other_offered_media_types_are_judged_by_name_alone(
    offered: tuple[str, ...], sent: bytes, problems: int
) -> None:
    written = "application/json" if "*/*" in offered else offered[0]
    described = replace(body(BodyKind.JSON, media_type=written, required=True), media_types=offered)
    headers = ((b"content-type", sent),) if sent else ()
    assert len(ask(body=described, schemas={"body": INTEGER}, headers=headers, content=b'"no integer"')) == problems


def test_a_body_that_no_document_describes_passes() -> None:
    assert ask(headers=JSON, content=b"{") == ()


@pytest.mark.parametrize(
    ("content", "problems"),
    [
        (b"n=1&tags=a&tags=b", ()),
        (b"n=1&tags=a&more=b", ()),
        (b"tags=a", ("body.n: is missing, but required: an integer",)),
        (b"n=x", ('body.n: must be an integer, not "x"',)),
        (b"n=1&csv=1,2&deep[R]=3&json=%7B%22R%22%3A1%7D", ()),
        (b"n=1&csv=1,b", ('body.csv[1]: must be an integer, not "b"',)),
        (b"n=1&deep[R]=b", ('body.deep.R: must be an integer, not "b"',)),
        (b"n=1&json=%7B%22R%22%3A%221%22%7D", ('body.json.R: must be an integer, not "1"',)),
        (b"n=1&json=%7B", ('body.json: must be an object, not "{"',)),
        (b"", ("body.n: is missing, but required: an integer",)),
    ],
)
@pytest.mark.parametrize("spread", [Spread.FIELDS, Spread.WHOLE])
def test_a_form_is_read_field_by_field(content: bytes, problems: tuple[str, ...], spread: Spread) -> None:
    schemas = {"n": INTEGER, "tags": STRINGS, "csv": INTEGERS, "deep": MEMBERS, "json": MEMBERS}
    fields = (
        Field("n", "n", required=True),
        Field("tags", "tags"),
        Field("csv", "csv", style=Style.FORM, explode=False),
        Field("deep", "deep", style=Style.DEEP),
        Field("json", "json", media_type="application/json"),
    )
    described = body(BodyKind.FORM, *fields, required=True, spread=spread)
    whole = {"body": {"type": "object", "properties": schemas, "required": ["n"]}}
    given = schemas if spread is Spread.FIELDS else whole
    assert ask(body=described, schemas=given, headers=FORM, content=content) == problems


def part(name: str, content: bytes, more: str = "", head: str = "") -> bytes:
    disposition = f'Content-Disposition: form-data; name="{name}"{more}\r\n{head}\r\n'
    return b"--x\r\n" + disposition.encode() + content + b"\r\n"


FILE = part("file", b"\xff\x00", '; filename="a"')


@pytest.mark.parametrize(
    ("content", "problems"),
    [
        (FILE + part("n", b"1") + part("tags", b"a") + part("tags", b"b"), ()),
        (FILE + part("meta", b'{"R":1}', head="Content-Type: application/json\r\n"), ()),
        (part("n", b"1"), ("body.file: is missing, but required; send a part of that name",)),
        (FILE + part("n", b"x"), ('body.n: must be an integer, not "x"',)),
        (FILE + part("meta", b'{"R":"a"}'), ('body.meta.R: must be an integer, not "a"',)),
        (FILE + part("n", b"x", '; filename="n"'), ()),
    ],
)
@pytest.mark.parametrize("spread", [Spread.FIELDS, Spread.WHOLE])
def test_the_parts_of_a_multipart_body_are_judged(content: bytes, problems: tuple[str, ...], spread: Spread) -> None:
    schemas = {"file": STRING, "n": INTEGER, "tags": STRINGS, "meta": MEMBERS}
    fields = (
        Field("file", "file", required=True, binary=True),
        Field("n", "n"),
        Field("tags", "tags", item=Field("tags", "tags")),
        Field("meta", "meta", media_type="application/json"),
    )
    described = body(BodyKind.MULTIPART, *fields, required=True, spread=spread)
    whole = {"body": {"type": "object", "properties": schemas, "required": ["file"]}}
    given = schemas if spread is Spread.FIELDS else whole
    assert ask(body=described, schemas=given, headers=MULTIPART, content=content + b"--x--\r\n") == problems


@pytest.mark.parametrize(
    ("media_type", "content", "problem"),
    [
        (b"multipart/form-data", FILE + b"--x--", "names no boundary"),
        (b"multipart/form-data; boundary=y", FILE + b"--x--", "is cut off"),
        (b"multipart/form-data; boundary=x", FILE, "is cut off"),
        (b"multipart/form-data; boundary=x", b"--x\r\nA: b\r\n\r\nc\r\n--x--", "a part without a name"),
        (b"multipart/form-data; boundary=x", part("a", b"") * 2000 + b"--x--", "more than 1000 parts"),
    ],
)
def test_a_multipart_body_that_is_none_is_told_so(media_type: bytes, content: bytes, problem: str) -> None:
    described = body(BodyKind.MULTIPART, Field("a", "a"))
    headers = ((b"content-type", media_type),)
    (found,) = ask(body=described, schemas={"a": STRING}, headers=headers, content=content)
    assert problem in found


@pytest.mark.parametrize("kind", [BodyKind.BINARY, BodyKind.TEXT, BodyKind.XML])
def test_bytes_text_and_xml_are_judged_by_their_content_type(kind: BodyKind) -> None:
    described = body(kind, required=True)
    sent = ((b"content-type", described.media_type.encode()),)
    assert ask(body=described, schemas={"body": INTEGER}, headers=sent, content=b"\xff") == ()
    assert len(ask(body=described, schemas={"body": INTEGER}, headers=JSON, content=b"\xff")) == 1
    assert len(ask(body=described, schemas={"body": INTEGER}, headers=sent)) == (1 if kind is BodyKind.XML else 0)
