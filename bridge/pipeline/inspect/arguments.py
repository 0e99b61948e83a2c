"""A person's request as the arguments of the same call by an agent, so that one condition judges both.

An inspector lets pass what it cannot read: documents are incomplete, and the upstream will know. Whoever decides about
a call by its arguments may not: what could be read in two ways, or not at all, is `Unreadable`, and so is what a more
generous reader upstream might take for another argument than the one that was judged.
"""

import re
from base64 import b64encode
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import TypeAlias

from bridge.model import Body, BodyKind, Headers, Json, Operation, Param, Read, Spread, Style, Where
from bridge.model.media import essence, is_json
from bridge.pipeline.inspect.assembled import assembled
from bridge.pipeline.inspect.body import applies, coding_of, offer_of
from bridge.pipeline.inspect.fields import form_members, part_members
from bridge.pipeline.inspect.find import Given, Request, finder, take_apart
from bridge.pipeline.inspect.outside import described, takes_several
from bridge.pipeline.inspect.path import compile_slots
from bridge.pipeline.inspect.raw import Pairs, form_of
from bridge.pipeline.inspect.reader import Schema, TooMuch
from bridge.pipeline.inspect.schema import TooWide
from bridge.pipeline.strict import loads

_Outside: TypeAlias = Callable[[str, str, Headers], dict[str, Json]]
_Inside: TypeAlias = Callable[[Headers, bytes], dict[str, Json]]


class Unreadable(ValueError):
    """The message reads on after “what this may be called with depends on its arguments, and”."""


def compile_reading(operation: Operation) -> Read:
    """Costs nothing until the operation's first request that is judged. What it returns raises Unreadable."""

    @cache
    def compiled() -> tuple[_Outside, _Inside]:
        return _outside(operation), _inside(operation)

    def read(path: str, query: str, headers: Headers, body: bytes) -> Mapping[str, Json]:
        outside, inside = compiled()
        try:
            return outside(path, query, headers) | inside(headers, body)
        except (TooWide, TooMuch) as error:
            raise Unreadable("they have more readings than can be tried") from error

    return read


# --- outside the body -------------------------------------------------------------------------------------------------


def _outside(operation: Operation) -> _Outside:
    slots = compile_slots(operation.path)
    readers = [(param, _reader(param, operation)) for param in operation.params]
    deep = any(param.where is Where.QUERYSTRING for param in operation.params)
    names, cookies = _names(operation, Where.QUERY), _names(operation, Where.COOKIE)
    nested = frozenset(one.name for one in operation.params if one.where is Where.QUERY and one.style is Style.DEEP)

    def outside(path: str, text: str, headers: Headers) -> dict[str, Json]:
        request = take_apart(slots(path), text, headers)
        if not deep:
            _check_names(request.pairs.values, names(), "the query", nested)
            _check_nested(request.pairs, nested, "the query")
        _check_names(request.cookies.values, cookies(), "a cookie")
        found = ((param.argument, read(request)) for param, read in readers)
        return {argument: value for argument, value in found if value is not _ABSENT}

    return outside


def _names(operation: Operation, where: Where) -> Callable[[], frozenset[str]]:
    """Those that parameters there go by, with the members of exploded objects, which stand beside them. What it returns
    raises TooWide."""
    params = [param for param in operation.params if param.where is where]
    spread = [Schema(*described(operation, one.argument)) for one in params if one.explode and one.media_type is None]

    @cache
    def names() -> frozenset[str]:
        members = (schema.names() for schema in spread if "object" in schema.types())
        return frozenset(param.name for param in params).union(*members)

    return names


_ABSENT = object()
_FORM = "application/x-www-form-urlencoded"


def _reader(param: Param, operation: Operation) -> Callable[[Request], Json]:
    schema = Schema(*described(operation, param.argument))
    others = frozenset(other.name for other in operation.params if other.where is param.where)
    find = finder(param, schema, others - {param.name})

    def read(request: Request) -> Json:
        given = find(request)
        if given is None:
            return _ABSENT
        if not given.judgeable or (given.times > 1 and not takes_several(param, schema)):
            raise Unreadable(f"{param.name!r} cannot be read in one way only")
        value = _value(param, schema, given)
        if not schema.accepts(value):
            raise Unreadable(f"{param.name!r} is not what the operation takes")
        _check_members(value)
        return value

    return read


