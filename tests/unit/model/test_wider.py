import pytest

from bridge.model import Json
from bridge.model.wider import accepts

STRING: Json = {"type": "string"}
NODE: Json = {"type": "object", "properties": {"next": {"$ref": "#/$defs/Node"}, "value": {"type": "integer"}}}
CLOSED: Json = {"type": "object", "additionalProperties": False}

WIDER = [
    pytest.param(STRING, {"type": ["string", "null"]}, id="another type"),
    pytest.param({"type": "integer"}, {"type": "number"}, id="integer to number"),
    pytest.param({"enum": ["a"]}, STRING, id="enum to its type"),
    pytest.param({"type": "string", "enum": ["a"]}, {"type": "string", "enum": ["b", "a"]}, id="larger enum"),
    pytest.param({"const": 1}, {"enum": [1, 2]}, id="const to enum"),
    pytest.param({"type": "integer", "minimum": 5}, {"type": "integer", "minimum": 1}, id="lower minimum"),
    pytest.param({"minimum": 5}, {"exclusiveMinimum": 4}, id="minimum to what it exceeds"),
    pytest.param({"exclusiveMaximum": 5}, {"maximum": 5}, id="exclusive to inclusive"),
    pytest.param({"type": "string", "maxLength": 5}, {"type": "string", "maxLength": 9}, id="longer"),
    pytest.param({"type": "array", "minItems": 2}, {"type": "array", "minItems": 1}, id="fewer items"),
    pytest.param({"multipleOf": 4}, {"multipleOf": 2}, id="finer steps"),
    pytest.param({"uniqueItems": True}, {"uniqueItems": False}, id="repeated items"),
    pytest.param(STRING | {"pattern": "a"}, STRING, id="no pattern"),
    pytest.param(STRING | {"format": "date"}, STRING, id="no format"),
    pytest.param(STRING, {"type": ["string", "integer"], "minimum": 3}, id="a bound on what is new"),
    pytest.param({"required": ["a", "b"]}, {"required": ["b"]}, id="less required"),
    pytest.param(CLOSED, {"type": "object"}, id="opened"),
    pytest.param(CLOSED, CLOSED | {"properties": {"a": STRING}}, id="a property that was refused"),
    pytest.param(
        CLOSED | {"properties": {"a": STRING}}, {"type": "object", "additionalProperties": STRING}, id="free names"
    ),
    pytest.param({"items": {"maximum": 1}}, {"items": {"maximum": 2}}, id="wider items"),
    pytest.param({"properties": {"a": {"maximum": 1}}}, {"properties": {"a": {"maximum": 2}}}, id="wider property"),
    pytest.param(STRING, {"anyOf": [STRING, {"type": "null"}]}, id="one of the branches"),
    pytest.param({"anyOf": [STRING, {"type": "null"}]}, {"type": ["string", "null"]}, id="branches to types"),
    pytest.param({"allOf": [STRING, {"maxLength": 3}]}, {"allOf": [STRING]}, id="fewer to satisfy"),
    pytest.param({"not": STRING, "title": "A"}, {"not": STRING, "title": "B"}, id="the same"),
    pytest.param(STRING, {}, id="anything"),
    pytest.param(False, STRING, id="from nothing"),
]
NOT_WIDER = [
    pytest.param({"type": ["string", "null"]}, STRING, id="a type less"),
    pytest.param({"type": "number"}, {"type": "integer"}, id="number to integer"),
    pytest.param({}, STRING, id="from anything"),
    pytest.param(STRING, {"type": "string", "enum": ["a"]}, id="an enum"),
    pytest.param({"enum": [1]}, {"enum": [True, 2]}, id="1 is not true"),
    pytest.param({"minimum": 1}, {"minimum": 2}, id="higher minimum"),
    pytest.param({"minimum": 5}, {"exclusiveMinimum": 5}, id="inclusive to exclusive"),
    pytest.param({}, {"maximum": 5}, id="a maximum"),
    pytest.param({"maxLength": 9}, {"maxLength": 5}, id="shorter"),
    pytest.param({}, {"minLength": 1}, id="not empty"),
    pytest.param({"multipleOf": 2}, {"multipleOf": 4}, id="coarser steps"),
    pytest.param(STRING, STRING | {"pattern": "a"}, id="a pattern"),
    pytest.param(STRING | {"format": "date"}, STRING | {"format": "time"}, id="another format"),
    pytest.param({"required": ["a"]}, {"required": ["a", "b"]}, id="more required"),
    pytest.param({"type": "object"}, CLOSED, id="closed"),
    pytest.param({"type": "object"}, {"type": "object", "properties": {"a": STRING}}, id="a property that was free"),
    pytest.param(
        CLOSED | {"properties": {"a": STRING, "b": STRING}}, CLOSED | {"properties": {"a": STRING}}, id="one less"
    ),
    pytest.param({"items": {"maximum": 2}}, {"items": {"maximum": 1}}, id="narrower items"),
    pytest.param({"anyOf": [STRING, {"type": "null"}]}, {"anyOf": [STRING]}, id="a branch less"),
    pytest.param({"oneOf": [STRING]}, {"oneOf": [STRING, {"maxLength": 3}]}, id="branches that exclude each other"),
    pytest.param({"not": STRING}, {"not": {}}, id="another exclusion"),
    pytest.param({"$ref": "https://a.test/x"}, {"$ref": "https://a.test/x"} | STRING, id="a reference to elsewhere"),
]


@pytest.mark.parametrize(("old", "new"), WIDER)
def test_whatever_the_old_one_took_the_new_one_takes(old: Json, new: Json) -> None:
    assert accepts(old, new, {}, {})


@pytest.mark.parametrize(("old", "new"), NOT_WIDER)
def test_what_is_narrower_or_uncertain_is_not_wider(old: Json, new: Json) -> None:
    assert not accepts(old, new, {}, {})


@pytest.mark.parametrize(("limit", "wider"), [({}, True), ({"maximum": 5}, False)])
def test_recursive_definitions_are_compared_to_their_end(limit: Json, wider: bool) -> None:
    old, reference = {"$defs": {"Node": NODE}}, {"$ref": "#/$defs/Node"}
    new = {"$defs": {"Node": NODE | {"properties": NODE["properties"] | {"value": {"type": "integer"} | limit}}}}
    assert accepts(reference, reference, old, new) is wider


def test_a_definition_and_the_same_written_in_place_are_equal() -> None:
    root = {"$defs": {"a/b": STRING}}
    assert accepts({"$ref": "#/$defs/a~1b"}, STRING, root, {})
    assert accepts(STRING, {"$ref": "#/$defs/a~1b"}, {}, root)


def test_a_comparison_without_end_is_given_up() -> None:
    """The older schema takes anything, so each level of the newer one is compared with it anew."""
    root = {"$defs": {"Node": {"properties": {name: {"$ref": "#/$defs/Node"} for name in "abcdefgh"}}}}
    assert not accepts({}, {"$ref": "#/$defs/Node"}, {}, root)
