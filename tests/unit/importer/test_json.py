import pytest

from bridge.importer.budget import BudgetExceeded
from tests.unit.importer.reading import read, refusal


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ('{"a": 1,\n "b": }', "api.json:2:7: not JSON"),
        ('{"ä": "ö",\n "b": tru}', "api.json:2:7: not JSON"),
        ('{"a": 1,}', "api.json:1:8: not JSON"),
        ('{"openapi": "3.1.0"', "api.json:1:20: not JSON"),
        ('{"a": 1}\n]', "api.json:2:1: not JSON"),
        ("[1e400]", "api.json:1:2: not JSON"),
    ],
)
def test_broken_json_is_refused_at_its_line_and_column(text: str, error: str) -> None:
    assert refusal(text).startswith(error)


def test_a_byte_order_mark_is_no_part_of_the_document() -> None:
    assert read(b'\xef\xbb\xbf{"a": 1}').root == {"a": 1}


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_wide_encodings_are_refused_by_name(encoding: str) -> None:
    assert f"is encoded in {encoding[:6].upper()}: save it as UTF-8" in refusal('{"a": 1}'.encode(encoding))


def test_a_byte_that_is_not_utf8_is_refused_at_its_place() -> None:
    assert refusal(b'{"a":\n "\xc3\xa4\xff"}') == "api.json:2:4: the byte 0xFF is not UTF-8: save the document as UTF-8"


@pytest.mark.parametrize("text", ["", " \n\t", b"\xef\xbb\xbf"])
def test_nothing_at_all_is_an_empty_document(text: str | bytes) -> None:
    assert refusal(text) == "api.json: empty document"


@pytest.mark.parametrize("text", ["<!DOCTYPE html>\n<p>Sign in", "\n<html lang=en>"])
def test_a_login_page_is_called_html(text: str) -> None:
    assert "this is an HTML page, not OpenAPI" in refusal(text, media_type="application/json")


def test_xml_and_single_values_are_no_documents() -> None:
    assert "this is XML" in refusal("<?xml version='1.0'?><api/>")
    assert "a single value, not an object" in refusal('"openapi"')


def test_a_repeated_key_is_found_with_its_pointer_and_line_and_the_later_value_counts() -> None:
    document = read('{"paths": {\n "/a~b": [{"get": 1,\n  "get" : {"x": 2}}]}}')
    assert document.root == {"paths": {"/a~b": [{"get": {"x": 2}}]}}
    (finding,) = document.findings
    assert (finding.id, finding.severity, finding.source) == ("duplicate-key", "warning", "api.json")
    assert (finding.where, finding.line) == ("/paths/~1a~0b/0/get", 3)
    assert "line 2" in finding.message


def test_a_key_repeated_in_another_spelling_is_found() -> None:
    assert [finding.where for finding in read('{"ab": 1, "a\\u0062": 2}').findings] == ["/ab"]


@pytest.mark.parametrize(
    "text",
    [
        '{"a": "\\": x", "b": ": y", "c": "\\\\", "d\\"": 1, "e\\\\": 2}',
        '[{"a": 1}, {"a": 1}, [], {}, {"b": {"a": 1}}]',
        '{"a" : {"a"\n:{"a":1}}}',
    ],
)
def test_what_only_looks_repeated_is_no_finding(text: str) -> None:
    assert read(text).findings == ()


def test_thousands_of_repeated_keys_do_not_make_thousands_of_findings() -> None:
    assert len(read("{" + ",".join(['"a": 1'] * 5000) + "}").findings) == 100


@pytest.mark.parametrize(
    ("text", "column"),
    [("[" * 200_000, 129), ("[" * 200_000 + "]" * 200_000, 129), ('{"a":' * 200_000, 637)],
)
def test_endless_nesting_is_refused_where_it_goes_too_deep(text: str, column: int) -> None:
    assert refusal(text).startswith(f"api.json:1:{column}: objects and arrays are nested deeper than 128")


def test_as_deep_as_the_budget_is_read() -> None:
    assert read("[" * 128 + "]" * 128).root
    assert "'depth'" in refusal("[" * 129 + "]" * 129)
    assert "api.json:1:4: " in refusal("[[[[]]]]", depth=3)


def test_more_values_than_the_budget_are_refused() -> None:
    assert read('["a,b,c,d,e,f,g", {}]', nodes=3).root == ["a,b,c,d,e,f,g", {}]
    with pytest.raises(BudgetExceeded, match="more values than 1,000 ") as exceeded:
        read("[" + "[]," * 1000 + "[]]", nodes=1000)
    assert exceeded.value.budget == "nodes"


def test_an_unfinished_string_of_escapes_is_refused_in_linear_time() -> None:
    assert refusal('["' + '\\"' * 2_000_000 + "," * 2_000_000, nodes=1000)


def test_more_bytes_than_the_budget_are_refused() -> None:
    assert "larger in bytes than 10 " in refusal('{"aaaaaaa": 1}', bytes=10)


def test_the_facts_about_a_document_are_counted() -> None:
    document = read('{"a": {"$ref": "#/b"}, "b": {"$id": "x"}, "properties": {"$ref": {"type": "string"}}}')
    assert (document.references, document.has_anchors, document.nodes) == (1, True, 8)
    assert not read('{"properties": {"$id": {}, "$anchor": {}}}').has_anchors


def test_the_digest_is_of_the_bytes() -> None:
    assert read(b'\xef\xbb\xbf{"a": 1}').digest != read('{"a": 1}').digest
    assert read("[]").digest == "4f53cda18c2baa0c0354bb5f9a3ecbe5ed12ab4d8e11ba873c2f11161202b945"
