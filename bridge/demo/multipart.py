"""A multipart/form-data body in parts, each with the headers it came with.

The web framework keeps a text part's value and forgets its Content-Type; whether a part was sent as declared in the
Encoding Object can only be told from the parts themselves.
"""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from python_multipart.exceptions import MultipartParseError
from python_multipart.multipart import MultipartParser, parse_options_header

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks

MOST_PARTS = 100


class MalformedMultipart(ValueError):
    pass


@dataclass(frozen=True, slots=True)
class Part:
    name: str
    filename: str | None
    content_type: str  # "text/plain" when the part names none (RFC 7578, section 4.4)
    content: bytes


def read_parts(body: bytes, boundary: bytes) -> list[Part]:
    """Raises MalformedMultipart, also when the closing boundary is missing."""
    collected = _Collector()
    try:
        parser = MultipartParser(boundary, collected.callbacks())
        parser.write(body)
        parser.finalize()
    except MultipartParseError as error:
        raise MalformedMultipart(str(error)) from error
    if not collected.ended:
        raise MalformedMultipart("the closing boundary is missing")
    return collected.parts


@dataclass(slots=True)
class _Collector:
    """Written by the parser's callbacks alone."""

    parts: list[Part] = field(default_factory=list)
    ended: bool = False
    headers: dict[bytes, bytes] = field(default_factory=dict)
    name: bytes = b""
    value: bytes = b""
    content: bytearray = field(default_factory=bytearray)

    def callbacks(self) -> "MultipartCallbacks":
        return {
            "on_part_begin": self.begin,
            "on_header_field": self.header_name,
            "on_header_value": self.header_value,
            "on_header_end": self.header_end,
            "on_part_data": self.data,
            "on_part_end": self.part_end,
            "on_end": self.end,
        }

    def begin(self) -> None:
        if len(self.parts) >= MOST_PARTS:
            raise MalformedMultipart(f"there are more than {MOST_PARTS} parts")
        self.headers, self.content = {}, bytearray()

    def header_name(self, data: bytes, start: int, end: int) -> None:
        self.name += data[start:end]

    def header_value(self, data: bytes, start: int, end: int) -> None:
        self.value += data[start:end]

    def header_end(self) -> None:
        self.headers[self.name.lower()] = self.value
        self.name, self.value = b"", b""

    def data(self, data: bytes, start: int, end: int) -> None:
        self.content += data[start:end]

    def part_end(self) -> None:
        disposition, options = parse_options_header(self.headers.get(b"content-disposition", b""))
        if disposition != b"form-data" or b"name" not in options:
            raise MalformedMultipart("a part has no Content-Disposition of form-data with a name")
        filename = options.get(b"filename")
        content_type, _ = parse_options_header(self.headers.get(b"content-type", b"text/plain"))
        self.parts.append(
            Part(
                options[b"name"].decode(errors="replace"),
                None if filename is None else filename.decode(errors="replace"),
                content_type.decode("latin-1"),
                bytes(self.content),
            )
        )

    def end(self) -> None:
        self.ended = True
