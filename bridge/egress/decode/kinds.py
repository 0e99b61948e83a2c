"""How content becomes blocks and structure, by its media type."""

from base64 import b64encode
from collections.abc import Mapping

import orjson

from bridge.egress.decode.answer import Answer
from bridge.egress.decode.sequence import SEQUENCES, read_sequence
from bridge.egress.decode.text import clipped, is_textual, text_of, utf8
from bridge.model import Json, Media, Result, Text
from bridge.model.media import is_json


def read_content(answer: Answer) -> Result:
    media_type = answer.media_type
    if media_type in SEQUENCES:
        return read_sequence(answer, SEQUENCES[media_type])
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
    return Result((Text(text),), _structured(body, value, wrapped=answer.promise.wrapped))


def _json_bytes(answer: Answer) -> bytes:
    """RFC 8259 section 8.1: JSON is UTF-8; a byte order mark may be ignored, and older charsets occur."""
    if answer.body.isascii():
        return answer.body
    text = utf8(answer)
    return (text if text is not None else text_of(answer)).encode("utf-8", "surrogatepass")


# MCP wants structuredContent to be an object, and both its framings end at a line break. Inside a JSON string a raw
# one is an error, so those that are left stand between tokens and may as well be spaces.
_LINES = bytes.maketrans(b"\r\n", b"  ")


def _structured(body: bytes, value: Json, *, wrapped: bool) -> bytes:
    line = body.translate(_LINES).strip()
    return line if isinstance(value, dict) and not wrapped else b'{"result":' + line + b"}"


def _broken_json(answer: Answer) -> Result:
    shown = Text(clipped(text_of(answer), answer.limits.text))
    note = () if answer.cut else (Text(f"[the answer says {answer.media_type}, but is not valid JSON]"),)
    return Result((shown, *note), _as_text(answer, shown.text))


# --- text -------------------------------------------------------------------------------------------------------------


def _text(answer: Answer) -> Result:
    """Where JSON was promised, servers that mislabel it as text are common."""
    if answer.promise.structured and (result := _json(answer)):
        return result
    text = clipped(text_of(answer), answer.limits.text)
    return Result((Text(text),), _as_text(answer, text))


def _as_text(answer: Answer, text: str) -> bytes | None:
    """Structured content for a client that was promised some; what it thinks of the schema is its own affair."""
    return (
        b'{"result":' + orjson.dumps(text.encode("utf-8", "replace").decode()) + b"}"
        if answer.promise.structured
        else None
    )


# --- bytes ------------------------------------------------------------------------------------------------------------

_PICTURES: Mapping[str, str] = {"image": "image", "audio": "audio"}


def _media(answer: Answer) -> Result:
    kind = _PICTURES.get(answer.media_type.partition("/")[0], "blob")
    media_type = answer.media_type or "application/octet-stream"
    limit = answer.limits.blob if kind == "blob" else answer.limits.picture
    if answer.cut or len(answer.body) > limit:
        size = f"more than {len(answer.body)}" if answer.cut else str(len(answer.body))
        return Result(
            (Text(f"[{media_type}, {size} bytes: too large to pass on; at most {limit} are]"),),
            answer.promise.placeholder,
        )
    data = b64encode(answer.body).decode("ascii")
    return Result(
        (Media(kind, data, media_type, answer.promise.uri if kind == "blob" else ""),), answer.promise.placeholder
    )
