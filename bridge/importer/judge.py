"""openapi-core as the judge of a value, on a leash: a document is input from a stranger.

Its validators are pure Python: a few lines of `allOf` can ask them for hours, a pattern for years, and left alone they
fetch whatever a `$ref` names. So each keyword looks at the clock first, patterns run where they take linear time, what
cannot be bounded is not judged, and references are followed by the importer. Only single schemas are asked about: the
validation of whole documents, which takes minutes on large ones, never runs.
"""

import re
import time
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from functools import lru_cache
from typing import TypeAlias

import jsonschema_rs
import orjson
from jsonschema.exceptions import ValidationError  # type: ignore[import-untyped]
from jsonschema.validators import extend  # type: ignore[import-untyped]
from jsonschema_path import SchemaPath
from openapi_core.validation.schemas import (
    oas30_read_schema_validators_factory,
    oas30_write_schema_validators_factory,
    oas31_schema_validators_factory,
    oas32_schema_validators_factory,
)
from openapi_core.validation.schemas.exceptions import InvalidSchemaValue
from openapi_core.validation.schemas.factories import SchemaValidatorsFactory

from bridge.importer.dialect import Dialect
from bridge.importer.document import Document, tokens
from bridge.importer.refs import At, Refs
from bridge.model import Json

SECONDS = 20.0
MOST_UNIQUE = 500
"""Items that are compared each with each."""
_SEPARATOR = "\0"
"""Between the keys of a SchemaPath; its own, `#`, is found in real path keys."""

Keyword: TypeAlias = Callable[[Json, Json, Json, Json], Iterable[ValidationError] | None]
Objection: TypeAlias = tuple[list[str | int], str]
"""Where in the value, and what is wrong there."""


class Way(Enum):
    """Who sends the value decides about readOnly and writeOnly. An example of a schema itself may show both."""

    SENT = "sent"
    RECEIVED = "received"
    EITHER = "either"


class OutOfTime(Exception):
    """The seconds of all judging together are spent."""


@dataclass(slots=True)
class Judge:
    """The judge of one document. `seconds` is what all its verdicts may take, `spent` what they took."""

    refs: Refs
    dialect: Dialect
    seconds: float = SECONDS
    spent: float = 0.0
    _ends: float = 0.0
    _factories: dict[Way, SchemaValidatorsFactory] = field(default_factory=dict)
    _paths: dict[str, SchemaPath] = field(default_factory=dict)

    def objection(self, schema: At, value: Json, way: Way, *, loose: bool = False) -> Objection | None:
        """The first thing that is wrong with a value; `loose`: it is written as text, as are the members of an object.

        Raises OutOfTime, and whatever openapi-core makes of an odd schema.
        """
        began = time.monotonic()
        self._ends = began + self.seconds - self.spent
        try:
            found = self._objection(schema, value, way)
            return self._objection(schema, _meant(value), way) and found if found is not None and loose else found
        finally:
            self.spent += time.monotonic() - began

    def _objection(self, schema: At, value: Json, way: Way) -> Objection | None:
        self._check_time()
        path = self._path(schema)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of deprecated formats and dialects, which the validators speak of
            try:
                self._factory(way).create(path, path).validate(value)
            except InvalidSchemaValue as error:
                first = next(iter(error.schema_errors))
                assert isinstance(first, ValidationError)
                return list(first.absolute_path), first.message
        return None

    def _check_time(self) -> None:
        if time.monotonic() > self._ends:
            raise OutOfTime

    def _factory(self, way: Way) -> SchemaValidatorsFactory:
        if way not in self._factories:
            self._factories[way] = _leashed(_validators(self.dialect, way), self._check_time)
        return self._factories[way]

    def _path(self, at: At) -> SchemaPath:
        root = self._paths.get(at.doc.uri)
        if root is None:
            root = self._paths[at.doc.uri] = SchemaPath.from_dict(
                at.doc.root, separator=_SEPARATOR, base_uri=at.doc.uri, handlers=_Followed(self.refs, at.doc)
            )
        return root.joinpath(*_keys(at))


class _Followed(dict[str, Callable[[str], Json]]):
    """The readers of other documents by URI scheme: for every scheme, even none, the importer with all its rules."""

    def __init__(self, refs: Refs, home: Document) -> None:
        super().__init__()
        self._refs = refs
        self._home = home

    def __contains__(self, scheme: object) -> bool:
        return True

    def __missing__(self, scheme: str) -> Callable[[str], Json]:
        return lambda uri: self._refs.resolve(uri, At(self._home.root, self._home)).value


