"""Logs are data: one line per call, whatever callers, documents and upstreams write."""

import io
import logging
from collections.abc import Iterator
from dataclasses import fields, replace
from json import loads

import orjson
import pytest

from bridge.model import Json, Record
from bridge.telemetry.log import log_call, set_up
from tests.unit.telemetry.records import BROKEN, PLAIN, UNKNOWN

HOSTILE = [
    'x\n{"level":"error","message":"forged"}', "x\r\nforged", "\x1b[2J\x1b[31mred", "\x9b31m", "a\u2028b\u2029c\x85d",
    "\u202egnp.exe", "nul\x00", '"},{"', "half \ud800 a pair", "tab\tbell\x07",
]  # fmt: skip
HEAD = {"time", "level", "logger", "message"}


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    """`set_up` is for a process; the test run's own handlers come back."""
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    chatty = {name: logging.getLogger(name).level for name in ("uvicorn", "httpx", "httpcore", "asyncio")}
    root.handlers[:] = []
    yield
    root.handlers[:] = before
    root.setLevel(level)
    for name, kept in chatty.items():
        logging.getLogger(name).setLevel(kept)


def logged(*records: Record, json: bool = True, level: str = "info") -> list[str]:
    stream = io.StringIO()
    set_up(level, as_json=json, stream=stream)
    for record in records:
        log_call(record)
    text = stream.getvalue()
    assert not text or text.endswith("\n")
    return text[:-1].split("\n") if text else []


def line(record: Record) -> Json:
    (only,) = logged(record)
    return orjson.loads(only)


def test_a_call_is_one_line_with_fixed_keys() -> None:
    keys = HEAD | {field.name for field in fields(Record)}
    for record in (PLAIN, BROKEN, UNKNOWN):
        assert set(line(record)) == keys
    assert line(PLAIN) | {"time": ""} == {
        "time": "", "level": "info", "logger": "dualbridge.call", "message": "call", "id": "c1", "door": "rest",
        "principal": "anonymous", "api": "orders", "operation": "getOrder", "tool": "get_order", "method": "GET",
        "status": 200, "verdict": "allowed", "rule": "allow-all", "origin": "upstream", "target": "t1",
        "received": 1.0, "duration": 0.0125, "request_bytes": 0, "response_bytes": 11, "truncated": False,
        "tenant": "", "client": "", "actor": "", "identified": "", "capability": "", "policy": "", "reason": "",
        "gone": False, "reported": [], "cause": "", "broken": False,
    }  # fmt: skip


@pytest.mark.parametrize("json", [True, False])
@pytest.mark.parametrize("text", HOSTILE)
def test_nobody_can_forge_a_line_or_speak_to_a_terminal(text: str, json: bool) -> None:
    """Operation ids are as a document wrote them; methods at the people's door as a caller did."""
    told = (f"{text}: no",)
    for record in (
        replace(PLAIN, operation=text, tool=text, principal=text, reported=told), replace(UNKNOWN, method=text)
    ):  # fmt: skip
        (only,) = logged(record, json=json)
        assert not [char for char in only if ord(char) < 32 or 127 <= ord(char) < 160]
        if not json:
            assert only.isprintable()


@pytest.mark.parametrize("text", HOSTILE)
def test_what_anybody_wrote_can_be_read_back_from_json(text: str) -> None:
    (only,) = logged(replace(PLAIN, principal=text))
    assert loads(only)["principal"] == text


@pytest.mark.parametrize("json", [True, False])
@pytest.mark.parametrize("text", HOSTILE)
def test_nor_by_what_is_quoted_in_any_other_message(text: str, json: bool) -> None:
    stream = io.StringIO()
    set_up("info", as_json=json, stream=stream)
    logging.getLogger("anywhere").info("the upstream said %s", text)
    assert stream.getvalue().count("\n") == 1
    assert "\x1b" not in stream.getvalue()


def test_of_what_was_reported_the_places_are_logged_and_no_value() -> None:
    told = ("query 'limit': must be an integer, but is 's3cret'", "body.card.number: is too long: 's3cret'")
    (only,) = logged(replace(PLAIN, reported=told))
    assert orjson.loads(only)["reported"] == ["query 'limit'", "body.card.number"]
    assert "s3cret" not in only


@pytest.mark.parametrize(("status", "level"), [(200, "info"), (404, "info"), (499, "info"), (500, "warning")])
def test_failures_of_gateway_and_upstream_are_warnings(status: int, level: str) -> None:
    assert line(replace(PLAIN, status=status))["level"] == level


def test_a_level_keeps_out_what_is_below_it() -> None:
    assert len(logged(PLAIN, BROKEN, level="warning")) == 1
    assert logged(PLAIN, BROKEN, level="error") == []


def test_text_says_what_was_called_and_what_became_of_it() -> None:
    lines = [only.split(" ", 1)[1] for only in logged(PLAIN, replace(BROKEN, gone=True), UNKNOWN, json=False)]
    assert lines == [
        "info    rest 200 getOrder orders 12.5 ms 11 B",
        "warning rest 502 getOrder orders 12.5 ms 11 B upstream_broken client gone",
        "info    rest 404 GET (not described)  12.5 ms 11 B not_found",
    ]


@pytest.mark.parametrize("json", [True, False])
def test_the_reason_of_a_fault_is_logged_with_it(json: bool) -> None:
    stream = io.StringIO()
    set_up("info", as_json=json, stream=stream)
    try:
        raise ValueError("the reason")
    except ValueError as error:
        logging.getLogger("anywhere").log(logging.ERROR, "call %s failed", "c1", exc_info=error)
    text = stream.getvalue()
    assert "call c1 failed" in text
    assert "ValueError: the reason" in text
    if json:
        assert "the reason" in orjson.loads(text)["exception"]


def test_other_servers_words_below_a_warning_are_left_out() -> None:
    stream = io.StringIO()
    set_up("debug", as_json=False, stream=stream)
    for name in ("uvicorn.error", "httpx", "httpcore.http11", "asyncio"):
        logging.getLogger(name).info("chatter of %s", name)
        logging.getLogger(name).warning("warning of %s", name)
    logging.getLogger("bridge.app").debug("a word of ours")
    assert [text.split(" ", 1)[1].split()[0] for text in stream.getvalue().splitlines()] == ["warning"] * 4 + ["debug"]
