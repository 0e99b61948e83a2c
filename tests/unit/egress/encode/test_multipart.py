"""Multipart bodies, read back by a parser that is not ours."""

from base64 import b64encode
from email.message import Message
from email.parser import BytesParser
from email.policy import HTTP

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bridge.model import BadArguments, BodyKind, Field, Json, Spread, Style
from tests.unit.egress.encode.kit import body, builder, header

PNG = b"\x89PNG\r\n\x1a\n\0"
FILE = Field("photo", "photo", binary=True, media_type="image/png")


def sent(value: Json, *fields: Field, media_type: str = "multipart/form-data") -> tuple[bytes, bytes]:
    declared = body(BodyKind.MULTIPART, *fields, spread=Spread.REST, required=True, media_type=media_type)
    wire = builder(body=declared)(value)
    content_type = header(wire, b"content-type")
    assert content_type is not None
    assert isinstance(wire.body, bytes)
    return content_type, wire.body


def parts(value: Json, *fields: Field) -> list[Message]:
    content_type, content = sent(value, *fields)
    message = BytesParser(policy=HTTP).parsebytes(b"Content-Type: " + content_type + b"\r\n\r\n" + content)
    payload = message.get_payload()
    assert isinstance(payload, list)
    return [part for part in payload if isinstance(part, Message)]


def told(part: Message) -> tuple[Json, Json, Json, Json]:
    disposition: Json = part["content-disposition"]
    disposition = disposition.params
    return disposition["name"], disposition.get("filename"), part["content-type"], part.get_payload(decode=True)


def test_each_property_is_a_part() -> None:
    written = parts({"a": "x y", "n": 1.0, "yes": True, "none": None, "o": {"k": [1]}, "utf": "ü"})
    assert [told(part) for part in written] == [
        ("a", None, None, b"x y"),
        ("n", None, None, b"1"),
        ("yes", None, None, b"true"),
        ("o", None, "application/json", b'{"k":[1]}'),
        ("utf", None, None, "ü".encode()),
    ]


def test_base64_becomes_a_file_with_a_name_and_a_type() -> None:
    (part,) = parts({"photo": b64encode(PNG).decode()}, FILE)
    assert told(part) == ("photo", "photo.png", "image/png", PNG)


@pytest.mark.parametrize(
    ("media_type", "text", "named", "typed"),
    [
        (None, "AAAA", "photo", "application/octet-stream"),
        ("image/*", "AAAA", "photo", "application/octet-stream"),
        ("image/*, image/gif", "AAAA", "photo.gif", "image/gif"),
        ("image/*", "data:image/png;base64,AAAA", "photo.png", "image/png"),
        ("image/png", "data:image/gif;name=a%20b.gif;base64,AAAA", "a b.gif", "image/gif"),
    ],
)
def test_a_files_type_is_the_datas_own_or_else_the_documents(
    media_type: str | None, text: str, named: str, typed: str
) -> None:
    (part,) = parts({"photo": text}, Field("photo", "photo", binary=True, media_type=media_type))
    assert told(part) == ("photo", named, typed, b"\0\0\0")


def test_an_array_is_one_part_per_item_where_the_document_or_nobody_says_so() -> None:
    files = Field("files", "files", item=Field("files", "files", binary=True))
    assert [told(part)[3] for part in parts({"files": ["AAAA", "AAAB"]}, files)] == [b"\0\0\0", b"\0\0\1"]
    assert [told(part)[3] for part in parts({"tags": ["a", {"b": 1}, None]})] == [b"a", b'{"b":1}']
    (part,) = parts({"tags": ["a", "b"]}, Field("tags", "tags"))
    assert told(part)[2:] == ("application/json", b'["a","b"]')


def test_a_declared_type_is_sent_and_json_text_keeps_its_quotes() -> None:
    written = parts(
        {"a": "x", "b": "x"},
        Field("a", "a", media_type="application/json"),
        Field("b", "b", media_type="text/csv"),
    )
    assert [told(part)[2:] for part in written] == [("application/json", b'"x"'), ("text/csv", b"x")]


def test_a_style_makes_parts_without_percent_encoding() -> None:
    written = parts(
        {"a": ["x y", "z"], "b": {"k": {"l": "m n"}}},
        Field("a", "a", style=Style.PIPE, explode=False),
        Field("b", "b", style=Style.DEEP),
    )
    assert [(told(part)[0], told(part)[3]) for part in written] == [("a", b"x y|z"), ("b[k][l]", b"m n")]


def test_a_part_carries_the_documents_headers_but_not_those_that_are_ours() -> None:
    (part,) = parts({"a": "x"}, Field("a", "a", headers=(("X-Kind", "k"), ("Content-Type", "text/html"))))
    assert (part["x-kind"], part["content-type"]) == ("k", None)


def test_a_part_header_that_is_none_does_not_compile() -> None:
    with pytest.raises(ValueError, match="line break"):
        sent({"a": "x"}, Field("a", "a", headers=(("X-Kind", "k\r\nX-Evil: 1"),)))


def test_bad_base64_is_refused_by_the_arguments_name() -> None:
    with pytest.raises(BadArguments, match=r"^picture: .*base64"):
        builder(body=body(BodyKind.MULTIPART, Field("photo", "picture", binary=True)))({"picture": "%"})


def test_a_required_body_with_nothing_given_is_a_multipart_without_parts() -> None:
    content_type, content = sent({})
    assert content == b"--" + content_type.partition(b"boundary=")[2] + b"--\r\n"


def test_the_boundary_has_a_fixed_length_and_replaces_the_documents() -> None:
    content_type, _ = sent({"a": "x"}, media_type="multipart/form-data; boundary=x")
    assert content_type.partition(b"; ")[0] == b"multipart/form-data"
    assert len(content_type.partition(b"boundary=")[2]) == 32


def test_every_request_gets_a_boundary_of_its_own() -> None:
    assert sent({"a": "x"})[0] != sent({"a": "x"})[0]


TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))


@example(name='a"; filename="x"\r\nX-Evil: 1\n\n', text="\r\n--x")
@given(name=TEXT, text=TEXT)
def test_no_name_and_no_text_breaks_out_of_its_part(name: str, text: str) -> None:
    content_type, content = sent({name: text})
    boundary = b"--" + content_type.partition(b"boundary=")[2]
    assert content.count(boundary) == 2
    head, _, rest = content.removeprefix(boundary + b"\r\n").partition(b"\r\n\r\n")
    assert b"\r" not in head
    assert b"\n" not in head
    assert head.count(b'"') == 2
    assert rest == text.encode() + b"\r\n" + boundary + b"--\r\n"


def test_nul_in_a_name_is_refused() -> None:
    with pytest.raises(BadArguments):
        sent({"a\0": "x"})
