"""Multipart bodies: each property a part, each item of an array a part of its own where the document says so."""

import re
from collections.abc import Callable, Iterable, Iterator
from mimetypes import MimeTypes
from secrets import token_hex
from typing import NamedTuple, TypeAlias

from bridge.egress.encode.binary import binary
from bridge.egress.encode.form import member_text, styled_parts
from bridge.egress.encode.text import Unfit, json_text
from bridge.egress.headers import field_value
from bridge.model import Field, Json
from bridge.model.headers import is_token
from bridge.model.media import is_range, valid

OCTETS = "application/octet-stream"


class Part(NamedTuple):
    name: str
    content: bytes
    media_type: str | None = None
    filename: str | None = None
    headers: tuple[tuple[str, str], ...] = ()


Parts: TypeAlias = Callable[[Json], list[Part]]


def parts_of(name: str, field: Field | None) -> Parts:
    """How a property becomes parts; a property that the document does not name is written by its value.

    Raises ValueError for part headers that are none.
    """
    for header, text in () if field is None else field.headers:
        if not is_token(header) or not field_value(text):
            raise ValueError(f"the part {name!r} has a header {header!r} that is none")
    if field is not None and field.style is not None:
        make = styled_parts(name, field)
        return lambda value: [Part(key, text.encode(), headers=field.headers) for key, text in make(value)]
    if field is not None and field.item is None:
        one = _one(name, field)
        return lambda value: [one(value)]
    each = _one(name, None if field is None else field.item)

    def write(value: Json) -> list[Part]:
        if type(value) is list:
            return [each(member) for member in value if member is not None]
        return [each(value)]

    return write


def _one(name: str, field: Field | None) -> Callable[[Json], Part]:
    if field is not None and field.binary:
        return _file(name, field)
    media_type = None if field is None else _concrete(field.media_type)
    headers = () if field is None else field.headers
    declared = member_text(field)

    def part(value: Json) -> Part:
        if type(value) in (dict, list):
            # OpenAPI 3.1 section 4.8.14.4: “If the property is complex, or an array of complex values, the default
            # Content-Type is application/json”.
            return Part(name, json_text(value).encode(), media_type or "application/json", headers=headers)
        text = declared(value) if value is not None else json_text(value)
        return Part(name, text.encode(), media_type, headers=headers)

    return part


def _file(name: str, field: Field) -> Callable[[Json], Part]:
    declared = _concrete(field.media_type)

    def part(value: Json) -> Part:
        given = binary(value)
        media_type = given.media_type or declared or OCTETS
        return Part(name, given.content, media_type, given.filename or _filename(name, media_type), field.headers)

    return part


def _concrete(media_type: str | None) -> str | None:
    """The first of an Encoding Object's list, which may hold ranges; a range says nothing about one part."""
    for one in (media_type or "").split(","):
        if valid(one) and not is_range(one):
            return one.strip()
    return None


_TYPES = MimeTypes(filenames=())  # not the machine's table: the same request on every machine


def _filename(name: str, media_type: str) -> str:
    """Upstreams judge an upload by its extension, so it gets one where its type has one."""
    extension = None if media_type == OCTETS else _TYPES.guess_extension(media_type)
    return name if "." in name else name + (extension or "")


# --- writing ----------------------------------------------------------------------------------------------------------


def write_multipart(parts: Iterable[Part]) -> tuple[bytes, str]:
    """The body and its boundary: always 32 hexadecimal digits, and in no part's content."""
    written = [_head(part) + part.content for part in parts]
    boundary = next(one for one in _boundaries() if not any(one in text for text in written))
    lines = b"".join([b"--" + boundary + b"\r\n" + text + b"\r\n" for text in written])
    return lines + b"--" + boundary + b"--\r\n", boundary.decode()


def _boundaries() -> Iterator[bytes]:
    while True:
        yield token_hex(16).encode()


def _head(part: Part) -> bytes:
    disposition = f'form-data; name="{_quoted(part.name)}"'
    if part.filename is not None:
        disposition += f'; filename="{_quoted(part.filename)}"'
    lines = [f"Content-Disposition: {disposition}"]
    if part.media_type is not None:
        lines.append(f"Content-Type: {part.media_type}")
    lines += [f"{name}: {text}" for name, text in part.headers if name.lower() not in _OURS]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


# OpenAPI 3.1 section 4.8.15: “`Content-Type` is described separately and SHALL be ignored in this section.”
_OURS = frozenset({"content-disposition", "content-type", "content-length", "content-transfer-encoding"})
_ESCAPES = {'"': "%22", "\r": "%0D", "\n": "%0A"}


def _quoted(text: str) -> str:
    """HTML's multipart/form-data encoding: replace CR, LF and the quotation mark in names, and nothing else."""
    if "\0" in text:
        raise Unfit("holds NUL in a name")
    return re.sub(r'["\r\n]', lambda match: _ESCAPES[match[0]], text)
