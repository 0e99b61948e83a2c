"""Request bodies by media type: read within a bound, then understood as the document declares them."""

from collections.abc import Callable, Mapping
from urllib.parse import quote

from python_multipart.multipart import parse_options_header
from starlette.requests import Request

from bridge.demo.contract import Body, Field, Json, Part
from bridge.demo.multipart import MalformedMultipart, read_parts
from bridge.demo.multipart import Part as SentPart
from bridge.demo.problems import Problem
from bridge.demo.styles import StyleError, decode_form, read_query, split_pairs
from bridge.demo.typed import check, load_json, typed

LARGEST_BODY = 4 * 1024 * 1024
_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"

Options = Mapping[bytes, bytes]


async def read_body(request: Request, declared: Mapping[str, Body]) -> Json:
    """The body as JSON, bytes, text or fields by name; None when there is none and none is needed.

    Raises Problem 400, 413 and 415.
    """
    if not declared:
        return None
    content = await _content(request)
    sent = request.headers.get("content-type")
    if not content and sent is None:
        return _absent(declared)
    media_type, options = parse_options_header(sent or "")
    body = declared.get(media_type.decode("latin-1"))
    if body is None:
        raise Problem(415, f"the body is {sent or 'of no named type'}; it has to be {' or '.join(declared)}")
    return _READERS[body.media_type](body, content, options)


async def _content(request: Request) -> bytes:
    content = bytearray()
    async for chunk in request.stream():
        content += chunk
        if len(content) > LARGEST_BODY:
            raise Problem(413, f"the body is larger than {LARGEST_BODY} bytes", {"Connection": "close"})
    return bytes(content)


def _absent(declared: Mapping[str, Body]) -> None:
    if any(body.required for body in declared.values()):
        raise Problem(400, f"a body is needed, of type {' or '.join(declared)}")


def _json(body: Body, content: bytes, options: Options) -> Json:
    return _checked(body.field, load_json("body", content))


def _checked(field: Field | None, value: Json) -> Json:
    return value if field is None else check("body", field, value)


def _text(body: Body, content: bytes, options: Options) -> Json:
    try:
        text = content.decode(options.get(b"charset", b"utf-8").decode("latin-1"))
    except (LookupError, UnicodeDecodeError) as error:
        raise Problem(400, f"body: is not text in its charset ({error})") from error
    return _checked(body.field, text)


def _bytes(body: Body, content: bytes, options: Options) -> bytes:
    if not content:
        raise Problem(400, "body: is empty")
    return content


def _png(body: Body, content: bytes, options: Options) -> bytes:
    if not content.startswith(_PNG_SIGNATURE):
        raise Problem(400, "body: is not a PNG picture, its signature is missing")
    return content


def _form(body: Body, content: bytes, options: Options) -> Json:
    # Bytes that are not ASCII should have been percent-encoded; escaping them here lets UTF-8 be judged in one place.
    pairs = split_pairs(quote(content, safe="%&=+;/?:@!$'()*,[]|~ "))
    fields: dict[str, Json] = {}
    try:
        strange = {decode_form(name) for name, _ in pairs}
        for name, part in body.parts.items():
            where = f"form field {name!r}"
            raw, used = read_query(part.style, pairs, decode_form)
            strange -= used
            if raw is not None:
                fields[name] = _from_json(where, part, raw) if part.content_types else typed(where, part.field, raw)
    except StyleError as error:
        raise Problem(400, f"form: {error}") from error
    _refuse_strange(strange, body)
    return _checked(body.field, fields)


def _from_json(where: str, part: Part, raw: object) -> Json:
    return check(where, part.field, load_json(where, str(raw)))


def _multipart(body: Body, content: bytes, options: Options) -> Json:
    """Fields by name; a part that carries a file stays a sent part, with its name, type and bytes."""
    try:
        sent = read_parts(content, options.get(b"boundary", b""))
    except MalformedMultipart as error:
        raise Problem(400, f"multipart body: {error}") from error
    _refuse_strange({part.name for part in sent} - set(body.parts), body)
    fields: dict[str, Json] = {}
    for name, declared in body.parts.items():
        if values := [_part(declared, part) for part in sent if part.name == name]:
            fields[name] = values if declared.field.shape == "array" else _single(name, values)
    missing = [name for name in (body.field.schema.get("required", ()) if body.field else ()) if name not in fields]
    if missing:
        raise Problem(400, f"multipart body: part {missing[0]!r} is missing")
    return fields


def _part(declared: Part, sent: SentPart) -> Json:
    where = f"part {sent.name!r}"
    if declared.content_types and sent.content_type not in declared.content_types:
        expected = " or ".join(declared.content_types)
        raise Problem(400, f"{where}: its Content-Type is {sent.content_type}; it has to be {expected}")
    if sent.content_type == "application/json":
        return check(where, declared.field, load_json(where, sent.content))
    if "contentMediaType" in declared.field.schema:
        return _file(where, sent)
    try:
        return sent.content.decode()
    except UnicodeDecodeError as error:
        raise Problem(400, f"{where}: is not UTF-8") from error


def _file(where: str, sent: SentPart) -> SentPart:
    if not sent.filename:
        raise Problem(400, f"{where}: is a file and needs a filename in its Content-Disposition")
    return sent


def _single(name: str, values: list[Json]) -> Json:
    if len(values) > 1:
        raise Problem(400, f"part {name!r}: is given more than once")
    return values[0]


def _refuse_strange(strange: set[str], body: Body) -> None:
    if strange:
        raise Problem(400, f"the body has no field {min(strange)!r}; its fields are {', '.join(body.parts)}")


_READERS: dict[str, Callable[[Body, bytes, Options], Json]] = {
    "application/json": _json,
    "application/merge-patch+json": _json,
    "application/x-www-form-urlencoded": _form,
    "multipart/form-data": _multipart,
    "application/octet-stream": _bytes,
    "image/png": _png,
    "text/plain": _text,
}
