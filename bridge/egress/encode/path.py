"""The path of a request: literal pieces and slots, by segment.

A value can fill its segment and nothing else. Whatever is special in a URL arrives encoded, and a finished segment that
is empty, or in which a server between here and the resource may find `.` or `..`, is refused: it may be folded away.
"""

import re
from collections.abc import Callable, Mapping
from typing import TypeAlias

from bridge.egress.encode.content import content_text
from bridge.egress.encode.style import expander, shapes_of
from bridge.egress.encode.text import UNFIT, Quote, Unfit, missing, path_reserved, refused, reserved, scalar, strict
from bridge.model import Arguments, BadArguments, Param, Style, Where
from bridge.model.paths import climbs, unreadable

Piece: TypeAlias = Callable[[Arguments], str]
Segment: TypeAlias = str | Piece

_SLOT = re.compile(r"\{([^{}]*)\}")
# A template's own text stays as it was written, but for what RFC 3986 sections 3.3 and 3.4 keep out of the place.
path_literal = reserved("!$&'()*+,;=:@/")
_QUERY_LITERAL = reserved("!$&'()*+,;=:@/?")


def split_key(key: str) -> tuple[str, str]:
    """A path key's path and literal query, as templates.

    Documents write `?beta=true` or `#add_link` into a key to describe one path twice. The query is part of the
    request; a fragment never is.
    """
    path, _, query = key.partition("#")[0].partition("?")
    return path, query


def compile_path(key: str, params: tuple[Param, ...]) -> Callable[[Arguments], str]:
    """The path and the literal query of `key`. Raises ValueError for a slot that no path parameter fills."""
    slots = {param.name: param for param in params if param.where is Where.PATH}
    path, query = split_key(key)
    segments = [_segment(part, slots) for part in path.removeprefix("/").split("/")]
    pairs = [part for part in query.split("&") if part and _filled(part, slots)]
    pieces: list[Segment] = []
    for segment in segments:
        pieces += ["/", segment]
    for number, part in enumerate(pairs):
        pieces += ["&" if number else "?", *_pieces(part, slots, _QUERY_LITERAL)]
    return _joined(pieces)


def _filled(part: str, slots: Mapping[str, Param]) -> bool:
    """A literal query's slot that no path parameter fills belongs to a query parameter, which writes itself."""
    return all(name in slots for name in _SLOT.findall(part))


def _joined(pieces: list[Segment]) -> Callable[[Arguments], str]:
    merged: list[Segment] = []
    for piece in pieces:
        if merged and isinstance(piece, str) and isinstance(merged[-1], str):
            merged[-1] += piece
        else:
            merged.append(piece)
    if all(isinstance(piece, str) for piece in merged):
        fixed = "".join(piece for piece in merged if isinstance(piece, str))
        return lambda arguments: fixed

    def path(arguments: Arguments) -> str:
        return "".join([piece if piece.__class__ is str else piece(arguments) for piece in merged])  # type: ignore[operator]

    return path


def _pieces(template: str, slots: Mapping[str, Param], literal: Quote) -> list[Segment]:
    """Literals and slots in turn: `re.split` with one group puts the slots at odd places."""
    parts = _SLOT.split(template)
    return [_slot(part, slots) if place % 2 else literal(part) for place, part in enumerate(parts) if part or place % 2]


def _segment(template: str, slots: Mapping[str, Param]) -> Segment:
    pieces = _pieces(template, slots, path_literal)
    if all(isinstance(piece, str) for piece in pieces):
        return _literal("".join(piece for piece in pieces if isinstance(piece, str)))
    names = [slots[name].argument for name in _SLOT.findall(template)]
    if len(pieces) == 1:
        return _guarded(pieces[0], names[0])  # type: ignore[arg-type]
    return _guarded(_joined(pieces), " and ".join(names))


def _literal(text: str) -> Segment:
    """A document may be a stranger's: its paths stay below the upstream's base as well."""
    if not climbs(text) and not unreadable(text):
        return text

    def refuse(arguments: Arguments) -> str:
        raise BadArguments(f"the operation's own path holds the segment “{text}”, which may lead to another path")

    return refuse


def _guarded(piece: Piece, argument: str) -> Piece:
    def segment(arguments: Arguments) -> str:
        text = piece(arguments)
        if not text or climbs(text):
            raise _folds(argument, text)
        if "%" in text and unreadable(text):
            raise refused(argument, _UNREADABLE)
        return text

    return segment


_UNREADABLE = Unfit("holds a backslash or a control character, which no path may hold")


def _folds(argument: str, text: str) -> BadArguments:
    """An encoded slash alone is data: `a%2Fb` is one resource's name."""
    spelled = "empty" if not text else f"“{text}”"
    return refused(argument, Unfit(f"would make a path segment {spelled}; send the identifier of one resource"))


def _slot(name: str, slots: Mapping[str, Param]) -> Piece:
    param = slots.get(name)
    if param is None:
        raise ValueError(f"the path has a slot {{{name}}}, but no path parameter of that name")
    argument, expand = param.argument, _expand(param)

    def piece(arguments: Arguments) -> str:
        value = arguments.get(argument)
        if value is None:
            raise missing(argument)
        try:
            return expand(value) or ""
        except UNFIT as error:
            raise refused(argument, error) from error

    return piece


def _expand(param: Param) -> Callable[[object], str | None]:
    write: Quote = path_reserved if param.allow_reserved else strict
    if param.media_type is not None:
        text = content_text(param)
        return lambda value: write(text(value))
    shapes = shapes_of(param.schema)
    if param.style is Style.SIMPLE and not shapes:
        return lambda value: write(scalar(value))
    return expander(param.name, param.style, write, shapes, explode=param.explode)
