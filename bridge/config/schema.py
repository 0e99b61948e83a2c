"""The settings: every key, its type, its default and its description, once.

The JSON schema, the reference in the documentation, the environment variables and the advice in errors all come from
these classes. A field marked `static` is read at start alone; a change of any other takes effect on reload.
"""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from math import ceil
from pathlib import Path
from typing import Annotated, Self

from pydantic import BeforeValidator, ConfigDict, Field, PrivateAttr, model_validator

from bridge.config.addresses import Address, Listen
from bridge.config.headers import HeaderName
from bridge.config.identities import RuleName
from bridge.config.names import ApiName, Host, LocalPath, OriginOrAny, PromptName, PublicUrl
from bridge.config.schema_agents import Mcp, Prompt
from bridge.config.schema_apis import Api
from bridge.config.schema_grants import Rule as GrantRule
from bridge.config.schema_identity import Identity, Tls
from bridge.config.secrets import AdminToken, SealKey, WebhookSecret, WebhookUrl
from bridge.config.sections import OFF, Section, off_is_none
from bridge.config.shared import MEMORY, StatePrefix, StateUrl
from bridge.config.values import Bool, Duration, PerSecond, Secret, Size, Timeout, Whole
from bridge.model import Effect, Json

_STATIC: dict[str, Json] = {"static": True}
_LOOSE: dict[str, Json] = {"static": False}
"""Of a key in a static section that is read anew all the same."""
_STATIC_OR_OFF: dict[str, Json] = {"static": True, "shorthand": {"const": OFF}}


def _rate_alone(value: Json) -> Json:
    return {"rate": value} if isinstance(value, str) else value


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
        default=Address("127.0.0.1", 8081),
        description="Where the admin API listens. Any address but a loopback one needs `tokens`.",
    )
    tokens: Mapping[RuleName, AdminToken] = Field(
        default={},
        description="Bearer tokens of at least 32 characters, by the name of whoever has one; never shown. Given, no "
        "request is answered without one.",
        json_schema_extra=_LOOSE,
    )
    hosts: tuple[Host, ...] = Field(
        default=(),
        description="Host names under which it is answered, beside those of a loopback address.",
        json_schema_extra=_LOOSE,
    )
    tls: Tls | None = Field(default=None, description="TLS on the admin port. Default: none.")


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


class Watch(Section):
    interval: Timeout = Field(
        default=1.0,
        description="How often the configuration, local documents and what they refer to are looked at. "
        "A change counts once it has stood still for as long.",
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
        "An operation's `confirm` in this file wins.",
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
    admin: Annotated[Admin | None, BeforeValidator(off_is_none)] = Field(
        default_factory=Admin, description="The admin API, or `off`.", json_schema_extra=_STATIC_OR_OFF
    )
    health: Annotated[Health | None, BeforeValidator(off_is_none)] = Field(
        default_factory=Health,
        description="The health and metrics endpoints, or `off`.",
        json_schema_extra=_STATIC_OR_OFF,
    )
    tls: Tls | None = Field(
        default=None, description="TLS on the traffic port. Default: none.", json_schema_extra=_STATIC
    )
    public_url: PublicUrl | None = Field(
        default=None, description="The gateway's address as callers know it, without a trailing slash."
    )
    cors: Cors | None = Field(default=None, description="Access for pages in browsers. Default: none.")
    data: LocalPath = Field(
        default=Path(".dualbridge"),
        validate_default=True,
        description="The folder for the last good copies of documents from URLs, for registered APIs, and for what "
        "must survive a restart without `state.url`.",
        json_schema_extra=_STATIC,
    )
    mcp: Mcp = Field(default_factory=Mcp, description="The agents' door.")
    apis: Mapping[ApiName, Api] = Field(
        default={}, description="The APIs, by name.", json_schema_extra={"minProperties": 1}
    )
    prompts: Mapping[PromptName, Prompt] = Field(default={}, description="Prompts that people can choose, by name.")
    identity: Identity | None = Field(
        default=None, description="How callers prove who they are. Default: they do not; everybody is anonymous."
    )
    grants: Mapping[RuleName, GrantRule] | None = Field(
        default=None,
        description="Rules, by name: who may do what. Default: whoever is let in may do everything.",
    )
    limits: Limits = Field(default_factory=Limits, description="How much a caller may use.")
    approvals: Approvals = Field(default_factory=Approvals, description="Which calls a person has to agree to first.")
    state: SharedState = Field(
        default_factory=SharedState,
        description="What replicas share, and what outlives one of them.",
        json_schema_extra=_STATIC,
    )
    log: Log = Field(default_factory=Log, description="What is logged.")
    watch: Annotated[Watch | None, BeforeValidator(off_is_none)] = Field(
        default_factory=Watch,
        description="Whether a change on disk is taken over while the gateway serves, or `off`.",
        json_schema_extra={"shorthand": {"const": OFF}},
    )
    names: LocalPath = Field(
        default=Path("names.lock"),
        validate_default=True,
        description="The lock that keeps tools' names, as `check --lock` writes it.",
    )

    _files: frozenset[str] = PrivateAttr(default=frozenset())

    @property
    def references(self) -> frozenset[str]:
        """The files whose texts stand in it, by `${file:PATH}`."""
        return self._files

    def reading(self, files: Iterable[str]) -> Self:
        """Itself, with the files that its references name: said once, by whoever made it."""
        self._files = frozenset(files)
        return self

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
