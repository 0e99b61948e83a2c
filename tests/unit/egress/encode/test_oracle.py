"""What is built, read back by openapi-core against a document that says how it is to be read."""

from functools import cache
from http.cookies import SimpleCookie
from urllib.parse import parse_qsl, unquote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openapi_core import Config, OpenAPI
from openapi_core.testing import MockRequest

from bridge.model import BodyKind, Json, Spread, Style, Where, Wire
from tests.unit.egress.encode.kit import STRING, STRINGS, body, builder, header, param

WORDS = st.text(st.sampled_from("abcXYZ059äß /?#&+%~!"), min_size=1).filter(str.strip)
MEMBERS = {"type": "object", "properties": {"R": STRING, "G": STRING}}
VALUES = {
    "string": (STRING, WORDS),
    "array": (STRINGS, st.lists(WORDS, min_size=1)),
    "object": (MEMBERS, st.fixed_dictionaries({"R": WORDS, "G": WORDS})),
}
CASES = [
    (Where.PATH, Style.SIMPLE, False, "string"),
    (Where.PATH, Style.SIMPLE, False, "array"),
    (Where.PATH, Style.SIMPLE, False, "object"),
    (Where.PATH, Style.SIMPLE, True, "object"),
    (Where.QUERY, Style.FORM, True, "string"),
    (Where.QUERY, Style.FORM, True, "array"),
    (Where.QUERY, Style.FORM, False, "array"),
    (Where.QUERY, Style.FORM, False, "object"),
    (Where.QUERY, Style.PIPE, False, "array"),
    (Where.QUERY, Style.PIPE, False, "object"),
    (Where.QUERY, Style.DEEP, True, "object"),
]


@cache
def document(where: Where, style: Style, explode: bool, shape: str) -> OpenAPI:
    described = {
        "name": "x", "in": where.value, "required": True, "style": style.value, "explode": explode,
        "schema": VALUES[shape][0],
    }  # fmt: skip
    operation = {"parameters": [described], "responses": {"200": {"description": "ok"}}}
    path = "/things/{x}" if where is Where.PATH else "/things"
    return loaded({path: {"post": operation}})


def loaded(paths: Json) -> OpenAPI:
    described = {"openapi": "3.1.0", "info": {"title": "t", "version": "1"}, "paths": paths}
    return OpenAPI.from_dict(described, config=Config(spec_validator_cls=None))


def request(wire: Wire) -> MockRequest:
    path, _, query = wire.target.partition("?")
    cookies = SimpleCookie((header(wire, b"cookie") or b"").decode())
    content = wire.body if isinstance(wire.body, bytes) else b""
    return MockRequest(
        "http://localhost",
        wire.method,
        path,
        args=parse_qsl(query, keep_blank_values=True),  # type: ignore[arg-type]
        view_args={"x": unquote(path.rpartition("/")[2])},
        headers={name.decode(): value.decode() for name, value in wire.headers},
        cookies={name: morsel.value for name, morsel in cookies.items()},
        data=content,
        content_type=(header(wire, b"content-type") or b"application/json").decode(),
    )


@pytest.mark.parametrize(("where", "style", "explode", "shape"), CASES)
def test_a_parameter_reads_back(where: Where, style: Style, explode: bool, shape: str) -> None:
    x = param("x", where, VALUES[shape][0], style, explode=explode)
    build = builder(x, path="/things/{x}" if where is Where.PATH else "/things")

    @settings(max_examples=20)
    @given(value=VALUES[shape][1])
    def reads_back(value: Json) -> None:
        read = document(where, style, explode, shape).unmarshal_request(request(build({"x": value})))
        assert read.errors == []
        assert getattr(read.parameters, where.value) == {"x": value}

    reads_back()


@pytest.mark.parametrize(
    ("kind", "media_type"),
    [
        (BodyKind.JSON, "application/json"),
        (BodyKind.FORM, "application/x-www-form-urlencoded"),
        (BodyKind.MULTIPART, "multipart/form-data"),
    ],
)
def test_a_body_reads_back(kind: BodyKind, media_type: str) -> None:
    # openapi-core leaves the parts of a multipart body text, whatever their schema says.
    others = {} if kind is BodyKind.MULTIPART else {"n": {"type": "integer"}, "b": {"type": "boolean"}}
    schema = {
        "type": "object",
        "properties": {"s": STRING, "many": STRINGS, **others},
    }
    content = {"content": {media_type: {"schema": schema}}}
    operation = {"requestBody": content, "responses": {"200": {"description": "ok"}}}
    described = loaded({"/things": {"post": operation}})
    build = builder(body=body(kind, spread=Spread.REST, required=True))
    kinds = {"n": st.integers(-(2**53), 2**53), "b": st.booleans()}
    members = {"s": WORDS, "many": st.lists(WORDS, min_size=2), **{name: kinds[name] for name in others}}

    @settings(max_examples=20)
    @given(value=st.fixed_dictionaries(members))
    def reads_back(value: Json) -> None:
        read = described.unmarshal_request(request(build(value)))
        assert read.errors == []
        assert read.body == value

    reads_back()


def test_headers_and_cookies_read_back() -> None:
    schemas = {"X-A": (Where.HEADER, STRINGS), "X-O": (Where.HEADER, MEMBERS), "c": (Where.COOKIE, STRING)}
    described = [
        {"name": name, "in": where.value, "required": True, "schema": schema}
        for name, (where, schema) in schemas.items()
    ]
    operation = {"parameters": described, "responses": {"200": {"description": "ok"}}}
    arguments = {"X-A": ["a", "b c"], "X-O": {"R": "1", "G": "2"}, "c": "plain"}
    wire = builder(*[param(name, where, schema) for name, (where, schema) in schemas.items()])(arguments)
    read = loaded({"/things": {"post": operation}}).unmarshal_request(request(wire))
    assert read.errors == []
    assert {**read.parameters.header, **read.parameters.cookie} == arguments
