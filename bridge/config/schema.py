"""The settings: every key, its type, its default and its description, once.

The JSON schema, the reference in the documentation, the environment variables and the advice in errors all come from
these classes. A field marked `static` is read at start alone; a change of any other takes effect on reload.
"""

from collections.abc import Mapping
from enum import StrEnum
from math import ceil
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from bridge.config.addresses import Address, Listen
from bridge.config.headers import HeaderMap, HeaderName
from bridge.config.names import (
    ApiName,
    ArgumentName,
    EndpointPath,
    FormName,
    Host,
    HostName,
    LocalPath,
    Location,
    OperationKey,
    Origin,
    OriginOrAny,
    Prefix,
    PromptName,
    PublicUrl,
    Selector,
    ToolName,
    ToolsetName,
    UpstreamUrl,
)
from bridge.config.problems import Unfit
from bridge.config.secrets import SealKey, WebhookSecret, WebhookUrl
from bridge.config.shared import MEMORY, StatePrefix, StateUrl
from bridge.config.values import (
    Bool,
    Duration,
    JsonPath,
    PerSecond,
    Secret,
    Share,
    Size,
    Text,
    Timeout,
    Whole,
    written_bool,
)
from bridge.model import Effect, Json, Timeouts, Unlisted, Validate

OFF = "off"


def _off_is_none(value: Json) -> Json:
    return None if value == OFF else value


def _one_form(value: Json) -> Json:
    """`true` is one form for everything, `false` none."""
    asks = written_bool(value)
    if asks is None and not isinstance(value, Mapping):
        raise Unfit("is neither true, false nor forms by name", "write true, or NAME: {message: …, arguments: [a, b]}")
    return value if asks is None else {"arguments": {}} if asks else {}


def _rate_alone(value: Json) -> Json:
    return {"rate": value} if isinstance(value, str) else value


_STATIC: dict[str, Json] = {"static": True}
_STATIC_OR_OFF: dict[str, Json] = {"static": True, "shorthand": {"const": OFF}}
_TIMEOUTS = Timeouts()


class Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Expose(StrEnum):
    TOOL = "tool"
    RESOURCE = "resource"
    NONE = "none"


class Role(StrEnum):
    USER = "user"
    ASSISTANT = "assistant"


class Profile(StrEnum):
    PORTABLE = "portable"
    VERBATIM = "verbatim"


class LogLevel(StrEnum):
    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class LogFormat(StrEnum):
    AUTO = "auto"
    TEXT = "text"
    JSON = "json"


class Admin(Section):
    listen: Listen = Field(
        default=Address("127.0.0.1", 8081), description="Where the admin API listens; a loopback address."
    )


class Health(Section):
    listen: Listen = Field(
        default=Address("127.0.0.1", 8082),
        description="Where `/livez`, `/readyz` and `/metrics` listen, without a credential.",
    )


class Cors(Section):
    origins: tuple[OriginOrAny, ...] = Field(
        default=(), description="Origins whose pages may read answers; `*` stands for all."
    )
    headers: tuple[HeaderName, ...] = Field(
        default=(), description="Request headers that pages may send beside the safe ones."
    )
    max_age: Duration = Field(default=600.0, description="How long a browser may remember a preflight's answer.")


class Selection(Section):
    include: tuple[Selector, ...] = Field(
        default=(),
        description="Selectors of the operations that become tools. Empty: all.",
    )
    exclude: tuple[Selector, ...] = Field(
        default=(), description="Selectors of operations that do not, even if included."
    )


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


class Target(Section):
    url: UpstreamUrl = Field(description="The upstream's address with the base path of the API.")
    weight: Annotated[int, Whole(1, 1000)] = Field(
        default=1, description="Its share of the calls, relative to the others'."
    )


