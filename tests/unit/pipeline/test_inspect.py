"""People's requests against the document: one table per place and style, and one for bodies."""

import time
from dataclasses import replace

import pytest

from bridge.model import BodyKind, Field, Headers, Inspect, Json, Operation, Param, Spread, Style, Where
from bridge.pipeline.inspect import compile_inspector
from tests.unit.egress.encode.kit import STRING, STRINGS, body, param

INTEGER = {"type": "integer"}
INTEGERS = {"type": "array", "items": INTEGER}
MEMBERS = {"type": "object", "properties": {"R": INTEGER, "on": {"type": "boolean"}}, "additionalProperties": False}
JSON = ((b"content-type", b"application/json"),)
FORM = ((b"content-type", b"application/x-www-form-urlencoded"),)
MULTIPART = ((b"content-type", b"multipart/form-data; boundary=x"),)


def inspector(*params: Param, path: str = "/things", schemas: Json = None, **others: Json) -> Inspect:
    """`schemas` are those of the arguments that are no parameters."""
    properties = {one.argument: True if one.schema is None else one.schema for one in params} | (schemas or {})
    root = {"type": "object", "properties": properties, "$defs": others.pop("defs", {}), "additionalProperties": False}
    operation = Operation(id="op", api="api", method="POST", path=path, params=params, input_schema=root, **others)
    return compile_inspector(operation)


def ask(
    *params: Param, path: str = "/things", query: str = "", headers: Headers = (), content: bytes = b"", **others: Json
) -> tuple[str, ...]:
    """What is wrong with a request; `at` is the path that comes, where it is not the template."""
    at = others.pop("at", path)
    return inspector(*params, path=path, **others)(at, query, headers, content)


def query(text: str, schema: Json, style: Style = Style.FORM, **others: Json) -> tuple[str, ...]:
    return ask(param("x", Where.QUERY, schema, style, **others), query=text)


# --- path -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "style", "explode", "schema"),
    [
        ("5", Style.SIMPLE, False, INTEGER),
        ("-5", Style.SIMPLE, False, INTEGER),
        ("true", Style.SIMPLE, False, {"type": "boolean"}),
        ("2.50", Style.SIMPLE, False, {"type": "number"}),
        ("3,4", Style.SIMPLE, False, INTEGERS),
        ("3,4", Style.SIMPLE, True, INTEGERS),
        ("3%2C4", Style.SIMPLE, False, INTEGERS),
        ("R,1,on,true", Style.SIMPLE, False, MEMBERS),
        ("R=1,on=true", Style.SIMPLE, True, MEMBERS),
        (".5", Style.LABEL, False, INTEGER),
        (".3,4", Style.LABEL, False, INTEGERS),
        (".3.4", Style.LABEL, False, INTEGERS),
        (".3.4", Style.LABEL, True, INTEGERS),
        (".R,1", Style.LABEL, False, MEMBERS),
        (".R=1.on=false", Style.LABEL, True, MEMBERS),
        (";x=5", Style.MATRIX, False, INTEGER),
        (";x", Style.MATRIX, False, STRING),
        (";x=3,4", Style.MATRIX, False, INTEGERS),
        (";x=3;x=4", Style.MATRIX, True, INTEGERS),
        (";x=3", Style.MATRIX, True, INTEGERS),
        (";x=R,1", Style.MATRIX, False, MEMBERS),
        (";R=1;on=true", Style.MATRIX, True, MEMBERS),
        ("a%2Fb", Style.SIMPLE, False, {"const": "a/b"}),
    ],
)
def test_a_path_parameter_in_its_style_is_well(text: str, style: Style, explode: bool, schema: Json) -> None:
    x = param("x", Where.PATH, schema, style, explode=explode)
    assert ask(x, path="/a/{x}/b", at=f"/a/{text}/b") == ()


@pytest.mark.parametrize(
    ("text", "style", "schema", "problem"),
    [
        ("five", Style.SIMPLE, INTEGER, "path parameter 'x': must be an integer, not \"five\""),
        ("3,y", Style.SIMPLE, INTEGERS, "path parameter 'x[1]': must be an integer, not \"y\""),
        ("5", Style.LABEL, INTEGER, "path parameter 'x': must be a value in style label, not exploded: with dots"),
        (";y=5", Style.MATRIX, INTEGER, "path parameter 'x': must be a value in style matrix"),
        ("R,1,on", Style.SIMPLE, MEMBERS, "path parameter 'x': must be an object in style simple, not exploded"),
        ("R,one", Style.SIMPLE, MEMBERS, "path parameter 'x.R': must be an integer, not \"one\""),
        ("Z,1", Style.SIMPLE, MEMBERS, "path parameter 'x.Z': unknown argument 'Z'; known: R, on"),
    ],
)
def test_a_path_parameter_that_does_not_fit_is_named(text: str, style: Style, schema: Json, problem: str) -> None:
    (found,) = ask(param("x", Where.PATH, schema, style), path="/a/{x}", at=f"/a/{text}")
    assert found.startswith(problem)


