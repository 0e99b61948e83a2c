"""What agents see of an operation."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from bridge.model.json import Json


@dataclass(frozen=True, slots=True)
class Annotations:
    """MCP's ToolAnnotations: hints, never a permission."""

    read_only: bool
    destructive: bool
    idempotent: bool
    open_world: bool = True

    def as_json(self) -> dict[str, bool]:
        return {
            "readOnlyHint": self.read_only,
            "destructiveHint": self.destructive,
            "idempotentHint": self.idempotent,
            "openWorldHint": self.open_world,
        }


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool; `operation` is the id of the operation behind it, `tokens` estimates what listing it costs."""

    name: str
    title: str
    description: str
    input_schema: Json
    annotations: Annotations
    api: str
    operation: str
    output_schema: Json = None
    wrapped: bool = False
    """The output schema describes `{"result": …}`, because the answer's own root is no object."""
    tokens: int = 0
    tags: tuple[str, ...] = ()
    confirm: bool = False
    expose: str = "tool"
    meta: Mapping[str, Json] = field(default_factory=dict)
