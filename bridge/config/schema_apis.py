"""The settings of an API: where its document and its upstream are, and what becomes of its operations."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated

from pydantic import BeforeValidator, Field

from bridge.config.headers import HeaderMap, HeaderName
from bridge.config.identities import Network, Scope
from bridge.config.names import (
    FormName,
    HostName,
    Location,
    OperationKey,
    Origin,
    Prefix,
    Selector,
    ToolName,
    UpstreamUrl,
)
from bridge.config.problems import Unfit
from bridge.config.schema_agents import Completion, Role
from bridge.config.schema_credentials import ClientCertificate, Credentials, Passing
from bridge.config.sections import OFF, Section, Selection, off_is_none
from bridge.config.values import Bool, Share, Size, Text, Timeout, Whole, written_bool
from bridge.model import Json, Timeouts, Unlisted, Validate

_TIMEOUTS = Timeouts()


class Expose(StrEnum):
    TOOL = "tool"
    RESOURCE = "resource"
    NONE = "none"


class Profile(StrEnum):
    PORTABLE = "portable"
    VERBATIM = "verbatim"


def _one_form(value: Json) -> Json:
    """`true` is one form for everything, `false` none."""
    asks = written_bool(value)
    if asks is None and not isinstance(value, Mapping):
        raise Unfit("is neither true, false nor forms by name", "write true, or NAME: {message: …, arguments: [a, b]}")
    return value if asks is None else {"arguments": {}} if asks else {}


class Target(Section):
    url: UpstreamUrl = Field(description="The upstream's address with the base path of the API.")
    weight: Annotated[int, Whole(1, 1000)] = Field(
        default=1, description="Its share of the calls, relative to the others'."
    )
    credentials: Credentials | None = Field(
        default=None, description="What is presented to this address, in place of all of the API's `credentials`."
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
    client_certificate: ClientCertificate | None = Field(
        default=None, description="The certificate that is presented to the upstream in TLS. Default: none."
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
    scopes: tuple[Scope, ...] | None = Field(
        default=None, description="Scopes that a caller's token needs for it, in place of those of the document."
    )


class ScopesFrom(StrEnum):
    DOCUMENT = "document"
    OFF = "off"


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
    refresh: Annotated[Timeout | None, BeforeValidator(off_is_none)] = Field(
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
    credentials: Credentials = Field(
        default={},
        description="What the gateway presents to the upstream, by the names of the document's security schemes.",
    )
    credential: Passing | None = Field(
        default=None,
        description="What becomes of people's own credentials: `passthrough`, the default without `identity`, or "
        "`none`, the default with it.",
    )
    server_variables: Mapping[Text, Text] = Field(
        default={}, description="Values for the variables in the document's server URLs."
    )
    authenticate: tuple[Text, ...] = Field(
        default=(),
        description="Which identities this API takes: `anonymous`, `api_keys`, `certificates`, names of issuers. "
        "Empty: all.",
    )
    allow: tuple[Network, ...] = Field(default=(), description="Networks that may call it. Empty: any.")
    scopes: ScopesFrom = Field(
        default=ScopesFrom.DOCUMENT,
        description="Where the scopes that a token needs come from: the document's `security`, or `off`.",
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