class Upstream(Section):
    url: UpstreamUrl | None = Field(
        default=None,
        description="The upstream's address with the base path of the API. Default: the document's own server.",
    )
    targets: tuple[Target, ...] = Field(default=(), description="Several addresses in place of `url`.")
    timeout: Timeout = Field(
        default=_TIMEOUTS.total, description="Ends an agent's call, and a person's wait for the answer to begin."
    )
    connect_timeout: Timeout = Field(default=_TIMEOUTS.connect, description="Ends the attempt to connect.")
    read_timeout: Timeout = Field(default=_TIMEOUTS.read, description="Ends the wait for each piece of the answer.")
    headers: HeaderMap = Field(
        default={}, description="Headers sent with every call, in place of the caller's; never shown."
    )


class Rewrite(Section):
    strip_prefix: Bool = Field(default=True, description="Whether the API's prefix is taken off the path.")
    set_headers: HeaderMap = Field(default={}, description="Headers set on people's requests; never shown.")
    remove_headers: tuple[HeaderName, ...] = Field(default=(), description="Headers removed from people's requests.")


class Tools(Selection):
    profile: Profile = Field(
        default=Profile.PORTABLE,
        description="`portable`: schemas that every model provider takes; `verbatim`: as the document has them.",
    )
    output_bytes: Size = Field(default=4 << 10, description="Largest output schema that is published.")


class Readable(Section):
    include: tuple[Selector, ...] = Field(
        default=(), description="Selectors of GET operations that become resources instead of tools. Empty: none."
    )
    exclude: tuple[Selector, ...] = Field(
        default=(), description="Selectors of operations that do not, even if included."
    )


class Hints(Section):
    """MCP's ToolAnnotations and, for resources, its Annotations, in MCP's spelling."""

    read_only: Bool | None = Field(default=None, alias="readOnly", description="The operation changes nothing.")
    destructive: Bool | None = Field(default=None, description="The operation may delete or overwrite.")
    idempotent: Bool | None = Field(
        default=None, description="Calling again with the same arguments changes nothing more."
    )
    open_world: Bool | None = Field(
        default=None, alias="openWorld", description="The operation reaches beyond the API."
    )
    audience: tuple[Role, ...] | None = Field(
        default=None, description="Whom a resource is meant for: `user`, `assistant` or both."
    )
    priority: Share | None = Field(
        default=None, description="How important a resource is, from 0 (optional) to 1 (required)."
    )


class Form(Section):
    message: Text = Field(default="", description="What the person is told. Default: which arguments are missing.")
    arguments: tuple[Text, ...] = Field(
        default=(), description="The arguments that it asks for. Empty: all required ones that no form before it has."
    )


class Completion(Section):
    operation: Text = Field(
        description="The operation that lists suggestions: `<api>/<operationId>`, or an operationId alone."
    )
    argument: Text = Field(default="", description="Its argument that takes what was typed so far. Default: none.")
    pick: JsonPath = Field(
        alias="select", description="A JSONPath to the suggestions in its answer: texts or numbers, 100 at most."
    )


class Override(Section):
    expose: Expose | None = Field(
        default=None, description="What agents see it as: `tool` or `resource`. `none` keeps it from them."
    )
    name: ToolName | None = Field(default=None, description="The tool's or resource's name.")
    title: Text | None = Field(default=None, description="Its title.")
    description: Text | None = Field(default=None, description="Its description.")
    uri: Text | None = Field(
        default=None,
        description="The address under which it is read, literal or an RFC 6570 template over its arguments. "
        "Default: `api://<api><path>{?query}`.",
    )
    confirm: Bool | None = Field(default=None, description="Whether a person must consent to each call by an agent.")
    ask: Annotated[Mapping[FormName, Form] | None, BeforeValidator(_one_form)] = Field(
        default=None,
        description="Forms for missing arguments, put to the person one after the other, by name; `true`: one for all.",
        json_schema_extra={"shorthand": {"type": "boolean"}},
    )
    complete: Mapping[Text, Completion] = Field(
        default={}, description="Where suggestions for variables of its address come from, by argument."
    )
    annotations: Hints | None = Field(
        default=None, description="Hints for clients, in place of those drawn from the method."
    )
    timeout: Timeout | None = Field(default=None, description="Ends a call of this operation.")


class Watch(Section):
    interval: Timeout = Field(
        default=1.0,
        description="How often the configuration, local documents and what they refer to are looked at. "
        "A change counts once it has stood still for as long.",
    )


