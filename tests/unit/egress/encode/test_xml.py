"""XML bodies by OpenAPI's XML Object, its own examples first."""

from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.model import BadArguments, BodyKind, Field, Json, Where, XmlShape
from tests.unit.egress.encode.kit import OBJECT, body, builder, built, header, param

DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>'


def written(value: Json, shape: XmlShape | None) -> str:
    wire = builder(body=body(BodyKind.XML, xml=shape))({"body": value})
    assert isinstance(wire.body, bytes)
    assert header(wire, b"content-type") == b"application/xml"
    return wire.body.decode().removeprefix(DECLARATION)


ID = XmlShape("id", attribute=True)
SAMPLE = XmlShape("name", prefix="sample", namespace="http://example.com/schema/sample")

# OpenAPI 3.1, section 4.8.26.2, XML Object Examples: attributes and namespaces, arrays unwrapped and wrapped.
EXAMPLES = [
    (XmlShape("animals"), "cat", "<animals>cat</animals>"),
    (
        XmlShape("Person", properties={"id": ID, "name": SAMPLE}),
        {"id": 123, "name": "example"},
        '<Person id="123"><sample:name xmlns:sample="http://example.com/schema/sample">example</sample:name></Person>',
    ),
    (
        XmlShape("r", properties={"animals": XmlShape("animals", item=XmlShape("animal"))}),
        {"animals": ["a", "b"]},
        "<r><animal>a</animal><animal>b</animal></r>",
    ),
    (
        XmlShape("r", properties={"animals": XmlShape("aliens", item=XmlShape("animal"), wrapped=True)}),
        {"animals": ["a", "b"]},
        "<r><aliens><animal>a</animal><animal>b</animal></aliens></r>",
    ),
    (
        XmlShape("r", properties={"animals": XmlShape("animals", wrapped=True)}),
        {"animals": ["a", "b"]},
        "<r><animals><animals>a</animals><animals>b</animals></animals></r>",
    ),
    (XmlShape("r", item=XmlShape("i")), ["a", None, ["b"]], "<r><i>a</i><i><i>b</i></i></r>"),
    (
        XmlShape("r", properties={"t": XmlShape("t", text=True), "a": XmlShape("a", attribute=True)}),
        {"t": "text", "a": True},
        '<r a="true">text</r>',
    ),
    (XmlShape("r", namespace="urn:x"), {"a": 1, "none": None}, '<r xmlns="urn:x"><a>1</a></r>'),
    (XmlShape("r"), {}, "<r/>"),
    (XmlShape("r"), {"deep": {"er": [1, 2]}}, "<r><deep><er>1</er><er>2</er></deep></r>"),
    (XmlShape("r"), "<&>\"'\r", "<r>&lt;&amp;&gt;\"'&#13;</r>"),
    (XmlShape("r", properties={"id": ID}), {"id": '<"\n'}, '<r id="&lt;&quot;&#10;"/>'),
    (
        XmlShape("r", properties={"id": XmlShape("id", prefix="p", namespace="urn:p", attribute=True)}),
        {"id": 1},
        '<r xmlns:p="urn:p" p:id="1"/>',
    ),
    (None, "<ready/>", "<ready/>"),
    (None, {"a": 1}, "<root><a>1</a></root>"),
]


@pytest.mark.parametrize(("shape", "value", "expected"), EXAMPLES)
def test_a_value_becomes_elements_by_its_shape(shape: XmlShape | None, value: Json, expected: str) -> None:
    assert written(value, shape) == expected


def test_fields_become_children_of_the_root() -> None:
    wire = built(body=body(BodyKind.XML, Field("a", "a"), xml=XmlShape("r"), required=True), a=1)
    assert wire.body == f"{DECLARATION}<r><a>1</a></r>".encode()


@pytest.mark.parametrize(
    "value",
    ["\0", "\x0b", "\ufffe", {"a b": 1}, {"<x": 1}, {"": 1}, {"id": {"a": 1}}, {"id": [1]}, object(), "\ud800"],
)
def test_what_xml_cannot_carry_is_refused(value: Json) -> None:
    with pytest.raises(BadArguments, match=r"^body: "):
        written(value, XmlShape("r", properties={"id": ID}))


def test_a_bottomless_value_is_refused() -> None:
    for wrap in (lambda inner: {"a": inner}, lambda inner: [inner]):
        value: Json = "x"
        for _ in range(500):
            value = wrap(value)
        with pytest.raises(BadArguments, match="nested more than 64 levels deep"):
            written(value, XmlShape("r"))


def test_a_parameter_in_xml_has_no_declaration() -> None:
    x = param("x", Where.QUERY, OBJECT, media_type="application/xml", xml=XmlShape("r"))
    assert built(x, x={"a": 1}).target == "/things?x=%3Cr%3E%3Ca%3E1%3C%2Fa%3E%3C%2Fr%3E"


LEGAL = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff"))


@given(text=LEGAL)
def test_any_legal_text_reads_back(text: str) -> None:
    shape = XmlShape("r", properties={"id": ID})
    root = ET.fromstring(written({"id": text, "child": text}, shape))
    assert (root.get("id"), root.findtext("child")) == (text, text)
