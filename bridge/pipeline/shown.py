"""A call as a person sees it who is to decide about it: what exactly would be sent, bounded, nothing disguised.

A model chose the values, so they are data here: controls and characters that cannot be seen are written out, and what
is too long to show says how long it is and has a digest, by which it can be told from another.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass

from bridge.model import Call, Door, Json, Where

MOST_VALUE = 300
"""Characters of one value."""
MOST_ARGUMENTS = 6000
"""Characters of all values together."""
MOST_TARGET = 500


@dataclass(frozen=True, slots=True)
class Shown:
    """`what` is the tool's name, or the operation's id where it is none; `arguments` are names and written values."""

    what: str
    api: str
    method: str
    path: str
    arguments: tuple[tuple[str, str], ...]

    def as_text(self) -> str:
        lines = [f"Tool: {self.what}", f"API: {self.api}", f"Request: {self.method} {self.path}"]
        if not self.arguments:
            return "\n".join((*lines, "Arguments: none"))
        return "\n".join((*lines, "Arguments:", *(f"  {name}: {value}" for name, value in self.arguments)))


def shown(call: Call) -> Shown:
    """Raises BadArguments where no request can be made of the arguments."""
    assert call.endpoint is not None
    operation, tool = call.endpoint.operation, call.endpoint.tool
    what = tool.name if tool is not None else operation.id
    if call.door is Door.MCP:
        wire = call.endpoint.build(call.arguments)
        return Shown(what, operation.api, wire.method, cut(wire.target, MOST_TARGET), _listed(call.arguments))
    target = f"{call.path}?{call.query}" if call.query else call.path
    return Shown(what, operation.api, call.method, cut(target, MOST_TARGET), _listed(_of_request(call)))


def declared(call: Call) -> dict[str, list[str]]:
    """The fields of a person's request that its operation reads, and what its body is."""
    assert call.endpoint is not None
    places = {Where.HEADER, Where.COOKIE}
    params = [one for one in call.endpoint.operation.params if one.where in places]
    names = {"cookie" if one.where is Where.COOKIE else one.name.lower() for one in params} | {"content-type"}
    found: dict[str, list[str]] = {}
    for field, value in call.headers:
        name = field.decode("latin-1")
        if name in names:
            found.setdefault(name, []).append(value.decode("latin-1"))
    return found


def _of_request(call: Call) -> dict[str, Json]:
    """Cookies are shown by their names: they hold the person's own session."""
    fields = {name: values if name != "cookie" else "…" for name, values in declared(call).items()}
    body = call.body if isinstance(call.body, bytes) else b""
    return fields | ({"body": body.decode("utf-8", "replace")} if body else {})


def _listed(arguments: Mapping[str, Json]) -> tuple[tuple[str, str], ...]:
    told: list[tuple[str, str]] = []
    left = MOST_ARGUMENTS
    for at, (name, value) in enumerate(arguments.items()):
        written = (cut(name, 100), cut(_written(value), MOST_VALUE))
        left -= len(written[0]) + len(written[1])
        if left < 0:
            rest = json.dumps(dict(list(arguments.items())[at:]), sort_keys=True)
            told.append((f"… {len(arguments) - at} more", f"SHA-256 {_digest(rest)}"))
            break
        told.append(written)
    return tuple(told)


def _written(value: Json) -> str:
    return json.dumps(value, ensure_ascii=False)


def cut(text: str, most: int) -> str:
    seen = visible(text[: most + 1])
    if len(text) <= most and len(seen) <= 6 * most:
        return seen
    return f"{seen[:most]}… ({len(text):,} characters, SHA-256 {_digest(text)})"


def visible(text: str) -> str:
    """With every character written out that prints nothing or changes how others are shown."""
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode() for one in text)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
