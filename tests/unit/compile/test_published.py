"""Each API's own document, as the gateway hands it to people: it leads to the gateway and to nothing else."""

import orjson
import pytest

from bridge.model import Json
from tests.kit.documents import paths
from tests.unit.compile.kit import compiled

SECRET = [{"url": "https://internal.example.com/v1"}]


def published(document: Json, path: str = "/openapi.json", **root: Json) -> Json:
    media_type, content = compiled({"api": document}, **root).published["", path]
    assert media_type == "application/json"
    return orjson.loads(content)


@pytest.mark.parametrize(
    ("prefix", "public", "url"),
    [("/", "", "/"), ("/shop", "", "/shop"), ("/", "https://gw.example.com", "https://gw.example.com"),
     ("/shop", "https://gw.example.com/below", "https://gw.example.com/below/shop")],
)  # fmt: skip
def test_the_only_server_is_the_gateway(prefix: str, public: str, url: str) -> None:
    more = {"public_url": public} if public else {}
    path = "/openapi.json" if prefix == "/" else f"{prefix}/openapi.json"
    made = published(paths({"GET /a": {}}, servers=SECRET), path, apis={"api": {"prefix": prefix}}, **more)
    assert made["servers"] == [{"url": url}]


def test_no_level_of_the_document_leads_around_the_gateway() -> None:
    document = paths({"GET /a": {"servers": SECRET, "operationId": "a"}}, openapi="3.2.0", servers=SECRET)
    item = document["paths"]["/a"] | {"servers": SECRET}
    item["additionalOperations"] = {"COPY": {"servers": SECRET, "responses": {}}}
    document |= {"paths": {"/a": item, "x-note": "kept"}, "components": {"pathItems": {"Shared": item}}}
    made = published(document)
    assert b"internal.example.com" not in orjson.dumps(made)
    for place in (made["paths"]["/a"], made["components"]["pathItems"]["Shared"]):
        assert place["get"] == {"responses": {"200": {"description": "OK"}}, "operationId": "a"}
        assert place["additionalOperations"] == {"COPY": {"responses": {}}}
    assert made["paths"]["x-note"] == "kept"


def test_all_else_stays_as_it_was_written() -> None:
    """A property that is called `servers` among it."""
    schema = {"type": "object", "properties": {"servers": {"type": "array", "items": {}}}, "example": {"servers": 1}}
    document = paths(
        {"GET /a": {"responses": {"200": {"description": "OK", "content": {"application/json": {"schema": schema}}}}}},
        components={"schemas": {"S": schema}}, tags=[{"name": "servers"}],
    )  # fmt: skip
    assert published(document) == document | {"servers": [{"url": "/"}]}


@pytest.mark.parametrize(
    ("public", "said"),
    [
        ("", {"basePath": "/shop"}),
        ("https://gw.example.com:8443",
         {"host": "gw.example.com:8443", "schemes": ["https"], "basePath": "/shop"}),
        ("http://gw.example.com/below", {"host": "gw.example.com", "schemes": ["http"], "basePath": "/below/shop"}),
    ],
)  # fmt: skip
def test_2_0_says_it_with_host_schemes_and_base_path(public: str, said: Json) -> None:
    document = paths(
        {"GET /a": {}}, openapi="2.0", host="internal.example.com", schemes=["http", "https"], basePath="/v1"
    )
    more = {"public_url": public} if public else {}
    made = published(document, "/shop/openapi.json", apis={"api": {"prefix": "/shop"}}, **more)
    assert {key: made[key] for key in ("host", "schemes", "basePath", "servers") if key in made} == said


def test_2_0_at_the_root_has_the_root_as_its_base_path() -> None:
    assert published(paths({"GET /a": {}}, openapi="2.0", host="h.example.com"))["basePath"] == "/"


def test_each_api_has_its_document_below_its_prefix() -> None:
    documents = {name: paths({"GET /a": {}}, servers=SECRET) for name in ("one", "two")}
    assert set(compiled(documents).published) == {("", "/one/openapi.json"), ("", "/two/openapi.json")}


def test_apis_with_hosts_of_their_own_have_their_documents_there() -> None:
    documents = {name: paths({"GET /a": {"operationId": name}}, servers=SECRET) for name in ("one", "two")}
    apis = {name: {"host": f"{name}.example.com"} for name in documents}
    made = compiled(documents, apis=apis, public_url="https://gw.example.com").published
    assert len(made) == 2
    for name in documents:
        document = orjson.loads(made[f"{name}.example.com", "/openapi.json"][1])
        assert document["paths"]["/a"]["get"]["operationId"] == name
        assert document["servers"] == [{"url": "/"}], "the public address is another host"


def test_callbacks_and_links_do_not_lead_around_the_gateway_either() -> None:
    called = {"post": {"servers": SECRET, "responses": {}}, "servers": SECRET}
    linked = {"200": {"description": "OK", "links": {"next": {"operationId": "a", "server": SECRET[0]}}}}
    operation = {"operationId": "a", "callbacks": {"done": {"{$request.body#/url}": called}}, "responses": linked}
    callback = {"c": {"/x": called | {"get": operation}}}
    components = {"callbacks": callback, "responses": linked, "links": {"l": {"server": SECRET[0]}}}
    made = published(paths({"GET /a": operation}, webhooks={"w": called}, components=components))
    assert b"internal.example.com" not in orjson.dumps(made)
    assert made["paths"]["/a"]["get"]["callbacks"] == {"done": {"{$request.body#/url}": {"post": {"responses": {}}}}}
    assert made["paths"]["/a"]["get"]["responses"]["200"]["links"] == {"next": {"operationId": "a"}}
