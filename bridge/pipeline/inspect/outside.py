"""Parameters outside the body: found in the request, read by their style, judged by their schema."""

from collections.abc import Callable, Iterator, Mapping
from typing import TypeAlias

from bridge.model import Headers, Json, Operation, Param, Style, Where
from bridge.model.media import is_json, is_xml
from bridge.pipeline.inspect.find import Given, Request, finder, take_apart
from bridge.pipeline.inspect.path import compile_slots
from bridge.pipeline.inspect.raw import Raws
from bridge.pipeline.inspect.reader import Schema, TooMuch
from bridge.pipeline.inspect.report import TOO_MUCH, judged, literal
from bridge.pipeline.inspect.schema import TooWide
from bridge.pipeline.problems import describe
from bridge.pipeline.strict import loads

Outside: TypeAlias = Callable[[str, str, Headers], Iterator[str]]
"""Path, query and headers of a request → problems."""


def compile_outside(operation: Operation) -> Outside:
    """Problems of the path, the query, the headers and the cookies."""
    slots = compile_slots(operation.path)
    judges = [_Judge(param, operation) for param in operation.params]

    def outside(path: str, query: str, headers: Headers) -> Iterator[str]:
        if judges:
            request = take_apart(slots(path), query, headers)
            for judge in judges:
                yield from judge.problems(request)

    return outside


class _Judge:
    """A parameter with its schema."""

    __slots__ = ("_described", "_find", "_param", "_place", "_schema")

    def __init__(self, param: Param, operation: Operation) -> None:
        self._param = param
        self._place = f"{_LABELS[param.where]} '{literal(param.name)}{{}}'"
        self._described, defs = described(operation, param.argument)
        self._schema = Schema(self._described, defs)
        others = frozenset(other.name for other in operation.params if other.where is param.where)
        self._find = finder(param, self._schema, others - {param.name})

    def problems(self, request: Request) -> Iterator[str]:
        try:
            given = self._find(request)
            if given is not None:
                yield from self._judged(given)
            elif self._param.required and not self._may_vanish():
                wanted = describe(self._described)
                yield self._say("is missing, but required" + (wanted and f": {wanted}"))
        except TooWide:
            return  # the document has more forms than can be tried in bounded time: the upstream will know
        except TooMuch:
            yield self._say(TOO_MUCH)

    def _say(self, message: str) -> str:
        return f"{self._place.format('')}: {message}"

    def _may_vanish(self) -> bool:
        """An exploded object without members leaves no trace, and may be what was meant."""
        param = self._param
        beside = param.where in (Where.QUERY, Where.COOKIE) and param.explode and param.style is not Style.DEEP
        return beside and "object" in self._schema.types() and self._schema.accepts({})

    def _judged(self, given: Given) -> Iterator[str]:
        param, media_type = self._param, self._param.media_type
        # OpenAPI, `allowEmptyValue`: “If true, clients MAY pass a zero-length string value in place of parameters”.
        if not given.judgeable or (param.allow_empty and not given.text and given.times == 1):
            return
        if given.times > 1 and not takes_several(param, self._schema):
            yield self._say(f"is given {given.times} times, but means one value; give it once")
        elif media_type is not None and is_json(media_type):
            yield from self._json(given.text)
        elif media_type is not None and is_xml(media_type):
            return
        else:
            yield from self._styled(given.raws)

    def _styled(self, raws: Raws) -> Iterator[str]:
        """A text that is left where an object or array is meant was not written in the parameter's style."""
        value, wanted = self._schema.read(raws), self._schema.types()
        if not raws or (isinstance(value, str) and wanted and wanted <= _CONTAINERS):
            yield self._say(_misspelt(self._param, wanted))
        else:
            yield from judged(self._schema, value, self._place)

    def _json(self, text: str) -> Iterator[str]:
        try:
            value = loads(text)
        except ValueError as error:
            yield self._say(str(error))
        else:
            yield from judged(self._schema, value, self._place)


_LABELS = {
    Where.PATH: "path parameter",
    Where.QUERY: "query parameter",
    Where.HEADER: "header",
    Where.COOKIE: "cookie",
    Where.QUERYSTRING: "query string",
}


def takes_several(param: Param, schema: Schema) -> bool:
    """Header lines of one name are one list, whatever `explode` says; elsewhere only `explode` repeats names."""
    if param.media_type is not None or not (param.explode or param.where is Where.HEADER):
        return False
    return bool(schema.types() & {"array", "object"})


def described(operation: Operation, argument: str) -> tuple[Json, Mapping[str, Json]]:
    """The schema of an argument, and the definitions that it may refer to."""
    schema = operation.input_schema if isinstance(operation.input_schema, Mapping) else {}
    return schema.get("properties", {}).get(argument, True), schema.get("$defs", {})


_CONTAINERS = frozenset({"array", "null", "object"})
_SEPARATED = {
    Style.SIMPLE: "commas",
    Style.LABEL: "dots or commas after a first “.”",
    Style.MATRIX: "semicolons or commas after “;{}=”",
    Style.FORM: "commas",
    Style.COOKIE: "commas",
    Style.SPACE: "spaces",
    Style.PIPE: "bars",
    Style.TABS: "tabs",
}


def _misspelt(param: Param, wanted: frozenset[str]) -> str:
    kinds = describe({"type": sorted(wanted - {"null"})}) if wanted <= _CONTAINERS else "a value"
    if param.style is Style.DEEP:
        return f"must be {kinds}, written as {param.name}[member]=value"
    written = _SEPARATED[param.style].format(param.name)
    return f"must be {kinds} in style {param.style}, {'' if param.explode else 'not '}exploded: with {written}"
