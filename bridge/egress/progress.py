"""How far an upstream has come, read off its answer while that streams in.

An item that is an object with a numeric `progress`, if it likes a numeric `total` and a `message`, and nothing else is
a report about the call: it is passed on as such and is no part of the answer. A stream without any is counted: so many
items so far. The bytes are looked at here as they pass; `decode.sequence` reads the whole answer by the same rule.
"""

from collections.abc import Callable, Mapping
from functools import partial
from math import isfinite
from typing import Protocol, TypeGuard

import orjson

from bridge.model import Json, Progress, Report
from bridge.model.media import essence

LARGEST = 4096
"""Bytes of a report; what is longer is an item of the answer, and is not kept here."""

_MEMBERS = frozenset({"progress", "total", "message"})
# HTML section 9.2.6: an event without a name is a `message`. One with a name of its own says that it is something else.
_EVENTS = frozenset({"", "message", "progress"})


def reported(content: bytes, event: str = "") -> Progress | None:
    """The report that an item's JSON text is, or the data of an event; None for every other item."""
    if event not in _EVENTS or len(content) > LARGEST or b'"progress"' not in content:
        return None
    try:
        value = orjson.loads(content)
    except ValueError:
        return None
    return _report(value) if isinstance(value, dict) and value.keys() <= _MEMBERS else None


def _report(value: Mapping[str, Json]) -> Progress | None:
    progress, total, message = value.get("progress"), value.get("total"), value.get("message")
    if not _is_number(progress) or not (total is None or _is_number(total)):
        return None
    return Progress(progress, total, message or "") if message is None or isinstance(message, str) else None


def _is_number(value: Json) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value)


# --- items, while they come -------------------------------------------------------------------------------------------


class _Items(Protocol):
    def feed(self, chunk: bytes) -> list[tuple[bytes, str]]:
        """The items that this chunk completes: content, at least as much of it as a report may have, and event name."""

    def end(self) -> list[tuple[bytes, str]]:
        """The item that the stream's end completes, if it does."""


class _Pieces:
    """What stands between delimiters of one byte. More of a piece than a report may hold is not kept."""

    def __init__(self, delimiter: bytes) -> None:
        self._delimiter = delimiter
        self._kept = bytearray()

    def feed(self, chunk: bytes) -> list[bytes]:
        *complete, rest = chunk.split(self._delimiter)
        pieces = [self._whole(piece) for piece in complete]
        self._keep(rest)
        return pieces

    def end(self) -> bytes:
        return self._whole(b"")

    def _whole(self, piece: bytes) -> bytes:
        self._keep(piece)
        whole = bytes(self._kept)
        self._kept.clear()
        return whole

    def _keep(self, piece: bytes) -> None:
        self._kept += piece[: LARGEST + 1 - len(self._kept)]


_BLANK = b" \t\r\n"


class _Texts:
    """JSON texts, each on a line of its own or behind an RS character."""

    def __init__(self, delimiter: bytes) -> None:
        self._pieces = _Pieces(delimiter)
        self._mark = b"\xef\xbb\xbf" if delimiter == b"\n" else b""

    def feed(self, chunk: bytes) -> list[tuple[bytes, str]]:
        return self._texts(self._pieces.feed(chunk))

    def end(self) -> list[tuple[bytes, str]]:
        return self._texts([self._pieces.end()])

    def _texts(self, pieces: list[bytes]) -> list[tuple[bytes, str]]:
        if pieces and self._mark:
            pieces[0], self._mark = pieces[0].removeprefix(self._mark), b""
        return [(text, "") for piece in pieces if (text := piece.strip(_BLANK))]


