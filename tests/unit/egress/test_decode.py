"""Answers as an agent gets them: bytes spliced, not rewritten; nothing lost without a word; nothing raised."""

import time
from base64 import b64encode
from urllib.parse import quote

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.egress.decode import Limits
from bridge.egress.decode.sequence import SEQUENCES
from bridge.model import Link, Media, Result, Text, Tool
from bridge.model.media import MCP_CONTENT, STREAMS
from tests.unit.egress.decode.kit import JSON, NUMBERED, OBJECTS, WRAPPED, decoded, decoder, texts

# --- JSON -------------------------------------------------------------------------------------------------------------


def test_an_object_is_spliced_as_it_came() -> None:
    body = b'{"b": 1.0, "a": 12345678901234567890123, "b": 2}'
    assert decoded(body) == Result((Text(body.decode()),), body)


@pytest.mark.parametrize("media_type", ["application/problem+json", "APPLICATION/JSON; charset=utf-8", "text/json"])
def test_json_goes_by_many_names(media_type: str) -> None:
    assert decoded(b'{"a":1}', media_type).structured == b'{"a":1}'


@pytest.mark.parametrize("body", [b"[1,2]", b'"x"', b"5", b"null", b"true"])
def test_anything_but_an_object_is_wrapped(body: bytes) -> None:
    assert decoded(body).structured == b'{"result":' + body + b"}"


def test_a_wrapped_tools_objects_are_wrapped_too() -> None:
    assert decoded(b'{"a":1}', offered=WRAPPED).structured == b'{"result":{"a":1}}'


def test_structured_content_is_one_line_whatever_the_upstreams_taste() -> None:
    result = decoded(b'\r\n{\r\n  "a": "x\\ny"\n}\n')
    assert result.structured == b'{    "a": "x\\ny" }'
    assert texts(result) == ['\r\n{\r\n  "a": "x\\ny"\n}\n']


@pytest.mark.parametrize(
    ("body", "media_type"),
    [
        ('{"a":"ü"}'.encode(), JSON),
        (b"\xef\xbb\xbf" + '{"a":"ü"}'.encode(), JSON),
        ('{"a":"ü"}'.encode("latin-1"), "application/json; charset=iso-8859-1"),
        ('{"a":"ü"}'.encode("utf-16"), "application/json; charset=UTF-16"),
    ],
)
def test_json_of_any_charset_becomes_utf_8(body: bytes, media_type: str) -> None:
    result = decoded(body, media_type)
    assert result.structured == '{"a":"ü"}'.encode()
    assert texts(result) == ['{"a":"ü"}']


@pytest.mark.parametrize("body", [b"<html>", b'{"a":', b"{'a': 1}", b"NaN", b'"\\ud800"', b"[" * 5000, b"\xff{}"])
def test_broken_json_is_text_with_a_note_and_no_error(body: bytes) -> None:
    result = decoded(body)
    assert not result.error
    assert result.structured is None
    assert texts(result)[0] == body.decode("latin-1")
    assert "not valid JSON" in texts(result)[1]


def test_a_client_that_was_promised_structure_gets_broken_json_as_text_in_it() -> None:
    assert decoded(b"<x>", offered=OBJECTS).structured == b'{"result":"<x>"}'


def test_json_that_is_labelled_text_is_json_where_json_was_promised() -> None:
    assert decoded(b'{"a":1}', "text/html", offered=OBJECTS).structured == b'{"a":1}'
    assert decoded(b'{"a":1}', "text/html").structured is None


def test_a_cut_answer_says_so() -> None:
    result = decoded(b'{"a":1', cut=True)
    assert texts(result) == ['{"a":1', "[cut: the answer was larger than the 6 bytes that were read; ask for less]"]
    assert not result.error


def test_a_cut_inside_a_character_does_not_spoil_the_rest() -> None:
    assert texts(decoded("grün".encode()[:3], "text/plain", cut=True))[0] == "gr"


def test_long_text_is_clipped_with_a_mark_and_structure_stays_whole() -> None:
    result = decoded(b'{"a":"' + b"x" * 100 + b'"}', limits=Limits(text=10))
    assert texts(result) == ['{"a":"xxxx\n[cut: 10 of 108 characters are shown]']
    assert result.structured is not None
    assert len(result.structured) == 108


