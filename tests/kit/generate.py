"""Arguments from a tool's own input schema: quick, and the same for the same seed.

A value is built keyword by keyword and judged by jsonschema-rs afterwards; what a builder cannot satisfy (`not`, a
clever `if`) is tried again with other choices, and in the end given up, which the caller counts.
"""

import base64
import random
import re
import string
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import jsonschema_rs

from bridge.model import Json
from tests.kit.patterns import sample

TRIES = 12
DEEPEST = 24
FULL_DEPTH = 5
"""Optional properties are filled in down to here."""
NODES = 300
"""And while a value holds fewer nodes than this."""

PLAIN = string.ascii_letters + string.digits
RICH = PLAIN + " é&=/%+?#~!-_"


class Impossible(Exception):
    """No value was found that the schema accepts."""


def arguments(schema: Json, seed: str, *, full: bool) -> dict[str, Json]:
    """Arguments that a tool's input schema accepts: all of them, or what is required. Raises Impossible."""
    validator = jsonschema_rs.Draft202012Validator(schema)
    error = ""
    for attempt in range(TRIES):
        # Every other attempt writes letters and digits only, and the last ones leave out what is optional.
        chance = random.Random(f"{seed}/{attempt}")
        maker = _Maker(schema, chance, full=full and attempt < TRIES - 2, rich=attempt % 2 == 0)
        try:
            value = maker.value(schema)
        except Impossible as impossible:
            error = str(impossible)
            continue
        wrong = next(validator.iter_errors(value), None)
        if wrong is None:
            return value if isinstance(value, dict) else {}
        error = f"{'/'.join(map(str, wrong.instance_path))}: {wrong.message}"[:300]
    raise Impossible(error)


