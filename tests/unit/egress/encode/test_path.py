"""Path parameters: OpenAPI's style table, RFC 6570's examples, and values that try to leave their segment."""

import re
from urllib.parse import unquote

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from bridge.model import BadArguments, Json, Style, Where
from tests.unit.egress.encode.kit import OBJECT, STRING, builder, built, param

COLORS = ["blue", "black", "brown"]
RGB = {"R": 100, "G": 200, "B": 150}

# OpenAPI 3.1, section 4.8.12.4, Style Examples.
TABLE = [
    (Style.MATRIX, False, "blue", ";color=blue"),
    (Style.MATRIX, False, "", ";color"),
    (Style.MATRIX, False, COLORS, ";color=blue,black,brown"),
    (Style.MATRIX, False, RGB, ";color=R,100,G,200,B,150"),
    (Style.MATRIX, True, "blue", ";color=blue"),
    (Style.MATRIX, True, "", ";color"),
    (Style.MATRIX, True, COLORS, ";color=blue;color=black;color=brown"),
    (Style.MATRIX, True, RGB, ";R=100;G=200;B=150"),
    (Style.LABEL, False, "blue", ".blue"),
    (Style.LABEL, False, COLORS, ".blue,black,brown"),
    (Style.LABEL, False, RGB, ".R,100,G,200,B,150"),
    (Style.LABEL, True, "blue", ".blue"),
    (Style.LABEL, True, COLORS, ".blue.black.brown"),
    (Style.LABEL, True, RGB, ".R=100.G=200.B=150"),
    (Style.SIMPLE, False, "blue", "blue"),
    (Style.SIMPLE, False, COLORS, "blue,black,brown"),
    (Style.SIMPLE, False, RGB, "R,100,G,200,B,150"),
    (Style.SIMPLE, True, "blue", "blue"),
    (Style.SIMPLE, True, COLORS, "blue,black,brown"),
    (Style.SIMPLE, True, RGB, "R=100,G=200,B=150"),
]


@pytest.mark.parametrize(("style", "explode", "value", "written"), TABLE)
def test_a_value_is_written_as_its_style_says(style: Style, explode: bool, value: Json, written: str) -> None:
    color = param("color", Where.PATH, None, style, explode=explode)
    assert built(color, path="/paint/{color}/now", color=value).target == f"/paint/{written}/now"


# RFC 6570 sections 3.2.2, 3.2.5 and 3.2.7, with its variables.
KEYS = {"semi": ";", "dot": ".", "comma": ","}
EXAMPLES = [
    (Style.SIMPLE, False, "value", "value"),
    (Style.SIMPLE, False, "Hello World!", "Hello%20World%21"),
    (Style.SIMPLE, False, "50%", "50%25"),
    (Style.SIMPLE, False, KEYS, "semi,%3B,dot,.,comma,%2C"),
    (Style.SIMPLE, True, KEYS, "semi=%3B,dot=.,comma=%2C"),
    (Style.LABEL, False, "fred", ".fred"),
    (Style.LABEL, True, KEYS, ".semi=%3B.dot=..comma=%2C"),
    (Style.MATRIX, False, "fred", ";x=fred"),
    (Style.MATRIX, False, KEYS, ";x=semi,%3B,dot,.,comma,%2C"),
    (Style.MATRIX, True, KEYS, ";semi=%3B;dot=.;comma=%2C"),
]


@pytest.mark.parametrize(("style", "explode", "value", "written"), EXAMPLES)
def test_rfc_6570s_examples_come_out(style: Style, explode: bool, value: Json, written: str) -> None:
    assert built(param("x", Where.PATH, None, style, explode=explode), path="/{x}", x=value).target == f"/{written}"


NUMBERS = [
    (True, "true"), (False, "false"), (0, "0"), (-7, "-7"), (2**63, "9223372036854775808"),
    (5.0, "5"), (0.1, "0.1"), (1e21, "1000000000000000000000"), (1e23, "100000000000000000000000"),
    (1e-7, "0.0000001"), (-2.5e-9, "-0.0000000025"), (123456789.125, "123456789.125"),
]  # fmt: skip


