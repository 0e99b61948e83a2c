"""Request bodies: which arguments make one, and how JSON, forms, text and bytes are written."""

from base64 import b64encode, urlsafe_b64encode
from urllib.parse import parse_qsl

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.model import BadArguments, BodyKind, Field, Json, Spread, Style, Where
from tests.unit.egress.encode.kit import STRING, body, builder, built, header, param

NAMES = (Field("name", "name"), Field("class", "class_2"))


def content_type(wire: Json) -> bytes | None:
    return header(wire, b"content-type")


# --- which arguments --------------------------------------------------------------------------------------------------


def test_fields_are_collected_under_their_own_names() -> None:
    wire = built(param("q", Where.QUERY, STRING), body=body(BodyKind.JSON, *NAMES), class_2=1, q="x", other=2)
    assert (wire.target, wire.body, content_type(wire)) == ("/things?q=x", b'{"class":1}', b"application/json")


def test_the_rest_is_every_argument_that_is_no_parameter() -> None:
    rest = body(BodyKind.JSON, spread=Spread.REST)
    assert built(param("q", Where.QUERY, STRING), body=rest, q="x", a=1, b=None).body == b'{"a":1,"b":null}'


def test_a_whole_body_is_one_argument() -> None:
    patch = body(BodyKind.JSON, media_type="application/json-patch+json", argument="patch")
    wire = built(body=patch, patch=[{"op": "remove", "path": "/a"}])
    assert (wire.body, content_type(wire)) == (b'[{"op":"remove","path":"/a"}]', b"application/json-patch+json")


def test_null_is_meaningful_in_json() -> None:
    assert built(body=body(BodyKind.JSON, *NAMES), name=None).body == b'{"name":null}'
    assert builder(body=body(BodyKind.JSON, required=True))({"body": None}).body == b"null"


@pytest.mark.parametrize("spread", [Spread.FIELDS, Spread.REST, Spread.WHOLE])
def test_nothing_given_is_no_body_and_no_content_type(spread: Spread) -> None:
    wire = built(body=body(BodyKind.JSON, spread=spread))
    assert (wire.body, content_type(wire)) == (None, None)


@pytest.mark.parametrize("spread", [Spread.FIELDS, Spread.REST])
def test_a_required_object_with_nothing_given_is_sent_empty(spread: Spread) -> None:
    wire = built(body=body(BodyKind.JSON, spread=spread, required=True))
    assert (wire.body, content_type(wire)) == (b"{}", b"application/json")


def test_a_required_whole_body_that_is_missing_is_named() -> None:
    with pytest.raises(BadArguments, match="document: is missing"):
        built(body=body(BodyKind.TEXT, required=True, argument="document"))


def test_a_required_json_body_that_may_be_empty_is_sent_empty() -> None:
    assert built(body=body(BodyKind.JSON, required=True, argument="document")).body == b"{}"


# --- JSON -------------------------------------------------------------------------------------------------------------


def test_integers_beyond_64_bits_keep_their_digits() -> None:
    assert built(body=body(BodyKind.JSON, *NAMES), name=2**70).body == b'{"name":1180591620717411303424}'


@pytest.mark.parametrize("value", [object(), "\ud800", {1: 2}.keys()])
def test_what_is_no_json_is_refused_and_the_argument_named(value: Json) -> None:
    with pytest.raises(BadArguments, match=r"^class_2: "):
        built(body=body(BodyKind.JSON, *NAMES), name="fine", class_2=value)


@pytest.mark.parametrize(
    ("media_type", "written"),
    [
        ("application/x-ndjson", b'{"a":1}\n{"b":2}\n'),
        ("application/json-seq", b'\x1e{"a":1}\n\x1e{"b":2}\n'),
        ("application/*", b'[{"a":1},{"b":2}]'),
    ],
)
def test_a_sequence_is_written_item_by_item(media_type: str, written: bytes) -> None:
    assert builder(body=body(BodyKind.JSON, media_type=media_type))({"body": [{"a": 1}, {"b": 2}]}).body == written


# --- forms ------------------------------------------------------------------------------------------------------------


def form(value: Json, *fields: Field, **others: Json) -> bytes | None:
    wire = builder(body=body(BodyKind.FORM, *fields, spread=Spread.WHOLE, **others))({"body": value})
    assert content_type(wire) == b"application/x-www-form-urlencoded"
    assert wire.body is None or isinstance(wire.body, bytes)
    return wire.body


# OpenAPI 3.1, section 4.8.14.3; the tilde as OpenAPI 3.2 wants it, reserved characters all encoded.
def test_a_form_is_written_by_what_its_values_are() -> None:
    assert form({"a": "x y+z~&=", "b": True, "n": 1.0, "none": None, "empty": ""}) == (
        b"a=x+y%2Bz%7E%26%3D&b=true&n=1&empty="
    )
    assert form({"tags": ["a", "b", None], "none": []}) == b"tags=a&tags=b"
    assert form({"address": {"zip": "9+1"}}) == b"address=%7B%22zip%22%3A%229%2B1%22%7D"


