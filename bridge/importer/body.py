"""A request body: which media type the gateway writes, and which tool arguments make it up."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from bridge.importer.dialect import Dialect
from bridge.importer.hidden import Mode
from bridge.importer.media import usable
from bridge.importer.mirror import mirrored
from bridge.importer.naming import Arguments
from bridge.importer.objects import PlainObject, combined, plain_object
from bridge.importer.options import Profile
from bridge.importer.reading import RawBody, RawContent, Reading, members, text_of
from bridge.importer.refs import At, Dangling
from bridge.importer.xml import xml_shape
from bridge.model import Body, BodyKind, Field, Json, Spread, Style
from bridge.model.headers import is_token
from bridge.model.media import essence, is_json, is_xml, valid

FORM = "application/x-www-form-urlencoded"
BASE64 = "^(?:[A-Za-z0-9+/_-]{4})*(?:[A-Za-z0-9+/_-]{2}(?:==)?|[A-Za-z0-9+/_-]{3}=?)?$"

_RANKS = {
    "application/json": 0, "application/merge-patch+json": 1, "+json": 2, "application/json-patch+json": 3,
    "multipart/form-data": 4, FORM: 5, "multipart/": 6, "*/*": 7, "application/*": 7, "text/plain": 8, "xml": 9,
    "text/": 10,
}  # fmt: skip
_TEXTUAL = frozenset({"application/yaml", "application/x-yaml", "application/graphql", "application/x-ndjson",
                      "application/jsonl", "application/ndjson", "application/json-seq", "application/javascript",
                      "application/sql", "application/toml"})  # fmt: skip


def may_be_json(media_type: str) -> bool:
    """JSON, or a range that takes it."""
    return is_json(media_type) or essence(media_type) in {"*/*", "application/*"}


def kind_of(media_type: str) -> BodyKind:
    kind = essence(media_type)
    if may_be_json(kind):
        return BodyKind.JSON
    if kind == FORM:
        return BodyKind.FORM
    if kind.startswith("multipart/"):
        return BodyKind.MULTIPART
    if is_xml(kind):
        return BodyKind.XML
    return BodyKind.TEXT if kind.startswith("text/") or kind in _TEXTUAL else BodyKind.BINARY


def _rank(content: RawContent) -> int:
    kind = essence(content.media_type)
    for known in (kind, "+json" if kind.endswith("+json") else "", "multipart/" if kind[:10] == "multipart/" else "",
                  "xml" if kind_of(kind) is BodyKind.XML else "", "text/" if kind[:5] == "text/" else ""):  # fmt: skip
        if known in _RANKS:
            return _RANKS[known]
    return 11


def choose(body: RawBody) -> RawContent:
    """The easiest for an agent to fill in; the document's order decides between equals."""
    return min(body.contents, key=_rank)


def read_content(reading: Reading, content: At | None) -> tuple[RawContent, ...]:
    """The Media Type Objects under `content`."""
    found: list[RawContent] = []
    for media_type in content.value if content is not None else ():
        media = _media(reading, content.child(media_type)) if content is not None else None
        read = usable(reading.notes, media, media_type) if media is not None else None
        if media is None or read is None:
            continue
        encoding = members(media, "encoding")
        found.append(
            RawContent(
                media_type=read,
                schema=media.child("schema") if "schema" in media.value else None,
                encoding={name: encoding.child(name) for name in encoding.value} if encoding else {},
                item_schema=media.child("itemSchema") if "itemSchema" in media.value else None,
            )
        )
    return tuple(found)


def _media(reading: Reading, at: At) -> At | None:
    """3.2 allows a reference into `components.mediaTypes` here."""
    try:
        target = reading.refs.follow(at)
    except Dangling as error:
        reading.notes.warn("dangling-reference", at, f"the media type {error}", lost="this media type")
        return None
    if isinstance(target.value, dict):
        return target
    if target.value is not None:
        reading.notes.warn("invalid-media-type", at, "a media type must be described by an object", lost="its schema")
    return At({}, target.doc, target.pointer)


