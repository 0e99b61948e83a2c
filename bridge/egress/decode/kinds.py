"""How content becomes blocks and structure, by its media type."""

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import replace

import orjson

from bridge.egress.decode.answer import Answer
from bridge.egress.decode.content import read_blocks
from bridge.egress.decode.filename import file_name
from bridge.egress.decode.promised import held, undeclared, unreadable
from bridge.egress.decode.sequence import SEQUENCES, Item, aggregated, read_items
from bridge.egress.decode.text import clipped, is_textual, text_of, utf8
from bridge.model import Json, Link, Media, Result, Text
from bridge.model.media import MCP_CONTENT, is_json


def read_content(answer: Answer) -> Result:
    media_type = answer.media_type
    if media_type == "application/json":
        return _json(answer) or _broken_json(answer)
    if media_type in SEQUENCES:
        return _sequence(answer)
    if media_type == MCP_CONTENT:
        return read_blocks(answer) or _json(answer) or _broken_json(answer)
    if is_json(media_type):
        return _json(answer) or _broken_json(answer)
    if is_textual(media_type):
        return _text(answer)
    if not media_type and utf8(answer) is not None:
        return _json(answer) or _text(answer)
    return _media(answer)


# --- JSON -------------------------------------------------------------------------------------------------------------


def _json(answer: Answer) -> Result | None:
    """None where the body is no JSON. It is parsed only to be sure: what goes on are the bytes as they came."""
    body = _json_bytes(answer)
    try:
        value = orjson.loads(body)
    except ValueError:
        return None
    text = clipped(text_of(answer), answer.limits.text)
    wrapped, other = answer.promise.wrapped, not isinstance(value, dict)
    result = Result((Text(text),), _structured(body, wrapped=wrapped or other))
    if answer.promise.fits is None:
        return result
    # A schema that is not wrapped describes an object. It requires nothing, and so takes `{"result": …}` for one.
    return held(answer, result, {"result": value} if wrapped or other else value, kept=wrapped or not other)


def _json_bytes(answer: Answer) -> bytes:
    """RFC 8259 section 8.1: JSON is UTF-8; a byte order mark may be ignored, and older charsets occur."""
    if answer.body.isascii():
        return answer.body
    text = utf8(answer)
    return (text if text is not None else text_of(answer)).encode("utf-8", "surrogatepass")


# MCP wants structuredContent to be an object, and both its framings end at a line break. Inside a JSON string a raw
# one is an error, so those that are left stand between tokens and may as well be spaces.
_LINES = bytes.maketrans(b"\r\n", b"  ")


def _structured(body: bytes, *, wrapped: bool) -> bytes:
    line = body.translate(_LINES).strip()
    return b'{"result":' + line + b"}" if wrapped else line


def _broken_json(answer: Answer) -> Result:
    shown = Text(clipped(text_of(answer), answer.limits.text))
    return unreadable(answer, Result((shown,), _as_text(answer, shown.text)))


# --- sequences --------------------------------------------------------------------------------------------------------


def _sequence(answer: Answer) -> Result:
    sequence = read_items(answer, SEQUENCES[answer.media_type])
    item = sequence.single(answer)
    return aggregated(answer, sequence) if item is None else _alone(answer, item)


def _alone(answer: Answer, item: Item) -> Result:
    """One item as if it were the whole answer: JSON, or text where it is a JSON string or none at all."""
    try:
        value: Json = orjson.loads(item.content)
    except ValueError:
        value = item.content.decode("utf-8", "replace")
    if isinstance(value, str):
        text = clipped(value, answer.limits.text)
        return Result((Text(text),), _as_text(answer, text))
    plain = replace(answer, content_type="", body=item.content)
    return _json(plain) or _text(plain)


# --- text -------------------------------------------------------------------------------------------------------------


def _text(answer: Answer) -> Result:
    """Where JSON was promised, servers that mislabel it as text are common."""
    if answer.promise.fits is not None and (result := _json(answer)):
        return result
    text = clipped(text_of(answer), answer.limits.text)
    return undeclared(answer, Result((Text(text),), _as_text(answer, text)))


def _as_text(answer: Answer, text: str) -> bytes | None:
    """Structured content for a client that was promised some: the text, where the schema takes it."""
    if answer.promise.fits is None:
        return None
    value = {"result": text.encode("utf-8", "replace").decode()}
    return orjson.dumps(value) if answer.promise.fits(value) else answer.promise.placeholder


# --- bytes ------------------------------------------------------------------------------------------------------------

_PICTURES: Mapping[str, str] = {"image": "image", "audio": "audio"}


def _media(answer: Answer) -> Result:
    kind = _PICTURES.get(answer.media_type.partition("/")[0], "blob")
    media_type = answer.media_type or "application/octet-stream"
    limit = answer.limits.blob if kind == "blob" else answer.limits.picture
    if answer.cut or len(answer.body) > limit:
        return Result((_too_large(answer, media_type, limit),), answer.promise.placeholder)
    data = b64encode(answer.body).decode("ascii")
    uri = answer.promise.uri if kind == "blob" else ""
    return Result((Media(kind, data, media_type, uri),), answer.promise.placeholder)


def _too_large(answer: Answer, media_type: str, limit: int) -> Link | Text:
    """What can be read again becomes a link, still without its address: that needs the call's arguments."""
    size, why = len(answer.body), f"too large to pass on in the answer, where at most {limit} bytes are"
    if answer.cut or not answer.promise.readable:
        return Text(f"[{media_type}, {'more than ' if answer.cut else ''}{size} bytes: {why}]")
    name = file_name(answer.fields.get(b"content-disposition", b"")) or answer.promise.name
    return Link("", name, media_type, why, size)
