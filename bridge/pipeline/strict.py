"""JSON as all its readers read it: what they could understand differently is found here.

orjson refuses NaN, lone surrogates and anything but UTF-8, but lets the last of two equal names win, and reads an
integer beyond 64 bits as the nearest fraction. Another reader of the same bytes may let the first name win: it would
then have been told of another request than the one that was judged.
"""

import json

import orjson

from bridge.model import Json


def loads(text: bytes | str) -> Json:
    """Raises ValueError, whose message reads on after the text's name."""
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise ValueError(f"must be JSON, but has an error: {error}") from error
    if repeats(text.encode() if isinstance(text, str) else text, value):
        raise ValueError("names a member of an object twice; name it once")
    return value


def repeats(body: bytes, value: Json) -> bool:
    r"""Whether some object in `body`, which decodes to `value`, names a member twice.

    JSON has one colon per member, plus those inside strings, and orjson writes what it read with neither more nor
    fewer: a member that was overwritten took at least its own colon with it. Only `\u003a` hides a colon from the
    count, and such a body is read again, slowly. Raises ValueError for nesting beyond orjson's or Python's stack.
    """
    try:
        if b"\\u003a" in body or b"\\u003A" in body:
            return _repeats_exactly(body)
        return body.count(b":") != orjson.dumps(value).count(b":")
    except (orjson.JSONEncodeError, RecursionError) as error:
        raise ValueError("is nested too deeply to be checked; send fewer levels") from error


def _repeats_exactly(body: bytes) -> bool:
    repeated = False

    def member_names(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
        nonlocal repeated
        members = dict(pairs)
        repeated |= len(members) != len(pairs)
        return members

    json.loads(body, object_pairs_hook=member_names)
    return repeated


_TO_ZEROS = bytes.maketrans(b"123456789", b"000000000")
_SHORTEST = b"0" * len(str(2**63))


def loses_digits(body: bytes) -> bool:
    """Whether there is an integer in it that orjson cannot hold: one below -2^63 or beyond 2^64-1.

    Whatever has no nineteen digits in a row holds none; the rest is read again, slowly. `body` is JSON, and not nested
    beyond Python's stack.
    """
    if _SHORTEST not in body.translate(_TO_ZEROS):
        return False
    lost = False

    def integer(digits: str) -> int:
        nonlocal lost
        lost |= not -(2**63) <= int(digits) < 2**64
        return 0

    json.loads(body, parse_int=integer)
    return lost
