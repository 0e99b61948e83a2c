"""JSON-RPC out of bytes: strict where readers of the same bytes could disagree.

orjson refuses NaN, lone surrogates, byte order marks and anything but UTF-8, but lets the last of two equal names
win. A proxy that lets the first one win would then have authorised another call than the one we make, so repeated
names are refused, wherever they are.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import orjson

from bridge.ingress.mcp.refusals import InvalidRequest, ParseError
from bridge.model import Json
from bridge.pipeline.strict import loses_digits, repeats

MOST_NESTED = 128
MOST_ID = 256


RESPONSE = ""
"""The method of a Message that answers a request of ours. No request can have it."""


@dataclass(frozen=True, slots=True)
class Message:
    """A request, or a notification when `id` is None. `id` is JSON text, ready to be echoed.

    A response is told from a notification by the method RESPONSE: its `params` are all of it.
    """

    method: str
    params: dict[str, Json]
    id: bytes | None = None


def decode(body: bytes) -> Json:
    """Raises ParseError; InvalidRequest for nesting beyond MOST_NESTED, repeated names and lost digits."""
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise ParseError(f"the body is not JSON in UTF-8: {error}") from error
    # Every level of nesting opens a bracket, so few brackets prove that it is shallow.
    if body.count(b"{") + body.count(b"[") > MOST_NESTED and _deep(value):
        raise InvalidRequest(f"the body is nested more than {MOST_NESTED} levels deep")
    if repeats(body, value):
        raise InvalidRequest("the body names a member of an object twice")
    # RFC 8259 section 6: beyond what a reader can hold, implementations do not “agree exactly on their numeric values”.
    if loses_digits(body):
        raise InvalidRequest("the body holds an integer below -2^63 or beyond 2^64-1, which would lose digits")
    return value


def _deep(value: Json) -> bool:
    """Whether nesting goes beyond MOST_NESTED: level by level, so that no stack grows with it."""
    level: list[Json] = [value]
    for _ in range(MOST_NESTED + 1):
        level = [item for container in level for item in _inside(container)]
        if not level:
            return False
    return True


def _inside(value: Json) -> Iterable[Json]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def read(value: Json, *, responses: bool = False) -> Message:
    """Raises InvalidRequest for whatever is neither a request nor a notification, nor a response where one may come."""
    if not isinstance(value, dict) or value.get("jsonrpc") != "2.0":
        raise InvalidRequest('a message must be a JSON object with "jsonrpc": "2.0"')
    method = value.get("method")
    if responses and "method" not in value and ("result" in value) != ("error" in value):
        return Message(RESPONSE, value)
    if not isinstance(method, str) or not method:
        raise InvalidRequest("a message must be a request or a notification: its method must be a string")
    params = value.get("params")
    if params is not None and not isinstance(params, dict):
        raise InvalidRequest("params must be an object")
    # JSON-RPC 2.0 section 4.1: a notification is "a Request object without an "id" member". A null or fractional id is
    # no notification, it is a mistake, and its sender waits for an answer.
    if "id" not in value:
        return Message(method, params or {})
    identity = id_of(value)
    if identity is None:
        raise InvalidRequest(f"an id must be an integer or a string of at most {MOST_ID} characters")
    return Message(method, params or {}, identity)


def id_of(value: Json) -> bytes | None:
    """The id as JSON text, of a message that may be wrong in every other respect. A response has none: its id is of our
    numbering, and an error under it would answer a request of its sender's."""
    answers = isinstance(value, dict) and "method" not in value and ("result" in value or "error" in value)
    identity = value.get("id") if isinstance(value, dict) and not answers else None
    if type(identity) is int or (isinstance(identity, str) and len(identity) <= MOST_ID):
        # A copy: orjson's own bytes hold on to the kilobytes that they were written in, and a stream keeps its id.
        return memoryview(orjson.dumps(identity)).tobytes()
    return None