def body3(reading: Reading, operation: At, *, reads: bool) -> RawBody | None:
    """OpenAPI 3's `requestBody`; `reads`: the method is one that needs none. Raises Dangling."""
    if "requestBody" not in operation.value:
        return None
    at = reading.refs.follow(operation.child("requestBody"))
    if not isinstance(at.value, dict):
        reading.notes.warn("invalid-body", at, "a request body must be an object", lost="the request body")
        return None
    contents = read_content(reading, members(at, "content"))
    if not contents:
        reading.notes.warn(
            "body-without-content", at, "the request body has no media type" + ("" if reads else "; JSON is assumed"),
            lost="the request body" if reads else "", advice="describe it under content: application/json",
        )  # fmt: skip
        if reads:
            return None
        contents = (RawContent("application/json", None),)
    required = at.value.get("required")
    return RawBody(at, required if isinstance(required, bool) else None, contents, text_of(at.value, "description"))


@dataclass(frozen=True, slots=True)
class BodyArguments:
    """A body with the arguments that make it up: property schemas by argument, and which are required.

    `root` holds the whole body schema where the tool's root takes it over (`Spread.REST`).
    """

    body: Body
    properties: Mapping[str, Json]
    required: tuple[str, ...]
    root: Json = None


def body_arguments(reading: Reading, raw: RawBody, arguments: Arguments) -> BodyArguments:
    content = choose(raw)
    kind = _kind(content)
    if kind in {BodyKind.TEXT, BodyKind.BINARY}:
        return _whole(reading, raw, content, kind, arguments)
    plain = _plain(reading, raw, content)
    if reading.options.profile is Profile.VERBATIM and kind is BodyKind.JSON:
        verbatim = _rest(reading, raw, content, arguments)
        if verbatim is not None:
            return verbatim
    if plain is None or (plain.required and raw.required is False):
        return _whole(reading, raw, content, kind, arguments)
    return _fields(reading, raw, content, kind, plain, arguments)


def _kind(content: RawContent) -> BodyKind:
    kind = kind_of(content.media_type)
    ranged = essence(content.media_type) in {"*/*", "application/*"}
    schema = content.schema.value if content.schema is not None else {}
    return BodyKind.BINARY if ranged and is_binary(schema) else kind


def is_binary(schema: Json) -> bool:
    """Bytes rather than text: 3.0's `format: binary`; 3.1's `contentMediaType` of bytes without a `contentEncoding`."""
    if not isinstance(schema, dict) or schema.get("type", "string") not in ("string", ["string"]):
        return False
    content = schema.get("contentMediaType")
    raw = isinstance(content, str) and "contentEncoding" not in schema and kind_of(content) is BodyKind.BINARY
    # RFC 2045 section 6.2: the encoding "binary" is none at all.
    return raw or schema.get("format") == "binary" or schema.get("contentEncoding") == "binary"


def _plain(reading: Reading, raw: RawBody, content: RawContent) -> PlainObject | None:
    if content.schema is None:
        return None
    try:
        return plain_object(content.schema, reading.schemas, Mode.INPUT)
    except Dangling as error:
        reading.notes.warn("dangling-reference", raw.at, f"the body's {error}", lost="what the body may hold")
        return None


def _fields(
    reading: Reading, raw: RawBody, content: RawContent, kind: BodyKind, plain: PlainObject, arguments: Arguments
) -> BodyArguments:
    properties: dict[str, Json] = {}
    fields: list[Field] = []
    named = arguments.take_all("body", {**plain.properties, **dict.fromkeys(plain.required)})
    for name, argument in named.items():
        parts = plain.properties.get(name)
        field = _field(reading, raw, content, kind, name, parts) if parts else Field(name, argument)
        reading.notes.renamed(parts[0] if parts else raw.at, name, argument)
        fields.append(replace(field, argument=argument, required=name in plain.required))
        schema = combined(parts, reading.schemas, Mode.INPUT) if parts else {}
        properties[argument] = mirrored(reading.notes, parts[0] if parts else None, base64_schema(field, schema))
    required = tuple(field.argument for field in fields if field.required)
    body = _body(raw, content, kind, Spread.FIELDS, tuple(fields), _shape(reading, raw, content, kind))
    return BodyArguments(body, properties, required)


