"""Where each parameter stands in a request, and what its text may mean there."""

from collections.abc import Callable, Mapping
from typing import NamedTuple, TypeAlias
from urllib.parse import unquote

from bridge.model import Headers, Param, Style, Where
from bridge.model.media import essence
from bridge.pipeline.inspect.raw import Pairs, Raws, expanded, form_of, members, named, one, plain, repeated
from bridge.pipeline.inspect.reader import Schema


class Request(NamedTuple):
    """A request taken apart, once for all parameters. `plain_cookies` are those that nobody percent-encoded."""

    slots: Mapping[str, str]
    query: str
    pairs: Pairs
    headers: Mapping[str, list[str]]
    cookies: Pairs
    plain_cookies: Pairs


class Given(NamedTuple):
    """A parameter that is there. `text` is what stands under its name, for the styles do not matter to `content`.

    `judgeable` is false where the text is beyond what a document can describe.
    """

    raws: Raws
    text: str
    times: int = 1
    judgeable: bool = True


Find: TypeAlias = Callable[[Request], Given | None]
"""None when the parameter is absent."""

_BEYOND = Given((), "", judgeable=False)


def take_apart(slots: Mapping[str, str], query: str, headers: Headers) -> Request:
    fields: dict[str, list[str]] = {}
    for name, value in headers:
        fields.setdefault(name.decode("latin-1"), []).append(value.decode("latin-1").strip())
    # RFC 6265 section 4.2.1: cookie-string = cookie-pair *( ";" SP cookie-pair )
    crumbs = [crumb.strip().partition("=")[::2] for line in fields.get("cookie", ()) for crumb in line.split(";")]
    crumbs = [crumb for crumb in crumbs if crumb[0]]
    return Request(slots, query, form_of(query), fields, Pairs(crumbs, unquote), Pairs(crumbs, plain))


def finder(param: Param, schema: Schema, others: frozenset[str]) -> Find:
    """`others` are the names of the other parameters in the same place."""
    return _FINDERS[param.where](param, schema, others)


# --- values without a name --------------------------------------------------------------------------------------------


def _in_path(param: Param, schema: Schema, others: frozenset[str]) -> Find:
    def find(request: Request) -> Given | None:
        raw = request.slots.get(param.name)
        if raw is None:
            return _BEYOND
        raws = expanded(raw, param.name, param.style, unquote, explode=param.explode)
        return Given(raws, unquote(raw))

    return find


def _in_header(param: Param, schema: Schema, others: frozenset[str]) -> Find:
    name = param.name.lower()

    def find(request: Request) -> Given | None:
        lines = request.headers.get(name)
        if lines is None:
            return None
        # RFC 9110 section 5.3: lines of one name are one list; section 5.5: what is not ASCII is “opaque data”.
        text = ", ".join(lines)
        if not text.isascii():
            return _BEYOND
        return Given(expanded(text, param.name, Style.SIMPLE, str.strip, explode=param.explode), text, len(lines))

    return find


# --- name-value pairs -------------------------------------------------------------------------------------------------


def _in_query(param: Param, schema: Schema, others: frozenset[str]) -> Find:
    return lambda request: _paired(param, schema, others, request.pairs)


def _in_cookie(param: Param, schema: Schema, others: frozenset[str]) -> Find:
    encoded = param.style is not Style.COOKIE or param.media_type is not None
    return lambda request: _paired(param, schema, others, request.cookies if encoded else request.plain_cookies)


def _paired(param: Param, schema: Schema, others: frozenset[str], pairs: Pairs) -> Given | None:
    values = pairs.values.get(param.name, [])
    if param.media_type is not None:
        return Given(pairs.texts(values[0]), pairs.decode(values[0]), len(values)) if values else None
    found = named(pairs, param.name, param.style, explode=param.explode)
    if found is None and param.explode and param.style is not Style.DEEP:
        found = beside(pairs, schema, others)
    if found is None:
        return None
    return Given(found, pairs.decode(values[0]) if values else "", max(len(values), 1))


def beside(pairs: Pairs, schema: Schema, others: frozenset[str]) -> Raws | None:
    """The members of an exploded object, which stand among the parameters; an open one takes whatever is left over.

    Raises TooWide.
    """
    if "object" not in schema.types():
        return None
    known = schema.names()
    left = [name for name in pairs.values if name not in known] if schema.is_open() else []
    return members(pairs, [*known, *(name for name in left if name.partition("[")[0] not in others)])


def _querystring(param: Param, schema: Schema, others: frozenset[str]) -> Find:
    """OpenAPI 3.2: “treats the entire URL query string as a value”."""
    is_form = essence(param.media_type or "") == "application/x-www-form-urlencoded"

    def find(request: Request) -> Given | None:
        if not request.query:
            return None
        text, pairs = unquote(request.query), request.pairs
        whole = {name: repeated(pairs, values) for name, values in pairs.values.items()}
        return Given((whole,) if is_form else one(text), text)

    return find


_FINDERS: Mapping[Where, Callable[[Param, Schema, frozenset[str]], Find]] = {
    Where.PATH: _in_path,
    Where.QUERY: _in_query,
    Where.HEADER: _in_header,
    Where.COOKIE: _in_cookie,
    Where.QUERYSTRING: _querystring,
}