def _value(param: Param, schema: Schema, given: Given) -> Json:
    if param.media_type is None:
        if not given.raws:
            raise Unreadable(f"{param.name!r} is not written as the operation takes it")
        return schema.read(given.raws)
    if essence(param.media_type) == _FORM:
        return schema.read(given.raws)
    if not is_json(param.media_type):
        raise Unreadable(f"{param.name!r} is {param.media_type}, which is not read")
    return _json(given.text, repr(param.name))


# --- the body ---------------------------------------------------------------------------------------------------------


def _inside(operation: Operation) -> _Inside:
    body = operation.body
    if body is None:
        return _no_body
    offer, read = offer_of(body), _READERS[body.kind](operation, body)

    def inside(headers: Headers, content: bytes) -> dict[str, Json]:
        if not content:
            return {}
        media_types = [value.decode("latin-1").strip() for name, value in headers if name == b"content-type"]
        media_type = media_types[0] if len(media_types) == 1 else ""
        found = offer(media_type)
        if found is None or not media_type or not _applies(body, found, media_type) or coding_of(headers):
            raise Unreadable(f"the body is not read unless it is plain {body.media_type}")
        if not _in_utf8(media_type):
            raise Unreadable("the body is not read unless it is UTF-8")
        return _spread(body, read(content, media_type))

    return inside


def _in_utf8(media_type: str) -> bool:
    """As it is read here. In another charset the same bytes may be another text: of UTF-7 and EBCDIC whole requests."""
    charsets = _CHARSET.findall(media_type)
    return len(charsets) == media_type.lower().count("charset") and {one.lower() for one in charsets} <= _OURS


_CHARSET = re.compile(r""";[ \t]*charset="?([^\s";]*)"?[ \t]*(?=;|\Z)""", re.IGNORECASE)
_OURS = {"utf-8", "utf8", "us-ascii"}


def _applies(body: Body, found: str, media_type: str) -> bool:
    """Text and bytes have no schema that could be another media type's."""
    return body.kind in _WITHOUT_SCHEMA or applies(body, found, media_type)


_WITHOUT_SCHEMA = frozenset({BodyKind.TEXT, BodyKind.BINARY})


def _no_body(headers: Headers, content: bytes) -> dict[str, Json]:
    if content:
        raise Unreadable("it has a body that the operation does not describe")
    return {}


def _spread(body: Body, value: Json) -> dict[str, Json]:
    if body.spread is Spread.WHOLE:
        return {body.argument: value}
    if not isinstance(value, dict):
        raise Unreadable("the body is no object")
    if body.spread is Spread.REST:
        return value
    arguments = {field.name: field.argument for field in body.fields}
    _check_names(value, arguments, "the body")
    return {arguments[name]: member for name, member in value.items() if name in arguments}


def _json_body(operation: Operation, body: Body) -> Callable[[bytes, str], Json]:
    schema = assembled(operation, body)

    def read(content: bytes, media_type: str) -> Json:
        value = _json(content.removeprefix(b"\xef\xbb\xbf"), "the body", schema.names())
        return _accepted(schema, value)

    return read


def _form_body(operation: Operation, body: Body) -> Callable[[bytes, str], Json]:
    schema = assembled(operation, body)
    nested = frozenset(field.name for field in body.fields if field.style is Style.DEEP)

    def read(content: bytes, media_type: str) -> Json:
        value = _accepted(schema, schema.read((form_members(body, schema, content),)))
        pairs = form_of(content.decode("utf-8", "replace"))
        _check_names(pairs.values, schema.names(), "the body", nested)
        _check_nested(pairs, nested, "the body")
        _check_members(value, schema.names())
        return value

    return read


def _multipart_body(operation: Operation, body: Body) -> Callable[[bytes, str], Json]:
    schema = assembled(operation, body)

    def read(content: bytes, media_type: str) -> Json:
        try:
            return part_members(body, schema, content, media_type)
        except ValueError as error:
            raise Unreadable(f"the body {error}") from error

    return read


