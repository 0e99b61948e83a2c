"""Request bodies: which arguments make one up, and how its kind is written.

A compiled body answers None where there is none to send; otherwise its bytes and its Content-Type.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple, TypeAlias

import orjson

from bridge.egress.encode.binary import binary
from bridge.egress.encode.form import form_pairs, form_text
from bridge.egress.encode.multipart import OCTETS, Part, parts_of, write_multipart
from bridge.egress.encode.text import UNFIT, Unfit, item, json_bytes, kind, missing, refused
from bridge.egress.encode.xml import write_xml
from bridge.model import Arguments, Body, BodyKind, Json, Param, Spread, XmlShape
from bridge.model.media import essence, is_range, valid


class Content(NamedTuple):
    body: bytes
    media_type: bytes


Compose: TypeAlias = Callable[[Arguments], Content | None]
Gather: TypeAlias = Callable[[Arguments], Json]
Write: TypeAlias = Callable[[Json], Content]

_NOTHING = object()


def compile_body(body: Body, params: tuple[Param, ...]) -> Compose:
    gather, write = _GATHER[body.spread](body, params), _WRITE[body.kind](body)

    def compose(arguments: Arguments) -> Content | None:
        value = gather(arguments)
        if value is _NOTHING:
            if not body.required:
                return None
            if body.kind is not BodyKind.JSON:
                raise missing(body.argument)
            # A body that must hold something is a required argument; one that must only be there is an empty object.
            value = {}
        if not value and body.spread is not Spread.WHOLE and not body.required:
            return None
        try:
            return write(value)
        except UNFIT as error:
            raise refused(_blamed(body, value, write), error) from error

    return compose


def _blamed(body: Body, value: Mapping[str, Json], write: Write) -> str:
    """The argument that cannot be written: the one that fails alone. Only looked for once something failed."""
    if body.spread is Spread.WHOLE:
        return body.argument
    arguments = {field.name: field.argument for field in body.fields}
    for name, member in value.items():
        try:
            write({name: member})
        except UNFIT:
            return arguments.get(name, name)
    return body.argument


# --- gathering --------------------------------------------------------------------------------------------------------


def _gather_fields(body: Body, params: tuple[Param, ...]) -> Gather:
    fields = [(field.argument, field.name) for field in body.fields]
    return lambda arguments: {name: arguments[key] for key, name in fields if key in arguments}


def _gather_rest(body: Body, params: tuple[Param, ...]) -> Gather:
    taken = frozenset(param.argument for param in params)
    return lambda arguments: {name: value for name, value in arguments.items() if name not in taken}


def _gather_whole(body: Body, params: tuple[Param, ...]) -> Gather:
    argument = body.argument
    return lambda arguments: arguments.get(argument, _NOTHING)


_GATHER: Mapping[Spread, Callable[[Body, tuple[Param, ...]], Gather]] = {
    Spread.FIELDS: _gather_fields,
    Spread.REST: _gather_rest,
    Spread.WHOLE: _gather_whole,
}


# --- writing ----------------------------------------------------------------------------------------------------------

_CONCRETE = {
    BodyKind.JSON: "application/json",
    BodyKind.FORM: "application/x-www-form-urlencoded",
    BodyKind.MULTIPART: "multipart/form-data",
    BodyKind.TEXT: "text/plain",
    BodyKind.BINARY: OCTETS,
    BodyKind.XML: "application/xml",
}


def _media_type(body: Body) -> str:
    """A range is a promise about requests, not a type that one could have."""
    if is_range(body.media_type):
        return _CONCRETE[body.kind]
    if not valid(body.media_type):
        raise ValueError(f"the body's media type {body.media_type!r} is none")
    return body.media_type.strip()


# The start and end of each item, for JSON that comes as a sequence: RFC 7464 section 2.2, and one value per line.
_SEQUENCES = {
    "application/json-seq": (b"\x1e", b"\n"),
    "application/jsonl": (b"", b"\n"),
    "application/ndjson": (b"", b"\n"),
    "application/x-ndjson": (b"", b"\n"),
}


def _json(body: Body) -> Write:
    media_type = _media_type(body).encode("ascii")
    if sequence := _SEQUENCES.get(essence(body.media_type)):
        start, end = sequence
        return lambda value: Content(
            b"".join([start + json_bytes(one) + end for one in (value if type(value) is list else [value])]),
            media_type,
        )

    def write(value: Json) -> Content:
        try:
            return Content(orjson.dumps(value), media_type)
        except TypeError:
            return Content(json_bytes(value), media_type)

    return write


def _form(body: Body) -> Write:
    media_type = _media_type(body).encode("ascii")
    known = {field.name: form_pairs(field.name, field) for field in body.fields}
    return lambda value: Content(form_text(value, known).encode("ascii"), media_type)


def _multipart(body: Body) -> Write:
    media_type = _media_type(body).partition(";")[0]  # a boundary in the document would be the wrong one
    known = {field.name: parts_of(field.name, field) for field in body.fields}

    def parts(value: Json) -> list[Part]:
        if type(value) is not dict:
            raise Unfit(f"must be an object, not {kind(value)}")
        return [
            part
            for name, member in value.items()
            if member is not None
            for part in (known.get(name) or parts_of(name, None))(member)
        ]

    def write(value: Json) -> Content:
        content, boundary = write_multipart(parts(value))
        return Content(content, f"{media_type}; boundary={boundary}".encode("ascii"))

    return write


def _text(body: Body) -> Write:
    media_type = _media_type(body)
    if media_type.lower().startswith("text/") and "charset" not in media_type.lower():
        media_type += "; charset=utf-8"
    encoded = media_type.encode("ascii")
    return lambda value: Content(item(value).encode() if value is not None else b"null", encoded)


def _binary(body: Body) -> Write:
    declared = _media_type(body)
    open_ended = is_range(body.media_type)

    def write(value: Json) -> Content:
        given = binary(value)
        media_type = given.media_type if open_ended and given.media_type else declared
        return Content(given.content, media_type.encode("ascii"))

    return write


def _xml(body: Body) -> Write:
    media_type = _media_type(body).encode("ascii")
    shape = body.xml or XmlShape("root")

    def write(value: Json) -> Content:
        # Without a shape the document says nothing about the elements, so text is XML already.
        text = value if body.xml is None and type(value) is str else write_xml(value, shape)
        return Content(text.encode(), media_type)

    return write


_WRITE: Mapping[BodyKind, Callable[[Body], Write]] = {
    BodyKind.JSON: _json,
    BodyKind.FORM: _form,
    BodyKind.MULTIPART: _multipart,
    BodyKind.TEXT: _text,
    BodyKind.BINARY: _binary,
    BodyKind.XML: _xml,
}
