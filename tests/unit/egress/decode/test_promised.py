"""An answer that is not what its document says is delivered, marked, and known to be one."""

import orjson
import pytest

from bridge.egress.decode.promised import BROKEN_KEY
from bridge.model import Result, Tool, Verbatim
from tests.unit.egress.decode.kit import JSON, NUMBERED, OBJECTS, WRAPPED, decoded, texts, tool

LISTED = tool({"type": "object", "properties": {"items": {"type": "array", "items": {"type": "integer"}}}})


def mark(result: Result) -> str:
    """The note that marks a broken answer; there is exactly one."""
    (note,) = [block for block in result.blocks if isinstance(block, Verbatim)]
    written = orjson.loads(note.json)
    assert written["_meta"] == {BROKEN_KEY: True}
    return str(written["text"])


def test_an_answer_that_keeps_its_promise_is_structured_and_not_marked() -> None:
    result = decoded(b'{"id":5}', offered=NUMBERED)
    assert (result.structured, result.broken, texts(result)) == (b'{"id":5}', False, ['{"id":5}'])


def test_an_answer_that_breaks_its_schema_is_whole_as_text_beside_structure_that_clients_take() -> None:
    result = decoded(b'{"id":"five"}', offered=NUMBERED)
    assert (result.structured, result.error, result.broken) == (b"{}", False, True)
    assert texts(result)[0] == '{"id":"five"}'
    assert mark(result) == "[this answer is not what its output schema says, so it is given as text alone]"


@pytest.mark.parametrize("body", [b"null", b"[1]", b'"x"', b"7"])
def test_a_root_that_is_no_object_breaks_a_schema_of_objects_and_is_structured_all_the_same(body: bytes) -> None:
    result = decoded(body, offered=OBJECTS)
    assert (result.structured, result.broken) == (b'{"result":' + body + b"}", True)
    assert mark(result) == "[this answer is not what its output schema says]"


def test_a_wrapped_root_may_be_anything() -> None:
    assert not decoded(b"null", offered=WRAPPED).broken


def test_what_was_cut_is_not_said_to_be_broken() -> None:
    result = decoded(b'{"id":"fi', offered=NUMBERED, cut=True)
    assert not result.broken
    assert not decoded(b"12", offered=OBJECTS, cut=True).broken
    assert not decoded(b'"x"\n"y', "application/jsonl", offered=LISTED, cut=True).broken


def test_what_calls_itself_json_and_is_none_is_broken_where_json_was_promised() -> None:
    result = decoded(b"<html>", offered=NUMBERED)
    assert (result.structured, result.broken) == (b'{"result":"<html>"}', True)
    assert "not valid JSON" in mark(result)
    assert not decoded(b"<html>").broken


def test_text_of_another_media_type_than_any_that_was_promised_is_marked() -> None:
    result = decoded(b"<p>log in</p>", "text/html", offered=OBJECTS, promises=(JSON, "text/csv"))
    assert result.broken
    assert mark(result) == "[this answer is text/html, where its document promises application/json, text/csv]"


def test_a_picture_says_itself_that_it_is_one() -> None:
    result = decoded(b"\x89PNG", "image/png", offered=OBJECTS, promises=(JSON,))
    assert (len(result.blocks), result.structured, result.broken) == (1, b"{}", False)


@pytest.mark.parametrize("promises", [(), (JSON, "text/html; charset=utf-8"), (JSON, "text/*")])
def test_a_media_type_that_was_promised_too_is_no_break(promises: tuple[str, ...]) -> None:
    assert not decoded(b"<p>", "text/html", offered=OBJECTS, promises=promises).broken


def test_text_is_structured_only_where_the_schema_takes_it() -> None:
    offered: Tool = tool({"type": "object", "properties": {"result": {"type": "array"}}}, wrapped=True)
    result = decoded(b"a,b", "text/csv", offered=offered, promises=(JSON, "text/csv"))
    assert (texts(result), result.structured, result.broken) == (["a,b"], b"{}", False)


def test_a_stream_is_held_against_its_schema_too() -> None:
    assert not decoded(b"1\n2", "application/jsonl", offered=LISTED).broken
    result = decoded(b'1\n"x"', "application/jsonl", offered=LISTED)
    assert (result.structured, result.broken) == (b"{}", True)
    assert texts(result)[0] == '1\n"x"'
