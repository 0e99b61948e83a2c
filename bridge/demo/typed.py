"""Text becomes the JSON value its schema asks for, and a value is checked against its schema."""

import json
import math
import re
from collections.abc import Callable

import jsonschema_rs

from bridge.demo.contract import Field, Json, Schema
from bridge.demo.problems import Problem
from bridge.demo.styles import Raw

# Beyond this a JSON number no longer names one integer for every client (RFC 8259, section 6).
_LARGEST = 2**53 - 1
_LONGEST_MESSAGE = 300


def typed(where: str, field: Field, raw: Raw) -> Json:
    """The checked value that raw text stands for. Raises Problem 400, its detail opened by `where`."""
    return check(where, field, _value(where, field.schema, raw))


def check(where: str, field: Field, value: Json) -> Json:
    """The value itself when the schema allows it. Raises Problem 400, naming the place inside the value."""
    error = next(iter(field.validator.iter_errors(value)), None)
    if error is None:
        return value
    error = _nearest(error)
    inside = "".join(f"/{step}" for step in error.instance_path)
    place = f"{where} at {inside}" if inside else where
    raise Problem(400, f"{place}: {error.message[:_LONGEST_MESSAGE]}")


def _nearest(error: jsonschema_rs.ValidationError) -> jsonschema_rs.ValidationError:
    """What is wrong inside the alternative that was meant: the one whose constants fit, else the one least wrong."""
    alternatives = [errors for errors in getattr(error.kind, "context", ()) if errors]
    if not alternatives:
        return error
    return _nearest(min(alternatives, key=lambda errors: (_misses_constant(errors), len(errors)))[0])


def _misses_constant(errors: list[jsonschema_rs.ValidationError]) -> bool:
    return any(isinstance(it.kind, jsonschema_rs.ValidationErrorKind.Constant) for it in errors)


def load_json(where: str, text: bytes | str) -> Json:
    """Strict JSON: no NaN, no infinity. Raises Problem 400."""
    try:
        return json.loads(text, parse_constant=_refuse_constant, parse_float=_finite)
    except RecursionError:
        raise Problem(400, f"{where}: is nested too deeply") from None
    except ValueError as error:
        raise Problem(400, f"{where}: is not JSON ({error})") from error


def _value(where: str, schema: Schema, raw: Raw) -> Json:
    if isinstance(raw, list):
        return [_scalar(where, schema.get("items", {}), text) for text in raw]
    if isinstance(raw, dict):
        known = schema.get("properties", {})
        return {key: _scalar(f"{where}, key {key!r}", known.get(key, {}), text) for key, text in raw.items()}
    return _scalar(where, schema, raw)


def _scalar(where: str, schema: Schema, text: str) -> Json:
    kind = schema.get("type", "string")
    parse, article = _SCALARS.get(kind, (str, "a string"))
    try:
        return parse(text)
    except ValueError:
        raise Problem(400, f"{where}: {text[:100]!r} is not {article}") from None


def _integer(text: str) -> int:
    if not re.fullmatch(r"-?[0-9]{1,16}", text) or abs(int(text)) > _LARGEST:
        raise ValueError
    return int(text)


def _number(text: str) -> float | int:
    if not re.fullmatch(r"-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?", text):
        raise ValueError
    return _finite(text)


def _boolean(text: str) -> bool:
    return {"true": True, "false": False}[text] if text in ("true", "false") else _refuse_constant(text)


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text} is out of range")
    return value


def _refuse_constant(text: str) -> bool:
    raise ValueError(f"{text} is no value")


_SCALARS: dict[str, tuple[Callable[[str], Json], str]] = {
    "integer": (_integer, f"an integer of at most {_LARGEST}"),
    "number": (_number, "a number"),
    "boolean": (_boolean, "true or false"),
}
