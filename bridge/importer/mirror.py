"""`x-mcp-header` on the schema of a parameter or property: MCP's wish to see the argument in an HTTP header as well.

A client drops a tool whose annotation breaks the rules, so an invalid one is never passed on. The rules (MCP
2026-07-28, transports): a token, unique in the schema whatever its case, on a string, integer or boolean that no
reference or combinator stands before.
"""

from bridge.importer.notes import Notes
from bridge.importer.refs import At
from bridge.model import Json
from bridge.model.headers import is_token

KEYWORD = "x-mcp-header"
_TYPES = frozenset({"string", "integer", "boolean"})


def mirrored(notes: Notes, at: At | None, schema: Json) -> Json:
    """The converted `schema` of an argument, with the header that the document at `at` gives it."""
    name = at.value.get(KEYWORD) if at is not None and isinstance(at.value, dict) else None
    if name is None or at is None:
        return schema
    if not isinstance(name, str) or not is_token(name) or _type(schema) not in _TYPES:
        _dropped(notes, at, f"{name!r} cannot be a header of this argument")
        return schema
    return {**schema, KEYWORD: name}


def unique(notes: Notes, at: At, properties: dict[str, Json]) -> None:
    """Takes the annotation off every argument but the first that names a header."""
    taken: set[str] = set()
    for argument, schema in properties.items():
        name = schema.get(KEYWORD) if isinstance(schema, dict) else None
        if name is None:
            continue
        if name.lower() in taken:
            _dropped(notes, at, f"two arguments want the header {name!r}")
            properties[argument] = {key: value for key, value in schema.items() if key != KEYWORD}
        taken.add(name.lower())


def _type(schema: Json) -> str:
    kind = schema.get("type") if isinstance(schema, dict) and "$ref" not in schema else None
    return kind if isinstance(kind, str) else ""


def _dropped(notes: Notes, at: At, message: str) -> None:
    notes.warn(
        "mcp-header-dropped", at, message, lost="the header; the argument itself is carried",
        advice="a token, once per operation, on a plain string, integer or boolean",
    )  # fmt: skip
