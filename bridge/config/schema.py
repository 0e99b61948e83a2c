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
    EndpointPath,
    Host,
    HostName,
    LocalPath,
    Location,
    OperationKey,
    Origin,
    OriginOrAny,
    Prefix,
    PublicUrl,
    Selector,
    ToolName,
    ToolsetName,
    UpstreamUrl,
)
from bridge.config.shared import MEMORY, StatePrefix, StateUrl
from bridge.config.values import Bool, Duration, PerSecond, Secret, Size, Text, Timeout, Whole
from bridge.model import Json, Timeouts, Unlisted, Validate

OFF = "off"


def _off_is_none(value: Json) -> Json:
    return None if value == OFF else value


def _rate_alone(value: Json) -> Json:
    return {"rate": value} if isinstance(value, str) else value


_STATIC: dict[str, Json] = {"static": True}
_STATIC_OR_OFF: dict[str, Json] = {"static": True, "shorthand": {"const": OFF}}
_TIMEOUTS = Timeouts()


class Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Expose(StrEnum):
    TOOL = "tool"
    NONE = "none"


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


class Hints(Section):
    """MCP's ToolAnnotations, in MCP's spelling."""

    read_only: Bool | None = Field(default=None, alias="readOnly", description="The operation changes nothing.")
    destructive: Bool | None = Field(default=None, description="The operation may delete or overwrite.")
    idempotent: Bool | None = Field(
        default=None, description="Calling again with the same arguments changes nothing more."
    )
    open_world: Bool | None = Field(
        default=None, alias="openWorld", description="The operation reaches beyond the API."
    )


class Override(Section):
    expose: Expose | None = Field(default=None, description="`none` keeps the operation from agents.")
    name: ToolName | None = Field(default=None, description="The tool's name.")
    title: Text | None = Field(default=None, description="The tool's title.")
    description: Text | None = Field(default=None, description="The tool's description.")
    confirm: Bool | None = Field(default=None, description="Whether a person must consent to each call by an agent.")
    annotations: Hints | None = Field(
        default=None, description="Hints for clients, in place of those drawn from the method."
    )
    timeout: Timeout | None = Field(default=None, description="Ends a call of this operation.")


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
    operations: Mapping[OperationKey, Override] = Field(
        default={}, description="Settings of single operations, by operationId or `METHOD /path`."
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
    body: Size = Field(default=8 << 20, description="Largest request body that has to be read whole.")
    result: Size = Field(default=8 << 20, description="Largest answer that is read for an agent.")


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
        description="The folder for the last good copies of documents that come from a URL.",
        json_schema_extra=_STATIC,
    )
    mcp: Mcp = Field(default_factory=Mcp, description="The agents' door.")
    apis: Mapping[ApiName, Api] = Field(
        default={}, description="The APIs, by name.", json_schema_extra={"minProperties": 1}
    )
    limits: Limits = Field(default_factory=Limits, description="How much a caller may use.")
    state: SharedState = Field(
        default_factory=SharedState,
        description="What replicas share, and what outlives one of them.",
        json_schema_extra=_STATIC,
    )
    log: Log = Field(default_factory=Log, description="What is logged.")
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
