"""Content blocks that an upstream wrote itself pass as they are, if they are what MCP says and within bounds."""

from base64 import b64encode

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.egress.decode import Limits
from bridge.model import Json, Result, Text, Verbatim
from bridge.model.media import MCP_CONTENT
from tests.kit import mcp_schema
from tests.unit.egress.decode.kit import OBJECTS, decoded, texts

DATA = b64encode(bytes(range(9))).decode()
NOTES: Json = {"audience": ["user"], "priority": 0.5, "lastModified": "2026-01-01T00:00:00Z"}
BLOCKS: list[Json] = [
    {"type": "text", "text": "hello", "annotations": NOTES, "_meta": {"example.com/a": [1, None]}},
    {"type": "image", "data": DATA, "mimeType": "image/png"},
    {"type": "audio", "data": DATA, "mimeType": "audio/wav", "vendor": {"kept": True}},
    {"type": "resource", "resource": {"uri": "test://x", "mimeType": "text/plain", "text": "in"}, "annotations": {}},
    {"type": "resource", "resource": {"uri": "test://y", "blob": DATA, "_meta": {}}},
    {"type": "resource_link", "uri": "https://a.example/x?y=%20#z", "name": "x", "title": "X", "size": 5, "icons": []},
]
BAD: list[tuple[Json, str]] = [
    ({"type": "text", "text": "no list"}, "is no array"),
    ("text", "is no array"),
    ([BLOCKS[0], "text"], "at [1] has none of the types"),
    ([{"text": "x"}], "has none of the types"),
    ([{"type": ["text"], "text": "x"}], "has none of the types"),
    ([{"type": "video", "data": DATA}], "has none of the types"),
    ([{"type": "text"}], "lacks 'text'"),
    ([{"type": "text", "text": 5}], "has a 'text'"),
    ([{"type": "image", "data": DATA}], "lacks 'mimeType'"),
    ([{"type": "image", "data": "no base64!", "mimeType": "image/png"}], "has a 'data'"),
    ([{"type": "image", "data": "QUI", "mimeType": "image/png"}], "has a 'data'"),
    ([{"type": "resource", "resource": {"uri": "test://x"}}], "has a 'resource'"),
    ([{"type": "resource", "resource": {"uri": "x", "text": ""}}], "has a 'resource'"),
    ([{"type": "resource", "resource": {"uri": "test://x", "text": "", "blob": "\u00fc"}}], "has a 'resource'"),
    ([{"type": "resource_link", "uri": "test://a b", "name": "x"}], "has a 'uri'"),
    ([{"type": "resource_link", "uri": "test://x", "name": "x", "size": True}], "has a 'size'"),
    ([{"type": "resource_link", "uri": "test://x", "name": "x", "icons": [{}]}], "has a 'icons'"),
    ([{"type": "text", "text": "", "_meta": None}], "has a '_meta'"),
    ([{"type": "text", "text": "", "annotations": {"priority": 2}}], "has a 'annotations'"),
    ([{"type": "text", "text": "", "annotations": {"audience": ["all"]}}], "has a 'annotations'"),
]


def written(blocks: Json, limits: Limits | None = None) -> Result:
    return decoded(orjson.dumps(blocks), MCP_CONTENT, limits=limits or Limits())


def test_content_blocks_pass_with_every_member_they_have() -> None:
    result = written(BLOCKS)
    assert [orjson.loads(block.json) for block in result.blocks if isinstance(block, Verbatim)] == BLOCKS
    assert [block.kind for block in result.blocks if isinstance(block, Verbatim)] == [one["type"] for one in BLOCKS]
    assert (result.structured, result.error, result.broken) == (None, False, False)


def test_a_client_that_was_promised_structure_gets_an_empty_object_beside_the_blocks() -> None:
    assert decoded(orjson.dumps(BLOCKS), MCP_CONTENT, offered=OBJECTS).structured == b"{}"


@pytest.mark.parametrize(("value", "wrong"), BAD)
def test_what_is_no_list_of_content_blocks_is_text_with_a_note_that_says_why(value: Json, wrong: str) -> None:
    result = written(value)
    assert texts(result)[0] == orjson.dumps(value).decode()
    assert wrong in texts(result)[1]
    assert (result.broken, result.error) == (True, False)


def test_what_is_no_json_at_all_is_text() -> None:
    result = decoded(b"<p>", MCP_CONTENT)
    assert texts(result) == ["<p>", f"[the answer says {MCP_CONTENT}, but is not valid JSON]"]


def test_what_is_nested_too_deeply_to_be_written_again_is_text() -> None:
    body = b'[{"type":"text","text":"","_meta":{"a":' + b"[" * 500 + b"]" * 500 + b"}}]"
    result = decoded(body, MCP_CONTENT)
    assert texts(result)[0] == body.decode()
    assert "nested more deeply" in texts(result)[1]


def test_no_blocks_are_still_an_answer() -> None:
    assert texts(written([])) == ["[no content blocks]"]


def test_blocks_above_the_caps_are_told_of_and_the_rest_passes() -> None:
    result = written([*BLOCKS, BLOCKS[0], BLOCKS[0]], Limits(text=2, picture=8, blob=8, blocks=7))
    assert texts(result) == [
        "he\n[cut: 2 of 5 characters are shown]",
        "[image/png, 9 bytes: too large to pass on in the answer, where at most 8 bytes are]",
        "[audio/wav, 9 bytes: too large to pass on in the answer, where at most 8 bytes are]",
        "[test://y, bytes, 9 bytes: too large to pass on in the answer, where at most 8 bytes are]",
        "he\n[cut: 2 of 5 characters are shown]",
        "[cut: 7 of 8 content blocks are shown]",
    ]
    assert len(result.blocks) == 8


def test_a_failure_may_be_told_in_content_blocks() -> None:
    result = decoded(orjson.dumps(BLOCKS[:2]), MCP_CONTENT, 404)
    assert result.error
    assert result.blocks[0] == Text("HTTP 404 Not Found")
    assert [type(block) for block in result.blocks[1:]] == [Verbatim, Verbatim]


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
MEMBERS = st.sampled_from(
    ["text", "data", "mimeType", "uri", "name", "resource", "annotations", "_meta", "size", "icons"]
)


@given(at=st.integers(0, len(BLOCKS) - 1), member=MEMBERS, value=JSON_VALUES | st.sampled_from(BLOCKS))
def test_whatever_passes_is_what_every_clients_schema_says(at: int, member: str, value: Json) -> None:
    result = written([{**BLOCKS[at], member: value}])
    for block in result.blocks:
        if isinstance(block, Verbatim):
            mcp_schema.holds(orjson.loads(block.json), "2026-07-28", "ContentBlock")