@pytest.mark.parametrize(("at", "count"), [("/a/1.2-v.json", 0), ("/a/x.2-v.json", 1), ("/a/x.y-v.json", 2)])
def test_slots_that_share_a_segment_are_told_apart(at: str, count: int) -> None:
    params = param("a", Where.PATH, INTEGER), param("b", Where.PATH, INTEGER)
    assert len(ask(*params, path="/a/{a}.{b}-v.json", at=at)) == count


# --- query ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "style", "explode", "schema"),
    [
        ("x=5", Style.FORM, True, INTEGER),
        ("x=1&x=2", Style.FORM, True, INTEGERS),
        ("x=1", Style.FORM, True, INTEGERS),
        ("x=1,2", Style.FORM, False, INTEGERS),
        ("x=1%2C2", Style.FORM, False, INTEGERS),
        ("x=", Style.FORM, False, INTEGERS),
        ("R=1&on=true", Style.FORM, True, MEMBERS),
        ("R=1&other=3", Style.FORM, True, MEMBERS),
        ("x=R,1", Style.FORM, False, MEMBERS),
        ("x=1%202", Style.SPACE, False, INTEGERS),
        ("x=1+2", Style.SPACE, False, INTEGERS),
        ("x=1|2", Style.PIPE, False, INTEGERS),
        ("x=1%7C2", Style.PIPE, False, INTEGERS),
        ("x=1%092", Style.TABS, False, INTEGERS),
        ("x[R]=1&x%5Bon%5D=true", Style.DEEP, True, MEMBERS),
        ("x[a][b]=1", Style.DEEP, True, {"properties": {"a": {"properties": {"b": INTEGER}}}}),
        ("x[a][1]=2&x[a][0]=1", Style.DEEP, True, {"properties": {"a": {**INTEGERS, "prefixItems": [{"const": 1}]}}}),
        ("x[a][]=2&x[a][]=1", Style.DEEP, True, {"properties": {"a": INTEGERS}}),
        ("x[a]=2&x[a]=1", Style.DEEP, True, {"properties": {"a": INTEGERS}}),
        ("x[0][b]=2", Style.DEEP, True, {"type": "array", "items": {"properties": {"b": INTEGER}}}),
        ("x=a+b", Style.FORM, True, {"const": "a b"}),
        ("x=a+b", Style.FORM, True, {"const": "a+b"}),
        ("x=[1,2]&x=[]", Style.FORM, True, {"type": "array", "items": INTEGERS}),
        ("y=1", Style.FORM, True, INTEGER),
    ],
)
def test_a_query_parameter_in_its_style_is_well(text: str, style: Style, explode: bool, schema: Json) -> None:
    assert query(text, schema, style, explode=explode) == ()


@pytest.mark.parametrize(
    ("text", "style", "explode", "schema", "problem"),
    [
        ("x=", Style.FORM, True, INTEGER, "'x': must be an integer, not \"\""),
        ("x=1.5", Style.FORM, True, INTEGER, "'x': must be an integer, not 1.5"),
        ("x=1&x=2", Style.FORM, True, INTEGER, "'x': is given 2 times, but means one value; give it once"),
        ("x=1&x=2", Style.FORM, False, INTEGERS, "'x': is given 2 times, but means one value; give it once"),
        ("x=1&x=b", Style.FORM, True, INTEGERS, "'x[1]': must be an integer, not \"b\""),
        ("R=a", Style.FORM, True, MEMBERS, "'x.R': must be an integer, not \"a\""),
        ("x=R", Style.FORM, False, MEMBERS, "'x': must be an object in style form, not exploded: with commas"),
        ("x=1|b", Style.PIPE, False, INTEGERS, "'x[1]': must be an integer, not \"b\""),
        ("x[R]=a", Style.DEEP, True, MEMBERS, "'x.R': must be an integer, not \"a\""),
        ("x=a", Style.DEEP, True, MEMBERS, "'x': must be an object, written as x[member]=value"),
        ("x=yes", Style.FORM, True, {"type": "boolean"}, "'x': must be true or false, not \"yes\""),
    ],
)
def test_a_query_parameter_that_does_not_fit_is_named(
    text: str, style: Style, explode: bool, schema: Json, problem: str
) -> None:
    assert query(text, schema, style, explode=explode) == (f"query parameter {problem}",)