# --- text and bytes ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "media_type", "text"),
    [
        ("grün".encode(), "text/plain", "grün"),
        ("grün".encode("latin-1"), "text/plain", "grün"),
        ("grün".encode("cp1252"), 'text/csv; charset="windows-1252"', "grün"),
        (b"\xff", "text/plain; charset=ascii", "\ufffd"),
        (b"abc", "text/plain; charset=idna", "abc"),
        (b"abc", "text/plain; charset=nonsense", "abc"),
        (b"abc", "text/plain; charset=utf-32-be-" + "x" * 80_000, "abc"),
        (b"abc", "text/plain; charset=iso" + "8" * 30, "abc"),
        (b"+AGE-", "text/plain; charset=utf-7", "+AGE-"),
        ("grün".encode("utf-16"), "text/plain; charset=UTF-16", "grün"),
        ("привет".encode("koi8-u"), "text/plain; charset=KOI8-U", "привет"),
        ("日本".encode("shift_jis"), "text/plain; charset=Shift_JIS", "日本"),
        ("grün".encode("latin-1"), "text/plain; charset=iso-8859-1", "grün"),
        (b"<svg/>", "image/svg+xml", "<svg/>"),
        (b"a: 1", "application/yaml", "a: 1"),
        (b"hello", None, "hello"),
    ],
)
def test_text_is_read_by_its_charset(body: bytes, media_type: str | None, text: str) -> None:
    assert decoded(body, media_type) == Result((Text(text),))


def test_an_answer_without_a_type_is_looked_at() -> None:
    assert decoded(b"[1]", None).structured == b'{"result":[1]}'
    assert decoded(b"\0\1", None).blocks == (Media("blob", "AAE=", "application/octet-stream", "upstream:/get%20it"),)


@pytest.mark.parametrize(
    ("media_type", "kind", "uri"),
    [
        ("image/png", "image", ""),
        ("audio/ogg; codecs=opus", "audio", ""),
        ("application/pdf", "blob", "upstream:/get%20it"),
    ],
)
def test_bytes_become_media(media_type: str, kind: str, uri: str) -> None:
    body = bytes(range(256))
    (media,) = decoded(body, media_type).blocks
    assert media == Media(kind, b64encode(body).decode(), media_type.partition(";")[0], uri)


@pytest.mark.parametrize("media_type", ["image/png", "application/zip"])
def test_bytes_above_the_cap_are_told_of_not_sent(media_type: str) -> None:
    limits = Limits(picture=10, blob=10)
    assert isinstance(decoded(b"\0" * 10, media_type, method="POST", limits=limits).blocks[0], Media)
    too_large = f"[{media_type}, 11 bytes: too large to pass on in the answer, where at most 10 bytes are]"
    assert texts(decoded(b"\0" * 11, media_type, method="POST", limits=limits)) == [too_large]


@pytest.mark.parametrize("media_type", ["image/png", "application/zip"])
def test_bytes_above_the_cap_that_can_be_read_again_are_linked_to(media_type: str) -> None:
    limits = Limits(picture=10, blob=10)
    why = "too large to pass on in the answer, where at most 10 bytes are"
    assert decoded(b"\0" * 11, media_type, limits=limits).blocks == (Link("", "get it", media_type, why, 11),)
    named = decoded(b"\0" * 11, media_type, limits=limits, content_disposition="attachment; filename=a.bin")
    assert named.blocks == (Link("", "a.bin", media_type, why, 11),)


def test_half_a_picture_is_no_picture() -> None:
    result = decoded(b"\0\0", "image/png", cut=True)
    assert "more than 2 bytes" in texts(result)[0]
    assert not any(isinstance(block, Media | Link) for block in result.blocks)


# --- no content -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "body", "method", "text"),
    [
        (204, b"", "DELETE", "204 No Content"),
        (205, b"", "POST", "205 Reset Content"),
        (200, b"", "GET", "200 OK"),
        (200, b"ignored", "HEAD", "200 OK"),
        (304, b"", "GET", "304 Not Modified"),
        (299, b"", "GET", "299"),
    ],
)
def test_an_answer_without_content_is_a_success(status: int, body: bytes, method: str, text: str) -> None:
    assert decoded(body, None, status, method=method) == Result((Text(text),))


def test_a_client_that_was_promised_structure_gets_some() -> None:
    assert decoded(b"", None, 204, offered=OBJECTS).structured == b"{}"
    assert decoded(b"", None, 204, offered=WRAPPED).structured == b"{}"


