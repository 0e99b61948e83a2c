"""Values with a notation of their own: `30s`, `8MiB`, `100/s`, secrets.

Each has one parser and one writer, so that the effective configuration can be shown as it would be written.
"""

import re
from dataclasses import dataclass
from typing import Annotated, TypeAlias

from jsonpath import JSONPathEnvironment, JSONPathError
from pydantic import (
    BeforeValidator,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    PlainSerializer,
    WithJsonSchema,
)
from pydantic_core import core_schema

from bridge.config.problems import Unfit
from bridge.model import Json

_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]{0,17})")
_BOOLEANS = {word: word.lower() == "true" for word in ("true", "True", "TRUE", "false", "False", "FALSE")}

_DURATION = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,3})?)(ms|s|m|h)")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}

_DAYS = re.compile(r"([0-9]{1,5})d")
_DAY = 86_400.0
_CENTURY = 36_525 * _DAY
NEVER = "never"
_LIFETIME = "write how long it is valid, as in 90d or 12h, or never for no end"

_SIZE = re.compile(r"([0-9]{1,12})(B|kB|KB|MB|GB|KiB|MiB|GiB)?")
_BYTES = {"B": 1, "kB": 10**3, "KB": 10**3, "MB": 10**6, "GB": 10**9, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30}
_WRITTEN_BYTES = ("GiB", "MiB", "KiB", "GB", "MB", "kB")

_SHARE = re.compile(r"0(?:\.[0-9]{1,9})?|1(?:\.0{1,9})?")
_LONGEST_JSON_PATH = 1_024
_JSON_PATHS = JSONPathEnvironment(strict=True)

_RATE = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,3})?)/(s|m|h)")


class Secret:
    """Text that is never printed: `reveal` is the one way to it."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        return self._text

    def __repr__(self) -> str:
        return "***"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self._text == other._text

    def __hash__(self) -> int:
        return hash(self._text)


def parse_text(value: Json) -> str:
    if not isinstance(value, str):
        raise Unfit("is not text", "write one value")
    return value


def parse_bool(value: Json) -> bool:
    written = written_bool(value)
    if written is not None:
        return written
    raise Unfit("is neither true nor false", "write true or false")


def written_bool(value: Json) -> bool | None:
    """None for what is neither true nor false."""
    return value if isinstance(value, bool) else _BOOLEANS.get(value) if isinstance(value, str) else None


def parse_int(value: Json) -> int:
    """YAML 1.1 reads `0777` as octal and 1.2 as decimal, so a leading zero is refused rather than guessed at."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and _INTEGER.fullmatch(value):
        return int(value)
    raise Unfit("is not a whole number", "write decimal digits without a leading zero")


def parse_duration(value: Json) -> float:
    if isinstance(value, str) and (match := _DURATION.fullmatch(value)):
        return round(float(match[1]) * _SECONDS[match[2]], 6)
    raise Unfit("is not a duration", "write a number and a unit (ms, s, m or h), as in 500ms, 30s or 2m")


def parse_days(value: Json) -> float:
    """A duration on the scale on which people plan: in days as well. Days are 24 hours. Up to a hundred years."""
    days = _DAYS.fullmatch(value) if isinstance(value, str) else None
    seconds = float(days[1]) * _DAY if days else parse_duration(value)
    if seconds > _CENTURY:
        raise Unfit("is longer than a hundred years", "write a number and a unit, as in 90d or 24h")
    return seconds


def parse_lifetime(value: Json) -> float | None:
    """How long something is valid; None is for good."""
    if value == NEVER:
        return None
    try:
        seconds = parse_days(value)
    except Unfit as error:
        raise Unfit(error.what, _LIFETIME) from error
    if not seconds:
        raise Unfit("leaves no time at all", _LIFETIME)
    return seconds


def parse_timeout(value: Json) -> float:
    seconds = parse_duration(value)
    if not seconds:
        raise Unfit("leaves no time at all", "write a duration above zero")
    return seconds


def parse_size(value: Json) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    if isinstance(value, str) and (match := _SIZE.fullmatch(value)):
        return int(match[1]) * _BYTES[match[2] or "B"]
    raise Unfit("is not a size", "write a whole number of bytes or one with a unit, as in 512KiB, 8MiB or 1MB")


