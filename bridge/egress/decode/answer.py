"""One upstream answer with all that its readers ask about it, and how much of it an agent may get."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from bridge.model import Headers, Json


@dataclass(frozen=True, slots=True)
class Limits:
    """Characters for text, bytes before base64 for media; `items` are those of a stream that was read to its end,
    `blocks` the content blocks that an upstream wrote itself."""

    text: int = 400_000
    error: int = 20_000
    picture: int = 4 << 20
    blob: int = 1 << 20
    items: int = 10_000
    blocks: int = 1000


@dataclass(frozen=True, slots=True)
class Promise:
    """What is known before any answer came.

    `fits` holds structured content against the tool's output schema, None where it has none; `wrapped`: the schema
    describes `{"result": …}`, whose member it does not require; `listed`: it describes `{"items": [...]}`. `declared`
    are the media types of the document. `uri` names bytes that are handed on, `name` what has no file name;
    `readable`: what is too large can be read again, by itself.
    """

    fits: Callable[[Json], bool] | None = None
    wrapped: bool = False
    listed: bool = False
    declared: frozenset[str] = frozenset()
    uri: str = ""
    name: str = ""
    readable: bool = False

    @property
    def placeholder(self) -> bytes | None:
        """Structured content where there is none: a client that was promised some takes its absence for a fault."""
        return None if self.fits is None else b"{}"


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    fields: Mapping[bytes, bytes]
    content_type: str
    media_type: str
    body: bytes
    cut: bool
    promise: Promise
    limits: Limits

    def header(self, name: bytes) -> str:
        """A field's value as readable text, whatever bytes it holds; empty where there is none."""
        value = self.fields.get(name)
        if value is None:
            return ""
        text = value.decode("latin-1").strip()
        return text if text.isprintable() else "".join(char if char.isprintable() else "?" for char in text)


def fields_of(headers: Headers) -> dict[bytes, bytes]:
    """RFC 9110 section 5.2: repeated fields are “concatenated in order, with each field line value separated by a
    comma”."""
    fields: dict[bytes, bytes] = {}
    for name, value in headers:
        fields[name] = fields[name] + b", " + value if name in fields else value
    return fields