def _whole(reading: Reading, raw: RawBody, content: RawContent, kind: BodyKind, arguments: Arguments) -> BodyArguments:
    argument = arguments.take("body", "body")
    binary = kind is BodyKind.BINARY
    fields = _whole_fields(reading, raw, content, kind)
    schema: Json = {} if content.schema is None else _whole_schema(reading, content.schema, fields)
    if binary:
        schema = base64_schema(Field("body", argument, binary=True), {})
    elif kind is BodyKind.TEXT and schema in ({}, True):
        schema = {"type": "string"}
    if raw.description and isinstance(schema, dict) and "description" not in schema:
        schema = {"description": reading.schemas.prose(raw.description)} | schema
    body = _body(raw, content, kind, Spread.WHOLE, fields, _shape(reading, raw, content, kind))
    body = replace(body, argument=argument, binary=binary)
    required = bool(raw.required) and not (kind is BodyKind.JSON and _may_be_empty(schema))
    return BodyArguments(body, {argument: schema}, (argument,) if required else ())


def _whole_schema(reading: Reading, at: At, fields: tuple[Field, ...]) -> Json:
    """Converted; written out for this place alone where a property is bytes, which others may send as they are."""
    files = [field for field in fields if field.binary or (field.item is not None and field.item.binary)]
    schema = reading.schemas.convert(reading.schemas.target(at) if files else at, Mode.INPUT)
    offered = schema.get("properties", {}) if isinstance(schema, dict) else {}
    for field in files:
        if field.name in offered:
            offered[field.name] = base64_schema(field, offered[field.name])
    return schema


def _may_be_empty(schema: Json) -> bool:
    """Whether `{}` is certainly a body: an object with no word on what it must hold."""
    says = {"required", "minProperties", "oneOf", "anyOf", "allOf", "$ref", "not", "if", "const", "enum"}
    return isinstance(schema, dict) and schema.get("type") == "object" and says.isdisjoint(schema)


def _whole_fields(reading: Reading, raw: RawBody, content: RawContent, kind: BodyKind) -> tuple[Field, ...]:
    """How the properties of a form or multipart body that is one argument are written, as far as they are known."""
    if kind not in {BodyKind.FORM, BodyKind.MULTIPART} or content.schema is None:
        return ()
    try:
        target = reading.schemas.target(content.schema)
    except Dangling:
        return ()
    properties = members(target, "properties")
    if properties is None:
        return ()
    return tuple(_field(reading, raw, content, kind, name, [properties.child(name)]) for name in properties.value)


def _rest(reading: Reading, raw: RawBody, content: RawContent, arguments: Arguments) -> BodyArguments | None:
    """`verbatim`: the body's own schema becomes the tool's root, combinators and all, if it is an object's."""
    if content.schema is None:
        return None
    try:
        target = reading.schemas.target(content.schema)
    except Dangling:
        return None
    if not isinstance(target.value, dict) or target.value.get("type") != "object":
        return None
    root = reading.schemas.convert(target, Mode.INPUT)
    if not set(root.get("properties", ())).isdisjoint(arguments.taken):
        return None  # a parameter has the same name: only spreading with renamed arguments can tell them apart
    return BodyArguments(_body(raw, content, BodyKind.JSON, Spread.REST, (), None), {}, (), root)


def _body(raw: RawBody, content: RawContent, kind: BodyKind, spread: Spread, fields: tuple[Field, ...],
          xml: Json) -> Body:  # fmt: skip
    ranged = kind is BodyKind.JSON and essence(content.media_type) in {"*/*", "application/*"}
    return Body(
        media_type="application/json" if ranged else content.media_type,
        media_types=tuple(other.media_type for other in raw.contents),
        kind=kind,
        required=bool(raw.required),
        spread=spread,
        fields=fields,
        xml=xml,
    )


def _shape(reading: Reading, raw: RawBody, content: RawContent, kind: BodyKind) -> Json:
    if kind is not BodyKind.XML:
        return None
    schema = content.schema or At({}, raw.at.doc, raw.at.pointer)
    return xml_shape(reading, schema, raw.name)