def _keys(at: At) -> Iterator[str | int]:
    """A pointer's tokens, those into lists as numbers."""
    value = at.doc.root
    for token in tokens(at.pointer):
        key = int(token) if isinstance(value, list) else token
        yield key
        value = value[key]


def _meant(value: Json) -> Json:
    members = value.items() if isinstance(value, dict) else ()
    return {name: _meant(one) for name, one in members} if members else _unquoted(value)


def _unquoted(value: Json) -> Json:
    meant = said(value) if isinstance(value, str) else None
    return value if meant is None else meant


def said(text: str) -> Json:
    """The JSON value that a text says; None for any other text."""
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return None


def _validators(dialect: Dialect, way: Way) -> SchemaValidatorsFactory:
    """openapi-core's own for the dialect. 3.1 knows nothing of readOnly: there too it does not make a value required,
    as in "If the property is marked as readOnly being true and is in the required list, the required will take effect
    on the response only" (OpenAPI 3.0.3, Schema Object)."""
    old = oas30_read_schema_validators_factory if way is Way.RECEIVED else oas30_write_schema_validators_factory
    if dialect is not Dialect.OPENAPI_3_0:
        new = oas31_schema_validators_factory if dialect is Dialect.OPENAPI_3_1 else oas32_schema_validators_factory
        required = {
            "required": _required_either if way is Way.EITHER else old.schema_validator_cls.VALIDATORS["required"]
        }
        return SchemaValidatorsFactory(extend(new.schema_validator_cls, required), new.format_checker)
    if way is not Way.EITHER:
        return old
    both = {"required": _required_either, "readOnly": _unjudged, "writeOnly": _unjudged}
    return SchemaValidatorsFactory(extend(old.schema_validator_cls, both), old.format_checker)


def _required_either(validator: Json, names: Json, value: Json, schema: Json) -> Iterator[ValidationError]:
    """What only one side sends may be missing."""
    described = schema.get("properties", {})
    for name in names if isinstance(value, dict) else ():
        one = described.get(name, {})
        if name not in value and not (one.get("readOnly") or one.get("writeOnly")):
            yield ValidationError(f"{name!r} is a required property")


def _unjudged(validator: Json, keyword: Json, value: Json, schema: Json) -> Iterator[ValidationError]:
    return iter(())


def _leashed(factory: SchemaValidatorsFactory, check_time: Callable[[], None]) -> SchemaValidatorsFactory:
    known: dict[str, Keyword] = dict(factory.schema_validator_cls.VALIDATORS)
    bounded = known | {name: rule(known[name]) for name, rule in _BOUNDS.items() if name in known}
    timed = {name: _timed(keyword, check_time) for name, keyword in bounded.items()}
    return SchemaValidatorsFactory(extend(factory.schema_validator_cls, timed), factory.format_checker)


def _timed(keyword: Keyword, check_time: Callable[[], None]) -> Keyword:
    def timed(validator: Json, argument: Json, value: Json, schema: Json) -> Iterable[ValidationError] | None:
        check_time()
        return keyword(validator, argument, value, schema)

    return timed


def _pattern(validator: Json, pattern: Json, value: Json, schema: Json) -> Iterator[ValidationError]:
    if isinstance(value, str) and isinstance(pattern, str) and not _matches(pattern)(value):
        yield ValidationError(f"{value!r} does not match {pattern!r}")


@lru_cache(maxsize=256)
def _matches(pattern: str) -> Callable[[str], bool]:
    """A pattern that is no regular expression fits everything: import has told of it."""
    try:
        return jsonschema_rs.validator_for({"pattern": pattern}, pattern_options=jsonschema_rs.RegexOptions()).is_valid
    except (ValueError, jsonschema_rs.ValidationError, re.error):
        return lambda value: True


def _without_patterns(keyword: Keyword) -> Keyword:
    """Not where the names of properties are patterns, which are searched for in the names that an example has."""

    def closed(validator: Json, argument: Json, value: Json, schema: Json) -> Iterable[ValidationError] | None:
        return () if "patternProperties" in schema else keyword(validator, argument, value, schema)

    return closed


def _if_few(keyword: Keyword) -> Keyword:
    def unique(validator: Json, argument: Json, value: Json, schema: Json) -> Iterable[ValidationError] | None:
        return (
            () if isinstance(value, list) and len(value) > MOST_UNIQUE else keyword(validator, argument, value, schema)
        )

    return unique


_BOUNDS: Mapping[str, Callable[[Keyword], Keyword]] = {
    "pattern": lambda keyword: _pattern,
    "patternProperties": lambda keyword: _unjudged,
    "unevaluatedProperties": lambda keyword: _unjudged,
    "additionalProperties": _without_patterns,
    "uniqueItems": _if_few,
}
