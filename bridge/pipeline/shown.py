"""A call as a person sees it who is to decide about it: all that would be sent, in the open, nothing disguised.

A model chose the values, so they are data here. What a form cannot show whole is decided where there is room for it,
and what nobody could read at all is not made: a part that is left out is where the harm would be.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass

from bridge.model import ApprovalRequired, Call, Door, Json, Operation, Spread, Where
from bridge.model.media import is_json
from bridge.pipeline.leaves import Bytes, Number, TooLong, leaves
from bridge.pipeline.visible import cut, visible

MOST_VALUE = 1000
"""Characters of one value in a form; a longer one would push the others out of sight."""
MOST_FORM = 6000
"""Characters of all paths and values in a form."""
MOST_LINES = 100
MOST_TARGET = 500
"""Characters of the request's target in a form: it says again what the arguments say."""
MOST_KEPT = 128 << 10
"""Characters of what is shown of one call anywhere. More is read by nobody, and would fill the store."""

Lines = tuple[tuple[str, str], ...]
"""Paths and written values."""


@dataclass(frozen=True, slots=True)
class Shown:
    """`what` is the tool's name, or the operation's id where it is none; `arguments` are whole."""

    what: str
    api: str
    method: str
    path: str
    arguments: Lines

    @property
    def form(self) -> str | None:
        """For a form; None where it does not fit there whole."""
        if not _fits(self.arguments):
            return None
        target = cut(self.path, MOST_TARGET)
        lines = [f"Tool: {self.what}", f"API: {self.api}", f"Request: {self.method} {target}"]
        if not self.arguments:
            return "\n".join((*lines, "Arguments: none"))
        return "\n".join((*lines, "Arguments:", *(f"  {path}: {value}" for path, value in self.arguments)))


def shown(call: Call) -> Shown:
    """Raises BadArguments where no request can be made of the arguments, ApprovalRequired where they are too long for
    anybody to decide about."""
    assert call.endpoint is not None
    operation, tool = call.endpoint.operation, call.endpoint.tool
    what = tool.name if tool is not None else operation.id
    method, target = _request_line(call)
    try:
        if len(target) > MOST_KEPT:
            raise TooLong
        arguments = _of_request(call) if call.door is Door.REST else _of_agent(call)
    except TooLong:
        raise ApprovalRequired(
            "this call needs a person's approval, and is too long for a person to read: all of it together may take "
            f"{MOST_KEPT:,} characters to show. Make it in smaller parts"
        ) from None
    return Shown(_plain(what), _plain(operation.api), method, _plain(target), arguments)


def _request_line(call: Call) -> tuple[str, str]:
    if call.door is Door.REST:
        return call.method, f"{call.path}?{call.query}" if call.query else call.path
    assert call.endpoint is not None
    wire = call.endpoint.build(call.arguments)
    return wire.method, wire.target


def _plain(text: str) -> str:
    return visible(text.replace("\\", "\\\\"))


def _fits(arguments: Lines) -> bool:
    sizes = [len(path) + len(value) for path, value in arguments]
    return len(sizes) <= MOST_LINES and sum(sizes) <= MOST_FORM and max(sizes, default=0) <= MOST_VALUE


def excerpt(arguments: Lines) -> Lines:
    """For a list of many calls, where nothing is decided: what is long is cut so that all have their share."""
    if _fits(arguments):
        return arguments
    shares = _shares([len(path) + len(value) for path, value in arguments[:MOST_LINES]])
    told = [
        (cut(path, MOST_TARGET // 2), cut(value, max(share - min(len(path), MOST_TARGET // 2), 20)))
        for (path, value), share in zip(arguments, shares, strict=False)
    ]
    rest = arguments[MOST_LINES:]
    return (*told, (f"… {len(rest)} more", f"SHA-256 {_digest(rest)}")) if rest else tuple(told)


def _shares(sizes: list[int]) -> list[int]:
    """Of MOST_FORM characters, for each as much as it needs, or as much as any other that needs more."""
    shares, left = dict.fromkeys(range(len(sizes)), 0), MOST_FORM
    for done, at in enumerate(sorted(shares, key=sizes.__getitem__)):
        shares[at] = min(sizes[at], left // (len(sizes) - done), MOST_VALUE)
        left -= shares[at]
    return list(shares.values())


def declared(call: Call) -> dict[str, list[str]]:
    """The fields of a person's request that its operation reads, and what its body is. An agent's are arguments."""
    assert call.endpoint is not None
    if call.door is Door.MCP:
        return {}
    places = {Where.HEADER, Where.COOKIE}
    params = [one for one in call.endpoint.operation.params if one.where in places]
    names = {"cookie" if one.where is Where.COOKIE else one.name.lower() for one in params} | {"content-type"}
    found: dict[str, list[str]] = {}
    for field, value in call.headers:
        name = field.decode("latin-1")
        if name in names:
            found.setdefault(name, []).append(value.decode("latin-1"))
    return found


def _of_agent(call: Call) -> Lines:
    assert call.endpoint is not None
    return leaves(call.arguments, call.endpoint.operation.input_schema, MOST_KEPT)


def _of_request(call: Call) -> Lines:
    """A person's. Of cookies only that there are some: they hold the person's own session."""
    assert call.endpoint is not None
    fields = declared(call)
    body = call.body if isinstance(call.body, bytes) else b""
    told: dict[str, Json] = {"headers": {name: values if name != "cookie" else "…" for name, values in fields.items()}}
    if body:
        told["body"] = _read(body, fields.get("content-type", []))
    return leaves(
        {name: one for name, one in told.items() if one != {}}, _body_schema(call.endpoint.operation), MOST_KEPT
    )


def _body_schema(operation: Operation) -> Json:
    """For its order alone."""
    schema, body = operation.input_schema, operation.body
    if body is None or not isinstance(schema, Mapping):
        return None
    whole = body.spread is Spread.WHOLE
    own = schema.get("properties", {}).get(body.argument) if whole else schema
    return {"properties": {"headers": {}, "body": own}, "$defs": schema.get("$defs", {})}


def _read(body: bytes, types: list[str]) -> Json:
    """What the document's upstream reads of it, if that is certain; otherwise the text, or what tells its bytes from
    all others."""
    try:
        text = body.decode()
    except UnicodeDecodeError:
        return Bytes(f"{len(body):,} bytes, SHA-256 {hashlib.sha256(body).hexdigest()}")
    if len(text) > MOST_KEPT:
        raise TooLong
    try:
        return _parsed(text) if len(types) == 1 and is_json(types[0]) else text
    except (ValueError, RecursionError):
        return text


def _parsed(text: str) -> Json:
    """Raises ValueError also for a name that comes twice: another reader might take the other one."""
    return json.loads(
        text, object_pairs_hook=_unambiguous, parse_float=Number, parse_int=Number, parse_constant=_no_number
    )


def _unambiguous(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError("a name comes twice")
    return made


def _no_number(text: str) -> Json:
    raise ValueError(f"{text} is no JSON")


def _digest(lines: Lines) -> str:
    return hashlib.sha256(json.dumps(lines).encode("ascii")).hexdigest()
