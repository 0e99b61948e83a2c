"""Header and cookie parameters: plain values pass unchanged, and nothing can start a field or cookie of its own."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.egress.headers import end_to_end
from bridge.model import BadArguments, Json, Style, Where
from tests.unit.egress.encode.kit import OBJECT, STRING, STRINGS, builder, built, header, param

RGB = {"R": 100, "G": 200, "B": 150}


@pytest.mark.parametrize(
    ("explode", "value", "written"),
    [
        (False, "blue", b"blue"),
        (False, 5.0, b"5"),
        (False, "a b,c%=", b"a b,c%="),
        (False, ["blue", "black"], b"blue,black"),
        (False, RGB, b"R,100,G,200,B,150"),
        (True, ["blue", "black"], b"blue,black"),
        (True, RGB, b"R=100,G=200,B=150"),
        (False, "  padded\t", b"padded"),
        (False, "", b""),
    ],
)
def test_a_header_is_written_simply_and_never_percent_encoded(explode: bool, value: Json, written: bytes) -> None:
    wire = built(param("X-Color", Where.HEADER, None, explode=explode, argument="color"), color=value)
    assert header(wire, b"x-color") == written


@pytest.mark.parametrize("value", [None, [], {}])
def test_an_undefined_header_is_not_sent(value: Json) -> None:
    assert header(built(param("X-A", Where.HEADER, argument="a"), a=value), b"x-a") is None


@pytest.mark.parametrize("value", ["a\r\nx: y", "a\nb", "a\rb", "a\0b", "é", "\x7f", {"k\r\n": 1}, ["a", "b\n"]])
def test_a_value_that_is_none_is_refused_while_building(value: Json) -> None:
    with pytest.raises(BadArguments, match=r"^token: holds .*; use visible ASCII"):
        built(param("X-Token", Where.HEADER, argument="token"), token=value)


def test_json_in_a_header_is_escaped_to_ascii() -> None:
    wire = built(param("X-F", Where.HEADER, OBJECT, argument="f", media_type="application/json"), f={"a": "é\n"})
    assert header(wire, b"x-f") == rb'{"a":"\u00e9\n"}'


FORBIDDEN = [
    "Host", "content-length", "Transfer-Encoding", "Connection", "Upgrade", "TE", "Trailer", "Expect", "Keep-Alive",
    "True-Client-IP", "X_Envoy_Retry_On", "X-SSL-Client-Verify", "X-HTTP-Method-Override", "X-Host", "Proxy",
    "Proxy-Authorization", "Proxy-Anything", "Authorization", "Accept", "Content-Type", "Cookie", "a b", "x:y", "",
]  # fmt: skip


@pytest.mark.parametrize("name", FORBIDDEN)
def test_a_header_that_no_argument_may_write_does_not_compile(name: str) -> None:
    with pytest.raises(ValueError, match="not for an argument to write"):
        builder(param(name, Where.HEADER, STRING))


def test_hop_by_hop_fields_stop_here_and_named_ones_with_them_but_for_the_kept() -> None:
    headers = ((b"connection", b"X-Hop, Authorization"), (b"x-hop", b"1"), (b"te", b"x"), (b"authorization", b"t"))
    assert end_to_end((*headers, (b"x-end", b"2")), keep=frozenset({b"authorization"})) == (
        (b"authorization", b"t"),
        (b"x-end", b"2"),
    )


# --- cookies ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("style", "explode", "value", "written"),
    [
        (Style.FORM, True, "Hello, world!", b"c=Hello%2C%20world%21"),
        (Style.FORM, False, ["blue", "black"], b"c=blue,black"),
        (Style.FORM, False, RGB, b"c=R,100,G,200,B,150"),
        (Style.FORM, True, ["blue", "black"], b"c=blue; c=black"),
        (Style.FORM, True, RGB, b"R=100; G=200; B=150"),
        (Style.COOKIE, True, "Hello%2C%20world!", b"c=Hello%2C%20world!"),
        (Style.COOKIE, True, RGB, b"R=100; G=200; B=150"),
        (Style.COOKIE, True, "", b"c="),
    ],
)
def test_a_cookie_is_written_as_its_style_says(style: Style, explode: bool, value: Json, written: bytes) -> None:
    assert header(built(param("c", Where.COOKIE, None, style, explode=explode), c=value), b"cookie") == written


def test_all_cookies_share_one_header() -> None:
    params = [param(name, Where.COOKIE, STRING) for name in "abc"]
    wire = built(*params, a="1", c="3")
    assert [value for name, value in wire.headers if name == b"cookie"] == [b"a=1; c=3"]


def test_no_cookie_no_header() -> None:
    assert header(built(param("a", Where.COOKIE, STRINGS), a=[]), b"cookie") is None


@pytest.mark.parametrize("value", ["a; admin=1", "a\r\nb", "a\0", "é", {"a b": "c"}, {"a=b": "c"}, {"": "c"}])
def test_an_unescaped_cookie_cannot_start_another(value: Json) -> None:
    with pytest.raises(BadArguments, match=r"^c: "):
        built(param("c", Where.COOKIE, None, Style.COOKIE), c=value)


@pytest.mark.parametrize("style", [Style.FORM, Style.COOKIE])
@pytest.mark.parametrize("member", ["session", "SESSION", "theme"])
def test_an_object_cannot_write_a_cookie_that_is_a_credential_or_another_parameter(style: Style, member: str) -> None:
    params = [param("prefs", Where.COOKIE, OBJECT, style), param("theme", Where.COOKIE, STRING)]
    build = builder(*params, reserved=frozenset({("cookie", "session"), ("query", "lang")}))
    assert header(build({"prefs": {"lang": "en"}, "theme": "dark"}), b"cookie") == b"lang=en; theme=dark"
    with pytest.raises(BadArguments, match=f"^prefs: has a member '{member}'"):
        build({"prefs": {member: "x"}})


def test_of_an_object_whose_members_are_described_only_those_become_cookies() -> None:
    prefs = param("prefs", Where.COOKIE, {"type": "object", "properties": {"lang": STRING, "tz": STRING}})
    assert header(built(prefs, prefs={"lang": "en"}), b"cookie") == b"lang=en"
    with pytest.raises(BadArguments, match=r"^prefs: has a member 'session', which is not described; send only lang"):
        built(prefs, prefs={"session": "hijack"})


def test_json_in_a_cookie_is_encoded_whatever_the_style() -> None:
    cookie = param("c", Where.COOKIE, OBJECT, Style.COOKIE, media_type="application/json")
    assert header(built(cookie, c={"a": 1}), b"cookie") == b"c=%7B%22a%22%3A1%7D"


@given(
    text=st.text(), style=st.sampled_from([Style.FORM, Style.COOKIE]), shape=st.sampled_from(["text", "key", "list"])
)
def test_no_text_breaks_out_of_its_field(text: str, style: Style, shape: str) -> None:
    value = {"text": text, "key": {text: "v"}, "list": [text, text]}[shape]
    build = builder(param("X-T", Where.HEADER, argument="t"), param("c", Where.COOKIE, None, style))
    for arguments in ({"t": value}, {"c": value}):
        try:
            fields = dict(build(arguments).headers)
        except BadArguments:
            continue
        written = fields.get(b"x-t", b"") + fields.get(b"cookie", b"")
        assert not any((byte < 32 and byte != 9) or byte > 126 for byte in written)
        assert fields.get(b"cookie", b"").count(b";") <= (shape == "list")
