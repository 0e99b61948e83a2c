"""Parameters of OpenAPI 3.x, and what both generations share: which count, and which never become arguments."""

from bridge.importer.dialect import Dialect
from bridge.importer.normalise import parameter2
from bridge.importer.reading import RawParam, Reading, items, members, text_of
from bridge.importer.refs import At, Dangling
from bridge.model import Style, Where
from bridge.model.headers import argument_may_set

_DEFAULT_STYLE = {
    Where.PATH: Style.SIMPLE, Where.QUERY: Style.FORM, Where.HEADER: Style.SIMPLE, Where.COOKIE: Style.FORM,
    Where.QUERYSTRING: Style.FORM,
}  # fmt: skip
_STYLES = {
    Where.PATH: {Style.SIMPLE, Style.LABEL, Style.MATRIX},
    Where.QUERY: {Style.FORM, Style.SPACE, Style.PIPE, Style.DEEP},
    Where.HEADER: {Style.SIMPLE},
    Where.COOKIE: {Style.FORM, Style.COOKIE},
    Where.QUERYSTRING: {Style.FORM},
}

# OpenAPI: header parameters of these names "shall be ignored".
_SPOKEN_FOR = {"accept": "the media types of the responses", "content-type": "the media type of the request body",
               "authorization": "the upstream credential"}  # fmt: skip


def parameters(reading: Reading, path_item: At, operation: At) -> tuple[list[RawParam], list[At]]:
    """The operation's parameters outside the body, those of its path overridden by (name, in); and 2.0's body ones."""
    chosen: dict[tuple[str, str], At] = {}
    for owner in (path_item, operation):
        for at in items(owner, "parameters"):
            target = _resolved(reading, at)
            if target is not None:
                chosen[str(target.value.get("name")), str(target.value.get("in"))] = target
    body = [at for at in chosen.values() if at.value["in"] in {"body", "formData"}]
    if reading.dialect is not Dialect.SWAGGER_2_0:
        body = []
    others = [at for at in chosen.values() if at not in body]
    read = [_read(reading, at) for at in others if not _ignored(reading, at)]
    return [param for param in read if param is not None], body


def _resolved(reading: Reading, at: At) -> At | None:
    try:
        target = reading.refs.follow(at)
    except Dangling as error:
        reading.notes.warn("dangling-reference", at, f"the parameter {error}", lost="this parameter")
        return None
    value = target.value
    if isinstance(value, dict) and isinstance(value.get("name"), str) and isinstance(value.get("in"), str):
        return target
    reading.notes.warn(
        "invalid-parameter", target, "a parameter needs 'name' and 'in'", lost="this parameter",
        advice="give it a name and a place: path, query, header or cookie",
    )  # fmt: skip
    return None


def _ignored(reading: Reading, at: At) -> bool:
    if at.value["in"] != "header":
        return False
    name = at.value["name"].lower()
    if name in _SPOKEN_FOR:
        reading.notes.info(
            "header-parameter-ignored", at, f"the header {at.value['name']} is made from {_SPOKEN_FOR[name]}",
            lost="this parameter as an argument",
        )  # fmt: skip
    elif not argument_may_set(name):
        reading.notes.warn(
            "header-parameter-refused", at, f"an argument must not set the header {at.value['name']}",
            lost="this parameter",
        )  # fmt: skip
    return not argument_may_set(name)


def _read(reading: Reading, at: At) -> RawParam | None:
    try:
        where = Where(at.value["in"])
    except ValueError:
        reading.notes.warn(
            "invalid-parameter", at, f"parameters cannot be in {at.value['in']!r}", lost="this parameter",
            advice="path, query, header or cookie",
        )  # fmt: skip
        return None
    if reading.dialect is Dialect.SWAGGER_2_0:
        return parameter2(reading.notes, at, where)
    return _read3(reading, at, where)


def _read3(reading: Reading, at: At, where: Where) -> RawParam:
    value = at.value
    style = _style(reading, at, where)
    explode = value.get("explode")
    media_type, schema = _content(reading, at)
    return RawParam(
        at=at,
        name=value["name"],
        where=where,
        required=value.get("required") is True or where is Where.PATH,
        style=style,
        # OpenAPI: "When style is form, the default value is true. For all other styles, the default value is false."
        explode=explode if isinstance(explode, bool) else style in {Style.FORM, Style.COOKIE},
        schema=schema,
        description=text_of(value, "description"),
        allow_reserved=value.get("allowReserved") is True,
        allow_empty=value.get("allowEmptyValue") is True,
        media_type=media_type,
    )


def _style(reading: Reading, at: At, where: Where) -> Style:
    raw = at.value.get("style")
    if raw is None:
        return _DEFAULT_STYLE[where]
    try:
        style = Style(raw)
    except ValueError:
        style = None
    if style in _STYLES[where]:
        return style
    default = _DEFAULT_STYLE[where]
    reading.notes.warn(
        "style-not-allowed", at, f"style {raw!r} is not allowed in {where.value}; {default.value} is used",
        advice=f"one of {', '.join(sorted(known.value for known in _STYLES[where]))}",
    )  # fmt: skip
    return default


def _content(reading: Reading, at: At) -> tuple[str | None, At | None]:
    """The media type and schema of a parameter described by `content`, else None and its `schema`."""
    content = members(at, "content")
    if content is not None and content.value:
        media_type = next(iter(content.value))
        media = _followed(reading, content.child(media_type))
        return media_type, media.child("schema") if media is not None and "schema" in media.value else None
    if "schema" in at.value:
        return None, at.child("schema")
    reading.notes.warn(
        "parameter-without-schema", at, f"the parameter {at.value['name']!r} has no schema; any value is accepted"
    )
    return None, None


def _followed(reading: Reading, at: At) -> At | None:
    try:
        target = reading.refs.follow(at)
    except Dangling:
        return None
    return target if isinstance(target.value, dict) else None