def _text_body(operation: Operation, body: Body) -> Callable[[bytes, str], Json]:
    def read(content: bytes, media_type: str) -> Json:
        try:
            return content.decode()
        except UnicodeDecodeError as error:
            raise Unreadable("the body is no UTF-8 text") from error

    return read


def _bytes_body(operation: Operation, body: Body) -> Callable[[bytes, str], Json]:
    """As agents send them."""
    return lambda content, media_type: b64encode(content).decode("ascii")


def _no_reading(operation: Operation, body: Body) -> Callable[[bytes, str], Json]:
    def read(content: bytes, media_type: str) -> Json:
        raise Unreadable(f"a body of {body.media_type} is not read")

    return read


_READERS: Mapping[BodyKind, Callable[[Operation, Body], Callable[[bytes, str], Json]]] = {
    BodyKind.JSON: _json_body,
    BodyKind.FORM: _form_body,
    BodyKind.MULTIPART: _multipart_body,
    BodyKind.TEXT: _text_body,
    BodyKind.BINARY: _bytes_body,
    BodyKind.XML: _no_reading,
}


def _json(text: bytes | str, what: str, known: frozenset[str] = frozenset()) -> Json:
    """`known` are names that the document itself has at the root, however alike."""
    try:
        value = loads(text)
    except ValueError as error:
        raise Unreadable(f"{what} {error}") from error
    _check_members(value, known)
    return value


def _accepted(schema: Schema, value: Json) -> Json:
    if not schema.accepts(value):
        raise Unreadable("the body is not what the operation takes")
    return value


# --- names ------------------------------------------------------------------------------------------------------------


def _check_names(
    given: Iterable[str], known: Iterable[str], where: str, nested: frozenset[str] = frozenset()
) -> None:  # fmt: skip
    """An upstream that knows no case, or reads `a[]`, `a.b` or what ends at a NUL as `a`, must not find there what
    nobody has judged. `nested` are names of which `a[b]` is a part."""
    names = set(known)
    alike = frozenset[str]().union(*map(_generous, names))
    for name in given:
        if name not in names and name.partition("[")[0] not in nested and _generous(name) & alike:
            raise Unreadable(f"{where} has {name[:50]!r}, which may be read as another name")


def _check_nested(pairs: Pairs, nested: frozenset[str], where: str) -> None:
    """Of `a[b]x` some readers drop the end, and of `a` beside `a[b]` some take the one and some the other."""
    for name in nested & pairs.nested.keys():
        if name in pairs.values or not all(_BRACKETS(f"[{rest}") for rest, _ in pairs.nested[name]):
            raise Unreadable(f"{where} has {name[:50]!r} in a form that may be read as another")


_BRACKETS = re.compile(r"(?:\[[^\[\]]*\])+").fullmatch


def _check_members(value: Json, known: frozenset[str] = frozenset()) -> None:
    """No two members of an object may be one to a reader that knows no case."""
    root = {name: member for name, member in value.items() if name not in known} if isinstance(value, dict) else value
    waiting = [root, *(value[name] for name in value.keys() & known)] if isinstance(value, dict) else [root]
    if isinstance(value, dict) and set(map(_folded, root)) & set(map(_folded, known)):
        raise Unreadable("an object in it has a member whose name differs from another one in case alone")
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            if len(set(map(_folded, one))) != len(one):
                raise Unreadable("an object in it has two members whose names differ in case alone")
            waiting += one.values()
        elif isinstance(one, list):
            waiting += one


def _generous(name: str) -> frozenset[str]:
    """PHP ends a name at NUL, and has `_` for what its variables cannot hold; others see a member behind a dot."""
    cut = name.partition("\0")[0].strip()
    return frozenset({_folded(_INNER.split(cut, maxsplit=1)[0]), _folded(_INNER.sub("_", cut))})


_INNER = re.compile(r"[\[. ]")


def _folded(name: str) -> str:
    """Upper case first: that of the dotless i is an I."""
    return name.upper().casefold()