@pytest.mark.parametrize(("value", "written"), NUMBERS)
def test_numbers_and_booleans_are_plain_digits_and_words(value: Json, written: str) -> None:
    assert built(param("x", Where.PATH, STRING), path="/{x}", x=value).target == f"/{written}"


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("a/b", "a%2Fb"),
        ("a/...", "a%2F..."),
        ("a?x=1", "a%3Fx%3D1"),
        ("a#b", "a%23b"),
        ("%2e%2e", "%252e%252e"),
        ("%2e%2e%2fx", "%252e%252e%252fx"),
        ("\u2215", "%E2%88%95"),
        ("...", "..."),
        ("{user.__class__}", "%7Buser.__class__%7D"),
        ("{{7*7}}", "%7B%7B7%2A7%7D%7D"),
        ("__proto__", "__proto__"),
    ],
)
def test_what_is_special_in_a_url_is_encoded_inside_a_value(value: str, written: str) -> None:
    assert built(param("x", Where.PATH, STRING), path="/pub/{x}/end", x=value).target == f"/pub/{written}/end"


@pytest.mark.parametrize(
    "value",
    ["", ".", "..", "..;", "../../a/x.json", "a/../../admin", "a/..", "./a", "a/..;x/b"],
)
def test_a_value_that_would_make_a_foldable_segment_is_refused(value: str) -> None:
    with pytest.raises(BadArguments, match=r"^name: would make a path segment"):
        built(param("x", Where.PATH, STRING, argument="name"), path="/pub/{x}/end", name=value)


@pytest.mark.parametrize("value", ["a\\b", "..\\..\\a", "a\x00b", "a\r\nb", "\x1f", "\x7f"])
def test_a_value_that_the_peoples_door_would_refuse_is_refused(value: str) -> None:
    with pytest.raises(BadArguments, match=r"^name: "):
        built(param("x", Where.PATH, STRING, argument="name"), path="/pub/{x}/end", name=value)


@pytest.mark.parametrize("path", ["/pub/../admin", "/%2e%2e/admin", "/pub/..%2F..%2Fadmin/{x}", "/pub/a%5c..", "/%00"])
def test_a_document_cannot_lead_out_of_its_upstream(path: str) -> None:
    with pytest.raises(BadArguments, match="the operation's own path"):
        built(param("x", Where.PATH, STRING), path=path, x="1")


@pytest.mark.parametrize(
    ("path", "values"),
    [
        ("/{a}.{b}", {"a": "x/", "b": ".;y"}),
        ("/{a}{b}", {"a": ".", "b": "."}),
        ("/{a}.{b}", {"a": "", "b": ""}),
        ("/{a};{b}", {"a": "..", "b": "x"}),
    ],
)
def test_parts_that_make_a_foldable_segment_together_are_refused(path: str, values: Json) -> None:
    params = [param(name, Where.PATH, STRING) for name in values]
    with pytest.raises(BadArguments, match="a and b: would make a path segment"):
        built(*params, path=path, **values)


@pytest.mark.parametrize("value", ["%2e%2E", "..", ".%2e", "..;x", "a%2f..%2fb", "a%2f%2e%2E"])
def test_reserved_expansion_cannot_spell_a_dot_segment(value: str) -> None:
    with pytest.raises(BadArguments, match="would make a path segment"):
        built(param("x", Where.PATH, STRING, allow_reserved=True), path="/{x}", x=value)


def test_reserved_expansion_keeps_what_a_segment_may_hold_and_no_more() -> None:
    allowed = param("x", Where.PATH, STRING, allow_reserved=True)
    assert built(allowed, path="/{x}", x="a:b@c,d;e=f&g+h/i?j#k[l]%41%").target == (
        "/a:b@c,d;e=f&g+h%2Fi%3Fj%23k%5Bl%5D%41%25"
    )


def test_several_parameters_share_a_segment_with_literal_text() -> None:
    params = [param(name, Where.PATH, STRING) for name in ("owner", "a", "b", "format")]
    wire = built(*params, path="/{owner}/{a}...{b}/report.{format}", owner="o", a="v 1", b="v2", format="json")
    assert wire.target == "/o/v%201...v2/report.json"


