"""Answers that are a sequence of items: server-sent events, JSON lines, JSON text sequences.

Read to their end (or to where they were cut) and handed on as one object: `{"items": […]}`, with `"truncated": true`
where items are missing.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from typing import TypeAlias

import orjson

from bridge.egress.decode.answer import Answer
from bridge.egress.decode.text import clipped, text_of
from bridge.model import Result, Text

Items: TypeAlias = Callable[[Answer], Iterator[bytes]]
"""Each item as JSON on one line."""


def read_sequence(answer: Answer, items: Items) -> Result:
    limit = answer.limits.items
    kept = list(islice(items(answer), limit + 1))
    truncated = answer.cut or len(kept) > limit
    name = b"result" if answer.promise.wrapped else b"items"
    structured = b'{"' + name + b'":[' + b",".join(kept[:limit]) + b"]"
    structured += b',"truncated":true}' if truncated else b"}"
    blocks = [Text(clipped(text_of(answer), answer.limits.text))]
    if len(kept) > limit:
        blocks.append(Text(f"[cut: the first {limit} items are structured]"))
    return Result(tuple(blocks), structured)


def _checked(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Pieces that are JSON as they are, others as a JSON string of their text: nothing is swallowed."""
    for piece in pieces:
        text = piece.strip(b" \t\r\n")
        if not text:
            continue
        try:
            orjson.loads(text)
        except ValueError:
            yield orjson.dumps(text.decode("utf-8", "replace"))
        else:
            yield text.replace(b"\n", b" ").replace(b"\r", b" ")


def _lines(answer: Answer) -> Iterator[bytes]:
    """One JSON value per line; the last one may be half, where the answer was cut."""
    lines = answer.body.removeprefix(b"\xef\xbb\xbf").split(b"\n")
    return _checked(iter(lines[:-1] if answer.cut else lines))


def _records(answer: Answer) -> Iterator[bytes]:
    """RFC 7464 section 2.1: “any number of JSON texts, each preceded by one ASCII RS character”."""
    records = answer.body.split(b"\x1e")
    return _checked(iter(records[:-1] if answer.cut else records))


_END_OF_LINE = re.compile(r"\r\n|\n|\r")
_FIELDS = frozenset({"event", "id"})


def _events(answer: Answer) -> Iterator[bytes]:
    """The event stream format of HTML section 9.2.6; an item has the event's fields as OpenAPI 3.2 models them.

    An event counts once a blank line ended it: “If the file ends in the middle of an event, before the final empty
    line, the incomplete event is not dispatched”. An answer that was read to its end is not that strict.
    """
    text = answer.body.decode("utf-8-sig", "replace")
    event: dict[str, str | int] = {}
    data: list[str] = []
    for line in _END_OF_LINE.split(text):
        if line:
            _add(event, data, line)
            continue
        if data:
            yield orjson.dumps(event | {"data": "\n".join(data)})
        event, data = {}, []
    if data and not answer.cut:
        yield orjson.dumps(event | {"data": "\n".join(data)})


def _add(event: dict[str, str | int], data: list[str], line: str) -> None:
    """An event's `data` lines are put together at its end; until then their place among the fields is kept."""
    name, _, value = line.partition(":")
    value = value.removeprefix(" ")
    if name == "data":
        data.append(value)
        event.setdefault(name, "")
    elif name == "retry":
        if value.isascii() and value.isdigit() and len(value) < 16:
            event["retry"] = int(value)
    elif name in _FIELDS:
        event[name] = value


SEQUENCES: Mapping[str, Items] = {
    "application/json-lines": _lines,
    "application/json-seq": _records,
    "application/geo+json-seq": _records,
    "application/jsonl": _lines,
    "application/jsonlines": _lines,
    "application/ndjson": _lines,
    "application/stream+json": _lines,
    "application/x-json-stream": _lines,
    "application/x-jsonlines": _lines,
    "application/x-ndjson": _lines,
    "text/event-stream": _events,
}
