"""Bodies: offered media types, and what the document says about the content of the one that the gateway writes."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import TypeAlias

from bridge.model import Body, BodyKind, Headers, Operation
from bridge.model.media import essence, is_json, is_range
from bridge.pipeline.inspect.assembled import assembled
from bridge.pipeline.inspect.fields import Content, compile_form, compile_multipart
from bridge.pipeline.inspect.report import judged
from bridge.pipeline.strict import loads

Inside: TypeAlias = Callable[[Headers, bytes], Iterator[str]]
"""Headers and body of a request → problems."""

_MAY_BE_EMPTY = frozenset({BodyKind.BINARY, BodyKind.FORM, BodyKind.TEXT})


def compile_inside(operation: Operation) -> Inside:
    """Problems of the body. An operation without one says nothing about it: documents are often incomplete."""
    body = operation.body
    if body is None:
        return lambda headers, content: iter(())
    offer = offer_of(body)
    judge = _JUDGES[body.kind](operation, body) if body.kind in _JUDGES else None

    def inside(headers: Headers, content: bytes) -> Iterator[str]:
        media_types = _lines(headers, b"content-type")
        media_type = media_types[0] if media_types else ""
        if not content and not (media_type and body.kind in _MAY_BE_EMPTY):
            if body.required:
                yield f"body: is missing, but required; send {_listed(body)}"
            return
        found = offer(media_type)
        if found is None:
            came = f"not {media_type[:80]}" if media_type else "but the request has no content-type"
            yield f"body: must be {_listed(body)}, {came}"
        elif len(media_types) > 1:
            yield f"header 'content-type': is given {len(media_types)} times, but means one value; give it once"
        elif judge is not None and applies(body, found, media_type):
            coding = coding_of(headers)
            yield from judge(content, media_type) if coding is None else (coding,)

    return inside


def _lines(headers: Headers, name: bytes) -> list[str]:
    return [value.decode("latin-1").strip() for key, value in headers if key == name]


def coding_of(headers: Headers) -> str | None:
    """What is wrong with a body in another form than its own, which would pass unread."""
    named = ",".join(_lines(headers, b"content-encoding")).split(",")
    # RFC 9110 section 8.4.1: identity is “reserved as a synonym for "no encoding"”; section 5.6.1: a recipient MUST
    # ignore empty elements of a list.
    codings = [name for name in map(str.strip, named) if name.lower() not in ("", "identity")]
    if not codings:
        return None
    return f"header 'content-encoding': a body in {', '.join(codings)[:80]} cannot be checked; send it plain"


def _listed(body: Body) -> str:
    return " or ".join(body.media_types)


# --- media types ------------------------------------------------------------------------------------------------------


def offer_of(body: Body) -> Callable[[str], str | None]:
    """Which of the offered media types a content type falls under: itself, a `+json` of JSON, a range."""
    exact = {essence(one): one for one in body.media_types}
    ranges = [(re.compile(re.escape(name).replace(r"\*", "[^/]*")), one) for name, one in exact.items() if "*" in name]
    json = exact.get("application/json")

    def offered(media_type: str) -> str | None:
        name = essence(media_type)
        if name in exact and "*" not in name:
            return exact[name]
        if json is not None and name.endswith("+json"):
            return json
        # RFC 9110 section 8.3: without a Content-Type “the recipient MAY either assume a media type of
        # "application/octet-stream" or examine the data”.
        name = name or "application/octet-stream"
        return next((one for pattern, one in ranges if pattern.fullmatch(name)), exact.get(name))

    return offered


def applies(body: Body, found: str, media_type: str) -> bool:
    """Whether the schema at hand is that of the media type that came; the others have schemas of their own."""
    if is_range(found):  # what the gateway writes may stand for a range
        same = found == body.media_type or body.media_type not in body.media_types
    else:
        same = essence(found) == essence(body.media_type)
    return same and _IS[body.kind](essence(media_type))


_IS: Mapping[BodyKind, Callable[[str], bool]] = {
    BodyKind.JSON: is_json,
    BodyKind.FORM: lambda name: name == "application/x-www-form-urlencoded",
    BodyKind.MULTIPART: lambda name: name == "multipart/form-data",
    BodyKind.TEXT: lambda name: False,
    BodyKind.BINARY: lambda name: False,
    BodyKind.XML: lambda name: False,
}


# --- contents ---------------------------------------------------------------------------------------------------------


def _json(operation: Operation, body: Body) -> Content:
    schema = assembled(operation, body)

    def judge(content: bytes, media_type: str) -> Iterator[str]:
        try:
            # RFC 8259 section 8.1: implementations “MAY ignore the presence of a byte order mark”.
            value = loads(content.removeprefix(b"\xef\xbb\xbf"))
        except ValueError as error:
            yield f"body: {error}"
        else:
            yield from judged(schema, value, "body{}")

    return judge


_JUDGES: Mapping[BodyKind, Callable[[Operation, Body], Content]] = {
    BodyKind.JSON: _json,
    BodyKind.FORM: compile_form,
    BodyKind.MULTIPART: compile_multipart,
}
