"""Swagger 2.0 read into the shapes of OpenAPI 3, one operation at a time.

Nothing is rewritten as a document: pointers in findings stay those of the file that the user has, and references into
`#/definitions` and `#/parameters` resolve where they are.
"""

from collections.abc import Sequence

from bridge.importer.media import usable
from bridge.importer.notes import Notes
from bridge.importer.reading import RawBody, RawContent, RawParam, text_of
from bridge.importer.refs import At
from bridge.model import Json, Style, Where

FORM = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data"
_OWN = frozenset({"name", "in", "required", "description", "collectionFormat", "allowEmptyValue"})
_COLLECTION: dict[str, tuple[Style, bool]] = {
    "csv": (Style.FORM, False), "ssv": (Style.SPACE, False), "tsv": (Style.TABS, False),
    "pipes": (Style.PIPE, False), "multi": (Style.FORM, True),
}  # fmt: skip


def parameter2(notes: Notes, at: At, where: Where) -> RawParam:
    style, explode = collection(notes, at, where)
    return RawParam(
        at=at,
        name=at.value["name"],
        where=where,
        required=at.value.get("required") is True or where is Where.PATH,
        style=style,
        explode=explode,
        schema=inline_schema(at),
        description=text_of(at.value, "description"),
        allow_empty=at.value.get("allowEmptyValue") is True,
    )


def inline_schema(at: At) -> At:
    """2.0 writes the schema's keywords on the parameter itself (some documents use `schema` all the same)."""
    if isinstance(at.value.get("schema"), dict):
        return at.child("schema")
    return At({key: value for key, value in at.value.items() if key not in _OWN}, at.doc, at.pointer)


def collection(notes: Notes, at: At, where: Where | None) -> tuple[Style, bool]:
    """Style and explode for a `collectionFormat`; `where` is None for a form field."""
    named = at.value.get("collectionFormat", "csv")
    known = _COLLECTION.get(named) if isinstance(named, str) else None
    if known is None:
        notes.warn(
            "collection-format",
            at,
            f"{named!r} is no collectionFormat; csv is used",
            advice="csv, ssv, tsv, pipes or multi",
        )
        known = _COLLECTION["csv"]
    if named == "tsv" and where is Where.PATH:
        notes.warn("collection-format", at, "a path cannot hold a tab; csv is used")
        return Style.SIMPLE, False
    if where in {Where.PATH, Where.HEADER}:
        if named == "multi":
            notes.warn("collection-format", at, "multi is only for query and formData; csv is used")
        return (Style.SIMPLE if named in {"csv", "multi"} else known[0]), False
    return known


def body2(notes: Notes, parameters: Sequence[At], consumes: Sequence[str], operation: At) -> RawBody | None:
    """`in: body` and `in: formData` parameters as a request body. A body wins where a document has both."""
    whole = [at for at in parameters if at.value["in"] == "body"]
    fields = [at for at in parameters if at.value["in"] == "formData"]
    for extra in whole[1:]:
        notes.warn("second-body", extra, "an operation can have one body only", lost="this body parameter")
    if whole:
        for field in fields:
            notes.warn("second-body", field, "formData cannot stand beside a body", lost="this parameter")
        return _whole(whole[0], consumes)
    return _form(notes, fields, consumes, operation) if fields else None


def _whole(at: At, consumes: Sequence[str]) -> RawBody:
    schema = at.child("schema") if "schema" in at.value else None
    types = [kind for kind in consumes if kind not in {FORM, MULTIPART}] or ["application/json"]
    return RawBody(
        at,
        required=at.value.get("required") is True,
        contents=tuple(RawContent(kind, schema) for kind in types),
        description=text_of(at.value, "description"),
        name=at.value["name"],
    )


def _form(notes: Notes, fields: Sequence[At], consumes: Sequence[str], operation: At) -> RawBody:
    """The fields as one object schema, which the rest of the importer treats like any other."""
    files = any(field.value.get("type") == "file" for field in fields)
    media_type = MULTIPART if files or (MULTIPART in consumes and FORM not in consumes) else FORM
    properties: dict[str, Json] = {}
    required: list[str] = []
    styles: dict[str, tuple[Style, bool]] = {}
    for field in fields:
        name = field.value["name"]
        properties[name] = _field_schema(field)
        if field.value.get("required") is True:
            required.append(name)
        if field.value.get("type") == "array":
            styles[name] = collection(notes, field, None)
    schema = At({"type": "object", "properties": properties, "required": required}, operation.doc, operation.pointer)
    return RawBody(operation, bool(required), (RawContent(media_type, schema),), styles=styles)


def _field_schema(field: At) -> Json:
    schema = dict(inline_schema(field).value)
    if schema.get("type") == "file":
        schema |= {"type": "string", "format": "binary"}
    if description := text_of(field.value, "description"):
        schema["description"] = description
    return schema


def media_types2(notes: Notes, operation: At, root: Json, key: str) -> tuple[str, ...]:
    """`consumes` or `produces`: the operation's own, else the document's."""
    own = operation.value.get(key)
    place = operation if isinstance(own, list) else At(root, operation.doc)
    listed = place.value.get(key)
    written = [kind for kind in listed if isinstance(kind, str)] if isinstance(listed, list) else []
    read = (usable(notes, place.child(key), kind) for kind in written)
    return tuple(kind for kind in read if kind is not None)
