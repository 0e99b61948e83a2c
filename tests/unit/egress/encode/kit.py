"""Operations to build requests for, with everything that a test does not care about left out."""

from bridge.egress.encode import compile_builder
from bridge.model import Body, BodyKind, Build, Field, Json, Operation, Param, Spread, Style, Where, Wire

STRING = {"type": "string"}
STRINGS = {"type": "array", "items": STRING}
OBJECT = {"type": "object"}

_DEFAULT = {
    Where.PATH: Style.SIMPLE,
    Where.HEADER: Style.SIMPLE,
    Where.QUERY: Style.FORM,
    Where.COOKIE: Style.FORM,
    Where.QUERYSTRING: Style.FORM,
}
_MEDIA_TYPES = {
    BodyKind.JSON: "application/json",
    BodyKind.FORM: "application/x-www-form-urlencoded",
    BodyKind.MULTIPART: "multipart/form-data",
    BodyKind.TEXT: "text/plain",
    BodyKind.BINARY: "application/octet-stream",
    BodyKind.XML: "application/xml",
}


def param(name: str, where: Where, schema: Json = None, style: Style | None = None, **others: Json) -> Param:
    """Explode is as OpenAPI's default for the style."""
    style = style or _DEFAULT[where]
    settings = {"argument": name, "required": where is Where.PATH, "explode": style in (Style.FORM, Style.COOKIE)}
    return Param(name=name, where=where, style=style, schema=schema, **{**settings, **others})


def body(kind: BodyKind, *fields: Field, **others: Json) -> Body:
    media_type = others.pop("media_type", _MEDIA_TYPES[kind])
    settings = {"required": False, "spread": Spread.FIELDS if fields else Spread.WHOLE}
    return Body(media_type, (media_type,), kind, fields=fields, **{**settings, **others})


def builder(*params: Param, path: str = "/things", body: Body | None = None, **others: Json) -> Build:
    return compile_builder(Operation(id="op", api="api", method="POST", path=path, params=params, body=body, **others))


def built(*params: Param, path: str = "/things", body: Body | None = None, **arguments: Json) -> Wire:
    return builder(*params, path=path, body=body)(arguments)


def header(wire: Wire, name: bytes) -> bytes | None:
    return next((value for key, value in wire.headers if key == name), None)
