"""Styles read backwards: from the text in a path, query, header, cookie or form to what it may mean.

A text alone does not say whether `3,4` is a string, an array or an object, so every reading yields alternatives, the
likeliest first; a schema chooses among them. Clients differ in what they percent-encode, so beside RFC 6570's reading
(split, then decode) stands the one of most frameworks (decode, then split).
"""

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple, TypeAlias
from urllib.parse import unquote, unquote_plus

from bridge.model import Json, Style


class Parsed(NamedTuple):
    """A value that needs no reading: it came as JSON."""

    value: Json


Raws: TypeAlias = tuple["Raw", ...]
"""Alternatives; none at all where a text cannot be what its style demands."""
Raw: TypeAlias = str | Parsed | list[Raws] | dict[str, Raws]
Decode: TypeAlias = Callable[[str], str]

_DEEPEST = 64
_MOST_PIECES = 10_000


def plain(text: str) -> str:
    return text


def one(value: str) -> Raws:
    return (value,)


# --- values without a name: path and header ---------------------------------------------------------------------------


def expanded(text: str, name: str, style: Style, decode: Decode, *, explode: bool) -> Raws:
    """`text` as one slot of a path or one header field holds it."""
    if style is Style.LABEL:
        return _label(text, decode, explode=explode)
    if style is Style.MATRIX:
        return _matrix(text, name, decode, explode=explode)
    return separated(text, ",", decode, explode=explode)


def _label(text: str, decode: Decode, *, explode: bool) -> Raws:
    if not text.startswith("."):
        return ()
    if explode:
        return separated(text[1:], ".", decode, explode=True)
    # OpenAPI 3.0 printed `.blue.black.brown` for arrays that are not exploded.
    return (*separated(text[1:], ",", decode, explode=False), [one(decode(piece)) for piece in text[1:].split(".")])


def _matrix(text: str, name: str, decode: Decode, *, explode: bool) -> Raws:
    if not text.startswith(";"):
        return ()
    entries = [piece.partition("=")[::2] for piece in text[1:].split(";")]
    keys = [decode(key) for key, _ in entries]
    values = [value for _, value in entries]
    if any(key != name for key in keys):
        return (_members(zip(keys, map(decode, values), strict=True)),) if explode else ()
    if not explode:
        return separated(values[0], ",", decode, explode=False) if len(values) == 1 else ()
    return several([one(decode(value)) for value in values])


# --- values within a name ---------------------------------------------------------------------------------------------


def separated(text: str, separator: str, decode: Decode, *, explode: bool) -> Raws:
    found: list[Raw] = [decode(text), *_split(text, separator, decode, explode=explode)]
    if "%" in text:
        found += _split(decode(text), separator, plain, explode=explode)
    return tuple(found)


def _split(text: str, separator: str, decode: Decode, *, explode: bool) -> list[Raw]:
    if not text:
        return [[], [one("")], {}]
    pieces = text.split(separator, _MOST_PIECES)
    if len(pieces) > _MOST_PIECES:
        return []
    items: list[Raws] = [one(decode(piece)) for piece in pieces]
    if explode:
        entries = [piece.partition("=") for piece in pieces]
        named = all(equals for _, equals, _ in entries)
        return [items, _members((decode(key), decode(value)) for key, _, value in entries)] if named else [items]
    if len(pieces) % 2:
        return [items]
    texts = [decode(piece) for piece in pieces]
    return [items, _members(zip(texts[::2], texts[1::2], strict=True))]


def _members(entries: Iterable[tuple[str, str]]) -> dict[str, Raws]:
    return {key: one(value) for key, value in entries}


# --- name-value pairs: query, form, cookies ---------------------------------------------------------------------------


class Pairs:
    """Raw values by decoded name, in order. Built once per request, so that looking up a parameter costs its own size.

    `decode` turns raw text into a value.
    """

    __slots__ = ("decode", "nested", "values")

    def __init__(self, entries: Iterable[tuple[str, str]], decode: Decode) -> None:
        self.decode = decode
        self.values: dict[str, list[str]] = {}
        self.nested: dict[str, list[tuple[str, str]]] = {}
        """By the name before the first bracket: what follows it, and the raw value."""
        for key, value in entries:
            name = decode(key)
            self.values.setdefault(name, []).append(value)
            head, bracket, rest = name.partition("[")
            if bracket:
                self.nested.setdefault(head, []).append((rest, value))

    def texts(self, raw: str) -> tuple[str, ...]:
        """RFC 3986 gives `+` no meaning, forms read it as a space: it may be either."""
        decoded = self.decode(raw)
        return (decoded, unquote(raw)) if "+" in raw and self.decode is unquote_plus else (decoded,)


def form_of(text: str) -> Pairs:
    return Pairs((piece.partition("=")[::2] for piece in text.split("&") if piece), unquote_plus)


_SEPARATORS = {Style.SPACE: " ", Style.PIPE: "|", Style.TABS: "\t"}


def named(pairs: Pairs, name: str, style: Style, *, explode: bool) -> Raws | None:
    """The value under `name`; None when it is absent."""
    if style is Style.DEEP:
        return deep(pairs, name)
    values = pairs.values.get(name)
    if values is None:
        return None
    if explode:
        return repeated(pairs, values)
    if len(values) > 1:
        return ([pairs.texts(value) for value in values],)
    separator = _SEPARATORS.get(style)
    if separator is not None:  # OpenAPI 3.2 writes these encoded, so a delimiter looks like any other character
        return separated(pairs.decode(values[0]), separator, plain, explode=False)
    return (*separated(values[0], ",", pairs.decode, explode=False), *pairs.texts(values[0])[1:])


def repeated(pairs: Pairs, values: list[str]) -> Raws:
    return several([pairs.texts(value) for value in values])


def several(items: list[Raws]) -> Raws:
    """An array repeats its name; a name that stands once may be an array of one."""
    return (items,) if len(items) > 1 else (*items[0], items)


def members(pairs: Pairs, keys: Iterable[str]) -> Raws | None:
    """An exploded object: its members stand beside the parameters."""
    found = {key: repeated(pairs, pairs.values[key]) for key in keys if key in pairs.values}
    return (found,) if found else None


# --- deepObject -------------------------------------------------------------------------------------------------------


class _Branch:
    __slots__ = ("children", "texts")

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.children: dict[str, _Branch] = {}


def deep(pairs: Pairs, name: str) -> Raws | None:
    """`id[role]=admin`, and deeper levels; arrays by position, by `[]` or by repeating the name."""
    root = _Branch()
    root.texts = [pairs.decode(value) for value in pairs.values.get(name, ())]
    for rest, value in pairs.nested.get(name, ()):
        branch = root
        for key in rest.removesuffix("]").split("][", _DEEPEST):
            branch = branch.children.setdefault(key, _Branch())
        branch.texts.append(pairs.decode(value))
    return _grown(root) if root.texts or root.children else None


def _grown(branch: _Branch) -> Raws:
    if not branch.children:
        return several([one(text) for text in branch.texts])
    children = {key: _grown(child) for key, child in branch.children.items()}
    if any(key and not (key.isdecimal() and len(key) < 10) for key in children):
        return (children,)
    if list(children) == [""]:
        return (children, *_unplaced(children[""]))
    ordered = [children[key] for key in sorted(children, key=lambda key: int(key or 0))]
    return (ordered, children)


def _unplaced(raws: Raws) -> Iterator[list[Raws]]:
    """`id[]=3&id[]=4`: the items of an array without their positions."""
    for raw in raws:
        yield raw if isinstance(raw, list) else [(raw,)]