def test_head_tells_what_it_was_asked_for() -> None:
    result = decoded(b"", "image/png", method="HEAD", content_length="5", etag='"x"')
    assert texts(result) == ["200 OK", "content-type: image/png", "content-length: 5", 'etag: "x"']


# --- sequences --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("media_type", "body", "structured"),
    [
        ("application/x-ndjson", b'{"a":1}\n\n{"b":2}\r\n', b'{"items":[{"a":1},{"b":2}]}'),
        ("application/jsonl", b"1\nbroken\n2", b'{"items":[1,"broken",2]}'),
        ("application/json-seq", b'\x1e{"a":\n1}\n\x1e2\n', b'{"items":[{"a": 1},2]}'),
        (
            "text/event-stream; charset=utf-8",
            b": hi\nid: 7\nevent: tick\ndata: {\ndata:  1}\nretry: 5\n\ndata\n\nevent: none\n\ndata: [DONE]",
            b'{"items":[{"id":"7","event":"tick","data":"{\\n 1}","retry":5},{"data":""},{"data":"[DONE]"}]}',
        ),
        ("text/event-stream", b"\xef\xbb\xbfdata: a\r\n\r\ndata: b\r\r", b'{"items":[{"data":"a"},{"data":"b"}]}'),
    ],
)
def test_a_sequence_becomes_a_list_of_items(media_type: str, body: bytes, structured: bytes) -> None:
    result = decoded(body, media_type)
    assert result.structured == structured
    assert orjson.loads(structured)


def test_an_event_of_many_lines_costs_no_more_than_its_length() -> None:
    before = time.perf_counter()
    result = decoded(b"data:\n" * (1 << 20), "text/event-stream")
    assert result.structured == b'{"items":[{"data":"' + b"\\n" * ((1 << 20) - 1) + b'"}]}'
    assert time.perf_counter() - before < 5


def test_a_wrapped_tools_items_are_its_result() -> None:
    assert decoded(b"1\n2", "application/ndjson", offered=WRAPPED).structured == b'{"result":[1,2]}'


@pytest.mark.parametrize(
    ("media_type", "body", "items"),
    [
        ("application/x-ndjson", b"1\n2\n3", b"1,2"),
        ("application/json-seq", b"\x1e1\n\x1e2\n\x1e3", b"1,2"),
        ("text/event-stream", b"data: 1\n\ndata: 2\n\ndata: 3", b'{"data":"1"},{"data":"2"}'),
    ],
)
def test_a_cut_sequence_keeps_what_is_complete(media_type: str, body: bytes, items: bytes) -> None:
    result = decoded(body, media_type, cut=True)
    assert result.structured == b'{"items":[' + items + b'],"truncated":true}'
    assert "[cut: " in texts(result)[-1]


def test_too_many_items_are_cut_with_a_mark() -> None:
    result = decoded(b"1\n2\n3", "application/jsonl", limits=Limits(items=2))
    assert result.structured == b'{"items":[1,2],"truncated":true}'
    assert texts(result)[-1] == "[cut: the first 2 items are structured]"


# --- errors and redirects ---------------------------------------------------------------------------------------------


def test_an_error_tells_status_and_body() -> None:
    result = decoded(b'{"detail":"gone"}', status=404)
    assert result == Result((Text('HTTP 404 Not Found\n{"detail":"gone"}'),), error=True)


@pytest.mark.parametrize(("after", "told"), [("30", "retry after: 30 s"), ("Wed, 21 Oct", "retry after: Wed, 21 Oct")])
def test_an_error_tells_when_to_come_back(after: str, told: str) -> None:
    assert texts(decoded(b"", None, 429, retry_after=after)) == ["HTTP 429 Too Many Requests", told]


def test_an_errors_body_is_clipped_and_bytes_are_only_named() -> None:
    assert texts(decoded(b"x" * 9, "text/html", 500, limits=Limits(error=4))) == [
        "HTTP 500 Internal Server Error\nxxxx\n[cut: 4 of 9 characters are shown]"
    ]
    assert texts(decoded(b"\0\1", "image/png", 500)) == [
        "HTTP 500 Internal Server Error\n(image/png, 2 bytes, not shown)"
    ]