def test_an_open_exploded_object_takes_what_no_other_parameter_is_called() -> None:
    counts = param("x", Where.QUERY, {"type": "object", "additionalProperties": INTEGER})
    other = param("name", Where.QUERY, STRING)
    assert ask(counts, other, query="a=1&name=b") == ()
    assert ask(counts, other, query="a=b&name=b") == ("query parameter 'x.a': must be an integer, not \"b\"",)


def test_what_is_missing_but_required_is_told_with_its_place() -> None:
    params = [param(where.value, where, INTEGER, required=True) for where in (Where.QUERY, Where.HEADER, Where.COOKIE)]
    assert ask(*params) == (
        "query parameter 'query': is missing, but required: an integer",
        "header 'header': is missing, but required: an integer",
        "cookie 'cookie': is missing, but required: an integer",
    )


def test_an_empty_value_is_well_where_the_document_allows_it() -> None:
    assert query("x=", INTEGER, allow_empty=True) == query("x", INTEGER, allow_empty=True) == ()
    assert len(query("x=a", INTEGER, allow_empty=True)) == 1


def test_a_parameter_described_by_content_is_json_text() -> None:
    inspect = inspector(param("x", Where.QUERY, MEMBERS, media_type="application/json"))
    assert inspect("/things", "x=%7B%22R%22%3A1%7D", (), b"") == ()
    assert inspect("/things", "x=%7B%22R%22%3A%221%22%7D", (), b"") == (
        "query parameter 'x.R': must be an integer, not \"1\"",
    )
    (broken,) = inspect("/things", "x={", (), b"")
    assert broken.startswith("query parameter 'x': must be JSON text, but has an error: ")
    assert "line 1 column" in broken


@pytest.mark.parametrize(
    ("media_type", "text", "problems"),
    [
        ("application/x-www-form-urlencoded", "R=1&on=true", 0),
        ("application/x-www-form-urlencoded", "R=x", 1),
        ("application/json", "%7B%22R%22%3A1%7D", 0),
        ("application/json", "%7B%22R%22%3Atrue%7D", 1),
    ],
)
def test_a_query_string_as_a_whole_is_judged(media_type: str, text: str, problems: int) -> None:
    assert len(ask(param("q", Where.QUERYSTRING, MEMBERS, media_type=media_type), query=text)) == problems


# --- schemas ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "schema", "well"),
    [
        ("5", {"type": ["integer", "string"], "maxLength": 3}, True),
        ("all", {"anyOf": [{**INTEGER, "minimum": 1}, {"const": "all"}]}, True),
        ("0", {"anyOf": [{**INTEGER, "minimum": 1}, {"const": "all"}]}, False),
        ("05", {"oneOf": [{"type": "string", "pattern": "^0"}, {"type": "integer", "minimum": 9}]}, True),
        ("3", {"allOf": [{"type": ["integer", "string"]}, {"type": "string"}, {"pattern": "3"}]}, True),
        ("null", {"type": ["integer", "null"]}, True),
        ("", {"type": ["integer", "null"]}, True),
        ("7", {"$ref": "#/$defs/Seven"}, True),
        ("8", {"$ref": "#/$defs/Seven"}, False),
        ("8", {"enum": [7, 8]}, True),
        ("8", {"enum": ["8"]}, True),
        ("9", {"enum": ["8"]}, False),
        ("1e400", {"type": "number"}, False),
        ("anything", True, True),
        ("anything", False, False),
    ],
)
def test_a_text_becomes_what_its_schema_accepts(text: str, schema: Json, well: bool) -> None:
    x = param("x", Where.QUERY, schema)
    found = ask(x, query=f"x={text}", defs={"Seven": {"allOf": [INTEGER, {"const": 7}]}})
    assert (found == ()) is well


