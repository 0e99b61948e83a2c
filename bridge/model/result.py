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


Block: TypeAlias = Text | Media


@dataclass(frozen=True, slots=True)
class Result:
    """What an agent gets of an answer. `structured` is JSON text, ready to be spliced into the envelope."""

    blocks: tuple[Block, ...]
    structured: bytes | None = None
    error: bool = False
