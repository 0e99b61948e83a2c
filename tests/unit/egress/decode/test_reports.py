"""What an agent gets of a stream that reports progress: what came of it, not how it came."""

import pytest

from bridge.model import Result, Text
from tests.unit.egress.decode.kit import decoded, texts, tool

LINES, EVENTS, RECORDS = "application/x-ndjson", "text/event-stream", "application/json-seq"
REPORTS = b'{"progress":0,"total":2}\n{"progress":2,"total":2,"message":"done"}\n'
LISTED = tool({"type": "object", "properties": {"items": {"type": "array"}}})
ROWS = tool({"type": "object", "properties": {"result": {"type": "array"}}}, wrapped=True)
THING = tool({"type": "object", "properties": {"id": {"type": "integer"}}})


@pytest.mark.parametrize(
    ("media_type", "body", "result"),
    [
        (LINES, REPORTS + b'{"id": 5}\n', Result((Text('{"id": 5}'),), b'{"id": 5}')),
        (LINES, REPORTS + b"[1,2]", Result((Text("[1,2]"),), b'{"result":[1,2]}')),
        (LINES, REPORTS + b'"all \\u00fcber"', Result((Text("all \u00fcber"),))),
        (LINES, REPORTS + b"no JSON", Result((Text("no JSON"),))),
        (RECORDS, b'\x1e{"progress":1}\n\x1e{"id":\n5}\n', Result((Text('{"id": 5}'),), b'{"id": 5}')),
        (EVENTS, b'event: progress\ndata: {"progress":1}\n\nevent: end\ndata: {"id": 5}\n\n',
         Result((Text('{"id": 5}'),), b'{"id": 5}')),
        (EVENTS, b'data: {"progress":1}\n\ndata: two\ndata: lines\n\n', Result((Text("two\nlines"),))),
    ],
)  # fmt: skip
def test_the_one_thing_that_came_of_it_is_the_answer(media_type: str, body: bytes, result: Result) -> None:
    assert decoded(body, media_type) == result


def test_several_things_are_a_list_without_the_reports() -> None:
    result = decoded(REPORTS + b"1\n2", LINES)
    assert result == Result((Text('{"items":[1,2]}'),), b'{"items":[1,2]}')


def test_a_stream_of_reports_alone_is_a_list_of_them() -> None:
    result = decoded(b'{"progress":1}\n{"progress":2}', LINES)
    assert result.structured == b'{"items":[{"progress":1},{"progress":2}]}'
    assert texts(result) == ['{"progress":1}\n{"progress":2}']


def test_a_single_item_without_reports_stays_a_list() -> None:
    assert decoded(b'{"id":5}', LINES).structured == b'{"items":[{"id":5}]}'


def test_a_cut_stream_stays_a_list_for_more_might_have_come() -> None:
    result = decoded(REPORTS + b'{"id":5}\n{"i', LINES, cut=True)
    assert result.structured == b'{"items":[{"id":5}],"truncated":true}'


def test_a_list_that_was_promised_stays_one() -> None:
    assert decoded(REPORTS + b'{"id":5}', LINES, offered=LISTED).structured == b'{"items":[{"id":5}]}'
    assert decoded(REPORTS + b'{"id":5}', LINES, offered=ROWS).structured == b'{"result":[{"id":5}]}'


def test_an_object_that_was_promised_is_what_came_of_it() -> None:
    result = decoded(REPORTS + b'{"id":5}', LINES, offered=THING)
    assert (result.structured, result.broken) == (b'{"id":5}', False)


def test_text_that_came_of_it_is_text_and_breaks_nothing() -> None:
    result = decoded(REPORTS + b'"ready"', LINES, offered=THING, promises=("application/json", LINES))
    assert (texts(result), result.structured, result.broken) == (["ready"], b'{"result":"ready"}', False)


def test_a_long_streams_result_is_not_lost_behind_its_reports() -> None:
    stream = b"".join(b'{"progress":%d}\n' % value for value in range(20_000))
    assert decoded(stream + b'{"id":5}', LINES).structured == b'{"id":5}'
