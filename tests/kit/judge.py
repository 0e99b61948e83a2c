"""openapi-core as the judge of a request: what the original document says about it, document validation switched off.

The operation is known, so it is pinned: openapi-core's own finder takes the first template that fits, and of
`/a/{x}` and `/{y}/b` both fit `/a/b`. That the path is one of the template's is checked here instead.
"""

import re
import warnings
from collections.abc import Callable, Iterator, Mapping
from http.cookies import SimpleCookie
from urllib.parse import parse_qsl, unquote

import orjson
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]
from jsonschema.exceptions import best_match  # type: ignore[import-untyped]
from jsonschema.protocols import Validator  # type: ignore[import-untyped]
from jsonschema.validators import extend  # type: ignore[import-untyped]
from jsonschema_path import SchemaPath
from openapi_core import Config, OpenAPI
from openapi_core.casting.schemas import (
    oas30_write_schema_casters_factory,
    oas31_schema_casters_factory,
    oas32_schema_casters_factory,
)
from openapi_core.datatypes import RequestParameters
from openapi_core.deserializing.styles import StyleDeserializersFactory, style_deserializers
from openapi_core.deserializing.styles.datatypes import DeserializerCallable
from openapi_core.deserializing.styles.util import delimited_loads
from openapi_core.security.factories import SecurityProviderFactory
from openapi_core.templating.datatypes import TemplateResult
from openapi_core.templating.paths.datatypes import PathOperationServer
from openapi_core.templating.paths.exceptions import PathNotFound
from openapi_core.templating.paths.finders import BasePathFinder
from openapi_core.validation.request.validators import V30RequestValidator, V31RequestValidator, V32RequestValidator
from openapi_core.validation.schemas.factories import SchemaValidatorsFactory
from openapi_schema_validator import OAS30ReadValidator, OAS30WriteValidator, OAS31Validator, OAS32Validator
from werkzeug.datastructures import Headers, ImmutableMultiDict

from bridge.model import Json, Wire
from tests.kit.parts import parts
from tests.kit.written import Written, WrittenOperation

BASE = "https://upstream.test"


class Credentials(SecurityProviderFactory):
    """Credentials are the gateway's business and not what is judged: every scheme is satisfied."""

    def create(self, scheme: SchemaPath) -> "Credentials":
        return self

    def __call__(self, parameters: RequestParameters) -> str:
        return "given"


class Pinned(BasePathFinder):
    """A path finder for one operation at a time; `operation` is set before each request by its judge."""

    operation: WrittenOperation | None = None

    def find(self, method: str, name: str) -> PathOperationServer:
        operation = self.operation
        assert operation is not None
        item = self.spec / "paths" / operation.path
        variables = template_values(operation.path, name.removeprefix(BASE))
        if variables is None or method != operation.method:
            raise PathNotFound(name)
        node = item
        for part in operation.where.removeprefix("/paths/").split("/")[1:]:
            node = node / part
        return PathOperationServer(item, node, None, TemplateResult(operation.path, variables), TemplateResult("/", {}))


class Request:
    """openapi-core's Request protocol over what a builder returned."""

    host_url = BASE

    def __init__(self, wire: Wire) -> None:
        path, _, query = wire.target.partition("?")
        headers = [(name.decode(), value.decode("latin-1")) for name, value in wire.headers]
        cookies = SimpleCookie(next((value for name, value in headers if name == "cookie"), ""))
        self.method = wire.method
        self.path = path
        self.body = wire.body if isinstance(wire.body, bytes) else None
        self.content_type = next((value for name, value in headers if name == "content-type"), "")
        self.parameters = RequestParameters(
            query=ImmutableMultiDict(parse_qsl(query, keep_blank_values=True)),
            header=Headers(headers),
            cookie=ImmutableMultiDict({name: unquote(morsel.value) for name, morsel in cookies.items()}),
        )


class Readers(dict[str, Callable[..., Json]]):
    """How bodies and parts are read where openapi-core knows no better than bytes.

    RFC 6839 section 3.1: `+json` is read as JSON. And in 3.1 “raw binary” has no type; documents that still write
    `type: string` mean the bytes as text.
    """

    def __init__(self, *, text: bool) -> None:
        super().__init__({"multipart/form-data": multipart})
        self._text = text

    def __contains__(self, key: object) -> bool:
        known = str(key) in _KNOWN or str(key).startswith("text/")
        return super().__contains__(key) or str(key).endswith("+json") or (self._text and not known)

    def __missing__(self, key: str) -> Callable[..., Json]:
        return _json if key.endswith("+json") else _latin


_KNOWN = frozenset({"application/json", "application/xml", "application/x-www-form-urlencoded"})


def _json(value: bytes, **parameters: str) -> Json:
    return orjson.loads(value)


def _latin(value: bytes, **parameters: str) -> Json:
    return value.decode("latin-1")


def _undiscriminating(validator: type[Validator]) -> SchemaValidatorsFactory:
    """OpenAPI 3.1.1, Discriminator Object: “`discriminator` MUST NOT change the validation outcome of the schema”. The
    validators refuse a value that names no schema under components, so that they get JSON Schema's own keywords."""
    own = {keyword: Draft202012Validator.VALIDATORS[keyword] for keyword in ("oneOf", "anyOf", "allOf")}
    checker = validator.FORMAT_CHECKER if validator is OAS30WriteValidator else OAS30ReadValidator.FORMAT_CHECKER
    return SchemaValidatorsFactory(extend(validator, own), format_checker=checker)


