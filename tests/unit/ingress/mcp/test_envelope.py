import json
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.ingress.mcp.envelope import MOST_ID, MOST_NESTED, decode, id_of, read
from bridge.ingress.mcp.refusals import InvalidRequest, ParseError

REQUEST = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"{} {}",
        b"NaN",
        b'{"a": Infinity}',
        b"1e400",
        b"1" * 5000,
        b'"\\ud800"',
        b'"\xff"',
        b"\xef\xbb\xbf{}",
        "{}".encode("utf-16"),
        b"[" * 100_000,
    ],
)
def test_what_is_not_json_in_utf8_is_a_parse_error(body: bytes) -> None:
    with pytest.raises(ParseError):
        decode(body)


@pytest.mark.parametrize("opening", [b"[", b'{"a":'])
def test_nesting_is_taken_up_to_the_bound_and_refused_beyond(opening: bytes) -> None:
    closing = b"]" if opening == b"[" else b"}"

    def nested(levels: int) -> bytes:
        return opening * levels + b"0" + closing * levels

    decode(nested(MOST_NESTED))
    decode(b"[" + nested(MOST_NESTED - 1) + b",[],{},[]]")
    with pytest.raises(InvalidRequest, match="nested"):
        decode(nested(MOST_NESTED + 1))


def test_many_brackets_side_by_side_are_not_deep() -> None:
    assert len(decode(b"[" + b"[],{}," * 1000 + b'"[[[["]')) == 2001


@pytest.mark.parametrize(
    "body",
    [
        b'{"method":"tools/list","method":"tools/call"}',
        b'{"params":{"name":"a","name":"b"}}',
        b'{"params":{"arguments":{"x":{"y":1,"z":2,"y":1}}}}',
        b'{"a":1,"\\u0061":2}',
        b'{ "a" : [ { "b" : "c:d" , "b" : "" } ] }',
        b'{"a:b":"x\\u003ay","a\\u003ab":":"}',
        b'{"a":1,"a":"\\u003a\\u003A"}',
    ],
)
def test_a_name_given_twice_is_refused_wherever_it_is(body: bytes) -> None:
    with pytest.raises(InvalidRequest, match="twice"):
        decode(body)


@pytest.mark.parametrize(
    "body",
    [
        b'{"a":{"b":1},"c":{"b":1}}',
        b'{"a":"b:c::","b:":1e5,"c":1.50,"d":"\\u0041\\/"}',
        b'{"a":"\\u003a"}',
        b'{"a":"\\\\u003a"}',
        b' {\n"a" : 1 , "b" : [ 1.0 , 2E2 ] } ',
        b'{"__proto__":1,"constructor":2,"":3,"$ref":4}',
    ],
)
def test_equal_names_in_different_objects_and_odd_spellings_are_fine(body: bytes) -> None:
    assert decode(body) == json.loads(body)


@pytest.mark.parametrize("number", ["18446744073709551616", "-9223372036854775809", "1" * 300])
def test_an_integer_that_would_lose_digits_is_refused(number: str) -> None:
    with pytest.raises(InvalidRequest, match="lose digits"):
        decode(f'{{"a":[{{"b":{number}}}]}}'.encode())


@pytest.mark.parametrize(
    "text",
    [
        '{"a":18446744073709551615,"b":-9223372036854775808}',
        '{"a":"123456789012345678901234567890"}',
        '{"a":0.1234567890123456789012345,"b":12345678901234567890e3}',
    ],
)
def test_digits_that_are_kept_or_make_no_integer_are_fine(text: str) -> None:
    assert decode(text.encode()) == json.loads(text)


SCALARS = (
    st.none() | st.booleans() | st.integers(-5, 5) | st.floats(allow_nan=False, allow_infinity=False) | st.text(":a\\")
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.lists(st.tuples(st.text("ab:", max_size=2), inner), max_size=4),
    max_leaves=12,
)


def _written(value: Any, *, escaped: bool) -> str:
    """JSON where a list of pairs is an object, whose names may then repeat."""
    if isinstance(value, list) and value and isinstance(value[0], tuple):
        return "{" + ", ".join(f"{_text(k, escaped)} : {_written(v, escaped=escaped)}" for k, v in value) + "}"
    if isinstance(value, list):
        return "[" + ",".join(_written(item, escaped=escaped) for item in value) + "]"
    return _text(value, escaped) if isinstance(value, str) else json.dumps(value)


def _text(text: str, escaped: bool) -> str:
    return json.dumps(text).replace(":", "\\u003a") if escaped else json.dumps(text)


def _repeats(value: Any) -> bool:
    if isinstance(value, list) and value and isinstance(value[0], tuple):
        names = [name for name, _ in value]
        return len(set(names)) != len(names) or any(_repeats(inner) for _, inner in value)
    return isinstance(value, list) and any(_repeats(item) for item in value)


@given(VALUES, st.booleans())
def test_repeated_names_are_found_exactly(value: Any, escaped: bool) -> None:
    body = _written(value, escaped=escaped).encode()
    if _repeats(value):
        with pytest.raises(InvalidRequest):
            decode(body)
    else:
        assert decode(body) == json.loads(body)


@pytest.mark.parametrize("identity", [None, True, False, 1.5, 1.0, {}, [], "x" * (MOST_ID + 1)])
def test_an_id_that_is_no_id_makes_an_invalid_request_not_a_notification(identity: Any) -> None:
    with pytest.raises(InvalidRequest, match="id"):
        read({**REQUEST, "id": identity})
    assert id_of({"id": identity}) is None


@pytest.mark.parametrize("identity", [0, -7, 2**63, "", "é", "x" * MOST_ID, '"quoted"'])
def test_an_id_is_echoed_as_it_came(identity: Any) -> None:
    message = read({**REQUEST, "id": identity})
    assert message.id is not None
    assert orjson.loads(message.id) == identity


def test_a_message_without_an_id_is_a_notification() -> None:
    assert read({"jsonrpc": "2.0", "method": "notifications/initialized"}).id is None


@pytest.mark.parametrize(
    "value",
    [
        None,
        [],
        "tools/list",
        {**REQUEST, "jsonrpc": "1.0"},
        {"id": 1, "method": "x"},
        {"jsonrpc": "2.0", "id": 1, "result": {}},
        {"jsonrpc": "2.0", "id": 1},
        {**REQUEST, "method": 7},
        {**REQUEST, "method": ""},
        {**REQUEST, "params": [1]},
        {**REQUEST, "params": "x"},
    ],
)
def test_what_is_neither_request_nor_notification_is_refused(value: Any) -> None:
    with pytest.raises(InvalidRequest):
        read(value)


@pytest.mark.parametrize("params", [{}, None])
def test_parameters_may_be_empty(params: Any) -> None:
    assert read({**REQUEST, "params": params}).params == {}
