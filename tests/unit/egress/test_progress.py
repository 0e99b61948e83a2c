"""Progress read off a stream: the same however it is cut up, always growing, never too much, never in the way."""

import asyncio
import tracemalloc
from collections.abc import AsyncIterator, Sequence
from itertools import pairwise

import orjson
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bridge.egress.collect import collect
from bridge.egress.decode import compile_decoder
from bridge.egress.progress import BURST, LARGEST, PER_SECOND, Announcer, Meter, reported
from bridge.model import Operation, Progress
from bridge.model.media import STREAMS

LINES, RECORDS, EVENTS = "application/x-ndjson", "application/json-seq", "text/event-stream; charset=utf-8"


def told(media_type: str, *chunks: bytes) -> list[Progress]:
    meter = Meter(media_type)
    return [*(progress for chunk in chunks for progress in meter.feed(chunk)), *meter.end()]


@pytest.mark.parametrize(
    ("content", "event", "report"),
    [
        (b'{"progress":0}', "", Progress(0)),
        (b'{"progress":0.5,"total":1,"message":"half"}', "message", Progress(0.5, 1, "half")),
        (b' {"message": null, "total": null, "progress": 7} ', "progress", Progress(7)),
        (b'{"progress":1}', "tick", None),
        (b'{"progress":1,"id":5}', "", None),
        (b'{"progress":true}', "", None),
        (b'{"progress":"1"}', "", None),
        (b'{"progress":1,"total":"2"}', "", None),
        (b'{"progress":1,"message":5}', "", None),
        (b'{"total":1}', "", None),
        (b'["progress"]', "", None),
        (b'{"progress":1e999}', "", None),
        (b'{"progress":', "", None),
        (b'{"progress":1,"message":"' + b"x" * LARGEST + b'"}', "", None),
    ],
)
def test_a_report_is_a_number_with_total_and_message_and_nothing_else(
    content: bytes, event: str, report: Progress | None
) -> None:
    assert reported(content, event) == report


@pytest.mark.parametrize(
    ("media_type", "stream"),
    [
        (LINES, b'\xef\xbb\xbf{"progress":0,"total":9}\n\n{"progress":9,"total":9}\r\n{"done":true}'),
        (RECORDS, b'\x1e{"progress":0,\n"total":9}\n\x1e{"progress":9,"total":9}\n\x1e{"done":true}\n'),
        (
            EVENTS,
            (
                b'\xef\xbb\xbfevent: progress\rdata: {"progress":0,\r\ndata: "total":9}\r\n\r\n: ping\n\n'
                b'data: {"progress":9,"total":9}\n\nevent: end\ndata: {"progress":10}\n\n'
            ),
        ),
    ],
)
def test_an_upstreams_own_reports_are_told_and_what_else_it_sends_is_not_counted(
    media_type: str, stream: bytes
) -> None:
    assert told(media_type, stream) == [Progress(0, 9), Progress(9, 9)]


@pytest.mark.parametrize(
    ("media_type", "stream"),
    [(LINES, b"1\n\nbroken\n3"), (RECORDS, b"\x1e1\n\x1e2\n\x1e3"), (EVENTS, b"data: 1\n\n\ndata\n\nid: 3\ndata:\n")],
)
def test_the_items_of_a_stream_without_reports_are_counted(media_type: str, stream: bytes) -> None:
    assert told(media_type, stream) == [Progress(1), Progress(2), Progress(3)]


def test_what_does_not_grow_is_not_told() -> None:
    """MCP: “The progress value MUST increase with each notification”."""
    stream = b"".join(b'{"progress":%d}\n' % value for value in (5, 5, 3, 6, -1, 7))
    assert told(LINES, stream) == [Progress(5), Progress(6), Progress(7)]


def test_items_before_the_first_report_count_until_it_comes() -> None:
    assert told(LINES, b'{"a":1}\n{"progress":50}\n{"a":2}\n{"progress":60}\n') == [
        Progress(1), Progress(50), Progress(60),
    ]  # fmt: skip


def test_items_and_reports_are_two_scales_and_the_upstreams_own_counts() -> None:
    assert told(LINES, b'{"progress":0.1}\n{"a":1}\n{"a":2}\n{"progress":0.5}\n') == [Progress(0.1), Progress(0.5)]


PIECES = st.lists(
    st.sampled_from(
        [
            b"\n", b"\r", b"\r\n", b"\x1e", b"data: ", b"data", b"event: progress\n", b"event: other\n", b": c\n", b" ",
            b'{"progress":1}', b'{"progress":2,"total":3}', b'{"progress":3,\n"message":"\xc3\xbc"}', b'{"a":1}', b"x",
            b"\xef\xbb\xbf", b"\xff", b"[1]",
        ]
    ),
    max_size=40,
).map(b"".join)  # fmt: skip
STREAM_TYPES = st.sampled_from(sorted(STREAMS))


