"""Query parameters: OpenAPI's style table, and values that try to become parameters of their own."""

import re
from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.model import BadArguments, Json, Style, Where
from tests.unit.egress.encode.kit import OBJECT, STRING, STRINGS, builder, built, param

COLORS = ["blue", "black", "brown"]
RGB = {"R": 100, "G": 200, "B": 150}

# OpenAPI 3.2, Style Examples; `tabDelimited` is Swagger 2.0's `tsv`.
TABLE = [
    (Style.FORM, False, "", "color="),
    (Style.FORM, False, "blue", "color=blue"),
    (Style.FORM, False, COLORS, "color=blue,black,brown"),
    (Style.FORM, False, RGB, "color=R,100,G,200,B,150"),
    (Style.FORM, True, "", "color="),
    (Style.FORM, True, "blue", "color=blue"),
    (Style.FORM, True, COLORS, "color=blue&color=black&color=brown"),
    (Style.FORM, True, RGB, "R=100&G=200&B=150"),
    (Style.SPACE, False, COLORS, "color=blue%20black%20brown"),
    (Style.SPACE, False, RGB, "color=R%20100%20G%20200%20B%20150"),
    (Style.PIPE, False, COLORS, "color=blue%7Cblack%7Cbrown"),
    (Style.PIPE, False, RGB, "color=R%7C100%7CG%7C200%7CB%7C150"),
    (Style.PIPE, True, COLORS, "color=blue&color=black&color=brown"),
    (Style.TABS, False, COLORS, "color=blue%09black%09brown"),
    (Style.DEEP, True, RGB, "color%5BR%5D=100&color%5BG%5D=200&color%5BB%5D=150"),
    (
        Style.DEEP,
        True,
        {"a": {"b": [1, {"c": "x"}]}},
        "color%5Ba%5D%5Bb%5D%5B0%5D=1&color%5Ba%5D%5Bb%5D%5B1%5D%5Bc%5D=x",
    ),
]


@pytest.mark.parametrize(("style", "explode", "value", "written"), TABLE)
def test_a_value_is_written_as_its_style_says(style: Style, explode: bool, value: Json, written: str) -> None:
    color = param("color", Where.QUERY, None, style, explode=explode)
    assert built(color, color=value).target == f"/things?{written}"


def test_parameters_are_joined_in_the_documents_order() -> None:
    params = [param("a", Where.QUERY, STRING), param("b", Where.QUERY, STRINGS), param("c", Where.QUERY, STRING)]
    assert built(*params, c=True, b=["x", "y"], a="1").target == "/things?a=1&b=x&b=y&c=true"


@pytest.mark.parametrize("value", [None, [], {}, [None], {"a": None}])
def test_what_is_undefined_is_left_out(value: Json) -> None:
    assert built(param("x", Where.QUERY), param("y", Where.QUERY, STRING), x=value, y="1").target == "/things?y=1"
    assert built(param("x", Where.QUERY), x=value).target == "/things"


def test_an_empty_array_is_sent_empty_where_the_document_allows_it() -> None:
    assert built(param("x", Where.QUERY, STRINGS, allow_empty=True), x=[]).target == "/things?x="


def test_members_that_are_null_are_left_out() -> None:
    assert built(param("x", Where.QUERY), x={"a": None, "b": 1}).target == "/things?b=1"


@pytest.mark.parametrize(
    ("value", "written"),
    [("a&b=c", "a%26b%3Dc"), ("a+b c", "a%2Bb%20c"), ("\x00", "%00"), ("#", "%23"), ("é~", "%C3%A9~")],
)
def test_a_value_cannot_end_itself(value: str, written: str) -> None:
    assert built(param("q", Where.QUERY, STRING), q=value).target == f"/things?q={written}"


def test_reserved_expansion_keeps_what_cannot_end_the_value() -> None:
    target = built(param("q", Where.QUERY, STRING, allow_reserved=True), q="/a?b=c:d,e;f@g!$'()*&+#[]%41% ").target
    assert target == "/things?q=/a?b=c:d,e;f@g!$'()*%26%2B%23%5B%5D%41%25%20"


def test_names_are_encoded_too() -> None:
    assert built(param("filter[a b]", Where.QUERY, STRING, argument="x"), x="y").target == "/things?filter%5Ba%20b%5D=y"


def test_an_argument_may_be_called_otherwise_than_its_parameter() -> None:
    assert built(param("$top", Where.QUERY, STRING, argument="top"), top=5).target == "/things?%24top=5"


def test_a_parameter_described_by_content_is_json_text_encoded() -> None:
    coordinates = param("coordinates", Where.QUERY, OBJECT, media_type="application/json")
    assert built(coordinates, coordinates={"lat": 40.6, "long": -73.9}).target == (
        "/things?coordinates=%7B%22lat%22%3A40.6%2C%22long%22%3A-73.9%7D"
    )


# OpenAPI 3.2, Parameter Object Examples.
def test_a_whole_query_string_is_a_form_or_encoded_json() -> None:
    form = param("metadata", Where.QUERYSTRING, OBJECT, media_type="application/x-www-form-urlencoded")
    assert built(form, metadata={"foo": "a + b", "bar": True}).target == "/things?foo=a+%2B+b&bar=true"
    json = param("json", Where.QUERYSTRING, OBJECT, media_type="application/json")
    assert built(json, json={"numbers": [1, 2], "flag": None}).target == (
        "/things?%7B%22numbers%22%3A%5B1%2C2%5D%2C%22flag%22%3Anull%7D"
    )
    path = param("selector", Where.QUERYSTRING, STRING, media_type="application/jsonpath")
    assert built(path, selector="$.a.b[1:1]").target == "/things?%24.a.b%5B1%3A1%5D"


