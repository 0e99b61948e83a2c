"""People's parameters against the document: one table per place and style."""

import pytest

from bridge.model import Json, Style, Where
from tests.unit.egress.encode.kit import STRING, param
from tests.unit.pipeline.inspecting import INTEGER, INTEGERS, MEMBERS, ask, inspector, query

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
    assert broken.startswith("query parameter 'x': must be JSON, but has an error: ")
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
