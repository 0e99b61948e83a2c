"""What an agent gets of an upstream's answer, before a protocol revision is chosen for it."""

from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Text:
    text: str


@dataclass(frozen=True, slots=True)
class Media:
    """Bytes for a model: `kind` is image, audio or blob, `data` standard base64."""

    kind: str
    data: str
    media_type: str
    uri: str = ""


@dataclass(frozen=True, slots=True)
class Link:
    """MCP's resource link: something that can be read at `uri` through this gateway. `size` in bytes, 0 if unknown."""

    uri: str
    name: str
    media_type: str = ""
    description: str = ""
    size: int = 0


@dataclass(frozen=True, slots=True)
class Verbatim:
    """A content block that the upstream wrote itself: `kind` is its MCP type, `json` the whole object, already held
    against MCP's ContentBlock."""

    kind: str
    json: bytes


Block: TypeAlias = Text | Media | Link | Verbatim


@dataclass(frozen=True, slots=True)
class Result:
    """What an agent gets of an answer. `structured` is JSON text, ready to be spliced into the envelope."""

    blocks: tuple[Block, ...]
    structured: bytes | None = None
    error: bool = False
    broken: bool = False
    """The answer is not what its declared schema says; it is delivered all the same, and marked."""