def test_a_whole_query_string_as_text_is_kept_but_cannot_leave_the_query() -> None:
    form = param("q", Where.QUERYSTRING, None, media_type="application/x-www-form-urlencoded")
    assert built(form, q="a=1&b=x+y#z ü").target == "/things?a=1&b=x+y%23z%20%C3%BC"


@pytest.mark.parametrize("value", [{"admin": "1"}, ["a"], object(), float("inf"), "\udfff"])
def test_a_value_of_the_wrong_shape_is_refused_by_name(value: Json) -> None:
    with pytest.raises(BadArguments, match=r"^page: "):
        built(param("limit", Where.QUERY, STRING, argument="page"), page=value)


def test_a_container_is_refused_where_only_the_other_one_is_welcome() -> None:
    with pytest.raises(BadArguments, match="x: must not be an object"):
        built(param("x", Where.QUERY, STRINGS), x={"admin": "1"})
    with pytest.raises(BadArguments, match="x: must not be an array"):
        built(param("x", Where.QUERY, {"anyOf": [STRING, OBJECT]}), x=["1"])


FILTER = param("filter", Where.QUERY, OBJECT)
LIMITS = (FILTER, param("lim", Where.QUERY, STRING))


@pytest.mark.parametrize("member", ["lim", "LIM", " lim", "lim[]", "lim[0]", "api_key", "Api_Key", "beta"])
def test_an_exploded_object_cannot_write_another_parameter_a_credential_or_the_keys_own_query(member: str) -> None:
    build = builder(*LIMITS, path="/x?beta=true", reserved=frozenset({("query", "api_key"), ("cookie", "session")}))
    with pytest.raises(BadArguments, match=rf"^filter: has a member '{re.escape(member)}'"):
        build({"filter": {"x": "1", member: "2"}})
    assert build({"filter": {"x": "1", "session": "s"}, "lim": "5"}).target == "/x?beta=true&x=1&session=s&lim=5"


@pytest.mark.parametrize("style", [Style.SPACE, Style.PIPE])
def test_delimited_styles_that_explode_are_held_to_the_same(style: Style) -> None:
    exploded = param("filter", Where.QUERY, OBJECT, style, explode=True)
    with pytest.raises(BadArguments, match=r"^filter: has a member 'lim'"):
        built(exploded, LIMITS[1], filter={"lim": "1"})


def test_a_deep_object_cannot_write_a_parameter_that_is_called_like_one_of_its_members() -> None:
    deep = param("filter", Where.QUERY, OBJECT, Style.DEEP)
    other = param("filter[lim]", Where.QUERY, STRING, argument="lim")
    assert built(deep, other, filter={"page": "1"}, lim="2").target == "/things?filter%5Bpage%5D=1&filter%5Blim%5D=2"
    with pytest.raises(BadArguments, match=r"^filter: has a member 'filter\[lim\]'"):
        built(deep, other, filter={"lim": "1"})


def test_an_object_that_is_not_exploded_writes_its_own_name_whatever_its_members() -> None:
    packed = param("filter", Where.QUERY, OBJECT, explode=False)
    assert built(packed, LIMITS[1], filter={"lim": "1"}).target == "/things?filter=lim,1"


@pytest.mark.parametrize("value", [{"api_key": "x"}, "a=1&api%5Fkey=x"])
def test_a_whole_query_string_cannot_hold_a_credential(value: Json) -> None:
    whole = param("q", Where.QUERYSTRING, None, media_type="application/x-www-form-urlencoded")
    with pytest.raises(BadArguments, match=r"^q: has a member 'api_key'"):
        builder(whole, reserved=frozenset({("query", "api_key")}))({"q": value})


def test_a_bottomless_object_is_refused() -> None:
    value: Json = "x"
    for _ in range(2000):
        value = {"a": value}
    with pytest.raises(BadArguments, match="x: is nested more than 64 levels deep"):
        built(param("x", Where.QUERY, OBJECT, Style.DEEP), x=value)


def test_a_missing_required_argument_is_named() -> None:
    with pytest.raises(BadArguments, match="x: is missing"):
        built(param("x", Where.QUERY, STRING, required=True))


PRINTABLE = re.compile(r"[!-~]+")


@given(text=st.text())
def test_any_text_is_one_pair_and_decodes_back(text: str) -> None:
    target = built(param("q", Where.QUERY, STRING), path="/a?v=1", q=text).target
    assert PRINTABLE.fullmatch(target)
    assert target.startswith("/a?v=1&q=")
    pairs = parse_qsl(target.partition("?")[2], keep_blank_values=True, errors="strict")
    assert pairs == [("v", "1"), ("q", text)]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(
    value=JSON,
    style=st.sampled_from([Style.FORM, Style.SPACE, Style.PIPE, Style.TABS, Style.DEEP]),
    explode=st.booleans(),
    reserved=st.booleans(),
)
def test_no_style_lets_a_value_leave_the_query(value: Json, style: Style, explode: bool, reserved: bool) -> None:
    x = param("x", Where.QUERY, None, style, explode=explode, allow_reserved=reserved)
    target = built(x, path="/a", x=value).target
    assert target == "/a" or PRINTABLE.fullmatch(target)
    assert target.partition("?")[0] == "/a"
    assert "#" not in target


@given(value=st.dictionaries(st.text(), st.text()))
def test_a_deep_objects_members_decode_back(value: dict[str, str]) -> None:
    target = built(param("x", Where.QUERY, OBJECT, Style.DEEP), x=value).target
    pairs = parse_qsl(target.partition("?")[2], keep_blank_values=True, errors="strict")
    assert pairs == [(f"x[{key}]", text) for key, text in value.items()]
