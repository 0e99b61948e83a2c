"""Answers that are a sequence of items: server-sent events, JSON lines, JSON text sequences.

Read to their end (or to where they were cut) and handed on as one object: `{"items": […]}`, with `"truncated": true`
where items are missing. Items that are progress reports are no part of the answer; if they leave a single item, the
upstream has told how far it was and then what came of it, and that item is the answer.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import TypeAlias

import orjson

from bridge.egress.decode.answer import Answer, Promise
from bridge.egress.decode.promised import held
from bridge.egress.decode.text import clipped, text_of
from bridge.egress.progress import reported
from bridge.model import Result, Text


@dataclass(frozen=True, slots=True)
class Item:
    """`json` is the item on one line, `content` what it says by itself: the same, or the data of an `event`."""

    json: bytes
    content: bytes
    event: str = ""


Items: TypeAlias = Callable[[Answer], Iterator[Item]]


@dataclass(frozen=True, slots=True)
class Sequence:
    """At most one more item than an agent gets; `reports` says that some were left out."""

    items: list[Item]
    reports: bool

    def single(self, answer: Answer) -> Item | None:
        """The one thing that came of it all, unless a list was promised, or more might have come."""
        if not self.reports or len(self.items) != 1 or answer.cut:
            return None
        return None if _list_promised(answer.promise, self.items[0]) else self.items[0]


def _list_promised(promise: Promise, item: Item) -> bool:
    if promise.fits is None or not promise.wrapped:
        return promise.listed
    return promise.fits({"result": [orjson.loads(item.json)]})


def read_items(answer: Answer, items: Items) -> Sequence:
    """A stream of nothing but reports is a list of them: something must be the answer."""
    most, reports = answer.limits.items + 1, False
    found: list[Item] = []
    for item in items(answer):
        if reported(item.content, item.event) is not None:
            reports = True
            continue
        found.append(item)
        if len(found) == most:
            break
    if reports and not found:
        return Sequence(list(islice(items(answer), most)), reports=False)
    return Sequence(found, reports)


def aggregated(answer: Answer, sequence: Sequence) -> Result:
    """The text is the stream as it came; without its reports, and where it had no items, it is the list of items."""
    limit = answer.limits.items
    kept = [item.json for item in sequence.items[:limit]]
    truncated = answer.cut or len(sequence.items) > limit
    name = b"result" if answer.promise.wrapped else b"items"
    structured = b'{"' + name + b'":[' + b",".join(kept) + b"]"
    structured += b',"truncated":true}' if truncated else b"}"
    shown = text_of(answer) if kept and not sequence.reports else structured.decode()
    blocks = [Text(clipped(shown, answer.limits.text))]
    if len(sequence.items) > limit:
        blocks.append(Text(f"[cut: the first {limit} items are structured]"))
    result = Result(tuple(blocks), structured)
    return result if answer.promise.fits is None else held(answer, result, orjson.loads(structured))


def _checked(pieces: Iterator[bytes]) -> Iterator[Item]:
    """Pieces that are JSON as they are, others as a JSON string of their text: nothing is swallowed."""
    for piece in pieces:
        text = piece.strip(b" \t\r\n")
        if not text:
            continue
        try:
            orjson.loads(text)
        except ValueError:
            yield Item(orjson.dumps(text.decode("utf-8", "replace")), text)
        else:
            line = text.replace(b"\n", b" ").replace(b"\r", b" ")
            yield Item(line, line)


def _lines(answer: Answer) -> Iterator[Item]:
    """One JSON value per line; the last one may be half, where the answer was cut."""
    lines = answer.body.removeprefix(b"\xef\xbb\xbf").split(b"\n")
    return _checked(iter(lines[:-1] if answer.cut else lines))


def _records(answer: Answer) -> Iterator[Item]:
    """RFC 7464 section 2.1: “any number of JSON texts, each preceded by one ASCII RS character”."""
    records = answer.body.split(b"\x1e")
    return _checked(iter(records[:-1] if answer.cut else records))


_END_OF_LINE = re.compile(r"\r\n|\n|\r")
_FIELDS = frozenset({"event", "id"})


def _events(answer: Answer) -> Iterator[Item]:
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
            yield _event(event, "\n".join(data))
        event, data = {}, []
    if data and not answer.cut:
        yield _event(event, "\n".join(data))


def _event(fields: Mapping[str, str | int], data: str) -> Item:
    return Item(orjson.dumps({**fields, "data": data}), data.encode(), str(fields.get("event", "")))


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
