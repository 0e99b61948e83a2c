"""The addresses of what can be read: the one that every readable operation has, and those that somebody wishes for."""

import re
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from urllib.parse import quote

from bridge.model import Effect, Json, Operation, Where
from bridge.model.expressions import ascii_uri, variable_name
from bridge.model.kinds import kinds
from bridge.model.template import Template

OWN = "api"
"""The scheme of canonical addresses: `api://<api><path>{?query}`."""
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")
_ELSEWHERE = frozenset({"http", "https", "data", "blob", "javascript", "about"})
"""Clients follow these past the gateway. MCP, resources, has https:// “only when the client is able to fetch and load
the resource directly from the web on its own”."""
_NAME = re.compile(r"\{([^{}]*)\}")
_PATH = "/:@!$&()*+,;=-._~"
_QUERY = _PATH + "?"
_ENCODED = re.compile(r"%[0-9A-Fa-f]{2}")
_BESIDE = frozenset({"object", "array"})


def unreadable(operation: Operation) -> str:
    """Why an operation has no address of its own; "" where it has one."""
    if operation.method != "GET" or operation.effect is not Effect.READS:
        return f"{operation.method} is not GET: only what is read without any effect has an address"
    if operation.body is not None:
        return "it takes a body, which no address holds"
    places = {param.argument: param.where for param in operation.params}
    for name in needed(operation):
        where = places.get(name)
        if where not in {Where.PATH, Where.QUERY}:
            return f"its required argument {name!r} travels in {where or 'no place of an address'}"
        if not _carried(operation.input_schema["properties"].get(name), operation.input_schema):
            return f"its required argument {name!r} is no text, number, boolean or list of them"
    return ""


def needed(operation: Operation) -> Iterator[str]:
    """Required arguments that have no default."""
    schema = operation.input_schema
    properties = schema["properties"]
    return (name for name in schema.get("required", ()) if "default" not in (properties.get(name) or {}))


def canonical(operation: Operation) -> Template | None:
    """Of a readable operation; None where its path cannot be written as a template that reads back."""
    path, mark, rest = operation.path.partition("?")
    arguments = {param.name: param.argument for param in operation.params if param.where is Where.PATH}
    names = _NAME.findall(path)
    if "{" in rest or not all(name in arguments for name in names) or len(set(names)) < len(names):
        return None
    pieces = _NAME.split(path)
    written = "".join(
        f"{{{variable_name(arguments[piece])}}}" if position % 2 else _quoted(piece, _PATH)
        for position, piece in enumerate(pieces)
    )
    query = ",".join(_in_query(operation))
    head = f"{OWN}://{quote(operation.api, safe='')}{written}{mark}{_quoted(rest, _QUERY)}"
    try:
        made = Template.parse(f"{head}{{{'&' if mark else '?'}{query}}}" if query else head)
    except ValueError:
        return None
    return None if made.unreadable else made


def _quoted(text: str, safe: str) -> str:
    """What is percent-encoded already stays."""
    kept = iter((*_ENCODED.findall(text), ""))
    return "".join(quote(piece, safe=safe, errors="replace") + next(kept) for piece in _ENCODED.split(text))


def _in_query(operation: Operation) -> Iterator[str]:
    schema = operation.input_schema
    for param in operation.params:
        one = schema["properties"].get(param.argument)
        if param.where is Where.QUERY and _carried(one, schema):
            names = kinds(one, schema).names
            yield variable_name(param.argument) + ("*" if "array" in names and not names - _BESIDE else "")


def _carried(schema: Json, root: Json) -> bool:
    """Whether the text of an address can be told back into a value of this schema."""
    taken = kinds(schema, root)
    if not taken.names or taken.names - _BESIDE:
        return True
    items = kinds(taken.items, root).names
    return "array" in taken.names and (not items or bool(items - _BESIDE))


def wished(uri: str, operation: Operation) -> Template:
    """An address that somebody wrote for a readable operation. Raises ValueError, which says what is wrong with it and,
    after a semicolon, what would be right."""
    scheme = _SCHEME.match(uri)
    if scheme is None or len(uri) == scheme.end():
        raise ValueError("has no scheme; write one of your own, as in orders://open")
    if scheme[1].lower() in _ELSEWHERE:
        raise ValueError(f"has the scheme {scheme[1]}, which clients follow past the gateway; use a scheme of your own")
    if scheme[1].lower() == OWN:
        raise ValueError(f"lies among the gateway's own, {OWN}://…; use another scheme")
    try:
        made = Template.parse(ascii_uri(uri))
    except ValueError as error:
        raise ValueError(f"is no URI template: {error}; see RFC 6570") from error
    if made.unreadable:
        raise ValueError(f"cannot be read back: {made.unreadable}; put a separator such as / between variables")
    _check_variables(made, operation)
    return made


def _check_variables(made: Template, operation: Operation) -> None:
    properties: Mapping[str, Json] = operation.input_schema["properties"]
    for name in made.variables:
        if name not in properties:
            near = get_close_matches(name, properties, 1)
            known = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(properties) or 'none'}"[:200]
            raise ValueError(f"has the variable {name!r}, which is no argument; {known}")
        if not _carried(properties[name], operation.input_schema):
            raise ValueError(f"has the variable {name!r}, whose value no address can hold; leave it out")
    for name in needed(operation):
        if name not in made.variables:
            raise ValueError(f"leaves out the required argument {name!r}; add {{{variable_name(name)}}}")
