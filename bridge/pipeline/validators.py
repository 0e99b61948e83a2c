"""Schemas compiled to validators.

Their regular expressions run in linear time, whatever pattern a document brings, and they fetch nothing. A pattern that
no such engine can run is left out.
"""

from collections.abc import Mapping
from functools import lru_cache

import jsonschema_rs
from jsonschema_rs import Draft202012Validator, RegexOptions

from bridge.model import Json

_NO_SCHEMAS = frozenset({"const", "default", "enum", "example", "examples"})


def compiled(schema: Json, name: str) -> Draft202012Validator:
    """Raises ValueError where the schema is none; `name` is the tool whose it is."""
    try:
        return _validator(schema)
    except jsonschema_rs.ValidationError:
        pass  # most often a pattern that needs lookaround, which no linear engine has
    try:
        return _validator(_without_patterns(schema))
    except jsonschema_rs.ValidationError as error:
        raise ValueError(f"the input schema of {name!r} is not valid: {error.message}") from error


def _validator(schema: Json) -> Draft202012Validator:
    return Draft202012Validator(schema, pattern_options=RegexOptions(), validate_formats=False, offline=True)


def _without_patterns(node: Json) -> Json:
    """The schema less the patterns that cannot be compiled: they bind the upstream, which has its own engine."""
    if isinstance(node, list):
        return [_without_patterns(member) for member in node]
    if not isinstance(node, Mapping):
        return node
    kept: dict[str, Json] = {}
    for key, value in node.items():
        if key == "pattern" and isinstance(value, str):
            if is_linear(value):
                kept[key] = value
        elif key == "patternProperties" and isinstance(value, Mapping):
            kept[key] = {name: _without_patterns(inner) for name, inner in value.items() if is_linear(name)}
        else:
            kept[key] = value if key in _NO_SCHEMAS else _without_patterns(value)
    return kept


@lru_cache(1024)
def is_linear(pattern: str) -> bool:
    try:
        _validator({"pattern": pattern})
    except jsonschema_rs.ValidationError:
        return False
    return True
