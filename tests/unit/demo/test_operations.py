"""Every operation once as its document says and at least once wrongly; every answer is held against the document."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import jsonschema_rs
import pytest
import yaml
from fastapi.routing import APIRoute
from openapi_core import Config, OpenAPI
from openapi_core.testing import MockRequest, MockResponse
from openapi_spec_validator import validate
from starlette.testclient import TestClient

from bridge.demo import document, document_path
from bridge.demo.pictures import swatch

FORM = {"content-type": "application/x-www-form-urlencoded"}
MERGE_PATCH = {"content-type": "application/merge-patch+json"}
PNG = {"content-type": "image/png"}
BYTES = {"content-type": "application/octet-stream"}
TEXT = {"content-type": "text/plain; charset=utf-8"}
PRODUCT = {
    "sku": "LAMP-03",
    "name": "Reading lamp",
    "price": 39.9,
    "color": "black",
    "category_id": 4,
    "size": {"width": 12, "height": 45, "depth": 12},
}
ORDER = {
    "customer_id": 1,
    "lines": [{"product_id": 1, "quantity": 2}],
    "payment": {"method": "card", "brand": "visa", "last4": "4242"},
}
QUOTE = {"X-Parcel": "weight=2.5,length=40", "X-Destination": "country,FR,postcode,69001"}
ABOUT = ("metadata", (None, '{"title": "Plan"}', "application/json"))
PLAN = ("file", ("plan.pdf", b"%PDF-", "application/pdf"))


@dataclass(frozen=True, slots=True)
class Sent:
    """A request, the status it deserves, and for a refusal what `detail` has to contain."""

    operation: str
    method: str
    target: str
    status: int
    detail: str = ""
    extra: Mapping[str, Any] = field(default_factory=dict)


def good(operation: str, method: str, target: str, status: int = 200, **extra: Any) -> Sent:
    return Sent(operation, method, target, status, "", extra)


def bad(operation: str, method: str, target: str, status: int, detail: str, **extra: Any) -> Sent:
    return Sent(operation, method, target, status, detail, extra)


CALLS = [
    good("listCustomers", "GET", "/customers?ids=1&ids=3&tags=newsletter,wholesale&limit=5"),
    bad("listCustomers", "GET", "/customers?ids=1,3", 400, "'ids': '1,3' is not an integer"),
    bad("listCustomers", "GET", "/customers?tags[]=press", 400, "no query parameter 'tags[]'"),
    bad("listCustomers", "GET", "/customers?limit=101", 400, "'limit'"),
    bad("listCustomers", "GET", "/customers?cursor=zzz", 400, "'cursor'"),
    bad("listCustomers", "GET", "/customers?q=%FF", 400, "UTF-8"),
    good("createCustomer", "POST", "/customers", 201, json={"name": "Grace", "email": "g@example.com", "pin": "4711"}),
    bad("createCustomer", "POST", "/customers", 400, '"email" is a required', json={"name": "Grace"}),
    bad("createCustomer", "POST", "/customers", 400, "a body is needed"),
    bad(
        "createCustomer",
        "POST",
        "/customers",
        400,
        "not JSON",
        content="{",
        headers={"content-type": "application/json"},
    ),
    bad(
        "createCustomer", "POST", "/customers", 409, "another customer", json={"name": "A", "email": "ADA@example.com"}
    ),
    bad("createCustomer", "POST", "/customers", 415, "application/json", content="x", headers=TEXT),
    good("getCustomer", "GET", "/customers/1"),
    bad("getCustomer", "GET", "/customers/one", 400, "'customerId': 'one' is not an integer"),
    bad("getCustomer", "GET", "/customers/99", 404, "no customer 99"),
    bad("getCustomer", "GET", "/customers/99999999999999999999", 400, "'customerId'"),
    good("probeCustomer", "HEAD", "/customers/1"),
    bad("probeCustomer", "HEAD", "/customers/99", 404, ""),
    good("updateCustomer", "PATCH", "/customers/1", json={"phone": None, "tags": ["a"]}, headers=MERGE_PATCH),
    bad("updateCustomer", "PATCH", "/customers/1", 400, "at /tier", json={"tier": "tin"}, headers=MERGE_PATCH),
    bad("updateCustomer", "PATCH", "/customers/1", 415, "merge-patch", json={"tier": "gold"}),
    bad(
        "updateCustomer",
        "PATCH",
        "/customers/1",
        409,
        "e-mail",
        json={"email": "konrad@example.com"},
        headers=MERGE_PATCH,
    ),
    good("deleteCustomer", "DELETE", "/customers/5", 204),
    bad("deleteCustomer", "DELETE", "/customers/1", 409, "has orders"),
    good("listProducts", "GET", "/products?filter[category]=1&filter%5Bmax_price%5D=50&sort=-price,name&per_page=1"),
    bad("listProducts", "GET", "/products?filter[color]=red", 400, "'filter'"),
    bad("listProducts", "GET", "/products?filter[in_stock]=yes", 400, "key 'in_stock': 'yes' is not true or false"),
    bad("listProducts", "GET", "/products?sort=weight", 400, "'sort' at /0"),
    good(
        "searchProducts", "GET", "/products/search?colors=black%7Cwhite&labels=new%20sale&price=min,10,max,100&width=20"
    ),
    bad("searchProducts", "GET", "/products/search?price=min", 400, "in turn"),
    bad("searchProducts", "GET", "/products/search?where=name", 400, "'where': is not JSON"),
    bad("searchProducts", "GET", "/products/search?colors=black,white", 400, "'colors' at /0"),
    good("createProduct", "POST", "/products", 201, json=PRODUCT),
    bad("createProduct", "POST", "/products", 400, "no category 99", json={**PRODUCT, "category_id": 99}),
    bad("createProduct", "POST", "/products", 409, "DESK/01", json={**PRODUCT, "sku": "DESK/01"}),
    good("getProduct", "GET", "/products/1", headers={"X-Include": "category,stock, attachments"}),
    bad("getProduct", "GET", "/products/1", 400, "'X-Include' at /0", headers={"X-Include": "price"}),
    good("replaceProduct", "PUT", "/products/1", json=PRODUCT),
    bad("replaceProduct", "PUT", "/products/1", 412, "changed", json=PRODUCT, headers={"If-Match": '"old"'}),
    good("deleteProduct", "DELETE", "/products/11", 204),
    bad("deleteProduct", "DELETE", "/products/1", 409, "was ordered"),
    good("getProductImage", "GET", "/products/1/image"),
    bad("getProductImage", "GET", "/products/99/image", 404, "no product 99"),
    good("setProductImage", "PUT", "/products/1/image", 204, content=swatch(1, 2, 3), headers=PNG),
    bad("setProductImage", "PUT", "/products/1/image", 400, "not a PNG", content=b"GIF89a", headers=PNG),
    bad("setProductImage", "PUT", "/products/1/image", 413, "larger", content=bytes(4 * 1024**2 + 1), headers=PNG),
    good("attachFile", "POST", "/products/1/attachments", 201, files=[PLAN, ABOUT, ("labels", (None, "a"))]),
    bad("attachFile", "POST", "/products/1/attachments", 400, "'metadata' is missing", files=[PLAN]),
    bad("attachFile", "POST", "/products/1/attachments", 400, "no field 'extra'", files=[PLAN, ABOUT, ("extra", b"")]),
    bad("attachFile", "POST", "/products/1/attachments", 400, "filename", files=[("file", (None, "x")), ABOUT]),
    bad(
        "attachFile",
        "POST",
        "/products/1/attachments",
        400,
        "application/json",
        files=[PLAN, ("metadata", (None, "{}"))],
    ),
    good("downloadAttachment", "GET", "/attachments/1/content"),
    bad("downloadAttachment", "GET", "/attachments/99/content", 404, "no attachment 99"),
    good("replaceAttachment", "PUT", "/attachments/1/content", 204, content=b"\x00\xff", headers=BYTES),
    bad("replaceAttachment", "PUT", "/attachments/1/content", 400, "empty", headers=BYTES),
    good("getCategoryTree", "GET", "/categories"),
    bad("getCategoryTree", "GET", "/categories?depth=1", 400, "no query parameter 'depth'"),
    good("createCategory", "POST", "/categories?parent=1", 201, json={"name": "A", "children": [{"name": "B"}]}),
    bad("createCategory", "POST", "/categories", 400, "/children/0", json={"name": "A", "children": [{}]}),
    good("compareProducts", "GET", "/comparisons/1,2/currency=USD,tier=gold"),
    bad("compareProducts", "GET", "/comparisons/1,2/currency,USD,tier,gold", 400, "key=value"),
    bad("compareProducts", "GET", "/comparisons/1/currency=USD,tier=gold", 400, "'productIds'"),
    good("getWarehouseStock", "GET", "/warehouses/.BER.LYO/stock"),
    bad("getWarehouseStock", "GET", "/warehouses/BER,LYO/stock", 400, "style label"),
    bad("getWarehouseStock", "GET", "/warehouses/.XXX/stock", 404, "no warehouse XXX"),
    good("findInWarehouse", "GET", "/warehouses/.BER/products/;skus=LAMP-01,DESK%2F02"),
    bad("findInWarehouse", "GET", "/warehouses/.BER/products/LAMP-01", 400, "style matrix"),
    good("countShelf", "PUT", "/warehouses/;code=BER/shelves/;aisle=3;bay=7", json={"product_id": 1, "quantity": 5}),
    bad("countShelf", "PUT", "/warehouses/;code=BER/shelves/;aisle=3;bay=no", 400, "key 'bay'", json={}),
    bad("countShelf", "PUT", "/warehouses/;code=BER/shelves/;aisle=3", 400, "bay", json={}),
    good("quoteShipping", "GET", "/shipping/quotes", headers={**QUOTE, "X-Carriers": "post,courier"}),
    bad("quoteShipping", "GET", "/shipping/quotes", 400, "'X-Parcel': is missing"),
    bad("quoteShipping", "GET", "/shipping/quotes", 400, "'X-Parcel'", headers={**QUOTE, "X-Parcel": "weight,2"}),
    good("priceBasket", "GET", "/basket", headers={"Cookie": "basket=1,1,4; currency=USD"}),
    bad("priceBasket", "GET", "/basket", 400, "cookie parameter 'basket': is missing"),
    bad("priceBasket", "GET", "/basket", 400, "'currency'", headers={"Cookie": "basket=1; currency=XYZ"}),
    good("listOrders", "GET", "/orders?status=paid&status=open&placed[from]=2025-03-01&customer=4"),
    bad("listOrders", "GET", "/orders?placed[from]=yesterday", 400, "'placed' at /from"),
    good("placeOrder", "POST", "/orders", 201, json=ORDER),
    bad("placeOrder", "POST", "/orders", 400, "body at /payment", json={**ORDER, "payment": {"method": "cash"}}),
    bad("placeOrder", "POST", "/orders", 400, "no customer 99", json={**ORDER, "customer_id": 99}),
    good("getOrder", "GET", "/orders/1"),
    bad("getOrder", "GET", "/orders/99", 404, "no order 99"),
    good("updateOrder", "PATCH", "/orders/5", json={"status": "paid", "note": None}, headers=MERGE_PATCH),
    bad("updateOrder", "PATCH", "/orders/1", 409, "delivered", json={"status": "open"}, headers=MERGE_PATCH),
    good("deleteOrder", "DELETE", "/orders/4", 204),
    bad("deleteOrder", "DELETE", "/orders/1", 409, "only a cancelled one"),
    good("getReceipt", "GET", "/orders/1/receipt"),
    bad("getReceipt", "GET", "/orders/99/receipt", 404, "no order 99"),
    good("setOrderNote", "PUT", "/orders/1/note", 204, content="Schön".encode(), headers=TEXT),
    bad("setOrderNote", "PUT", "/orders/1/note", 400, "charset", content=b"\xff", headers=TEXT),
    good("returnGoods", "POST", "/orders/1/returns", 201, content="reason=damaged&products=1&products=4", headers=FORM),
    bad(
        "returnGoods",
        "POST",
        "/orders/1/returns",
        400,
        "'products'",
        content="reason=damaged&products=1,4",
        headers=FORM,
    ),
    bad("returnGoods", "POST", "/orders/1/returns", 400, "no field 'why'", content="why=x", headers=FORM),
    bad("returnGoods", "POST", "/orders/5/returns", 409, "is open", content="reason=damaged&products=6", headers=FORM),
    good("exportOrders", "GET", "/exports/orders?status=open,paid"),
    bad("exportOrders", "GET", "/exports/orders?status=open&status=paid", 400, "more than once"),
    good("watchOrders", "GET", "/events/orders?limit=3"),
    bad("watchOrders", "GET", "/events/orders?limit=101", 400, "'limit'"),
    good("reportSales", "GET", "/reports/sales?by=customer&delay=0.01"),
    bad("reportSales", "GET", "/reports/sales?delay=31", 400, "'delay'"),
    good("rehearseFailure", "POST", "/drills/503?retry_after=7", 503),
    good("rehearseFailure", "POST", "/drills/418", 418),
    bad("rehearseFailure", "POST", "/drills/200", 400, "'status'"),
]


def as_text(body: bytes, **_: str) -> str:
    """openapi-core hands over the parameters of the media type, such as charset."""
    return body.decode()


@cache
def contract() -> OpenAPI:
    deserializers: dict[str, Callable[..., Any]] = {
        "application/problem+json": json.loads,
        "application/x-ndjson": as_text,
        "text/event-stream": as_text,
    }
    return OpenAPI.from_dict(parsed(), Config(extra_media_type_deserializers=deserializers))


@cache
def parsed() -> Any:
    return yaml.safe_load(document())


def declared() -> dict[str, tuple[str, str]]:
    return {
        operation["operationId"]: (method.upper(), path)
        for path, item in parsed()["paths"].items()
        for method, operation in item.items()
        if method != "parameters"
    }


@pytest.mark.parametrize("sent", CALLS, ids=lambda sent: f"{sent.operation} {sent.target} {sent.status}")
def test_an_operation_answers_as_its_document_says(shop: TestClient, sent: Sent) -> None:
    answer = shop.request(sent.method, sent.target, **sent.extra)
    assert answer.status_code == sent.status, answer.text
    if sent.detail:
        assert sent.detail in answer.json()["detail"]
    method, path = declared()[sent.operation]
    assert method == sent.method
    if method == "HEAD":
        assert answer.content == b""
        return
    # The pattern spares openapi-core a search that would take label and matrix segments apart.
    request = MockRequest("http://testserver", method, path)
    content_type = answer.headers.get("content-type", "")
    response = MockResponse(answer.content, answer.status_code, dict(answer.headers), content_type)
    assert list(contract().iter_response_errors(request, response)) == []


def test_every_operation_is_called_rightly_and_wrongly_here() -> None:
    assert {sent.operation for sent in CALLS if not sent.detail} == set(declared())
    refused = {sent.operation for sent in CALLS if sent.status >= 400 and sent.status not in (418, 503)}
    assert refused == set(declared())


def test_the_document_is_valid_openapi() -> None:
    validate(parsed())


def examples(node: Any) -> Iterator[tuple[Any, Any]]:
    """Every schema of a parameter or a media type with each example beside it."""
    if isinstance(node, dict):
        if "schema" in node:
            found = [it["value"] for it in node.get("examples", {}).values()]
            yield from ((node["schema"], it) for it in [*found, *([node["example"]] if "example" in node else [])])
        for child in node.values():
            yield from examples(child)
    elif isinstance(node, list):
        for child in node:
            yield from examples(child)


def test_every_example_obeys_its_schema() -> None:
    found = list(examples(parsed()))
    assert len(found) > 30
    for schema, example in found:
        rooted = {"allOf": [schema], "components": parsed()["components"]}
        jsonschema_rs.Draft202012Validator(rooted, validate_formats=True).validate(example)


def test_every_operation_is_routed_and_every_route_is_documented(shop: TestClient) -> None:
    app = shop.app
    routes = {
        (method, route.path)
        for route in getattr(app, "routes", [])
        if isinstance(route, APIRoute)
        for method in route.methods or ()
    }
    assert routes - {("GET", "/openapi.yaml")} == set(declared().values())


def test_every_parameter_and_operation_is_described_for_an_agent() -> None:
    for item in parsed()["paths"].values():
        for method, operation in item.items():
            if method == "parameters":
                continue
            assert operation["summary"]
            assert operation["description"]
            assert operation["tags"]
            assert all("$ref" in it or it["description"] for it in operation.get("parameters", ()))


def test_the_document_is_served_byte_for_byte(shop: TestClient) -> None:
    assert shop.get("/openapi.yaml").content == document_path().read_bytes()


def test_unknown_paths_and_methods_get_a_problem(shop: TestClient) -> None:
    for method, path, status in (("GET", "/nowhere", 404), ("POST", "/customers/1", 405), ("GET", "/docs", 404)):
        answer = shop.request(method, path)
        assert answer.status_code == status
        assert answer.headers["content-type"] == "application/problem+json"
    assert set(shop.post("/customers/1").headers["allow"].split(", ")) == {"GET", "HEAD", "PATCH", "DELETE"}