def parse_rate(value: Json) -> float:
    if isinstance(value, str) and (match := _RATE.fullmatch(value)):
        if not (rate := float(match[1]) / _SECONDS[match[2]]):
            raise Unfit("lets nothing through", "write a number above zero, or leave the key out for no limit")
        return rate
    raise Unfit("is not a rate", "write a number per s, m or h, as in 100/s or 6000/m")


def parse_share(value: Json) -> float:
    if isinstance(value, str) and _SHARE.fullmatch(value):
        return float(value)
    raise Unfit("is not a number from 0 to 1", "write it as in 0, 0.5 or 1")


def parse_json_path(value: Json) -> str:
    """RFC 9535; its time is bounded where it is evaluated."""
    text = parse_text(value)
    if not text.startswith("$") or len(text) > _LONGEST_JSON_PATH:
        raise Unfit("is not a JSONPath", "begin with $, the root of the answer, as in $.items[*].name")
    try:
        _JSON_PATHS.compile(text)
    except (JSONPathError, RecursionError) as error:
        raise Unfit("is not a JSONPath", "write it as in RFC 9535: $.items[*].name") from error
    return text


def write_duration(seconds: float) -> str:
    """In the largest unit that leaves a whole number."""
    for unit in ("h", "m", "s"):
        if seconds and seconds % _SECONDS[unit] == 0:
            return f"{int(seconds / _SECONDS[unit])}{unit}"
    milliseconds = f"{seconds * 1000:.3f}".rstrip("0").rstrip(".")
    return f"{milliseconds}ms" if seconds else "0s"


def write_size(size: int) -> str:
    for unit in _WRITTEN_BYTES:
        if size and size % _BYTES[unit] == 0:
            return f"{size // _BYTES[unit]}{unit}"
    return str(size)


def write_rate(per_second: float) -> str:
    for unit in ("s", "m", "h"):
        count = round(per_second * _SECONDS[unit], 6)
        if count == int(count):
            return f"{int(count)}/{unit}"
    return f"{round(per_second * 3600, 3)}/h"


def _text_schema(pattern: str, *examples: str) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", "pattern": f"^{pattern}$", "examples": list(examples)})


_REFERENCE = r"\$\{.+\}"  # an editor sees the reference, not what it stands for

Text: TypeAlias = Annotated[str, BeforeValidator(parse_text)]
Bool: TypeAlias = Annotated[bool, BeforeValidator(parse_bool)]
Duration: TypeAlias = Annotated[
    float,
    BeforeValidator(parse_duration),
    PlainSerializer(write_duration),
    _text_schema(rf"({_DURATION.pattern}|{_REFERENCE})", "30s", "500ms"),
]
Timeout: TypeAlias = Annotated[
    float,
    BeforeValidator(parse_timeout),
    PlainSerializer(write_duration),
    _text_schema(rf"({_DURATION.pattern}|{_REFERENCE})", "30s", "500ms"),
]
Size: TypeAlias = Annotated[
    int,
    BeforeValidator(parse_size),
    PlainSerializer(write_size),
    WithJsonSchema(
        {
            "type": ["string", "integer"],
            "pattern": rf"^({_SIZE.pattern}|{_REFERENCE})$",
            "minimum": 0,
            "examples": ["8MiB"],
        }
    ),
]
PerSecond: TypeAlias = Annotated[
    float,
    BeforeValidator(parse_rate),
    PlainSerializer(write_rate),
    _text_schema(rf"({_RATE.pattern}|{_REFERENCE})", "100/s", "6000/m"),
]
Share: TypeAlias = Annotated[
    float, BeforeValidator(parse_share), WithJsonSchema({"type": "number", "minimum": 0, "maximum": 1})
]
JsonPath: TypeAlias = Annotated[
    str, BeforeValidator(parse_json_path), _text_schema(rf"(\$.*|{_REFERENCE})", "$.items[*].name")
]


@dataclass(frozen=True, slots=True)
class Whole:
    """Annotates a whole number with its bounds."""

    least: int
    most: int

    def __get_pydantic_core_schema__(self, source: Json, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        return core_schema.no_info_before_validator_function(self._parse, handler(source))

    def __get_pydantic_json_schema__(self, schema: Json, handler: GetJsonSchemaHandler) -> Json:
        return {"type": "integer", "minimum": self.least, "maximum": self.most}

    def _parse(self, value: Json) -> int:
        number = parse_int(value)
        if not self.least <= number <= self.most:
            raise Unfit("is out of range", f"write a number from {self.least} to {self.most}")
        return number
