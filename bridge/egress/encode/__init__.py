"""Tool arguments become an upstream request: `compile_builder` once per operation, its closure once per call.

The closure joins literals that were percent-encoded at compile time with values that are encoded as they come. It
never looks at a template, a schema or a style; what an operation does not have (a query, header parameters, a body)
costs nothing. Nothing an argument holds can leave its place: see `path`, `text` and `bridge.egress.headers`.
"""

from collections.abc import Callable
from urllib.parse import parse_qsl

from bridge.egress.encode.body import compile_body
from bridge.egress.encode.header import compile_headers
from bridge.egress.encode.own import foreign_names
from bridge.egress.encode.path import compile_path, split_key
from bridge.egress.encode.query import compile_query
from bridge.egress.media import accept
from bridge.model import Arguments, Build, Operation, Where, Wire

__all__ = ["compile_builder"]


def compile_builder(operation: Operation) -> Build:
    """Raises ValueError for an operation that no request can be built for; the message names the place.

    The importer lets none through: a slot in the path without its parameter, a header that no argument may write, a
    style that its place does not know.
    """
    method, params = operation.method, operation.params
    query = compile_query(params, foreign_names(operation, Where.QUERY) | _in_key(operation.path))
    target = _target(compile_path(operation.path, params), query)
    fields = compile_headers(params, foreign_names(operation, Where.COOKIE))
    compose = None if operation.body is None else compile_body(operation.body, params)
    asked = (b"accept", accept(operation.output.media_types))
    fixed = (asked,)

    def build(arguments: Arguments) -> Wire:
        headers = fixed if fields is None else (asked, *fields(arguments))
        content = None if compose is None else compose(arguments)
        if content is None:
            return Wire(method, target(arguments), headers)
        body, media_type = content
        return Wire(method, target(arguments), (*headers, (b"content-type", media_type)), body)

    return build


def _in_key(key: str) -> frozenset[str]:
    """The names that a path key's own query (`/x?beta=true`) has; `{…}` there belongs to a parameter."""
    pairs = parse_qsl(split_key(key)[1], keep_blank_values=True)
    return frozenset(name.lower() for name, value in pairs if "{" not in value)


def _target(path: Callable[[Arguments], str], query: Callable[[Arguments], str] | None) -> Callable[[Arguments], str]:
    if query is None:
        return path

    def target(arguments: Arguments) -> str:
        start, rest = path(arguments), query(arguments)
        if not rest:
            return start
        return f"{start}&{rest}" if "?" in start else f"{start}?{rest}"

    return target
