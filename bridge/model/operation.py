"""What an API offers: operations, their parameters, bodies and answers.

An operation is a description: it can be serialised, and holds no callables. Everything that a document's dialect left
open (styles, defaults, references, 2.0 or 3.x) is decided here; the executor and the doors never look at the document.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from bridge.model.json import Json


class Effect(StrEnum):
    """What a call does to the world, by RFC 9110 section 9.2 unless a document says otherwise."""

    READS = "reads"
    WRITES = "writes"
    DESTROYS = "destroys"


class Where(StrEnum):
    """Where a parameter travels: OpenAPI's `in`."""

    PATH = "path"
    QUERY = "query"
    HEADER = "header"
    COOKIE = "cookie"
    QUERYSTRING = "querystring"


class Style(StrEnum):
    """OpenAPI's parameter styles; `TABS` is Swagger 2.0's `tsv`, which OpenAPI 3 dropped, `COOKIE` is new in 3.2."""

    SIMPLE = "simple"
    LABEL = "label"
    MATRIX = "matrix"
    FORM = "form"
    SPACE = "spaceDelimited"
    PIPE = "pipeDelimited"
    DEEP = "deepObject"
    TABS = "tabDelimited"
    COOKIE = "cookie"


@dataclass(frozen=True, slots=True)
class Param:
    """A parameter outside the body; `argument` is its name as a tool argument, `name` its name on the wire."""

    name: str
    argument: str
    where: Where
    required: bool
    style: Style
    explode: bool
    schema: Json
    allow_reserved: bool = False
    allow_empty: bool = False
    media_type: str | None = None
    """Set for a parameter described by `content`: the value is serialised in that media type, then encoded."""
    xml: "XmlShape | None" = None
    """How the value becomes elements, for a parameter whose `media_type` is XML."""


class Spread(StrEnum):
    """How tool arguments make up a body.

    FIELDS: each property is an argument of its own. REST: every argument that is no parameter is a property (the
    `verbatim` profile). WHOLE: one argument holds the body.
    """

    FIELDS = "fields"
    REST = "rest"
    WHOLE = "whole"


class BodyKind(StrEnum):
    """How a body is written, decided by its media type."""

    JSON = "json"
    FORM = "form"
    MULTIPART = "multipart"
    TEXT = "text"
    BINARY = "binary"
    XML = "xml"


@dataclass(frozen=True, slots=True)
class XmlShape:
    """OpenAPI's XML Object, resolved along one schema: the element's name and what becomes of its children."""

    name: str
    prefix: str | None = None
    namespace: str | None = None
    attribute: bool = False
    text: bool = False
    wrapped: bool = False
    item: "XmlShape | None" = None
    properties: Mapping[str, "XmlShape"] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Field:
    """A property of a body, with its Encoding Object where the body is a form or multipart.

    `style` is None unless the Encoding Object (or Swagger 2.0's `collectionFormat`) asks for RFC 6570-like
    serialisation; then `media_type` is ignored, as OpenAPI 3.1 section 4.8.15 demands.
    """

    name: str
    argument: str
    required: bool = False
    binary: bool = False
    """The argument is base64 text that stands for bytes."""
    media_type: str | None = None
    style: Style | None = None
    explode: bool = True
    allow_reserved: bool = False
    headers: tuple[tuple[str, str], ...] = ()
    item: "Field | None" = None
    """How each item of an array is written as a part of its own; None: an array is one part."""


@dataclass(frozen=True, slots=True)
class Body:
    """A request body in the one media type that the gateway writes; `media_types` are all that the document offers."""

    media_type: str
    media_types: tuple[str, ...]
    kind: BodyKind
    required: bool
    spread: Spread
    argument: str = "body"
    fields: tuple[Field, ...] = ()
    binary: bool = False
    """The whole body is base64 text that stands for bytes."""
    xml: XmlShape | None = None


@dataclass(frozen=True, slots=True)
class Output:
    """What an operation answers on success; `streamed`: a sequence of items (SSE, NDJSON, JSON text sequences)."""

    media_types: tuple[str, ...] = ()
    streamed: bool = False


@dataclass(frozen=True, slots=True)
class SecurityScheme:
    """One security scheme of the document: OpenAPI's Security Scheme Object, reduced to what a request carries."""

    id: str
    type: str
    name: str = ""
    where: str = ""
    scheme: str = ""
    flows: Mapping[str, Json] = field(default_factory=dict)
    url: str = ""


@dataclass(frozen=True, slots=True)
class Operation:
    """One method on one path.

    `id` is unique within its API: the document's operationId, or `METHOD /path` where it gives none or gives it twice.
    `servers` are absolute or relative URLs with variables filled in, the effective level only (operation over path
    over root). `security` is a tuple of alternatives, each a mapping of scheme id to scopes, all of which it needs.
    """

    id: str
    api: str
    method: str
    path: str
    params: tuple[Param, ...] = ()
    body: Body | None = None
    output: Output = Output()
    effect: Effect = Effect.READS
    idempotent: bool = True
    security: tuple[Mapping[str, tuple[str, ...]], ...] = ()
    reserved: frozenset[tuple[str, str]] = frozenset()
    """Place (as in `Where`) and lower-case name of the API's keys: no argument writes them, whatever its members."""
    servers: tuple[str, ...] = ()
    own_server: bool = False
    """The servers are the operation's or its path's own, not the document's."""
    timeout: float | None = None
    confirm: bool | None = None
    """Whether a person must consent to each call; None leaves it to the policy for its effect."""
    tags: tuple[str, ...] = ()
    summary: str = ""
    description: str = ""
    deprecated: bool = False
    operation_id: str = ""
    """As the document wrote it; empty when absent."""
    where: str = ""
    """JSON pointer into the document."""
    input_schema: Json = None
    """All arguments as one object schema (JSON Schema 2020-12): what agents are checked against."""
    digest: str = ""

    @property
    def key(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def ref(self) -> tuple[str, str]:
        return self.api, self.id
