"""The settings of the agents' door: the endpoint, its toolsets, the prompts that it offers."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from bridge.config.names import ArgumentName, EndpointPath, Host, LocalPath, Origin, PromptName, ToolsetName
from bridge.config.sections import Section, Selection
from bridge.config.values import Bool, Duration, JsonPath, Text, Timeout, Whole


class Toolset(Selection):
    instructions: Text = Field(default="", description="What clients of this toolset are told about it.")
    prompts: tuple[PromptName, ...] | None = Field(
        default=None, description="The prompts that it offers. Default: all."
    )


class Legacy(StrEnum):
    SESSIONS = "sessions"
    SESSIONLESS = "sessionless"
    OFF = "off"


class Mcp(Section):
    path: EndpointPath = Field(default="/mcp", description="The agents' endpoint; toolsets are served below it.")
    hosts: tuple[Host, ...] = Field(
        default=(),
        description="Values of the Host header that are answered. Empty: any, or loopback names on a loopback address.",
    )
    origins: tuple[Origin, ...] = Field(default=(), description="Browser origins that may call the endpoint.")
    instructions: Text = Field(default="", description="What clients are told about the server as a whole.")
    page_size: Annotated[int, Whole(1, 1000)] = Field(default=250, description="Tools per page of a listing.")
    ttl: Duration = Field(default=60.0, description="How long clients may keep a listing.")
    legacy: Legacy = Field(
        default=Legacy.SESSIONS,
        description="How revisions before 2026-07-28 are served: `sessions` (streams, subscriptions, questions), "
        "`sessionless` (each request by itself) or `off`.",
    )
    sse: Bool = Field(
        default=False,
        description="Whether HTTP+SSE, the transport of 2024-11-05, is served at `<mcp.path>/sse`. Needs sessions.",
    )
    poll: Timeout = Field(
        default=30.0, description="How often a resource that somebody subscribed to is read, to see whether it changed."
    )
    toolsets: Mapping[ToolsetName, Toolset] = Field(
        default={},
        description="Named subsets of the tools, each with an endpoint of its own at `<mcp.path>/<toolset>`.",
    )


class Role(StrEnum):
    USER = "user"
    ASSISTANT = "assistant"


class Completion(Section):
    operation: Text = Field(
        description="The operation that lists suggestions: `<api>/<operationId>`, or an operationId alone."
    )
    argument: Text = Field(default="", description="Its argument that takes what was typed so far. Default: none.")
    pick: JsonPath = Field(
        alias="select", description="A JSONPath to the suggestions in its answer: texts or numbers, 100 at most."
    )


class PromptArgument(Section):
    title: Text = Field(default="", description="What people see it called. Default: its name.")
    description: Text = Field(default="", description="What it is for.")
    required: Bool = Field(default=False, description="Whether the prompt needs it.")
    values: tuple[Text, ...] = Field(default=(), description="Suggestions; other values are taken too.")
    complete: Completion | None = Field(default=None, description="An operation that suggests, in place of `values`.")


class PromptMessage(Section):
    role: Role = Field(default=Role.USER, description="Who says it: `user` or `assistant`.")
    text: Text | None = Field(default=None, description="A text; `{{name}}` stands for an argument.")
    resource: Text | None = Field(
        default=None, description="The address of a resource that is embedded; `{{name}}` stands for an argument."
    )
    image: LocalPath | None = Field(default=None, description="An image file, by its ending, of at most 4 MiB.")
    audio: LocalPath | None = Field(default=None, description="A sound file, by its ending, of at most 4 MiB.")


class Prompt(Section):
    title: Text = Field(default="", description="What people see it called. Default: its name.")
    description: Text = Field(default="", description="What it is for.")
    arguments: Mapping[ArgumentName, PromptArgument] = Field(default={}, description="What it takes, by name.")
    messages: tuple[PromptMessage, ...] = Field(
        description="What it says: each holds one of `text`, `resource`, `image` and `audio`."
    )
    ask: Bool = Field(
        default=False, description="Whether missing required arguments are asked for, where a client can be asked."
    )
