"""Valid messages made wrong: their bytes, the members of their JSON, their headers."""

from collections.abc import Iterator
from dataclasses import dataclass

import orjson
from hypothesis import strategies as st

from bridge.model import Json

Path = tuple[str | int, ...]

ODD: tuple[Json, ...] = (
    None, True, False, 0, -1, 1.5, 2**63, -(2**63), "", "x", "\x00", "é\u2028", "a" * 5000, [], [[]], {}, {"": {}},
    {"_meta": {}}, "2026-07-28", "2025-11-25", "notifications/cancelled", "tools/call", "elicitation/create",
)  # fmt: skip
LITERALS = (
    b"1e400", b"-1e400", b"9" * 400, b"-" + b"9" * 30, b"1" + b"0" * 5000, b"18446744073709551615", b"0.1e-400", b"-0",
    b"NaN", b"Infinity", b"01", b"+1", b'"\\ud800"', b'"\\u0000"', b'"\xff"', b'"\xc0\x80"', b"tru", b"\xef\xbb\xbf1",
    b"[" * 100 + b"]" * 100, b"[" * 200 + b"]" * 200, b"[" * 20000 + b"]" * 20000, b'{"a":' * 300 + b"1" + b"}" * 300,
)  # fmt: skip
"""Values that no JSON library writes by itself."""
VALUES = ("", " ", "\t", "x", "*/*", "text/event-stream", "=?base64?!?=", "é", "\xff", "2025-03-26", "9" * 300, "a,b")
"""Of headers: what a parser of HTTP lets through."""


@dataclass(frozen=True, slots=True)
class Post:
    """`headers` may repeat a name."""

    verb: str
    headers: tuple[tuple[str, str], ...]
    body: bytes


def places(value: Json, at: Path = ()) -> Iterator[Path]:
    """Every place in a value, the value itself first."""
    yield at
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, one in inner:
        yield from places(one, (*at, name))


def put(value: Json, place: Path, new: Json) -> Json:
    if not place:
        return new
    name, *rest = place
    inner = put(value[name], tuple(rest), new)
    if isinstance(value, dict):
        return {**value, str(name): inner}
    return [inner if at == name else one for at, one in enumerate(value)]


def taken(value: Json, place: Path) -> Json:
    """Without what is at a place."""
    *parents, name = place
    inner = value
    for one in parents:
        inner = inner[one]
    kept = (
        {key: one for key, one in inner.items() if key != name}
        if isinstance(inner, dict)
        else [one for at, one in enumerate(inner) if at != name]
    )
    return put(value, tuple(parents), kept)


_MARK = "\x01 here \x01"


@st.composite
def members(draw: st.DrawFn, body: bytes) -> bytes:
    """JSON with a member or two replaced, left out, added, repeated, moved, or written as no library would."""
    value = orjson.loads(body)
    for _ in range(draw(st.integers(1, 2))):
        found = list(places(value))
        place = draw(st.sampled_from(found))
        match draw(st.sampled_from(["replace", "take", "add", "swap", "literal", "twice", "move"])):
            case "replace":
                value = put(value, place, draw(st.sampled_from(ODD)))
            case "take" if place:
                value = taken(value, place)
            case "add":
                inner = _at(value, place)
                more = {draw(st.sampled_from(["_meta", "id", "x", "params", "cursor"])): draw(st.sampled_from(ODD))}
                value = put(value, place, {**inner, **more} if isinstance(inner, dict) else [inner, more])
            case "swap":
                value = put(value, place, _at(value, draw(st.sampled_from(found))))
            case "move" if isinstance(_at(value, place), dict):
                value = put(value, place, dict(reversed(_at(value, place).items())))
            case "twice" if place and isinstance(place[-1], str):
                name = orjson.dumps(place[-1])
                again = b"%s:%s,%s:" % (name, orjson.dumps(draw(st.sampled_from(ODD))), name)
                return orjson.dumps(value).replace(name + b":", again, 1)
            case _:
                text = orjson.dumps(put(value, place, _MARK))
                return text.replace(orjson.dumps(_MARK), draw(st.sampled_from(LITERALS)), 1)
    return orjson.dumps(value)


def _at(value: Json, place: Path) -> Json:
    for name in place:
        value = value[name]
    return value


@st.composite
def bits(draw: st.DrawFn, body: bytes, other: bytes) -> bytes:
    """Bytes flipped, cut, put in, repeated, or gone on with by another message."""
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(body)))
        until = min(len(body), at + draw(st.integers(0, 12)))
        match draw(st.sampled_from(["flip", "cut", "insert", "repeat", "splice", "drop"])):
            case "flip" if at < len(body):
                body = body[:at] + bytes([body[at] ^ (1 << draw(st.integers(0, 7)))]) + body[at + 1 :]
            case "cut":
                body = body[:at]
            case "insert":
                body = body[:at] + draw(st.binary(max_size=6)) + body[at:]
            case "repeat":
                body = body[:until] + body[at:]
            case "splice":
                body = body[:at] + other[draw(st.integers(0, len(other))) :]
            case _:
                body = body[:at] + body[until:]
    return body


@st.composite
def fields(draw: st.DrawFn, headers: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
    """Headers of which some are left out, changed, repeated or new."""
    changed = list(headers)
    for _ in range(draw(st.integers(0, 2))):
        at = draw(st.integers(0, len(changed) - 1)) if changed else 0
        value = draw(st.one_of(st.sampled_from(VALUES), st.sampled_from([value for _, value in headers] or [""])))
        match draw(st.sampled_from(["drop", "change", "repeat", "add"])):
            case "drop" if changed:
                del changed[at]
            case "change" if changed:
                changed[at] = (changed[at][0], value)
            case "repeat" if changed:
                changed.append((changed[at][0], value))
            case _:
                name = draw(st.sampled_from(["mcp-param-region", "mcp-name", "last-event-id", "mcp-session-id", "x"]))
                changed.append((name, value))
    return tuple(changed)


def bodies(body: bytes, other: bytes) -> st.SearchStrategy[bytes]:
    """`body` as it is, or made wrong in one of the ways above; half of `other` may come into it."""
    made = [st.just(body), bits(body, other)]
    # Most bytes that are changed make no JSON any more, and end at the first gate.
    return st.one_of(*made, *[members(body)] * 3) if _is_json(body) else st.one_of(*made)


def _is_json(body: bytes) -> bool:
    try:
        orjson.loads(body)
    except orjson.JSONDecodeError:
        return False
    return True
