"""2026-07-28: resources."""

import base64

import orjson
import pytest

from tests.conformance.fixture.upstream import PIXEL
from tests.conformance.wire import Wire

STATIC = {"test://static-text", "test://static-binary", "test://watched-resource", "test://example-resource"}
LISTS = {"resources/list": {}, "resources/templates/list": {}, "resources/read": {"uri": "test://static-text"}}


@pytest.mark.requirement("modern.resources.list")
async def test_what_needs_no_parameters_is_listed(client: Wire) -> None:
    listed = {one["uri"]: one for one in (await client.result("resources/list"))["resources"]}
    assert listed.keys() == STATIC
    assert listed["test://static-binary"]["mimeType"] == "image/png"
    assert all(one["name"] for one in listed.values())


@pytest.mark.requirement("modern.resources.templates")
async def test_a_template_is_listed_and_read_with_what_it_is_given(client: Wire) -> None:
    (template,) = (await client.result("resources/templates/list"))["resourceTemplates"]
    assert template["uriTemplate"] == "test://template/{id}/data"
    for given, written in (("123", "123"), ("a b/ü", "a%20b%2F%C3%BC")):
        (content,) = (await client.result("resources/read", {"uri": f"test://template/{written}/data"}))["contents"]
        assert content["uri"] == f"test://template/{written}/data"
        assert orjson.loads(content["text"])["id"] == given


@pytest.mark.requirement("modern.resources.text")
async def test_text_is_text(client: Wire) -> None:
    (content,) = (await client.result("resources/read", {"uri": "test://static-text"}))["contents"]
    assert content["mimeType"].startswith("text/plain")
    assert content["text"] == "This is the content of the static text resource."
    assert "blob" not in content


@pytest.mark.requirement("modern.resources.binary")
async def test_bytes_are_base64(client: Wire) -> None:
    (content,) = (await client.result("resources/read", {"uri": "test://static-binary"}))["contents"]
    assert content["mimeType"] == "image/png"
    assert base64.b64decode(content["blob"]) == PIXEL
    assert "text" not in content


@pytest.mark.requirement("modern.resources.not-found", "modern.resources.never-empty")
@pytest.mark.parametrize("uri", ["test://no-such", "test://template/1/other", "file:///etc/passwd", "x", ""])
async def test_what_is_not_there_is_an_error_that_says_what(client: Wire, uri: str) -> None:
    status, code, data = await client.error("resources/read", {"uri": uri})
    assert (status, code, data["uri"]) == (400, -32602, uri)


@pytest.mark.requirement("modern.resources.internal", "modern.resources.never-empty")
async def test_what_cannot_be_read_is_an_internal_error(client: Wire) -> None:
    _, code, _ = await client.error("resources/read", {"uri": "test://template/broken/data"})
    assert code == -32603


@pytest.mark.requirement("modern.resources.annotations")
async def test_whom_a_resource_is_for_is_told(client: Wire) -> None:
    listed = {one["uri"]: one for one in (await client.result("resources/list"))["resources"]}
    assert listed["test://watched-resource"]["annotations"] == {"audience": ["assistant"], "priority": 0.5}
    assert "annotations" not in listed["test://static-text"]


@pytest.mark.requirement("modern.cache.resources")
@pytest.mark.parametrize("method", LISTS)
async def test_what_may_be_kept_says_for_how_long_and_by_whom(client: Wire, method: str) -> None:
    result = await client.result(method, LISTS[method])
    assert isinstance(result["ttlMs"], int)
    assert result["ttlMs"] >= 0
    assert result["cacheScope"] == "private"


@pytest.mark.requirement("modern.headers.resource-uri")
async def test_the_name_header_says_what_is_read(client: Wire) -> None:
    params = {"uri": "test://static-text"}
    assert (await client.error("resources/read", params, mcp_name="test://static-binary"))[:2] == (400, -32020)
    assert (await client.ask("resources/read", params, mcp_name="=?base64?dGVzdDovL3N0YXRpYy10ZXh0?=")).is_success