def test_literal_text_stays_as_written_but_for_what_must_be_encoded() -> None:
    assert built(path="/a:b/%41/ü/x y/(z)/").target == "/a:b/%41/%C3%BC/x%20y/(z)/"


def test_the_keys_query_goes_before_the_built_one_and_its_fragment_nowhere() -> None:
    page = param("page", Where.QUERY, STRING)
    assert built(page, path="/x?beta=true#add_link", page="2").target == "/x?beta=true&page=2"
    assert built(page, path="/x?beta=true").target == "/x?beta=true"
    assert built(page, path="/x#add_link", page="2").target == "/x?page=2"


def test_a_slot_in_the_keys_query_is_filled_by_its_path_parameter_or_left_to_its_query_parameter() -> None:
    params = [param("id", Where.PATH, STRING), param("mode", Where.QUERY, STRING)]
    assert built(*params, path="/x?id={id}&mode={mode}", id="a&b", mode="m").target == "/x?id=a%26b&mode=m"


def test_a_missing_path_argument_is_named() -> None:
    with pytest.raises(BadArguments, match=r"^x: is missing") as caught:
        built(param("x", Where.PATH, STRING), path="/{x}")
    assert caught.value.detail == {"errors": [{"argument": "x", "message": "is missing, but required"}]}


@pytest.mark.parametrize(
    "value", [{"a": 1}, ["a"], object(), b"x", float("nan"), "\ud800", pytest.param(10**5000, id="huge")]
)
def test_a_value_of_the_wrong_shape_is_refused_by_name(value: Json) -> None:
    with pytest.raises(BadArguments, match=r"^x: "):
        built(param("x", Where.PATH, STRING), path="/{x}", x=value)


def test_an_empty_list_leaves_its_segment_empty_and_is_refused() -> None:
    with pytest.raises(BadArguments, match="would make a path segment empty"):
        built(param("x", Where.PATH), path="/{x}", x=[])


def test_members_that_are_null_are_left_out_and_nested_ones_become_json() -> None:
    assert built(param("x", Where.PATH), path="/{x}", x=["a", None, {"b": 1}]).target == "/a,%7B%22b%22%3A1%7D"


def test_a_parameter_described_by_content_is_json_text_encoded() -> None:
    where = param("x", Where.PATH, OBJECT, media_type="application/json")
    assert built(where, path="/{x}", x={"a": "b/c"}).target == "/%7B%22a%22%3A%22b%2Fc%22%7D"


def test_a_slot_without_its_parameter_does_not_compile() -> None:
    with pytest.raises(ValueError, match=r"slot \{x\}"):
        builder(path="/{x}")


RAW = re.compile(r"[!-~]+")


@given(text=st.text())
def test_any_text_stays_in_its_segment_and_decodes_back(text: str) -> None:
    assume(text and not re.search(r"[\x00-\x1f\x7f\\]|(^|/)\.\.?(/|;|$)", text))
    target = built(param("x", Where.PATH, STRING), path="/pre/{x}/post", x=text).target
    assert RAW.fullmatch(target)
    prefix, pre, segment, post = target.split("/")
    assert (prefix, pre, post) == ("", "pre", "post")
    assert unquote(segment, errors="strict") == text


@given(
    text=st.text(),
    style=st.sampled_from([Style.SIMPLE, Style.LABEL, Style.MATRIX]),
    explode=st.booleans(),
    shape=st.sampled_from(["text", "list", "object", "key"]),
    reserved=st.booleans(),
)
def test_no_style_lets_a_value_grow_the_path(
    text: str, style: Style, explode: bool, shape: str, reserved: bool
) -> None:
    value = {"text": text, "list": [text, text], "object": {"k": text}, "key": {text: "v"}}[shape]
    build = builder(param("x", Where.PATH, None, style, explode=explode, allow_reserved=reserved), path="/a/{x}/b")
    try:
        target = build({"x": value}).target
    except BadArguments:
        return
    assert RAW.fullmatch(target)
    assert target.startswith("/a/")
    assert target.endswith("/b")
    assert target.count("/") == 3
    assert not set("?#") & set(target)
    assert unquote(target.split("/")[2]) not in ("", ".", "..")