READING = _undiscriminating(OAS30ReadValidator)
_VALIDATORS = {
    "3.0": _undiscriminating(OAS30WriteValidator),
    "3.1": _undiscriminating(OAS31Validator),
    "3.2": _undiscriminating(OAS32Validator),
}


class ParametersAreNoProperties(V30RequestValidator):
    """OpenAPI 3.0.3, Schema Object, readOnly: “Relevant only for Schema `"properties"` definitions”. A parameter whose
    schema says it is refused all the same by the validators for writing, so that parameters get those for reading."""

    def _get_parameter(self, parameters: RequestParameters, param: SchemaPath) -> Json:
        writing = self.schema_validators_factory
        self.schema_validators_factory = READING
        try:
            return super()._get_parameter(parameters, param)
        finally:
            self.schema_validators_factory = writing


def decoded(load: DeserializerCallable) -> DeserializerCallable:
    """A style's reader that gets text. Bytes come from parts of a multipart body; and percent-encoding in a path is
    undone once delimiters are told from data, as RFC 3986 section 2.4 demands."""

    def read(explode: bool, name: str, kind: str, location: Mapping[str, Json]) -> Json:
        if type(location) is dict:  # a path's; a query, a form and a header have types of their own
            return _unquoted(load(explode, name, kind, location))
        if any(isinstance(value, bytes) for value in location.values()):
            pairs = [(key, _latin(one)) for key in location for one in location.getlist(key)]  # type: ignore[attr-defined]
            return load(explode, name, kind, ImmutableMultiDict(pairs))
        return load(explode, name, kind, location)

    return read


def _unquoted(value: Json) -> Json:
    if isinstance(value, str):
        return unquote(value)
    if isinstance(value, dict):
        return {unquote(key): _unquoted(member) for key, member in value.items()}
    return [_unquoted(member) for member in value] if isinstance(value, list) else value


def spaced(explode: bool, name: str, kind: str, location: Mapping[str, Json]) -> Json:
    """openapi-core splits at `%20`, of which nothing is left once a query was read."""
    return delimited_loads(explode, name, kind, location, delimiter=" ")


_REQUESTS = {"3.0": ParametersAreNoProperties, "3.1": V31RequestValidator, "3.2": V32RequestValidator}
_CASTERS = {
    "3.0": oas30_write_schema_casters_factory,
    "3.1": oas31_schema_casters_factory,
    "3.2": oas32_schema_casters_factory,
}


class Judge:
    """One document; building it is cheap, because nothing is validated before it is asked about."""

    def __init__(self, written: Written) -> None:
        class PinnedHere(Pinned):
            """Of this judge alone: openapi-core makes the instance, so that the class holds the operation."""

        self.finder = PinnedHere
        readers = {**style_deserializers, "spaceDelimited": spaced}
        styles = {style: decoded(load) for style, load in readers.items()}
        config = Config(
            spec_validator_cls=None,
            path_finder_cls=self.finder,
            request_validator_cls=_REQUESTS[written.version],
            schema_validators_factory=_VALIDATORS[written.version],
            style_deserializers_factory=StyleDeserializersFactory(_CASTERS[written.version], styles),
            security_provider_factory=Credentials(),
            extra_media_type_deserializers=Readers(text=written.version != "3.0"),
        )
        self.api = OpenAPI(SchemaPath.from_dict(written.root), config=config)

    def errors(self, operation: WrittenOperation, wire: Wire) -> Iterator[str]:
        """What is wrong with a request, each reason with its causes."""
        self.finder.operation = operation
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of deprecated parameters, which are sent all the same
            for error in self.api.iter_request_errors(Request(wire)):
                yield told(error)


def told(error: BaseException) -> str:
    """The deepest reason first, because it says what was wrong, then who noticed."""
    chain: list[BaseException] = [error]
    while (cause := chain[-1].__cause__) is not None:
        chain.append(cause)
    reasons = [one for link in chain for one in getattr(link, "schema_errors", ())]
    best = best_match(reasons)
    if best is not None:
        place = "/".join(map(str, best.absolute_path))
        return f"{best.message[:300]} at {place or 'the root'} ({type(error).__name__}: {best.validator})"
    return " < ".join(f"{type(one).__name__}: {one}"[:200] for one in reversed(chain))


def template_values(template: str, path: str) -> dict[str, str] | None:
    """Each slot's text, still percent-encoded; None for a path that is not of this template."""
    bare = re.split(r"[?#]", template)[0]
    pattern = "".join(
        f"(?P<s{number}>[^/]*)" if number % 2 else re.escape(piece)
        for number, piece in enumerate(re.split(r"\{([^{}]*)\}", bare))
    )
    match = re.fullmatch(pattern, path)
    names = re.findall(r"\{([^{}]*)\}", bare)
    # openapi-core looks for `;name` and `.name*`, as RFC 6570 writes matrix and label; OpenAPI writes all alike.
    return match and {
        f"{mark}{name}{star}": match[f"s{2 * place + 1}"]
        for place, name in enumerate(names)
        for mark in ("", ";", ".")
        for star in ("", "*")
    }


def multipart(value: bytes, **parameters: str) -> Json:
    """As openapi-core's own reader, which takes line ends of file contents for line ends of the message."""
    return ImmutableMultiDict(parts(value, f'multipart/form-data; boundary="{parameters.get("boundary", "")}"'))
