"""`NAME=VALUE` and `--json` become the arguments of a tool, read as its schema would have them."""

import base64
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import NoneType

import orjson

from bridge.cli.failures import Fault, fail
from bridge.model import Json

_KINDS: Mapping[type, str] = {
    dict: "object", list: "array", str: "string", int: "integer", float: "number", bool: "boolean", NoneType: "null",
}  # fmt: skip
_DEEPEST = 16


def arguments(schema: Json, pairs: Sequence[str], json: str | None) -> dict[str, Json]:
    """What is given several times is collected where the schema takes an array, else a usage error."""
    whole = _object(json) if json is not None else {}
    given = dict(whole)
    for name, texts in _by_name(pairs).items():
        asked = _resolved(schema.get("properties", {}).get(name, {}), schema)
        kinds = set(_kinds(asked, schema))
        before = [whole[name]] if name in whole else []
        if "array" in kinds and (before or len(texts) > 1 or not kinds & {"string", "object"}):
            given[name] = _collected([*before, *(_item(text, asked, schema) for text in texts)])
        elif before or len(texts) > 1:
            fail(2, f"{name!r} is given more than once, and takes one value")
        else:
            given[name] = _value(texts[0], kinds)
    return given


def _object(text: str) -> dict[str, Json]:
    try:
        given = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        fail(2, f"--json is not JSON: {error}")
    if not isinstance(given, dict):
        fail(2, "--json must be an object of arguments")
    return given


def _by_name(pairs: Iterable[str]) -> dict[str, list[str]]:
    named: dict[str, list[str]] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals:
            fail(2, f"{pair!r} is no argument; write NAME=VALUE")
        named.setdefault(name, []).append(value)
    return named


def _collected(values: Iterable[Json]) -> list[Json]:
    """Arrays are taken apart: `tags=[1,2] tags=3` are three."""
    return [item for value in values for item in (value if isinstance(value, list) else [value])]


def _item(text: str, array: Json, root: Json) -> Json:
    """One item, or several as a JSON array."""
    kinds = set(_kinds(_resolved(array.get("items", {}), root), root))
    said = _value(text, kinds | {"array"})
    return said if isinstance(said, list) else _value(text, kinds)


def _value(text: str, kinds: set[str]) -> Json:
    """JSON where the schema takes what the text says as JSON; the text as it is where it takes text."""
    if text.startswith("@"):
        return _file(text[1:])
    try:
        said = orjson.loads(text)
    except orjson.JSONDecodeError:
        return text
    kind = _KINDS[type(said)]
    fits = kind != "string" and (kind in kinds or (kind == "integer" and "number" in kinds))
    return text if "string" in kinds and not fits else said


def _file(name: str) -> str:
    try:
        return base64.b64encode(Path(name).read_bytes()).decode()
    except OSError as error:
        fail(2, Fault(error.strerror or "cannot be read", name))


def _resolved(schema: Json, root: Json) -> Json:
    """What a reference to one of the tool's own definitions stands for."""
    for _ in range(_DEEPEST):
        reference = schema.get("$ref", "") if isinstance(schema, dict) else ""
        if not reference.startswith("#/$defs/"):
            break
        name = reference.removeprefix("#/$defs/").replace("~1", "/").replace("~0", "~")
        schema = root.get("$defs", {}).get(name, {})
    return schema if isinstance(schema, dict) else {}


def _kinds(schema: Json, root: Json, depth: int = 0) -> Iterator[str]:
    """The types that a schema names, or its branches do; none where it leaves them to others."""
    named = schema.get("type", [])
    yield from [named] if isinstance(named, str) else named
    if depth < _DEEPEST:
        for branch in (*schema.get("anyOf", ()), *schema.get("oneOf", ())):
            yield from _kinds(_resolved(branch, root), root, depth + 1)