def _field(reading: Reading, raw: RawBody, content: RawContent, kind: BodyKind, name: str, parts: list[At]) -> Field:
    schema = _target(reading, parts[0])
    binary = kind is BodyKind.MULTIPART and is_binary(schema)
    field = Field(name, name, binary=binary)
    if kind is BodyKind.MULTIPART and isinstance(schema, dict) and schema.get("type") == "array":
        inner = parts[0] if "items" in schema else None
        item = _item(reading, inner)
        field = replace(field, item=Field(name, name, binary=is_binary(item)))
    if name in raw.styles:
        style, explode = raw.styles[name]
        return replace(field, style=style, explode=explode)
    encoding = content.encoding.get(name)
    if encoding is None or not isinstance(encoding.value, dict):
        return field
    return _encoded(field, encoding.value, kind, reading.dialect)


def _item(reading: Reading, at: At | None) -> Json:
    if at is None:
        return {}
    try:
        target = reading.schemas.target(at)
    except Dangling:
        return {}
    return _target(reading, target.child("items")) if "items" in target.value else {}


def _target(reading: Reading, at: At) -> Json:
    try:
        return reading.schemas.target(at).value
    except Dangling:
        return {}


_FORM_STYLES = {style.value: style for style in (Style.FORM, Style.SPACE, Style.PIPE, Style.DEEP)}


def _encoded(field: Field, encoding: Json, kind: BodyKind, dialect: Dialect) -> Field:
    """The Encoding Object. With style, explode or allowReserved given, contentType is ignored (3.1 section 4.8.15)."""
    written = text_of(encoding, "contentType").partition(",")[0].strip()
    content_type = written if valid(written) else None
    explode = encoding.get("explode")
    # 3.0 ignores style and its like outside urlencoded forms; from 3.1 on they hold for multipart/form-data as well.
    stylable = kind is BodyKind.FORM or (kind is BodyKind.MULTIPART and dialect.siblings)
    styled = stylable and any(key in encoding for key in ("style", "explode", "allowReserved"))
    headers = encoding.get("headers") if kind is BodyKind.MULTIPART else None
    field = replace(field, media_type=content_type, headers=_headers(headers))
    if field.item is not None:
        field = replace(field, item=replace(field.item, media_type=content_type))
    if not styled:
        return field
    style = _FORM_STYLES.get(text_of(encoding, "style"), Style.FORM)
    return replace(
        field,
        media_type=None,
        style=style,
        explode=explode if isinstance(explode, bool) else style is Style.FORM,
        allow_reserved=encoding.get("allowReserved") is True,
    )


def _headers(headers: Json) -> tuple[tuple[str, str], ...]:
    """Part headers whose value the document fixes (a default, a const or a single enum value)."""
    found: list[tuple[str, str]] = []
    for name, header in headers.items() if isinstance(headers, dict) else ():
        schema = header.get("schema") if isinstance(header, dict) else None
        if not isinstance(schema, dict) or name.lower() == "content-type" or not is_token(name):
            continue
        only = schema.get("enum")
        values = [schema[key] for key in ("const", "default") if key in schema]
        values += only if isinstance(only, list) and len(only) == 1 else []
        found += [(name, value) for value in values[:1] if isinstance(value, str)]
    return tuple(found)


def base64_schema(field: Field, schema: Json) -> Json:
    """What an agent has to send where the upstream gets bytes."""
    if field.binary:
        return _base64(text_of(schema, "description"))
    if field.item is not None and field.item.binary and isinstance(schema, dict):
        return {key: value for key, value in schema.items() if key != "$ref"} | {
            "type": "array", "items": _base64(text_of(schema.get("items"), "description")),
        }  # fmt: skip
    return schema


def _base64(description: str) -> dict[str, Json]:
    told = f"{description.rstrip('.')}. Base64-encoded bytes." if description else "Base64-encoded bytes."
    return {"type": "string", "contentEncoding": "base64", "pattern": BASE64, "description": told}
