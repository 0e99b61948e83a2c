"""OpenAPI's XML Object, resolved along a schema into the elements that a value becomes."""

from bridge.importer.reading import Reading, items, members, object_of, text_of
from bridge.importer.refs import At, Dangling
from bridge.model import XmlShape

DEPTHS = (12, 8, 5, 3, 2, 1)
"""Levels of a recursive schema that get names of their own; below, elements are named after their properties."""
MOST = 2_000
"""Elements in one shape. A schema that refers to itself often has more, and is followed less deep."""


class _TooMany(Exception):
    pass


def xml_shape(reading: Reading, at: At, name: str) -> XmlShape:
    """`name` is the element's where the schema gives none: the property's, or for a root the component's."""
    reference = text_of(at.value, "$ref")
    if reference and name == "body":
        name = reference.rpartition("/")[2]
    for deepest in DEPTHS:
        try:
            return _Shaping(reading, deepest).shape(at, name, 0)
        except _TooMany:
            continue
    return XmlShape(name)


class _Shaping:
    def __init__(self, reading: Reading, deepest: int) -> None:
        self._schemas = reading.schemas
        self._deepest = deepest
        self._left = MOST

    def shape(self, at: At, name: str, depth: int) -> XmlShape:
        self._left -= 1
        if self._left < 0:
            raise _TooMany
        try:
            target = self._schemas.target(at)
        except Dangling:
            return XmlShape(name)
        if not isinstance(target.value, dict):
            return XmlShape(name)
        xml = object_of(target.value, "xml") | object_of(at.value, "xml")
        name = text_of(xml, "name") or name
        node = text_of(xml, "nodeType")  # 3.2, replaces `attribute` and `wrapped`
        return XmlShape(
            name=name,
            prefix=text_of(xml, "prefix") or None,
            namespace=text_of(xml, "namespace") or None,
            attribute=xml.get("attribute") is True or node == "attribute",
            text=node in {"text", "cdata"},
            wrapped=xml.get("wrapped") is True or (node == "element" and target.value.get("type") == "array"),
            item=self._item(target, name, depth),
            properties=self._properties(target, depth),
        )

    def _item(self, at: At, name: str, depth: int) -> XmlShape | None:
        has_items = isinstance(at.value.get("items"), dict) and depth < self._deepest
        return self.shape(at.child("items"), name, depth + 1) if has_items else None

    def _properties(self, at: At, depth: int) -> dict[str, XmlShape]:
        found: dict[str, XmlShape] = {}
        if depth >= self._deepest:
            return found
        for part in items(at, "allOf"):
            found |= dict(self.shape(part, "", depth + 1).properties)
        properties = members(at, "properties")
        if properties is not None:
            found |= {name: self.shape(properties.child(name), name, depth + 1) for name in properties.value}
        return found