@pytest.mark.parametrize(
    ("field", "value", "written"),
    [
        (Field("x", "x", media_type="application/json"), "json", b"x=%22json%22"),
        (Field("x", "x", media_type="application/json"), [1, 2], b"x=%5B1%2C2%5D"),
        (Field("x", "x", media_type="text/plain", item=Field("x", "x")), [1, 2], b"x=1&x=2"),
        (Field("x", "x"), [1, 2], b"x=1&x=2"),
        (Field("x", "x", style=Style.FORM, explode=False), ["a", "b,c"], b"x=a,b%2Cc"),
        (Field("x", "x", style=Style.FORM), {"a": 1, "b": 2}, b"a=1&b=2"),
        (Field("x", "x", style=Style.SPACE, explode=False), ["a", "b"], b"x=a+b"),
        (Field("x", "x", style=Style.PIPE, explode=False), ["a", "b"], b"x=a%7Cb"),
        (Field("x", "x", style=Style.DEEP), {"a": {"b": "c d"}}, b"x%5Ba%5D%5Bb%5D=c+d"),
        (Field("x", "x", style=Style.DEEP), [{"price": "p"}], b"x%5B0%5D%5Bprice%5D=p"),
        (Field("x", "x", style=Style.FORM, allow_reserved=True), "a/b:c&d=e+f", b"x=a/b:c%26d%3De%2Bf"),
    ],
)
def test_an_encoding_object_decides(field: Field, value: Json, written: bytes) -> None:
    assert form({"x": value}, field) == written


def test_a_required_form_may_be_empty() -> None:
    assert built(body=body(BodyKind.FORM, *NAMES, required=True)).body == b""


def test_a_form_refuses_what_is_no_object() -> None:
    with pytest.raises(BadArguments, match="body: must be an object, not an array"):
        form(["a"])


@given(value=st.dictionaries(st.text(), st.text()))
def test_any_form_decodes_back(value: dict[str, str]) -> None:
    written = form(value)
    assert written is not None
    assert parse_qsl(written.decode("ascii"), keep_blank_values=True, errors="strict") == list(value.items())


# --- text and bytes ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("media_type", "value", "written", "sent_as"),
    [
        ("text/plain", "häß", "häß".encode(), b"text/plain; charset=utf-8"),
        ("text/csv; charset=UTF-8", "a", b"a", b"text/csv; charset=UTF-8"),
        ("application/sdp", "v=0", b"v=0", b"application/sdp"),
        ("text/*", {"a": 1}, b'{"a":1}', b"text/plain; charset=utf-8"),
        ("text/plain", 5, b"5", b"text/plain; charset=utf-8"),
    ],
)
def test_text_is_sent_as_utf_8(media_type: str, value: Json, written: bytes, sent_as: bytes) -> None:
    wire = builder(body=body(BodyKind.TEXT, media_type=media_type))({"body": value})
    assert (wire.body, content_type(wire)) == (written, sent_as)


BYTES = bytes(range(256))


@pytest.mark.parametrize(
    "text",
    [
        b64encode(BYTES).decode(),
        b64encode(BYTES).decode().rstrip("="),
        urlsafe_b64encode(BYTES).decode(),
        urlsafe_b64encode(BYTES).decode().rstrip("="),
        "data:;base64," + b64encode(BYTES).decode(),
    ],
)
def test_base64_of_either_alphabet_stands_for_bytes(text: str) -> None:
    assert builder(body=body(BodyKind.BINARY))({"body": text}).body == BYTES


@pytest.mark.parametrize("value", ["a", "a===", "ab=", "not base64!", "a\nbc", "äbcd", "data:image/png", 5, {"a": 1}])
def test_what_is_no_base64_is_refused_and_base64_asked_for(value: Json) -> None:
    with pytest.raises(BadArguments, match=r"^photo: .*base64"):
        builder(body=body(BodyKind.BINARY, argument="photo"))({"photo": value})


@pytest.mark.parametrize(
    ("media_type", "text", "sent_as"),
    [
        ("application/octet-stream", "AAAA", b"application/octet-stream"),
        ("image/*", "AAAA", b"application/octet-stream"),
        ("*/*", "data:image/png;base64,AAAA", b"image/png"),
        ("image/jpeg", "data:image/png;base64,AAAA", b"image/jpeg"),
        ("*/*", "data:evil\r\nx: y;base64,AAAA", b"application/octet-stream"),
    ],
)
def test_a_range_takes_the_type_that_the_data_names(media_type: str, text: str, sent_as: bytes) -> None:
    wire = builder(body=body(BodyKind.BINARY, media_type=media_type))({"body": text})
    assert (wire.body, content_type(wire)) == (b"\0\0\0", sent_as)


def test_a_data_uri_may_be_percent_encoded_text() -> None:
    assert builder(body=body(BodyKind.BINARY))({"body": "data:text/plain,a%20b"}).body == b"a b"


def test_a_media_type_that_is_none_does_not_compile() -> None:
    with pytest.raises(ValueError, match="media type"):
        builder(body=body(BodyKind.JSON, media_type="application/json\r\nx: y"))


@given(value=st.dictionaries(st.text(), st.none() | st.booleans() | st.integers() | st.text()))
def test_any_json_object_arrives_as_it_was_given(value: dict[str, Json]) -> None:
    wire = builder(body=body(BodyKind.JSON, spread=Spread.REST, required=True))(value)
    assert isinstance(wire.body, bytes)
    if all(not isinstance(member, int) or abs(member) < 2**63 for member in value.values()):
        assert orjson.loads(wire.body) == value
