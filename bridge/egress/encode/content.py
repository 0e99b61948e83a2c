"""Parameters that `content` describes: the value in one media type, as text, before the place encodes it."""

from collections.abc import Callable

from bridge.egress.encode.text import ascii_json, item, json_text
from bridge.egress.encode.xml import write_xml
from bridge.model import Json, Param, Where, XmlShape
from bridge.model.media import is_json, is_xml


def content_text(param: Param) -> Callable[[Json], str]:
    media_type = param.media_type or ""
    if is_json(media_type):
        return ascii_json if param.where in (Where.HEADER, Where.COOKIE) else json_text
    if is_xml(media_type):
        shape = param.xml or XmlShape(param.name)
        return lambda value: write_xml(value, shape, declaration=False)
    return item
