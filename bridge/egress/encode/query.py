"""The query of a request: every parameter writes its own `name=value` pieces, or nothing."""

from collections.abc import Callable
from typing import TypeAlias
from urllib.parse import parse_qsl

from bridge.egress.encode.content import content_text
from bridge.egress.encode.form import form_text
from bridge.egress.encode.own import contained, others, refuse_taken
from bridge.egress.encode.style import pairs, shapes_of
from bridge.egress.encode.text import UNFIT, item, missing, query_reserved, refused, scalar, strict
from bridge.model import Arguments, Json, Param, Style, Where
from bridge.model.media import essence

Write: TypeAlias = Callable[[Json], str]


def compile_query(
    params: tuple[Param, ...], foreign: frozenset[str] = frozenset()
) -> Callable[[Arguments], str] | None:
    """The query without its question mark; None where the operation has no query parameters. `foreign` are names in the
    query that no argument may write: credentials, and what the path's key has already."""
    writers = [
        (param.argument, param.required, _writer(param, taken)) for param, taken in others(params, _WRITERS, foreign)
    ]
    if not writers:
        return None

    def query(arguments: Arguments) -> str:
        pieces = []
        for argument, required, write in writers:
            value = arguments.get(argument)
            if value is None:
                if required and argument not in arguments:
                    raise missing(argument)
                continue
            try:
                piece = write(value)
            except UNFIT as error:
                raise refused(argument, error) from error
            if piece:
                pieces.append(piece)
        return "&".join(pieces)

    return query


def _writer(param: Param, taken: frozenset[str]) -> Write:
    return _WRITERS[param.where](param, taken)


def _one(param: Param, taken: frozenset[str]) -> Write:
    write = query_reserved if param.allow_reserved else strict
    if param.media_type is not None:
        prefix, text = strict(param.name) + "=", content_text(param)
        return lambda value: prefix + write(text(value))
    shapes = shapes_of(param.schema)
    if not shapes and param.style in (Style.FORM, Style.SPACE, Style.PIPE, Style.TABS):
        prefix = strict(param.name) + "="
        return lambda value: prefix + write(scalar(value))
    return _many(param, taken)


def _many(param: Param, taken: frozenset[str]) -> Write:
    write = query_reserved if param.allow_reserved else strict
    shapes = shapes_of(param.schema)
    plain = pairs(param.name, param.style, write, strict, shapes, explode=param.explode)
    make = contained(param.name, plain, taken)
    # An empty array is undefined, so it is left out, unless the document wants the bare name then.
    empty = strict(param.name) + "=" if param.allow_empty else ""

    # The same for the commonest array, without the pairs in between.
    prefix = f"{strict(param.name)}="
    repeats = param.style is Style.FORM and param.explode and list in shapes

    def many(value: Json) -> str:
        if repeats and type(value) is list:
            return "&".join([prefix + write(item(member)) for member in value if member is not None]) or empty
        return "&".join([f"{key}={text}" for key, text in make(value)]) or empty

    return many


def _whole(param: Param, taken: frozenset[str]) -> Write:
    """OpenAPI 3.2, `querystring`: “treats the entire URL query string as a value”."""
    if essence(param.media_type or "") != "application/x-www-form-urlencoded":
        text = content_text(param)
        return lambda value: strict(text(value))

    def whole(value: Json) -> str:
        written = form_text(value)
        for name, _ in parse_qsl(written, keep_blank_values=True):
            refuse_taken(name, taken)
        return written

    return whole


_WRITERS: dict[Where, Callable[[Param, frozenset[str]], Write]] = {Where.QUERY: _one, Where.QUERYSTRING: _whole}