def test_members_are_read_by_the_form_that_fits() -> None:
    card = {"properties": {"kind": {"const": "card"}, "code": {"type": "string"}}, "required": ["kind"]}
    count = {"properties": {"kind": {"const": "count"}, "code": INTEGER}, "required": ["kind"]}
    schema = {"type": "object", "oneOf": [card, count]}
    assert query("x[kind]=card&x[code]=5", schema, Style.DEEP) == query("x[kind]=count&x[code]=5", schema, Style.DEEP)
    assert query("x[kind]=count&x[code]=y", schema, Style.DEEP) != ()


def test_a_recursive_schema_is_read_at_every_depth() -> None:
    node = {"type": "object", "properties": {"n": INTEGER, "in": {"$ref": "#/$defs/Node"}}}
    x = param("x", Where.QUERY, {"$ref": "#/$defs/Node"}, Style.DEEP)
    deep = "[in]" * 20
    assert ask(x, query=f"x{deep}[n]=1", defs={"Node": node}) == ()
    assert ask(x, query=f"x{deep}[n]=a", defs={"Node": node}) == (
        f"query parameter 'x{'.in' * 20}.n': must be an integer, not \"a\"",
    )


def test_a_schema_that_is_none_describes_nothing() -> None:
    assert query("x=5", {"type": "nonsense"}) == ()


# --- headers and cookies ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lines", "schema", "explode", "problems"),
    [
        (["5"], INTEGER, False, 0),
        (["five"], INTEGER, False, 1),
        (["5", "6"], INTEGER, False, 1),
        (["1, 2"], INTEGERS, False, 0),
        (["1", "2,3"], INTEGERS, False, 0),
        (["1", "b"], INTEGERS, False, 1),
        (["R,1,on,true"], MEMBERS, False, 0),
        (["R=1, on=true"], MEMBERS, True, 0),
        (["R=a"], MEMBERS, True, 1),
        (["100%25"], {"const": "100%25"}, False, 0),
        (["caf\xe9"], {"maxLength": 1}, False, 0),
    ],
)
def test_headers_are_simple(lines: list[str], schema: Json, explode: bool, problems: int) -> None:
    headers = tuple((b"x-it", line.encode("latin-1")) for line in lines)
    assert len(ask(param("X-It", Where.HEADER, schema, explode=explode), headers=headers)) == problems


@pytest.mark.parametrize(
    ("crumbs", "style", "explode", "schema", "problems"),
    [
        (b"a=b; x=5", Style.FORM, True, INTEGER, 0),
        (b"x=five", Style.FORM, True, INTEGER, 1),
        (b"x=1; x=2", Style.FORM, True, INTEGERS, 0),
        (b"x=1,2", Style.FORM, False, INTEGERS, 0),
        (b"x=1,b", Style.FORM, False, INTEGERS, 1),
        (b"R=1;on=true", Style.FORM, True, MEMBERS, 0),
        (b"x=a%20b", Style.FORM, True, {"const": "a b"}, 0),
        (b"x=a%20b", Style.COOKIE, True, {"const": "a%20b"}, 0),
    ],
)
def test_cookies_are_pairs(crumbs: bytes, style: Style, explode: bool, schema: Json, problems: int) -> None:
    x = param("x", Where.COOKIE, schema, style, explode=explode)
    assert len(ask(x, headers=((b"cookie", crumbs),))) == problems


# --- bodies -----------------------------------------------------------------------------------------------------------

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
        ((*JSON, (b"content-encoding", b"gzip")), b"\x1f\x8b", ()),
    ],
)
def test_a_body_must_be_there_in_an_offered_media_type(headers: Headers, content: bytes, problems: Json) -> None:
    assert json_body(content, headers=headers) == problems


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


# --- bounds -----------------------------------------------------------------------------------------------------------


def test_ten_problems_are_told_at_most() -> None:
    params = [param(f"p{number}", Where.QUERY, INTEGER) for number in range(20)]
    fields = [Field(f"f{number}", f"f{number}", required=True) for number in range(20)]
    described = body(BodyKind.JSON, *fields, required=True)
    schemas = {field.argument: INTEGER for field in fields}
    text = "&".join(f"p{number}=x" for number in range(20))
    assert len(ask(*params, query=text, body=described, schemas=schemas, headers=JSON, content=b"{}")) == 10
    assert len(ask(*params[:4], query=text, body=described, schemas=schemas, headers=JSON, content=b"{}")) == 10


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
        (BodyKind.JSON, LINES, JSON, b"[" * 800 + b"]" * 800),
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
    assert len(found) == 1


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