class Api(Section):
    spec: Location = Field(
        repr=False, description="The OpenAPI document: a path from the configuration's folder, or a URL."
    )
    overlays: tuple[Location, ...] = Field(
        default=(), repr=False, description="Overlay documents, applied in this order."
    )
    allow_private: Bool = Field(
        default=False, description="Whether the document may be fetched from a private address."
    )
    refresh: Annotated[Timeout | None, BeforeValidator(_off_is_none)] = Field(
        default=None,
        description="How often documents from URLs are asked for anew; `off`, the default, is at start and on reload.",
        json_schema_extra={"shorthand": {"const": OFF}},
    )
    allowed_origins: tuple[Origin, ...] = Field(
        default=(), description="Other origins that the document's references may lead to."
    )
    prefix: Prefix = Field(
        default_factory=str,  # the root; a plain default would be published, and with several APIs it is another
        description="Where people find the API. Default: `/` for a single API or one with a `host`, else `/<name>`.",
    )
    host: HostName | None = Field(
        default=None, description="The host, without a port, under which people find the API. Default: any."
    )
    upstream: Upstream = Field(default_factory=Upstream, description="Where calls go.")
    server_variables: Mapping[Text, Text] = Field(
        default={}, description="Values for the variables in the document's server URLs."
    )
    unlisted: Unlisted = Field(
        default=Unlisted.ALLOW, description="What becomes of people's calls that no operation describes."
    )
    validation: Validate = Field(
        default=Validate.OFF, alias="validate", description="Whether people's requests are held against the document."
    )
    rewrite: Rewrite = Field(default_factory=Rewrite, description="What changes in people's requests on their way up.")
    tools: Tools = Field(default_factory=Tools, description="Which operations become tools, and how.")
    resources: Readable = Field(default_factory=Readable, description="Which operations are read as resources.")
    operations: Mapping[OperationKey, Override] = Field(
        default={}, description="Settings of single operations, by operationId or `METHOD /path`."
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


class Rate(Section):
    rate: PerSecond = Field(description="How often, on average.")
    burst: Annotated[int, Whole(1, 1_000_000)] | None = Field(
        default=None,
        description="How many at once. Default: as many as the rate lets through in a second, at least one.",
    )

    @property
    def permits(self) -> int:
        return self.burst or max(1, ceil(self.rate))


class Limits(Section):
    requests: Annotated[Rate, BeforeValidator(_rate_alone)] | None = Field(
        default=None,
        description="Calls per caller: a rate such as `100/s`, or the keys below. Default: no limit.",
        json_schema_extra={"shorthand": {"type": "string", "examples": ["100/s", "6000/m"]}},
    )
    concurrent: Annotated[int, Whole(1, 1_000_000)] | None = Field(
        default=None, description="Calls per caller at one time. Default: no limit."
    )
    body: Size = Field(
        default=8 << 20,
        description="Largest request body that has to be read whole, and largest message of an agent.",
    )
    result: Size = Field(default=8 << 20, description="Largest answer that is read for an agent.")


class Webhook(Section):
    url: WebhookUrl = Field(repr=False, description="Where calls that wait for a decision are announced.")
    secret: WebhookSecret = Field(
        description="What announcements are signed with: `whsec_` and the base64 of 24 to 64 bytes; never shown."
    )
    allow_private: Bool = Field(default=False, description="Whether the address may be a private one.")


class Approvals(Section):
    effects: tuple[Effect, ...] = Field(
        default=(),
        description="Effects whose operations need a person's consent to each call: `reads`, `writes`, `destroys`. "
        "An operation's own `confirm` wins.",
    )
    people: Bool = Field(default=False, description="Whether people's requests wait for a decision too.")
    ttl: Timeout = Field(default=900.0, description="How long a question, and a decision, lasts.")
    pending: Annotated[int, Whole(1, 1000)] = Field(
        default=20, description="Calls of one caller that may wait for a decision at one time."
    )
    key: SealKey | None = Field(
        default=None,
        description="At least 32 characters that go into the key by which request states are sealed, the same for all "
        "replicas; never shown. Default: a random key in the shared state alone.",
    )
    webhook: Webhook | None = Field(default=None, description="Who is told of calls that wait. Default: nobody.")


class SharedState(Section):
    url: StateUrl = Field(
        default=Secret(MEMORY),
        description="Where replicas share what they must: `redis://HOST:PORT/DATABASE`, `rediss://` with TLS. "
        "`memory://`: nowhere. Its password is never shown.",
    )
    prefix: StatePrefix = Field(
        default="dualbridge:", description="What every key and channel there begins with; replicas have the same."
    )
    timeout: Timeout = Field(default=0.25, description="Ends the wait for Redis, from connecting to the answer.")
    connections: Annotated[int, Whole(1, 1000)] = Field(
        default=16, description="Connections at most; one more carries messages between replicas."
    )

    @property
    def in_memory(self) -> bool:
        return self.url.reveal() == MEMORY


class Log(Section):
    level: LogLevel = Field(default=LogLevel.INFO, description="The least severity that is logged.")
    format: LogFormat = Field(default=LogFormat.AUTO, description="`auto` is text on a terminal and JSON elsewhere.")
    calls: Bool = Field(default=True, description="Whether each call gets a line.")


class Settings(Section):
    model_config = ConfigDict(json_schema_extra={"required": ["apis"]})

    listen: Listen = Field(
        default=Address("127.0.0.1", 8080),
        description="Where people and agents are served. Port 0 takes a free one.",
        json_schema_extra=_STATIC,
    )
    admin: Annotated[Admin | None, BeforeValidator(_off_is_none)] = Field(
        default_factory=Admin, description="The admin API, or `off`.", json_schema_extra=_STATIC_OR_OFF
    )
    health: Annotated[Health | None, BeforeValidator(_off_is_none)] = Field(
        default_factory=Health,
        description="The health and metrics endpoints, or `off`.",
        json_schema_extra=_STATIC_OR_OFF,
    )
    public_url: PublicUrl | None = Field(
        default=None, description="The gateway's address as callers know it, without a trailing slash."
    )
    cors: Cors | None = Field(default=None, description="Access for pages in browsers. Default: none.")
    data: LocalPath = Field(
        default=Path(".dualbridge"),
        validate_default=True,
        description="The folder for the last good copies of documents from URLs, and for registered APIs.",
        json_schema_extra=_STATIC,
    )
    mcp: Mcp = Field(default_factory=Mcp, description="The agents' door.")
    apis: Mapping[ApiName, Api] = Field(
        default={}, description="The APIs, by name.", json_schema_extra={"minProperties": 1}
    )
    prompts: Mapping[PromptName, Prompt] = Field(default={}, description="Prompts that people can choose, by name.")
    limits: Limits = Field(default_factory=Limits, description="How much a caller may use.")
    approvals: Approvals = Field(default_factory=Approvals, description="Which calls a person has to agree to first.")
    state: SharedState = Field(
        default_factory=SharedState,
        description="What replicas share, and what outlives one of them.",
        json_schema_extra=_STATIC,
    )
    log: Log = Field(default_factory=Log, description="What is logged.")
    watch: Annotated[Watch | None, BeforeValidator(_off_is_none)] = Field(
        default_factory=Watch,
        description="Whether a change on disk is taken over while the gateway serves, or `off`.",
        json_schema_extra={"shorthand": {"const": OFF}},
    )
    names: LocalPath = Field(
        default=Path("names.lock"),
        validate_default=True,
        description="The lock that keeps tools' names, as `check --lock` writes it.",
    )

    @model_validator(mode="before")
    @classmethod
    def _mount(cls, data: Json) -> Json:
        """One API is mounted at the root, several below their names."""
        apis = data.get("apis") if isinstance(data, Mapping) else None
        if not isinstance(apis, Mapping) or len(apis) == 1:
            return data
        return {**data, "apis": {name: _mounted(name, api) for name, api in apis.items()}}


def _mounted(name: str, api: Json) -> Json:
    if not isinstance(api, Mapping) or "prefix" in api or "host" in api:
        return api
    return {**api, "prefix": f"/{name}"}
