"""Values as XML, by OpenAPI's XML Object.

Writing is done here and not by a tree library: a tree would choose its own prefixes for namespaces.
"""

import re
from collections.abc import Iterator, Mapping

from bridge.egress.encode.text import Unfit, kind, scalar
from bridge.model import Json, XmlShape

_NAME = re.compile(r"[^\W\d][\w.-]*").fullmatch
# XML 1.0 section 2.2, Char: everything outside these ranges cannot be written, not even as a reference.
_ILLEGAL = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]").search
_ESCAPES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\r": "&#13;", "\n": "&#10;", "\t": "&#9;"}
_DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>'
_DEPTH = 64


def write_xml(value: Json, shape: XmlShape, *, declaration: bool = True) -> str:
    """A whole document with `value` as its root element."""
    text = _element(shape, "".join(_items(value, shape, 1))) if type(value) is list else _written(value, shape, 0)
    return _DECLARATION + text if declaration else text


def _written(value: Json, shape: XmlShape, depth: int) -> str:
    if depth > _DEPTH:
        raise Unfit(f"is nested more than {_DEPTH} levels deep")
    if type(value) is dict:
        return _object(value, shape, depth)
    return _element(shape, "" if value is None else _escaped(scalar(value), _TEXT))


def _object(value: Mapping[str, Json], shape: XmlShape, depth: int) -> str:
    attributes, content = [], []
    for name, member in value.items():
        if member is None:
            continue
        inner = shape.properties.get(name) or XmlShape(name)
        if inner.attribute:
            attributes.append(_attribute(inner, member))
        elif inner.text:
            content.append(_escaped(scalar(member), _TEXT))
        elif type(member) is list:
            content += _array(member, inner, depth)
        else:
            content.append(_written(member, inner, depth + 1))
    return _element(shape, "".join(content), "".join(attributes))


def _array(value: list[Json], shape: XmlShape, depth: int) -> list[str]:
    """OpenAPI 3.1 section 4.8.26: `wrapped` “signifies whether the array is wrapped (for example,
    <books><book/><book/></books>) or unwrapped (<book/><book/>)”."""
    items = list(_items(value, shape, depth + 1))
    return [_element(shape, "".join(items))] if shape.wrapped else items


def _items(value: list[Json], shape: XmlShape, depth: int) -> Iterator[str]:
    each = shape.item or XmlShape(shape.name, shape.prefix, shape.namespace)
    for member in value:
        if type(member) is list:
            yield _element(each, "".join(_items(member, each, _deeper(depth))))
        elif member is not None:
            yield _written(member, each, depth)


def _deeper(depth: int) -> int:
    if depth >= _DEPTH:
        raise Unfit(f"is nested more than {_DEPTH} levels deep")
    return depth + 1


def _element(shape: XmlShape, content: str, attributes: str = "") -> str:
    tag = _tag(shape)
    head = f"{tag}{_namespace(shape)}{attributes}"
    return f"<{head}>{content}</{tag}>" if content else f"<{head}/>"


def _tag(shape: XmlShape) -> str:
    name = shape.name
    if _NAME(name) is None:
        raise Unfit(f"has a member {name!r}, which cannot name an XML element")
    return f"{shape.prefix}:{name}" if shape.prefix else name


def _namespace(shape: XmlShape) -> str:
    if not shape.namespace:
        return ""
    prefix = f":{shape.prefix}" if shape.prefix else ""
    return f' xmlns{prefix}="{_escaped(shape.namespace, _ATTRIBUTE)}"'


def _attribute(shape: XmlShape, value: Json) -> str:
    if type(value) in (list, dict):
        raise Unfit(f"has a member {shape.name!r} that becomes an XML attribute and must not be {kind(value)}")
    # An attribute without a prefix is in no namespace (Namespaces in XML, section 6.2).
    namespace = _namespace(shape) if shape.prefix else ""
    return f'{namespace} {_tag(shape)}="{_escaped(scalar(value), _ATTRIBUTE)}"'


_TEXT = re.compile(r"[&<>\r]")
_ATTRIBUTE = re.compile(r'[&<>"\r\n\t]')


def _escaped(text: str, special: re.Pattern[str]) -> str:
    if _ILLEGAL(text):
        raise Unfit("holds a control character, which XML cannot carry")
    return special.sub(lambda match: _ESCAPES[match[0]], text)