@given(stream=PIECES | st.binary(), media_type=STREAM_TYPES, cuts=st.lists(st.integers(0, 400), max_size=30))
@example(stream=b'data: {"progress":3,\r\ndata: "total":4}\r\n\r\n', media_type="text/event-stream", cuts=[20, 21])
@example(stream=b"data: 1\r\n\r\ndata: 2\r\n\r\n", media_type="text/event-stream", cuts=[8, 9, 10, 11, 12])
def test_the_same_is_told_however_a_stream_is_cut_up(stream: bytes, media_type: str, cuts: list[int]) -> None:
    edges = [0, *sorted(cut for cut in cuts if cut < len(stream)), len(stream)]
    chunks = [stream[start:end] for start, end in pairwise(edges)]
    assert told(media_type, *chunks) == told(media_type, stream)


@given(stream=PIECES, media_type=STREAM_TYPES)
def test_what_is_told_and_what_is_answered_are_read_by_one_rule(stream: bytes, media_type: str) -> None:
    """As many items are counted as the answer has, wherever there are no reports."""
    stream = stream.replace(b"progress", b"grogress")
    if not stream:
        return
    decode = compile_decoder(Operation(id="x", api="a", method="GET", path="/"), None)
    structured = decode(200, ((b"content-type", media_type.encode()),), stream, False).structured
    assert structured is not None
    assert told(media_type, stream) == [Progress(count + 1) for count in range(len(orjson.loads(structured)["items"]))]


def test_a_long_item_costs_no_memory_and_counts_once() -> None:
    meter, chunk = Meter(LINES), b"x" * 100_000
    tracemalloc.start()
    try:
        for _ in range(100):
            assert meter.feed(chunk) == []
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()
    assert meter.feed(b'\n{"progress":5}\n') == [Progress(1), Progress(5)]


# --- telling ----------------------------------------------------------------------------------------------------------


class Client:
    """Hears reports on a clock that stands still unless it is moved."""

    def __init__(self) -> None:
        self.now = 0.0
        self.heard: list[float] = []

    def clock(self) -> float:
        return self.now

    async def report(self, progress: Progress) -> None:
        self.heard.append(progress.progress)


async def test_reports_in_quick_succession_all_arrive() -> None:
    client = Client()
    announcer = Announcer(LINES, client.report, client.clock)
    await announcer.hear(b'{"progress":0}\n{"progress":50}\n{"progress":100}\n')
    assert client.heard == [0, 50, 100]


async def test_a_flood_is_thinned_and_its_last_report_arrives() -> None:
    client = Client()
    announcer = Announcer(LINES, client.report, client.clock)
    await announcer.hear(b"1\n" * 1000)
    assert client.heard == [*range(1, BURST + 1)]
    client.now += 1.0
    await announcer.hear(b"1\n" * 1000)
    assert client.heard[BURST:] == [1000 + count for count in range(1, int(PER_SECOND) + 1)]
    await announcer.end(complete=True)
    assert client.heard[-1] == 2000
    assert len(client.heard) == BURST + PER_SECOND + 1


async def test_what_is_left_of_a_cut_stream_is_no_item() -> None:
    client = Client()
    announcer = Announcer(LINES, client.report, client.clock)
    await announcer.hear(b"1\n2")
    await announcer.end(complete=False)
    assert client.heard == [1]


async def pieces(*parts: bytes, slowly: asyncio.Event | None = None) -> AsyncIterator[bytes]:
    for part in parts:
        yield part
    if slowly is not None:
        await slowly.wait()


def fields(media_type: str) -> Sequence[tuple[bytes, bytes]]:
    return ((b"content-type", media_type.encode()),)


async def gathered(client: Client, *parts: bytes, media_type: str = LINES, cap: int = 1000) -> tuple[bytes, bool]:
    deadline = asyncio.get_running_loop().time() + 5
    return await collect(tuple(fields(media_type)), pieces(*parts), cap, deadline, client.report)


async def test_a_stream_is_told_of_while_it_is_read() -> None:
    client = Client()
    assert await gathered(client, b"1\n2", b"\n3") == (b"1\n2\n3", False)
    assert client.heard == [1, 2, 3]


async def test_nobody_is_told_of_what_is_no_stream_or_beyond_the_cap() -> None:
    client = Client()
    await gathered(client, b"1\n2\n", media_type="application/json")
    assert client.heard == []
    assert await gathered(client, b"1\n2\n33\n", cap=5) == (b"1\n2\n3", True)
    assert client.heard == [1, 2]


async def test_a_client_that_cannot_be_told_costs_nobody_the_answer() -> None:
    calls = 0

    async def broken(progress: Progress) -> None:
        nonlocal calls
        calls += 1
        raise TimeoutError("gone")

    deadline = asyncio.get_running_loop().time() + 5
    assert await collect(tuple(fields(LINES)), pieces(b"1\n", b"2\n"), 100, deadline, broken) == (b"1\n2\n", False)
    assert calls == 1


async def test_a_client_that_listens_slowly_holds_the_stream_up_to_the_deadline_and_no_longer() -> None:
    async def stuck(progress: Progress) -> None:
        await asyncio.Event().wait()

    deadline = asyncio.get_running_loop().time() + 0.05
    assert await collect(tuple(fields(LINES)), pieces(b"1\n", b"2\n"), 100, deadline, stuck) == (b"1\n", True)
