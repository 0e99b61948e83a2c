"""URI templates: the examples of RFC 6570, what cannot be one, and addresses read back."""

import re
from itertools import product
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.model import Json
from bridge.model.expressions import RESERVED, variable_name
from bridge.model.template import LONGEST_URI, Template

# RFC 6570 section 3.2: the variables of its examples.
VALUES: dict[str, Json] = {
    "count": ["one", "two", "three"], "dom": ["example", "com"], "dub": "me/too", "hello": "Hello World!",
    "half": "50%", "var": "value", "who": "fred", "base": "http://example.com/home/", "path": "/foo/bar",
    "list": ["red", "green", "blue"], "keys": {"semi": ";", "dot": ".", "comma": ","}, "v": "6", "x": 1024, "y": 768,
    "empty": "", "empty_keys": {}, "undef": None,
}  # fmt: skip


@pytest.mark.parametrize(
    ("template", "uri"),
    [
        ("{count}", "one,two,three"), ("{count*}", "one,two,three"), ("{/count}", "/one,two,three"),
        ("{/count*}", "/one/two/three"), ("{;count}", ";count=one,two,three"),
        ("{;count*}", ";count=one;count=two;count=three"), ("{?count}", "?count=one,two,three"),
        ("{?count*}", "?count=one&count=two&count=three"), ("{&count*}", "&count=one&count=two&count=three"),
        ("{var}", "value"), ("{hello}", "Hello%20World%21"), ("{half}", "50%25"), ("O{empty}X", "OX"),
        ("O{undef}X", "OX"), ("{x,y}", "1024,768"), ("{x,hello,y}", "1024,Hello%20World%21,768"),
        ("?{x,empty}", "?1024,"), ("?{x,undef}", "?1024"), ("{var:3}", "val"), ("{var:30}", "value"),
        ("{list}", "red,green,blue"), ("{list*}", "red,green,blue"), ("{keys}", "semi,%3B,dot,.,comma,%2C"),
        ("{keys*}", "semi=%3B,dot=.,comma=%2C"), ("{+hello}", "Hello%20World!"), ("{+half}", "50%25"),
        ("{base}index", "http%3A%2F%2Fexample.com%2Fhome%2Findex"), ("{+base}index", "http://example.com/home/index"),
        ("up{+path}{var}/here", "up/foo/barvalue/here"), ("{+path:6}/here", "/foo/b/here"),
        ("{+keys}", "semi,;,dot,.,comma,,"), ("{#path,x}/here", "#/foo/bar,1024/here"), ("{#undef}", ""),
        ("{#keys*}", "#semi=;,dot=.,comma=,"), ("X{.var}", "X.value"), ("X{.empty}", "X."),
        ("www{.dom*}", "www.example.com"), ("X{.empty_keys}", "X"), ("{/var,x}/here", "/value/1024/here"),
        ("{/var:1,var}", "/v/value"), ("{/list*,path:4}", "/red/green/blue/%2Ffoo"),
        ("{;v,empty,who}", ";v=6;empty;who=fred"),
        ("{;hello:5}", ";hello=Hello"), ("{;keys*}", ";semi=%3B;dot=.;comma=%2C"),
        ("{?x,y,empty}", "?x=1024&y=768&empty="),
        ("{?x,y,undef}", "?x=1024&y=768"), ("{?keys}", "?keys=semi,%3B,dot,.,comma,%2C"),
        ("{?keys*}", "?semi=%3B&dot=.&comma=%2C"), ("?fixed=yes{&x}", "?fixed=yes&x=1024"), ("{&var:3}", "&var=val"),
    ],
)  # fmt: skip
def test_template_is_expanded_as_in_the_examples_of_the_rfc(template: str, uri: str) -> None:
    assert Template.parse(template).expand(VALUES) == uri


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("x://{a", r"character 5: this brace is not closed"), ("x://a}", r"character 6: '}'"),
        ("x://{}", "character 6: '' is no variable"), ("x://{a,}", "character 8"), ("x://{+}", "character 7"),
        ("x://{a b}", "character 6"), ("x://{per-page}", "write 'per%2Dpage'"), ("x://{.a,.b}", "'%2Eb'"),
        ("x://{a:0}", "no variable"), ("x://{a:10000}", "no variable"), ("x://{=a}", "the operator '=' is reserved"),
        ("x://a b", "character 6: ' ' must be percent-encoded"), ("x://a%zz", "character 6: '%'"),
        ("x://{%FF}", "is not UTF-8"), ("x://" + "a" * 5000, "at most 4096"), ("{a}/" * 65, "at most 64 expressions"),
        ("x://\ud800", "must be percent-encoded"),
    ],
)  # fmt: skip
def test_what_is_no_template_is_refused_with_the_place(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        Template.parse(text)


@pytest.mark.parametrize(
    ("template", "uri", "found"),
    [
        ("x://a/{id}", "x://a/7", {"id": "7"}), ("x://a/{id}", "x://a/", None), ("x://a/{id}", "x://a/b/c", None),
        ("x://a/{id}", "x://a/b%2Fc", {"id": "b/c"}), ("x://a/{id}", "x://a/%C3%A4", {"id": "ä"}),
        ("x://a/{id}", "x://a/ä", {"id": "ä"}), ("x://a/{id}", "x://a/%E4", None), ("x://a/{id}", "x://a/%4", None),
        ("x://a/{id}", "x://a/%", None), ("x://a/{id}", "x://a/me@b.c", {"id": "me@b.c"}),
        ("x://a/{id}", "x://a/1?b=2", None), ("x://a/{id}", "x://a/1#f", None), ("x://a/{id}", "y://a/1", None),
        ("x://ä/{id}", "x://%C3%A4/1", {"id": "1"}), ("x://ä/{id}", "x://ä/1", {"id": "1"}),
        ("x://{owner}/{repo}", "x://me/it", {"owner": "me", "repo": "it"}),
        ("x://{a}-{b}", "x://1-2-3", {"a": "1-2", "b": "3"}), ("x://{a}.json", "x://1.json", {"a": "1"}),
        ("x://{a,b}", "x://1,2", {"a": "1", "b": "2"}), ("x://{a,b}", "x://1", {"a": "1"}),
        ("x://{a,b}", "x://1,2,3", None), ("x://{a,b*}", "x://1,2,3", {"a": "1", "b": ["2", "3"]}),
        ("x://{ids}", "x://1,2", {"ids": ["1", "2"]}), ("x://{ids*}", "x://1", {"ids": ["1"]}),
        ("x://{+path}/end", "x://a/b/c/end", {"path": "a/b/c"}), ("x://a{#f}", "x://a#b/c", {"f": "b/c"}),
        ("x://{+path}{?q}", "x://a/b?q=1", {"path": "a/b", "q": "1"}), ("x://a{.ext}", "x://a.b", {"ext": "b"}),
        ("x://a{.ext}", "x://a", {}), ("x://a{/b,c}", "x://a/1/2", {"b": "1", "c": "2"}),
        ("x://a{/rest*}", "x://a/1/2", {"rest": ["1", "2"]}), ("x://a{/b}", "x://a", {}),
        ("x://a{;b,c}", "x://a;b=1;c", {"b": "1", "c": ""}), ("x://a{?b,c}", "x://a", {}),
        ("x://a{?b,c}", "x://a?c=2&b=1", {"b": "1", "c": "2"}), ("x://a{?b,c}", "x://a?b=1&b=2", None),
        ("x://a{?b,c}", "x://a?d=1", None), ("x://a{?b*}", "x://a?b=1&b=2", {"b": ["1", "2"]}),
        ("x://a{?b}", "x://a?b=1,2", {"b": ["1", "2"]}), ("x://a{?b}", "x://a?b=1%2C2", {"b": "1,2"}),
        ("x://a{?per%2Dpage}", "x://a?per-page=2", {"per-page": "2"}),
        ("x://a?f=1{&b}", "x://a?f=1&b=2", {"b": "2"}), ("x://a?f=1{&b}", "x://a?b=2", None),
        ("x://a{?b}{#c}", "x://a?b=1#d", {"b": "1", "c": "d"}), ("x://a", "x://a", {}), ("x://a", "x://b", None),
        ("x://a/{id}", "x://a/b c", None), ("x://a/{id}", "x://a/\ud800", None),
        ("x://a/{id}", "x://a/" + "b" * LONGEST_URI, None),
    ],
)  # fmt: skip
def test_address_is_read_back(template: str, uri: str, found: dict[str, str | list[str]] | None) -> None:
    assert Template.parse(template).match(uri) == found


@pytest.mark.parametrize(
    ("template", "why"),
    [
        ("x://{a:3}", "only the first 3 characters"), ("x://{a}{b}", "nothing stands between 'a' and 'b'"),
        ("x://{a}/{a}", "'a' stands in it twice"), ("x://{a}{+b}", "nothing stands between"),
    ],
)  # fmt: skip
def test_template_that_cannot_be_read_back_says_why_and_matches_nothing(template: str, why: str) -> None:
    made = Template.parse(template)
    assert why in made.unreadable
    assert made.match(made.expand({"a": "abc", "b": "d"})) is None


def test_variables_are_named_once_in_their_order() -> None:
    assert Template.parse("x://{b}/{a}{?c,b%2Dd}").variables == ("b", "a", "c", "b-d")


@pytest.mark.parametrize(("one", "other", "same"), [
    ("x://{a}/b{?c,d}", "x://{e}/b{?d,c}", True), ("x://{a}", "x://{+a}", False), ("x://a{?b}", "x://a{?c}", False),
])  # fmt: skip
def test_templates_of_one_shape_take_the_same_addresses(one: str, other: str, same: bool) -> None:
    assert (Template.parse(one).shape == Template.parse(other).shape) is same


@pytest.mark.parametrize("value", [[["a"]], {"a": {}}, float("nan"), [{"a": 1}], object()])
def test_value_that_no_address_holds_is_refused(value: Json) -> None:
    with pytest.raises(ValueError, match="cannot stand in an address"):
        Template.parse("x://{a}").expand({"a": value})


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12)
LISTS = st.lists(TEXTS, min_size=2, max_size=4)
DELIMITED = ["x://a/{a}/{b}", "x://a{/a,b}", "x://a{;a,b}", "x://a{?a,b}", "x://a/{a}{?b}", "x://a?f=1{&a,b}", "x://{a,b}",
             "x://{a}{/b}"]  # fmt: skip


