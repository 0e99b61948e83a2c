"""A person's request reads as the arguments that an agent would have given for it, or does not read at all."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import orjson
import pytest

from bridge.egress.encode import compile_builder
from bridge.model import BadArguments, Headers, Json, Operation, Style, Tool
from bridge.pipeline.inspect.arguments import Unreadable, compile_reading
from tests.kit.documents import imported, only_operation, paths, posting
from tests.kit.generate import arguments
from tests.kit.needs import CORPUS, needs_corpus

ROOT = Path(__file__).parents[3]
SAMPLES = (
    ROOT / "specs" / "orders.yaml", ROOT / "specs" / "parcels.yaml",
    *sorted(ROOT.glob("tests/golden/importer/*/document.yaml")),
)  # fmt: skip
REAL = ("box.json", "docker-engine.yaml", "prism-petstore2.yaml", "readme31-parameters-style.json", "xero-files.yaml")


def named(document: Path) -> str:
    return document.parent.name if document.name == "document.yaml" else document.stem


@pytest.mark.parametrize("document", SAMPLES, ids=named)
def test_what_a_builder_writes_is_read_back(document: Path) -> None:
    assert list(differing(document)) == []


@needs_corpus
@pytest.mark.parametrize("name", REAL)
def test_so_is_what_it_writes_for_documents_from_elsewhere(name: str) -> None:
    assert list(differing(CORPUS / name)) == []


def differing(document: Path) -> Iterator[str]:
    catalog = imported(document.read_bytes(), home=str(document.parent))
    for tool in catalog.tools.values():
        operation = catalog.operations["api", tool.operation]
        if any(_spaced(operation)):
            continue  # a space within an item looks like one between two
        yield from _read_back(operation, tool)


def _spaced(operation: Operation) -> Iterator[bool]:
    yield from (param.style in {Style.SPACE, Style.PIPE, Style.TABS} for param in operation.params)
    yield from (field.style is Style.SPACE for field in (operation.body.fields if operation.body else ()))


def _read_back(operation: Operation, tool: Tool) -> Iterator[str]:
    build, read = compile_builder(operation), compile_reading(operation)
    for turn in range(3):
        given = arguments(tool.input_schema, f"{tool.name}/{turn}", full=turn > 0)
        try:
            wire = build(given)
        except BadArguments:
            continue
        assert wire.body is None or isinstance(wire.body, bytes)
        path, _, query = wire.target.partition("?")
        try:
            found = dict(read(path, query, wire.headers, wire.body or b""))
        except Unreadable as error:
            yield f"{operation.key}: {error}"
            continue
        if found != given:
            yield f"{operation.key}: {orjson.dumps(given)!r} came back as {orjson.dumps(found)!r}"


# --- what could mean two things ---------------------------------------------------------------------------------------

AMOUNT: Json = {"type": "object", "required": ["amount"], "properties": {"amount": {"type": "integer"}}}
JSON: Headers = ((b"content-type", b"application/json"),)
FORM: Headers = ((b"content-type", b"application/x-www-form-urlencoded"),)


def by_query() -> Operation:
    parameter = {"name": "amount", "in": "query", "schema": {"type": "integer"}}
    return only_operation(imported(paths({"GET /pay": {"operationId": "pay", "parameters": [parameter]}})))


def by_body(media_type: str = "application/json") -> Operation:
    return only_operation(imported(posting(AMOUNT, media_type=media_type)))


@pytest.mark.parametrize(
    "query",
    [
        "amount=5&amount=500", "amount=5&Amount=500", "amount=5&amount[]=500", "amount=much", "amount=5&amount%00x=500",
        "amount=5&amount.=500",
    ],
)  # fmt: skip
def test_a_query_that_two_readers_could_read_differently_is_not_read(query: str) -> None:
    with pytest.raises(Unreadable):
        compile_reading(by_query())("/pay", query, (), b"")
    assert read(by_query(), query="amount=5&other=1") == {"amount": 5}


@pytest.mark.parametrize(
    ("style", "query"),
    [
        ("deepObject", "f[amount]=5&f[Amount]=500"),
        ("deepObject", "f[amount]=5&f[amount]x=500"),
        ("deepObject", "f[amount]=5&f[[amount]=500"),
        ("deepObject", "f[amount]=5&f.amount=500"),
        ("deepObject", "f[amount]=5&f=500"),
        ("form", "amount=5&Amount=500"),
        ("form", "amount=5&amount[]=500"),
    ],
)
def test_members_that_two_readers_could_read_differently_are_not_read(style: str, query: str) -> None:
    parameter = {"name": "f", "in": "query", "style": style, "explode": True, "schema": AMOUNT}
    operation = only_operation(imported(paths({"GET /pay": {"operationId": "pay", "parameters": [parameter]}})))
    with pytest.raises(Unreadable):
        read(operation, query=query)
    assert read(operation, query=query.partition("&")[0]) == {"f": {"amount": 5}}


def test_a_cookie_that_two_readers_could_read_differently_is_not_read() -> None:
    parameter = {"name": "amount", "in": "cookie", "schema": {"type": "integer"}}
    operation = only_operation(imported(paths({"GET /pay": {"operationId": "pay", "parameters": [parameter]}})))
    with pytest.raises(Unreadable):
        read(operation, headers=((b"cookie", b"amount=5; Amount=500"),))
    assert read(operation, headers=((b"cookie", b"amount=5; other=1"),)) == {"amount": 5}


@pytest.mark.parametrize("charset", ["utf-7", "ibm037", '"UTF-16"', "iso-8859-1; charset=utf-8", "utf-8;charset"])
def test_a_body_in_another_charset_is_not_read(charset: str) -> None:
    for kind, body in (("application/json", b'{"amount": 5}'), ("application/x-www-form-urlencoded", b"amount=5")):
        operation = by_body(kind)
        with pytest.raises(Unreadable):
            read(operation, headers=((b"content-type", f"{kind}; charset={charset}".encode()),), body=body)
        ours = ((b"content-type", f'{kind};Charset="UTF-8"'.encode()),)
        assert read(operation, headers=ours, body=body) == {"amount": 5}


@pytest.mark.parametrize(
    "body",
    [
        b'{"amount": 5, "amount": 500}',
        b'{"amount": 5, "Amount": 500}',
        b'{"Amount": 500}',
        b'{"amount": 5, "amount\\u0000": 500}',
        b'{"amount": "5"}',
        b'{"amount": 5',
        b"[5]",
        b'{"amount": NaN}',
    ],
)
def test_a_body_that_two_readers_could_read_differently_is_not_read(body: bytes) -> None:
    with pytest.raises(Unreadable):
        compile_reading(by_body())("/things", "", JSON, body)
    assert read(by_body(), headers=JSON, body=b'\xef\xbb\xbf{"amount": 5}') == {"amount": 5}


@pytest.mark.parametrize(
    "headers",
    [
        (),
        ((b"content-type", b"text/plain"),),
        (*JSON, (b"content-encoding", b"gzip")),
        (*JSON, (b"content-type", b"text/plain")),
    ],
)
def test_a_body_in_another_form_than_the_described_one_is_not_read(headers: Headers) -> None:
    with pytest.raises(Unreadable):
        compile_reading(by_body())("/things", "", headers, b'{"amount": 5}')


@pytest.mark.parametrize("body", [b"amount=5&amount=500", b"amount=5&Amount=500", b"amount=x"])
def test_a_form_that_two_readers_could_read_differently_is_not_read(body: bytes) -> None:
    operation = by_body("application/x-www-form-urlencoded")
    with pytest.raises(Unreadable):
        compile_reading(operation)("/things", "", FORM, body)
    assert read(operation, headers=FORM, body=b"amount=5") == {"amount": 5}


def test_a_body_that_nobody_has_described_is_not_read() -> None:
    with pytest.raises(Unreadable):
        compile_reading(by_query())("/pay", "amount=5", JSON, b'{"amount": 500}')


def read(operation: Operation, *, query: str = "", headers: Headers = (), body: bytes = b"") -> Mapping[str, Json]:
    return compile_reading(operation)(operation.path, query, headers, body)
