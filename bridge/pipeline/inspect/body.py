"""Bodies: offered media types, and what the document says about the content of the one that the gateway writes."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple, TypeAlias

import orjson

from bridge.egress.media import essence, is_json, is_range
from bridge.model import Body, BodyKind, Field, Headers, Json, Operation, Spread, Style
from bridge.pipeline.inspect.find import beside
from bridge.pipeline.inspect.multipart import Part, parts_of
from bridge.pipeline.inspect.raw import Pairs, Parsed, Raws, form_of, named, one, repeated, several
from bridge.pipeline.inspect.reader import Schema
from bridge.pipeline.inspect.report import judged
from bridge.pipeline.inspect.schema import TooWide, opened

Content: TypeAlias = Callable[[bytes, str], Iterator[str]]
"""Whole body and its content type → problems."""

_PLACE = "body{}"
_MAY_BE_EMPTY = frozenset({BodyKind.BINARY, BodyKind.FORM, BodyKind.TEXT})


def compile_inside(operation: Operation) -> Callable[[Headers, bytes], Iterator[str]]:
    """Problems of the body. An operation without one says nothing about it: documents are often incomplete."""
    body = operation.body
    if body is None:
        return lambda headers, content: iter(())
    offer = _offer(body)
    judge = _JUDGES[body.kind](operation, body) if body.kind in _JUDGES else None

    def inside(headers: Headers, content: bytes) -> Iterator[str]:
        media_type = _field(headers, b"content-type")
        if not content and not (media_type and body.kind in _MAY_BE_EMPTY):
            if body.required:
                yield f"body: is missing, but required; send {_listed(body)}"
            return
        found = offer(media_type)
        if found is None:
            came = f"not {media_type[:80]}" if media_type else "but the request has no content-type"
            yield f"body: must be {_listed(body)}, {came}"
        elif judge is not None and _applies(body, found, media_type) and not _field(headers, b"content-encoding"):
            yield from judge(content, media_type)

    return inside


def _field(headers: Headers, name: bytes) -> str:
    return next((value.decode("latin-1").strip() for key, value in headers if key == name), "")


def _listed(body: Body) -> str:
    return " or ".join(body.media_types)


# --- media types ------------------------------------------------------------------------------------------------------


def _offer(body: Body) -> Callable[[str], str | None]:
    """Which of the offered media types a content type falls under: itself, a `+json` of JSON, a range."""
    exact = {essence(one): one for one in body.media_types}
    ranges = [(re.compile(re.escape(name).replace(r"\*", "[^/]*")), one) for name, one in exact.items() if "*" in name]
    json = exact.get("application/json")

    def offered(media_type: str) -> str | None:
        name = essence(media_type)
        if name in exact and "*" not in name:
            return exact[name]
        if json is not None and name.endswith("+json"):
            return json
        # RFC 9110 section 8.3: without a Content-Type “the recipient MAY either assume a media type of
        # "application/octet-stream" or examine the data”.
        name = name or "application/octet-stream"
        return next((one for pattern, one in ranges if pattern.fullmatch(name)), exact.get(name))

    return offered


def _applies(body: Body, found: str, media_type: str) -> bool:
    """Whether the schema at hand is that of the media type that came; the others have schemas of their own."""
    if is_range(found):  # what the gateway writes may stand for a range
        same = found == body.media_type or body.media_type not in body.media_types
    else:
        same = essence(found) == essence(body.media_type)
    return same and _IS[body.kind](essence(media_type))


_IS: Mapping[BodyKind, Callable[[str], bool]] = {
    BodyKind.JSON: is_json,
    BodyKind.FORM: lambda name: name == "application/x-www-form-urlencoded",
    BodyKind.MULTIPART: lambda name: name == "multipart/form-data",
    BodyKind.TEXT: lambda name: False,
    BodyKind.BINARY: lambda name: False,
    BodyKind.XML: lambda name: False,
}


# --- schemas ----------------------------------------------------------------------------------------------------------


def _schema(operation: Operation, body: Body) -> Schema:
    """The body's schema, put together again from the arguments that make it up."""
    root = operation.input_schema if isinstance(operation.input_schema, Mapping) else {}
    return Schema(opened(_ASSEMBLE[body.spread](operation, body, root)), opened_defs(root))


def opened_defs(root: Mapping[str, Json]) -> Mapping[str, Json]:
    return {name: opened(schema) for name, schema in root.get("$defs", {}).items()}


def _from_fields(operation: Operation, body: Body, root: Mapping[str, Json]) -> Json:
    arguments = root.get("properties", {})
    properties = {field.name: arguments.get(field.argument, True) for field in body.fields}
    required = [field.name for field in body.fields if field.required]
    return {"type": "object", "properties": properties, "required": required}


def _from_rest(operation: Operation, body: Body, root: Mapping[str, Json]) -> Json:
    taken = {param.argument for param in operation.params}
    properties = {name: schema for name, schema in root.get("properties", {}).items() if name not in taken}
    required = [name for name in root.get("required", ()) if name not in taken]
    return {**root, "properties": properties, "required": required}


def _from_whole(operation: Operation, body: Body, root: Mapping[str, Json]) -> Json:
    return root.get("properties", {}).get(body.argument, True)


_ASSEMBLE: Mapping[Spread, Callable[[Operation, Body, Mapping[str, Json]], Json]] = {
    Spread.FIELDS: _from_fields,
    Spread.REST: _from_rest,
    Spread.WHOLE: _from_whole,
}


class _Lazy:
    """The body's schema, assembled when the first body comes: most operations of a large API never see one."""

    __slots__ = ("_made", "_operation")

    def __init__(self, operation: Operation) -> None:
        self._operation = operation
        self._made: Schema | None = None

    def __call__(self, body: Body) -> Schema:
        if self._made is None:
            self._made = _schema(self._operation, body)
        return self._made
