"""What an address holds, by the parts of the template that wrote it.

It takes time that grows with the address and the template alone: positions that a part can reach are carried on
together, never tried one after the other.
"""

import re
from collections.abc import Iterable
from typing import TypeAlias
from urllib.parse import unquote_to_bytes

from bridge.model.expressions import Expression, Part, Variable

Read: TypeAlias = dict[str, str | list[str]]
"""By variable: text, or several texts where a list was written."""

_ENCODED = re.compile(r"%[0-9A-Fa-f]{2}")

# Which characters each operator's expansion may hold. More than its own output, because people write addresses too:
# whatever no other part of an address begins with.
_RUNS = {
    "": re.compile(r"[^/?#&;\x00-\x20\x7f]*+"),
    "+": re.compile(r"[^\x00-\x20\x7f]*+"),
    "#": re.compile(r"[^\x00-\x20\x7f]*+"),
    ".": re.compile(r"[^/?#&;\x00-\x20\x7f]*+"),
    "/": re.compile(r"[^?#&;\x00-\x20\x7f]*+"),
    ";": re.compile(r"[^/?#&\x00-\x20\x7f]*+"),
    "?": re.compile(r"[^#\x00-\x20\x7f]*+"),
    "&": re.compile(r"[^#\x00-\x20\x7f]*+"),
}


def read_back(template: tuple[Part, ...], uri: str) -> Read | None:
    """None for an address that the template cannot have written, or ValueError, raised where a piece is at fault."""
    pieces = _split(template, uri)
    if pieces is None:
        return None
    found: Read = {}
    for part, piece in zip(template, pieces, strict=True):
        if isinstance(part, Expression):
            found |= _read(part, piece)
    return found


def _split(template: tuple[Part, ...], uri: str) -> list[str] | None:
    """The piece of the address for each part. Among several ways, later parts take as little as they can."""
    ways: list[dict[int, int]] = []
    starts = [0]
    for part in template:
        way = _literal_ends(part, uri, starts) if isinstance(part, str) else _run_ends(part, uri, starts)
        if not way:
            return None
        ways.append(way)
        starts = sorted(way)
    end = len(uri)
    if template and end not in ways[-1]:
        return None
    pieces: list[str] = []
    for way in reversed(ways):
        pieces.append(uri[way[end] : end])
        end = way[end]
    return pieces[::-1] if end == 0 and (template or not uri) else None


def _literal_ends(literal: str, uri: str, starts: Iterable[int]) -> dict[int, int]:
    return {start + len(literal): start for start in starts if uri.startswith(literal, start)}


def _run_ends(part: Expression, uri: str, starts: list[int]) -> dict[int, int]:
    """End → start of what the expression may stand for: the last start for each end, so each end is met once."""
    first, run = part.operator.first, _RUNS[part.operator.sign]
    usable = [start for start in starts if uri.startswith(first, start)] if first else starts
    ends: dict[int, int] = {}
    after, stop = len(uri), -1
    for start in reversed(usable):
        reached = run.match(uri, start, after).end()  # type: ignore[union-attr] # it matches nothing at least
        stop = stop if reached == after and stop >= 0 else reached
        for end in range(start + 1, stop + 1):
            if end in ends:
                break
            ends[end] = start
        after = start
    if first:  # nothing is written for undefined variables
        for start in starts:
            ends.setdefault(start, start)
    return ends


def _read(part: Expression, piece: str) -> Read:
    """Raises ValueError where the piece is not what the expression writes."""
    if not piece:
        return {}
    text = piece[len(part.operator.first) :]
    texts = text.split(part.operator.separator)
    if part.operator.named:
        return _read_named(part, texts)
    if len(part.variables) == 1:
        return _read_single(part, text)
    return _read_several(part.variables, texts)


def _read_named(part: Expression, texts: list[str]) -> Read:
    """In any order: a query is read by its names."""
    known = {one.name: one for one in part.variables}
    found: dict[str, list[str]] = {}
    for text in texts:
        name, _, value = text.partition("=")
        variable = known.get(_decoded(name))
        if variable is None or (variable.name in found and not variable.explode):
            raise ValueError(text)
        found.setdefault(variable.name, []).extend([value] if variable.explode else value.split(","))
    return {name: _listed(values, explode=known[name].explode) for name, values in found.items()}


def _read_single(part: Expression, text: str) -> Read:
    (variable,) = part.variables
    if part.operator.reserved and not variable.explode:
        return {variable.name: _decoded(text)}
    texts = text.split(part.operator.separator if variable.explode else ",")
    return {variable.name: _listed(texts, explode=variable.explode)}


def _read_several(variables: tuple[Variable, ...], texts: list[str]) -> Read:
    """One text each; the last takes the rest where it is exploded."""
    *others, last = variables
    if len(texts) > len(variables) and not last.explode:
        raise ValueError(texts)
    found: Read = {}
    for variable, text in zip(others, texts, strict=False):
        found[variable.name] = _decoded(text)
    rest = texts[len(others) :]
    return found | ({last.name: _listed(rest, explode=last.explode)} if rest else {})


def _listed(texts: list[str], *, explode: bool) -> str | list[str]:
    decoded = [_decoded(text) for text in texts]
    return decoded if explode or len(decoded) != 1 else decoded[0]


def _decoded(text: str) -> str:
    """Raises ValueError for a percent sign that begins no triplet, and for what is not UTF-8."""
    if "%" not in text:
        return text
    if text.count("%") != len(_ENCODED.findall(text)):
        raise ValueError(text)
    return unquote_to_bytes(text).decode()
