"""What agents see of an operation."""

from dataclasses import dataclass

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
class AskFor:
    """One form for arguments that a call lacks: `key` names the question, `arguments` those that it asks for."""

    key: str
    arguments: tuple[str, ...]
    message: str = ""


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
    ask: tuple[AskFor, ...] = ()
    """Missing required arguments that a person is asked for, form by form, one after the other; none: none are."""
    expose: str = "tool"
    digest: str = ""
    """Of everything that a client could see of it."""