@given(st.sampled_from(DELIMITED), TEXTS, TEXTS)
def test_texts_come_back_as_they_went(template: str, one: str, other: str) -> None:
    made = Template.parse(template)
    assert made.match(made.expand({"a": one, "b": other})) == {"a": one, "b": other}


@given(st.sampled_from(["x://{a*}", "x://{a}", "x://a{?a*}", "x://a{/a*}", "x://a{;a*}", "x://a{?a}{#b}"]), LISTS)
def test_lists_come_back_as_they_went(template: str, texts: list[str]) -> None:
    made = Template.parse(template)
    assert made.match(made.expand({"a": texts})) == {"a": texts}


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=70))
def test_every_name_can_be_written_as_a_variable(name: str) -> None:
    assert Template.parse(f"x://{{{variable_name(name)}}}").variables == (name,)


# Small alphabets make every kind of accident likely; a backtracking regex is the slow model.
PIECES = st.sampled_from(["a", "b", "/", ".", "{v}", "{w}", "{.v}", "{/w}", "{+v}"])
MODEL = {"": "[^/?#&;\\s]+", "+": "\\S+", ".": "(?:\\.[^/?#&;\\s]*)?", "/": "(?:/[^?#&;\\s]*)?"}


@given(st.lists(PIECES, min_size=1, max_size=5), st.text("ab/.", max_size=7))
def test_template_matches_where_a_backtracking_regex_does(pieces: list[str], uri: str) -> None:
    made = Template.parse("".join(pieces))
    if made.unreadable:
        return
    regex = "".join(
        re.escape(part) if isinstance(part, str) else MODEL[part.operator.sign] for part in made.parts
    )  # fmt: skip
    possible = re.fullmatch(regex, uri) is not None
    if any(piece == "{/w}" for piece in pieces) and possible:
        return  # a second segment is one too many, which the regex does not see
    assert (made.match(uri) is not None) is possible


@given(st.text(st.sampled_from("ax%/?#&;=,.{}" + RESERVED), max_size=30), st.sampled_from(DELIMITED))
def test_any_text_is_read_or_not_and_never_fails(uri: str, template: str) -> None:
    Template.parse(template).match("x://a" + uri)


def test_time_grows_with_the_address_alone() -> None:
    many = Template.parse("x://" + "-".join(f"{{v{n}}}" for n in range(30)))
    dashes = "x://" + "-" * 4_000 + "/"
    started = process_time()
    assert many.match(dashes) is None
    for one, two in product("ab", "ab"):
        assert Template.parse(f"{{+a}}{one}{{+b}}{two}{{+c}}!").match("ab" * 4_000) is None
    assert process_time() - started < 5
