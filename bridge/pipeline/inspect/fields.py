"""Bodies of names and texts, url-encoded and multipart: read field by field, as the Encoding Objects say."""

from base64 import b64encode
from collections.abc import Callable, Iterator
from typing import TypeAlias
from urllib.parse import unquote_plus

from bridge.model import Body, Field, Json, Operation, Style
from bridge.model.media import is_json
from bridge.pipeline.inspect.assembled import assembled
from bridge.pipeline.inspect.find import beside
from bridge.pipeline.inspect.multipart import Part, parts_of
from bridge.pipeline.inspect.raw import Pairs, Parsed, Raws, form_of, named, one, plain, repeated, several
from bridge.pipeline.inspect.reader import Schema, TooMuch
from bridge.pipeline.inspect.report import TOO_MUCH, judged, literal
from bridge.pipeline.inspect.schema import TooWide
from bridge.pipeline.strict import loads

Content: TypeAlias = Callable[[bytes, str], Iterator[str]]
"""Whole body and its content type → problems."""

_MOST_FIELDS = 10_000


# --- url-encoded ------------------------------------------------------------------------------------------------------


def compile_form(operation: Operation, body: Body) -> Content:
    schema = assembled(operation, body)

    def judge(content: bytes, media_type: str) -> Iterator[str]:
        try:
            value = schema.read((form_members(body, schema, content),))
        except TooWide:
            return  # the document has more forms than can be tried in bounded time: the upstream will know
        except TooMuch:
            yield f"body: {TOO_MUCH}"
            return
        yield from judged(schema, value, "body{}")

    return judge


def form_members(body: Body, schema: Schema, content: bytes) -> dict[str, Raws]:
    """Raises TooWide, TooMuch."""
    if content.count(b"&") >= _MOST_FIELDS:
        raise TooMuch
    pairs = form_of(content.decode("utf-8", "replace"))
    others = frozenset(field.name for field in body.fields)
    nested = frozenset(field.name for field in body.fields if field.style is Style.DEEP)
    found = {
        name: repeated(pairs, values)
        for name, values in pairs.values.items()
        if name not in others and name.partition("[")[0] not in nested
    }
    for field in body.fields:
        raws = _field(field, schema, pairs, others)
        if raws is not None:
            found[field.name] = raws
    return found


def _field(field: Field, schema: Schema, pairs: Pairs, others: frozenset[str]) -> Raws | None:
    """None when it is absent. Raises TooWide."""
    if field.style is not None:
        found = named(pairs, field.name, field.style, explode=field.explode)
        if found is None and field.explode and field.style is Style.FORM:
            return beside(pairs, schema.member(field.name), others)
        return found
    values = pairs.values.get(field.name)
    if values is None:
        return None
    if is_json(_media_type(field)):
        return several([_parsed(unquote_plus(value)) for value in values])
    return repeated(pairs, values)


def _media_type(field: Field) -> str:
    return (field.item.media_type if field.item is not None else field.media_type) or ""


def _parsed(text: str) -> Raws:
    """A text that is no JSON is left to the schema, which says what it should have been."""
    try:
        return (Parsed(loads(text)),)
    except ValueError:
        return one(text)


# --- multipart --------------------------------------------------------------------------------------------------------


def compile_multipart(operation: Operation, body: Body) -> Content:
    """Required parts must be there, and parts that are text are judged; files are bytes, whatever they hold."""
    schema = assembled(operation, body)

    def judge(content: bytes, media_type: str) -> Iterator[str]:
        try:
            parts = parts_of(content, media_type)
        except ValueError as error:
            yield f"body: {error}"
            return
        try:
            yield from _parts(body, schema, parts)
        except TooWide:
            return
        except TooMuch:
            yield f"body: {TOO_MUCH}"

    return judge


def part_members(body: Body, schema: Schema, content: bytes, media_type: str) -> dict[str, Json]:
    """By name, files as base64. Raises ValueError for parts that are not described, TooWide, TooMuch."""
    parts = parts_of(content, media_type)
    pairs = Pairs(((name, part.text) for name, same in parts.items() for part in same), plain)
    fields = {field.name: field for field in body.fields}
    strange = sorted(name for name in parts if name not in fields and not _is_styled(name, schema, fields))
    if strange:
        raise ValueError(f"has a part {strange[0][:50]!r} that is not described")
    found = {name: _member(field, schema, pairs, fields, parts.get(name, ())) for name, field in fields.items()}
    return {name: value for name, value in found.items() if value is not _ABSENT}


_ABSENT = object()


def _member(
    field: Field, schema: Schema, pairs: Pairs, fields: dict[str, Field], same: "list[Part] | tuple[()]"
) -> Json:
    """Raises ValueError, TooWide, TooMuch."""
    styled, member = _styled(field, schema, pairs, fields), schema.member(field.name)
    if not same and styled is None:
        return _ABSENT
    raws = styled or _texts(field, same)
    files = [b64encode(part.content).decode("ascii") for part in same]
    value = member.read(raws) if raws else files if field.item is not None or len(files) > 1 else files[0]
    if not member.accepts(value):
        raise ValueError(f"has a part {field.name[:50]!r} that is not what the operation takes")
    return value


def _is_styled(name: str, schema: Schema, fields: dict[str, Field]) -> bool:
    """Whether it may be a member of a field whose style spreads it over parts of its own."""
    spread = [field for field in fields.values() if field.style is not None and field.explode]
    return any(name.partition("[")[0] == field.name or name in schema.member(field.name).names() for field in spread)


def _parts(body: Body, schema: Schema, parts: dict[str, list[Part]]) -> Iterator[str]:
    pairs = Pairs(((name, part.text) for name, same in parts.items() for part in same), plain)
    fields = {field.name: field for field in body.fields}
    for name in schema.required():
        if name not in parts and not _styled(fields.get(name), schema, pairs, fields):
            yield f"body.{name}: is missing, but required; send a part of that name"
    for name, field in fields.items():
        raws = _styled(field, schema, pairs, fields) or _texts(field, parts.get(name, ()))
        if raws:
            member = schema.member(name)
            yield from judged(member, member.read(raws), f"body.{literal(name)}{{}}")


def _styled(field: Field | None, schema: Schema, pairs: Pairs, fields: dict[str, Field]) -> Raws | None:
    if field is None or field.style is None:
        return None
    return _field(field, schema, pairs, frozenset(fields))


def _texts(field: Field, parts: "list[Part] | tuple[()]") -> Raws:
    """Empty where one of the parts is a file."""
    if field.binary or (field.item is not None and field.item.binary) or any(part.is_file for part in parts):
        return ()
    items: list[Raws] = [_part(part, field) for part in parts]
    return several(items) if items else ()


def _part(part: Part, field: Field) -> Raws:
    return _parsed(part.text) if is_json(part.media_type or _media_type(field)) else one(part.text)