class _Events:
    """The event stream format of HTML section 9.2.6, whose lines end with CR LF, LF or CR."""

    def __init__(self) -> None:
        self._lines = _Pieces(b"\n")
        self._mark = b"\xef\xbb\xbf"
        self._after_cr = False
        self._data: list[bytes] = []
        self._size = 0
        self._event = ""

    def feed(self, chunk: bytes) -> list[tuple[bytes, str]]:
        if not chunk:
            return []
        begins = int(self._after_cr and chunk[:1] == b"\n")
        self._after_cr = chunk[-1:] == b"\r"
        return self._items(self._lines.feed(chunk[begins:].replace(b"\r\n", b"\n").replace(b"\r", b"\n")))

    def end(self) -> list[tuple[bytes, str]]:
        return self._items([self._lines.end(), b""])

    def _items(self, lines: list[bytes]) -> list[tuple[bytes, str]]:
        if lines and self._mark:
            lines[0], self._mark = lines[0].removeprefix(self._mark), b""
        found: list[tuple[bytes, str]] = []
        for line in lines:
            if line:
                self._add(line)
                continue
            if self._data:
                found.append((b"\n".join(self._data), self._event))
            self._data, self._size, self._event = [], 0, ""
        return found

    def _add(self, line: bytes) -> None:
        name, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if name == b"event":
            self._event = value.decode("utf-8", "replace")
        elif name == b"data" and self._size <= LARGEST:
            self._data.append(value)
            self._size += len(value) + 1


_OTHERS: Mapping[str, Callable[[], _Items]] = {
    "application/json-seq": partial(_Texts, b"\x1e"),
    "application/geo+json-seq": partial(_Texts, b"\x1e"),
    "text/event-stream": _Events,
}
"""The other streams are lines."""


class Meter:
    """Fed with the decoded chunks of a stream, says what progress they stand for: the same, however it is cut up.

    MCP: “The progress value MUST increase with each notification, even if the total is unknown.” What does not increase
    is left out. Once the upstream reports by itself, its items are no longer counted: the two scales have nothing in
    common.
    """

    def __init__(self, content_type: str) -> None:
        self._items = _OTHERS.get(essence(content_type), partial(_Texts, b"\n"))()
        self._count = 0
        self._reports = False
        self._last: float | None = None

    def feed(self, chunk: bytes) -> list[Progress]:
        return self._increasing(self._items.feed(chunk))

    def end(self) -> list[Progress]:
        """Of an answer that was read to its end, where the last item needs no delimiter."""
        return self._increasing(self._items.end())

    def _increasing(self, items: list[tuple[bytes, str]]) -> list[Progress]:
        return [progress for content, event in items if (progress := self._next(content, event)) is not None]

    def _next(self, content: bytes, event: str) -> Progress | None:
        told = reported(content, event)
        if told is not None:
            self._reports = True
        elif self._reports:
            return None
        else:
            self._count += 1
            told = Progress(self._count)
        if self._last is not None and told.progress <= self._last:
            return None
        self._last = told.progress
        return told


# --- telling ----------------------------------------------------------------------------------------------------------

BURST = 20
PER_SECOND = 10.0


class Announcer:
    """Tells a client what a meter reads: the first `BURST` reports as they come, after that `PER_SECOND` at most.

    A person cannot follow more, and a stream of a million rows must not become a million messages; yet a few reports in
    quick succession, 0, 50 and 100 say, all arrive. The latest of those that were held back is told at the end.
    """

    def __init__(self, content_type: str, report: Report, clock: Callable[[], float]) -> None:
        self._meter = Meter(content_type)
        self._report: Report | None = report
        self._clock = clock
        self._tokens, self._filled = float(BURST), clock()
        self._held: Progress | None = None

    async def hear(self, chunk: bytes) -> None:
        for progress in self._meter.feed(chunk):
            await self._offer(progress)

    async def end(self, *, complete: bool) -> None:
        """`complete`: the stream ended by itself, so what is left of it is an item."""
        for progress in self._meter.end() if complete else ():
            await self._offer(progress)
        if self._held is not None:
            await self._tell(self._held)

    async def _offer(self, progress: Progress) -> None:
        now = self._clock()
        self._tokens = min(BURST, self._tokens + (now - self._filled) * PER_SECOND)
        self._filled = now
        if self._tokens < 1:
            self._held = progress
            return
        self._tokens -= 1
        self._held = None
        await self._tell(progress)

    async def _tell(self, progress: Progress) -> None:
        if self._report is None:
            return
        try:
            await self._report(progress)
        except Exception:  # noqa: BLE001  # whatever is wrong with the client's stream, the answer itself is not
            self._report = None
