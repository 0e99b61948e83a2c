"""A request is read against the operation it calls: raw text in OpenAPI's styles becomes checked arguments.

Query parameters that the document does not declare are refused by name, so a client that serialises wrongly hears
about it instead of getting an unfiltered list.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from starlette.datastructures import Headers
from starlette.requests import Request

from bridge.demo.bodies import read_body
from bridge.demo.contract import Json, Operation, Parameter
from bridge.demo.problems import Problem
from bridge.demo.styles import Pairs, Raw, Style, StyleError, decode, read_header, read_path, read_query, split_pairs
from bridge.demo.typed import check, load_json, typed


@dataclass(frozen=True, slots=True)
class Arguments:
    """What a client said: parameters by name with their defaults, and the body. `target` is the raw path and query."""

    parameters: Mapping[str, Json]
    body: Json
    target: str

    def __getitem__(self, name: str) -> Json:
        return self.parameters.get(name)


@dataclass(slots=True)
class _Sent:
    """The raw places parameters come from; `strange` are the query names nobody has claimed yet."""

    path: Mapping[str, str]
    query: Pairs
    headers: Headers
    cookies: Pairs
    strange: set[str]


async def read_arguments(request: Request, operation: Operation) -> Arguments:
    """Raises Problem 400, 413 or 415, whose detail names the parameter or the place in the body."""
    sent = _sent(request)
    parameters = {it.name: _parameter(it, sent) for it in operation.parameters}
    if sent.strange:
        known = ", ".join(it.name for it in operation.parameters if it.where == "query") or "none"
        raise Problem(400, f"there is no query parameter {min(sent.strange)!r}; the operation knows {known}")
    return Arguments(parameters, await read_body(request, operation.bodies), _target(request))


def _sent(request: Request) -> _Sent:
    query = split_pairs(request.scope["query_string"].decode("latin-1"))
    cookies = split_pairs(request.headers.get("cookie", ""), ";")
    try:
        return _Sent(request.path_params, query, request.headers, cookies, {decode(name) for name, _ in query})
    except StyleError as error:
        raise Problem(400, f"query: {error}") from error


def _target(request: Request) -> str:
    query = request.scope["query_string"].decode("latin-1")
    return f"{request.scope['path']}?{query}"


def _parameter(declared: Parameter, sent: _Sent) -> Json:
    where = f"{declared.where} parameter {declared.name!r}"
    try:
        raw = _raw(declared, sent)
    except StyleError as error:
        raise Problem(400, f"{where}: {error}") from error
    if raw is None:
        return _default(where, declared)
    if declared.style is None:
        return check(where, declared.field, load_json(where, str(raw)))
    return typed(where, declared.field, raw)


def _default(where: str, declared: Parameter) -> Json:
    if declared.required:
        raise Problem(400, f"{where}: is missing")
    return declared.field.schema.get("default")


def _raw(declared: Parameter, sent: _Sent) -> Raw | None:
    # A parameter with `content` is one text, written as a primitive would be.
    style = declared.style or Style(declared.name, "form", True, "primitive")
    match declared.where:
        case "path":
            return read_path(style, sent.path[declared.name])
        case "query":
            raw, used = read_query(style, sent.query)
            sent.strange -= used
            return raw
        case "cookie":
            return read_query(style, sent.cookies)[0]
        case _:
            # Lines of one name are one list: "combined … by a comma" (RFC 9110, section 5.2).
            lines = sent.headers.getlist(declared.name)
            return read_header(style, ", ".join(lines)) if lines else None
