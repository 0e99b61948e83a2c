"""What agents read: operations that only read, under addresses of their own."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Resource:
    """MCP's Resource, or its ResourceTemplate where `uri` holds RFC 6570 expressions.

    The variables of a template are names of the operation's tool arguments; everything else the operation needs has a
    default or is optional. `listed` is False for the address that every readable operation has anyway, so that links
    to it can be read, without being offered.
    """

    uri: str
    name: str
    title: str
    description: str
    api: str
    operation: str
    media_type: str = ""
    audience: tuple[str, ...] = ()
    """Of `user`, `assistant`: MCP's annotation."""
    priority: float | None = None
    listed: bool = True

    @property
    def template(self) -> bool:
        return "{" in self.uri


@dataclass(frozen=True, slots=True)
class Completion:
    """Where suggestions for one argument come from: fixed `values`, or an operation that lists them.

    `operation` is an operation's (api, id); `argument` names the one of its arguments that takes what was typed so far
    ("" for none), `select` is a JSONPath (RFC 9535) to the suggestions in its answer.
    """

    values: tuple[str, ...] = ()
    operation: tuple[str, str] | None = None
    argument: str = ""
    select: str = ""


@dataclass(frozen=True, slots=True)
class PromptArgument:
    name: str
    title: str = ""
    description: str = ""
    required: bool = False
    completion: Completion | None = None


@dataclass(frozen=True, slots=True)
class PromptMessage:
    """One message: `kind` is text, resource, image or audio.

    `text` and `uri` may hold `{{argument}}`; `data` is standard base64 of `media_type`.
    """

    role: str
    kind: str
    text: str = ""
    uri: str = ""
    data: str = ""
    media_type: str = ""


@dataclass(frozen=True, slots=True)
class Prompt:
    """MCP's Prompt with the messages it is made of. `ask`: missing required arguments are asked for, where a client
    can carry the question, in place of a refusal."""

    name: str
    title: str
    description: str
    arguments: tuple[PromptArgument, ...]
    messages: tuple[PromptMessage, ...]
    ask: bool = False
