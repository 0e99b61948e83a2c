"""Header fields and cookies that arguments write."""

import re
from collections.abc import Callable

from bridge.egress.encode.content import content_text
from bridge.egress.encode.own import contained, others
from bridge.egress.encode.style import Pairs, expander, pairs, shapes_of
from bridge.egress.encode.text import UNFIT, Unfit, cookie_reserved, missing, raw, refused, strict
from bridge.egress.headers import field_value
from bridge.model import Arguments, Json, Param, Style, Where
from bridge.model.headers import argument_may_set

Field = tuple[bytes, bytes]


def compile_headers(
    params: tuple[Param, ...], foreign: frozenset[str] = frozenset()
) -> Callable[[Arguments], list[Field]] | None:
    """The fields that arguments write; None where there are none. `foreign` are cookies that no argument may write.

    Raises ValueError for the name of a header that no argument may write.
    """
    headers = [(param, _header(param)) for param in params if param.where is Where.HEADER]
    cookies = [(param, _cookie(param, taken)) for param, taken in others(params, {Where.COOKIE}, foreign)]
    if not headers and not cookies:
        return None
    names = [param.name.lower().encode("ascii") for param, _ in headers]

    def fields(arguments: Arguments) -> list[Field]:
        written = []
        for name, (param, write) in zip(names, headers, strict=True):
            text = _applied(param, write, arguments)
            if text is not None:
                written.append((name, text))
        crumbs = [text for param, bake in cookies if (text := _applied(param, bake, arguments))]
        if crumbs:  # RFC 6265 section 5.4: “the user agent MUST NOT attach more than one Cookie header field”
            written.append((b"cookie", b"; ".join(crumbs)))
        return written

    return fields


def _applied(param: Param, write: Callable[[Json], bytes | None], arguments: Arguments) -> bytes | None:
    value = arguments.get(param.argument)
    if value is None:
        if param.required and param.argument not in arguments:
            raise missing(param.argument)
        return None
    try:
        return write(value)
    except UNFIT as error:
        raise refused(param.argument, error) from error


def _header(param: Param) -> Callable[[Json], bytes | None]:
    """OpenAPI 3.2: “When serializing these values, URI percent-encoding MUST NOT be applied […] implementations MUST
    pass values through unchanged rather than attempting to quote or escape them”."""
    if not argument_may_set(param.name):
        raise ValueError(f"the header {param.name!r} is not for an argument to write")
    if param.media_type is not None:
        text = content_text(param)
        return lambda value: _field(text(value))
    expand = expander(param.name, param.style, raw, shapes_of(param.schema), explode=param.explode)

    def header(value: Json) -> bytes | None:
        text = expand(value)
        return None if text is None else _field(text)

    return header


def _field(text: str) -> bytes:
    try:
        return field_value(text)
    except ValueError as error:
        raise Unfit(str(error)) from error


def _cookie(param: Param, taken: frozenset[str]) -> Callable[[Json], bytes | None]:
    exploded = param.explode and param.media_type is None
    make = contained(param.name, _cookie_pairs(param), taken, _described(param.schema) if exploded else None)

    def cookie(value: Json) -> bytes | None:
        # OpenAPI 3.2: “neither the `&` nor `?` delimiters are ever correct”, so exploded members are cookies too.
        return _field("; ".join([f"{key}={text}" for key, text in make(value)])) or None

    return cookie


def _described(schema: Json) -> frozenset[str] | None:
    """The members of an object that may become cookies: a document that names some means no session by the others."""
    properties = schema.get("properties") if isinstance(schema, dict) else None
    return frozenset(properties) if isinstance(properties, dict) and properties else None


def _cookie_pairs(param: Param) -> Pairs:
    plain = param.style is Style.COOKIE
    write, key = (_crumb, _crumb_name) if plain else (cookie_reserved if param.allow_reserved else strict, strict)
    if param.media_type is not None:
        # The media type's text may hold what a cookie cannot, so it is encoded whatever the style.
        name, text = strict(param.name), content_text(param)
        return lambda value: [(name, strict(text(value)))]
    shapes = shapes_of(param.schema)
    return pairs(param.name, Style.FORM, write, key, shapes, explode=param.explode)


_CRUMB = re.compile(r"[\x20-\x3a\x3c-\x7e]*").fullmatch


def _crumb(text: str) -> str:
    """OpenAPI 3.2, style `cookie`: “no percent-encoding or other escaping is applied; data values that require any
    sort of escaping MUST be provided in escaped form”."""
    if _CRUMB(text) is None:
        raise Unfit("holds “;”, a control character or a letter outside ASCII; send it percent-encoded")
    return text


def _crumb_name(text: str) -> str:
    if not text or not text.isascii() or re.search(r"[\x00-\x20\x7f\"(),/:;<=>?@\[\\\]{}]", text):
        raise Unfit(f"has a member {text!r}, which cannot name a cookie")
    return text