@dataclass(slots=True)
class _Maker:
    root: Json
    random: random.Random
    full: bool
    rich: bool
    nodes: int = 0
    _validators: dict[int, jsonschema_rs.Draft202012Validator] = field(default_factory=dict)

    def value(self, schema: Json, depth: int = 0) -> Json:
        if schema is False or depth > DEEPEST:
            raise Impossible("nested too deep")
        self.nodes += 1
        plain = self._plain(schema, depth)
        if "const" in plain:
            return plain["const"]
        if plain.get("enum"):
            return self.random.choice(plain["enum"])
        for key in ("oneOf", "anyOf"):
            if plain.get(key):
                return self._branch(plain, key, depth)
        return _MAKERS[self._type(plain)](self, plain, depth)

    def _plain(self, schema: Json, depth: int) -> dict[str, Json]:
        """References followed and `allOf` merged into one schema."""
        if not isinstance(schema, dict):
            return {}
        if "$ref" not in schema and "allOf" not in schema:
            return schema
        merged = {key: value for key, value in schema.items() if key not in {"$ref", "allOf"}}
        parts = [self._definition(schema["$ref"])] if "$ref" in schema else []
        if depth > DEEPEST * 2:
            raise Impossible("references itself for ever")
        for part in parts + schema.get("allOf", []):
            merged = _merge(merged, self._plain(part, depth + 1))
        return merged

    def _definition(self, reference: str) -> Json:
        node = self.root
        for part in reference.removeprefix("#").split("/")[1:]:
            node = node[part.replace("~1", "/").replace("~0", "~")]
        return node

    def _branch(self, schema: dict[str, Json], key: str, depth: int) -> Json:
        base = {name: value for name, value in schema.items() if name != key}
        whole = self._validator(schema)
        branches = list(schema[key])
        if self.full or len(branches) > 1:
            self.random.shuffle(branches)
        kept: list[Json] = []
        for branch in branches:
            try:
                value = self.value(_merge(base, self._plain(branch, depth + 1)), depth + 1)
            except Impossible:
                continue
            if whole.is_valid(value):
                kept.append(value)
                if value is not None:
                    return value
        if not kept:
            raise Impossible(f"no branch of {key} could be met")
        return kept[0]

    def _validator(self, schema: dict[str, Json]) -> jsonschema_rs.Draft202012Validator:
        key = id(schema)
        if key not in self._validators:
            self._validators[key] = jsonschema_rs.Draft202012Validator({**schema, "$defs": self.root.get("$defs", {})})
        return self._validators[key]

    def _type(self, schema: dict[str, Json]) -> str:
        kind = schema.get("type")
        if isinstance(kind, list):
            kind = self.random.choice([one for one in kind if one != "null"] or kind)
        if isinstance(kind, str):
            return kind
        return next((kind for keyword, kind in _IMPLIED.items() if keyword in schema), "string")

    # --- containers ---------------------------------------------------------------------------------------------------

    def object(self, schema: dict[str, Json], depth: int) -> Json:
        named = schema.get("properties", {})
        required = [name for name in schema.get("required", []) if isinstance(name, str)]
        chosen = list(dict.fromkeys(required + (list(named) if self._may_fill(depth) else [])))
        least = schema.get("minProperties", 0)
        chosen += [name for name in named if name not in chosen][: max(0, least - len(chosen))]
        made: dict[str, Json] = {}
        for name in chosen[: max(schema.get("maxProperties", len(chosen)), len(required))]:
            self._member(made, schema, name, name in required or len(made) < least, depth)
        return self._others(made, schema, least, depth)

    def _may_fill(self, depth: int) -> bool:
        return self.full and (depth == 0 or (depth <= FULL_DEPTH and self.nodes < NODES))

    def _member(self, made: dict[str, Json], schema: dict[str, Json], name: str, needed: bool, depth: int) -> None:
        inner = schema.get("properties", {}).get(name, schema.get("additionalProperties", {}))
        try:
            made[name] = self.value(inner, depth + 1)
        except Impossible:
            if needed:
                raise

    def _others(self, made: dict[str, Json], schema: dict[str, Json], least: int, depth: int) -> Json:
        """Properties that no name is given for, where they are needed or are all that there is."""
        extra = schema.get("additionalProperties", True)
        patterns = schema.get("patternProperties", {})
        wanted = least - len(made)
        if not made and self._may_fill(depth) and (isinstance(extra, dict) or patterns):
            wanted = max(wanted, 1)
        names = schema.get("propertyNames", {"type": "string", "minLength": 3, "maxLength": 8})
        for _ in range(wanted):
            pattern = next(iter(patterns), None)
            name = sample(pattern, self.random) if pattern else str(self.value(names, depth + 1))
            made[name] = self.value(patterns[pattern] if pattern else extra, depth + 1)
        return made

    def array(self, schema: dict[str, Json], depth: int) -> Json:
        fixed, items = schema.get("prefixItems", []), schema.get("items", {})
        least = max(schema.get("minItems", 0), len(fixed) if self.full else 0)
        most = min(schema.get("maxItems", least + 2), max(least, 2 if self._may_fill(depth) else 1))
        made = [self.value(one, depth + 1) for one in fixed[:most]]
        for _ in range(most * 4):
            if len(made) >= most or items is False:
                break
            try:
                one = self.value(items, depth + 1)
            except Impossible:
                if len(made) < least:
                    raise
                break
            if not (schema.get("uniqueItems") and one in made):
                made.append(one)
        return made

    # --- scalars ------------------------------------------------------------------------------------------------------

    def string(self, schema: dict[str, Json], depth: int) -> Json:
        least, most = schema.get("minLength", 0), schema.get("maxLength", 1 << 20)
        if schema.get("contentEncoding") == "base64":
            return base64.b64encode(b"bytes of a file \x00\xff"[: self.random.randint(6, 17)]).decode()
        made = _FORMATS.get(schema.get("format", ""))
        formatted = made(self.random) if made is not None else None
        if formatted is not None and ("pattern" not in schema or re.search(schema["pattern"], formatted)):
            return formatted
        if "pattern" in schema:
            return self._patterned(schema["pattern"], least, most)
        length = min(most, max(least, self.random.randint(3, 9)))
        return (
            "".join(self.random.choices(RICH if self.rich and length > 2 else PLAIN, k=length))
            .strip()
            .ljust(length, "x")
        )

    def _patterned(self, pattern: str, least: int, most: int) -> str:
        for _ in range(TRIES):
            text = sample(pattern, self.random, least, most)
            if least <= len(text) <= most:
                return text
        raise Impossible(f"no text of {least} to {most} characters was found for {pattern!r}")

    def integer(self, schema: dict[str, Json], depth: int) -> Json:
        low, high = _range(schema, 1)
        step = schema.get("multipleOf", 1)
        first = -(-low // step) * step
        return int(first + step * self.random.randint(0, max(0, min(99, int((high - first) // step)))))

    def number(self, schema: dict[str, Json], depth: int) -> Json:
        if "multipleOf" in schema:
            step = schema["multipleOf"]
            low, high = _range(schema, step)
            return round((low // step + self.random.randint(0, max(0, min(50, int((high - low) / step))))) * step, 9)
        low, high = _range(schema, 0.5)
        return round(self.random.uniform(low, min(high, low + 100)), 2) if high > low else low

    def boolean(self, schema: dict[str, Json], depth: int) -> Json:
        return self.random.random() < 0.5

    def null(self, schema: dict[str, Json], depth: int) -> Json:
        return None


_Make = Callable[[_Maker, dict[str, Json], int], Json]
_MAKERS: Mapping[str, _Make] = {
    "object": _Maker.object, "array": _Maker.array, "string": _Maker.string, "integer": _Maker.integer,
    "number": _Maker.number, "boolean": _Maker.boolean, "null": _Maker.null,
}  # fmt: skip
_IMPLIED = {
    "properties": "object", "required": "object", "additionalProperties": "object", "minProperties": "object",
    "items": "array", "prefixItems": "array", "minItems": "array", "minimum": "number", "maximum": "number",
    "multipleOf": "number",
}  # fmt: skip
_FORMATS: Mapping[str, Callable[[random.Random], str]] = {
    "date-time": lambda r: f"20{r.randint(10, 40)}-0{r.randint(1, 9)}-1{r.randint(0, 9)}T1{r.randint(0, 9)}:20:50Z",
    "date": lambda r: f"20{r.randint(10, 40)}-0{r.randint(1, 9)}-1{r.randint(0, 9)}",
    "time": lambda r: f"1{r.randint(0, 9)}:20:50Z",
    "duration": lambda r: f"P{r.randint(1, 30)}D",
    "uuid": lambda r: f"{r.getrandbits(32):08x}-0000-4000-8000-{r.getrandbits(48):012x}",
    "email": lambda r: f"user{r.randint(1, 99)}@example.com",
    "hostname": lambda r: f"host{r.randint(1, 99)}.example.com",
    "ipv4": lambda r: f"192.0.2.{r.randint(1, 254)}",
    "ipv6": lambda r: f"2001:db8::{r.randint(1, 9999)}",
    "uri": lambda r: f"https://example.com/{r.randint(1, 99)}?a=b&c=%20",
    "uri-reference": lambda r: f"/here/{r.randint(1, 99)}",
    "url": lambda r: f"https://example.com/{r.randint(1, 99)}",
    "byte": lambda r: base64.b64encode(r.randbytes(6)).decode(),
}


def _range(schema: dict[str, Json], step: float) -> tuple[float, float]:
    low = schema.get("minimum")
    if isinstance(schema.get("exclusiveMinimum"), int | float):
        low = max(schema["exclusiveMinimum"] + step, low if low is not None else float("-inf"))
    high = schema.get("maximum")
    if isinstance(schema.get("exclusiveMaximum"), int | float):
        high = min(schema["exclusiveMaximum"] - step, high if high is not None else float("inf"))
    if low is None:
        low = min(1, high) if high is not None else 1
    return low, max(high if high is not None else low + 1000, low)


def _merge(one: dict[str, Json], other: dict[str, Json]) -> dict[str, Json]:
    """A schema that both of them accept, as far as keywords can be joined; the validator has the last word."""
    merged = dict(one)
    for key, value in other.items():
        merged[key] = _JOIN[key](merged[key], value) if key in merged and key in _JOIN else value
    return merged


def _join_properties(one: Json, other: Json) -> Json:
    shared = {name: {"allOf": [one[name], other[name]]} for name in one if name in other and one[name] != other[name]}
    return {**one, **other, **shared}


def _join_types(one: Json, other: Json) -> Json:
    first, second = ([kind] if isinstance(kind, str) else list(kind) for kind in (one, other))
    both = [kind for kind in first if kind in second]
    if not both and "number" in first + second and "integer" in first + second:
        both = ["integer"]
    if not both:
        raise Impossible(f"no value is both {one} and {other}")
    return both


def _join_extra(one: Json, other: Json) -> Json:
    if isinstance(one, dict) and isinstance(other, dict):
        return {"allOf": [one, other]}
    return False if one is False or other is False else one if isinstance(one, dict) else other


_JOIN: Mapping[str, Callable[[Json, Json], Json]] = {
    "properties": _join_properties,
    "required": lambda one, other: list(dict.fromkeys([*one, *other])),
    "type": _join_types,
    "enum": lambda one, other: [value for value in one if value in other],
    "items": lambda one, other: {"allOf": [one, other]},
    "additionalProperties": _join_extra,
    "minimum": max, "maximum": min, "minLength": max, "maxLength": min, "minItems": max, "maxItems": min,
    "minProperties": max, "maxProperties": min,
}  # fmt: skip