def test_a_redirect_is_an_error_that_names_where_to() -> None:
    result = decoded(b"moved", "text/plain", 302, location="https://other.example/x")
    assert result.error
    assert texts(result) == ["HTTP 302 Found: a redirect to https://other.example/x, which was not followed\nmoved"]


# --- onward -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("link", "onward"),
    [
        ('<https://api.example/users?page=2>; rel="next"', ["next: /users?page=2"]),
        ('</a,b?c=1>; title="x, y"; rel=next, </z>; rel="last"', ["next: /a,b?c=1"]),
        ('</p>; rel="prev", </n>; rel="last next"', ["next: /n"]),
        ('</p>; rel="nextish"', []),
        ("<http://[>; rel=next", ["next: http://["]),
        ('</n> ; title=x ; REL = "NEXT"', ["next: /n"]),
        ("</a>; rel=prev; rel=next", []),
        ("<<</n>; rel=next", ["next: /n"]),
        ("</" + "n" * 4096 + ">; rel=next", []),
    ],
)
def test_a_next_link_is_told(link: str, onward: list[str]) -> None:
    assert texts(decoded(b"{}", link=link))[1:] == onward


@pytest.mark.parametrize("link", ["<", "<>", ";rel=", '<>;a"', '<>;rel="', "<>; rel= ", '<>;rel="a ', "<>;"])
def test_a_hostile_link_costs_no_time(link: str) -> None:
    before = time.perf_counter()
    for length in (4000, 100_000):
        decoded(b"{}", link=(link * length)[:length])
    assert time.perf_counter() - before < 0.5


def test_a_created_things_address_and_paging_fields_are_told() -> None:
    result = decoded(b"", None, 201, location="http://internal:9/orders/5", x_next_cursor="abc")
    assert texts(result) == ["201 Created", "x-next-cursor: abc", "location: /orders/5"]


# --- anything ---------------------------------------------------------------------------------------------------------

KINDS = st.sampled_from([JSON, MCP_CONTENT, "text/plain", *sorted(SEQUENCES), "image/png", "audio/wav", "x", ""])


@given(
    status=st.integers(100, 999),
    body=st.binary() | st.text().map(lambda text: orjson.dumps(quote(text))),
    media_type=st.none() | KINDS | st.text().map(lambda text: f"text/plain; charset={text}"),
    other=st.binary(),
    cut=st.booleans(),
    offered=st.sampled_from([None, OBJECTS, WRAPPED, NUMBERED]),
)
def test_nothing_an_upstream_sends_is_raised_or_breaks_the_envelope(
    status: int, body: bytes, media_type: str | None, other: bytes, cut: bool, offered: Tool | None
) -> None:
    headers = [(name, other) for name in (b"link", b"retry-after", b"location", b"content-disposition")]
    if media_type is not None:
        headers.append((b"content-type", media_type.encode("utf-8", "replace")))
    result = decoder(offered)(status, tuple(headers), body, cut)
    assert result.blocks
    assert result.error == ((300 <= status < 400 and status != 304) or status >= 400)
    for text in texts(result):
        orjson.dumps(text)
    if result.structured is not None:
        assert isinstance(orjson.loads(result.structured), dict)
        assert not {10, 13} & set(result.structured)
    elif offered is not None:
        assert result.error


def test_every_stream_is_read_as_one() -> None:
    assert set(SEQUENCES) == STREAMS


@pytest.mark.parametrize(
    ("disposition", "noted"),
    [("attachment; filename=report.csv", ["file name: report.csv"]), ("inline", []), ("attachment; filename=..", [])],
)
def test_a_download_tells_its_file_name(disposition: str, noted: list[str]) -> None:
    assert texts(decoded(b"a,b", "text/csv", content_disposition=disposition)) == ["a,b", *noted]


def test_json_is_no_download() -> None:
    assert texts(decoded(b"{}", content_disposition="attachment; filename=f.txt")) == ["{}"]


@pytest.mark.parametrize("media_type", sorted(SEQUENCES))
def test_an_empty_stream_is_an_empty_list(media_type: str) -> None:
    assert decoded(b"", media_type).structured == b'{"items":[]}'
    assert decoded(b"", media_type, offered=WRAPPED).structured == b'{"result":[]}'
    assert decoded(b"\n\n", media_type) == Result((Text('{"items":[]}'),), b'{"items":[]}')
    assert decoded(b"", media_type, status=204).structured is None
