"""The inspector against what others say: whatever the builder writes is well, and openapi-core judges alike."""

from functools import cache
from http.cookies import SimpleCookie
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

import orjson
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from hypothesis_jsonschema import from_schema
from openapi_core import Config, OpenAPI
from openapi_core.testing import MockRequest

from bridge.egress.encode import compile_builder
from bridge.importer import Imported, Options, Sources, build, import_api
from bridge.model import BadArguments, Json, Operation, Param, Style, Where
from bridge.pipeline.inspect import compile_inspector
from tests.unit.egress.encode.kit import STRING, STRINGS, builder, param

DOCUMENT = Path(__file__).parents[3] / "specs" / "orders.yaml"


@cache
def imported() -> Imported:
    return import_api("orders", Sources(str(DOCUMENT)), Options())


@cache
def operations() -> dict[str, Operation]:
    return {operation.id: operation for operation in build([imported()]).operations.values()}


# --- what the builder writes ------------------------------------------------------------------------------------------


def fits_its_place(operation: Operation, arguments: Json) -> bool:
    """Whether the styles can carry the value: they have no escapes for their own delimiters, and no empty arrays."""
    return all(fits(param, arguments[param.argument]) for param in operation.params if param.argument in arguments)


def fits(param: Param, value: Json) -> bool:
    if value in ([], {}):
        return not param.required
    texts = list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else [value]
    spoiled = " |,=" if isinstance(value, dict | list) and param.where is Where.HEADER else ""
    empty = isinstance(value, list) and len(value) == 1 and value[0] == ""
    edges = param.where in (Where.HEADER, Where.COOKIE)
    return not empty and not any(
        isinstance(text, str) and (any(mark in text for mark in spoiled) or (edges and text != text.strip()))
        for text in texts
    )


def category(children: st.SearchStrategy[Json]) -> st.SearchStrategy[Json]:
    name = st.text(min_size=1, max_size=60)
    return st.fixed_dictionaries({"name": name}, optional={"children": st.lists(children, max_size=3)})


CATEGORIES = st.recursive(st.fixed_dictionaries({"name": st.text(min_size=1, max_size=60)}), category, max_leaves=8)


def arguments_of(operation: Operation) -> st.SearchStrategy[Json]:
    """hypothesis-jsonschema refuses schemas that refer to themselves, so their arguments are made by hand."""
    if operation.id == "createCategory":
        return st.tuples(CATEGORIES, st.integers()).map(lambda made: {**made[0], "parent": made[1]})
    return from_schema(operation.input_schema)


@pytest.mark.parametrize("name", sorted(operations()))
def test_what_the_builder_writes_is_well(name: str) -> None:
    operation = operations()[name]
    make, inspect = compile_builder(operation), compile_inspector(operation)

    @settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
    @given(arguments=arguments_of(operation))
    def is_well(arguments: Json) -> None:
        assume(fits_its_place(operation, arguments))
        try:
            wire = make(arguments)
        except BadArguments:
            assume(False)
        path, _, query = wire.target.partition("?")
        assert isinstance(wire.body, bytes | None)
        assert inspect(path, query, wire.headers, wire.body or b"") == ()

    is_well()


LETTERS = st.text(st.sampled_from("abXY09äß/?#&+%~;!.-_"), min_size=1).filter(lambda text: not set(text) <= {"."})
MEMBERS = {"type": "object", "properties": {"R": STRING, "G": STRING}}
SHAPES: dict[str, tuple[dict[str, Json], st.SearchStrategy[Json]]] = {
    "string": (STRING, LETTERS),
    "array": (STRINGS, st.lists(LETTERS, min_size=1)),
    "object": (MEMBERS, st.dictionaries(st.sampled_from(["R", "G"]), LETTERS, min_size=1)),
}
STYLES = {
    Where.PATH: (Style.SIMPLE, Style.LABEL, Style.MATRIX),
    Where.QUERY: (Style.FORM, Style.SPACE, Style.PIPE, Style.TABS),
    Where.HEADER: (Style.SIMPLE,),
    Where.COOKIE: (Style.FORM,),
}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("explode", [True, False])
@pytest.mark.parametrize(("where", "style"), [(where, style) for where in STYLES for style in STYLES[where]])
def test_every_style_reads_back_exactly(where: Where, style: Style, explode: bool, shape: str) -> None:
    """The inspector's schema allows nothing but the value that was written."""
    schema, values = SHAPES[shape]
    x = param("x", where, schema, style, explode=explode, required=True)
    path = "/things/{x}" if where is Where.PATH else "/things"
    build_one = builder(x, path=path)

    @settings(max_examples=20, deadline=None)
    @given(value=values)
    def reads_back(value: Json) -> None:
        # A label's own delimiter is unreserved, and headers know no encoding.
        text = "".join(value.values() if isinstance(value, dict) else value)
        assume(not (style is Style.LABEL and "." in text))
        assume(where is not Where.HEADER or text.isascii())
        try:
            wire = build_one({"x": value})
        except BadArguments:
            assume(False)
        root = {"type": "object", "properties": {"x": {**schema, "const": value}}, "required": ["x"]}
        operation = Operation("op", "api", "POST", path, params=(x,), input_schema=root)
        at, _, query = wire.target.partition("?")
        assert compile_inspector(operation)(at, query, wire.headers, b"") == ()

    reads_back()


# --- openapi-core -----------------------------------------------------------------------------------------------------


@cache
def oracle() -> OpenAPI:
    # Its finder matches servers by their URL, which the document leaves to whoever serves it.
    root = {**imported().document.root, "servers": [{"url": "http://localhost"}]}
    return OpenAPI.from_dict(root, config=Config(spec_validator_cls=None))


def judged(name: str, target: str, headers: dict[str, str], content: bytes) -> tuple[bool, bool]:
    """Whether the request is well: what the inspector says, and what openapi-core says."""
    operation = operations()[name]
    url = urlsplit(target)
    fields = tuple((key.lower().encode(), value.encode()) for key, value in headers.items())
    ours = compile_inspector(operation)(url.path, url.query, fields, content)
    cookies = SimpleCookie(headers.get("Cookie", ""))
    request = MockRequest(
        "http://localhost",
        operation.method.lower(),
        unquote(url.path),
        args=parse_qsl(url.query, keep_blank_values=True),  # type: ignore[arg-type]
        headers=headers,
        cookies={key: morsel.value for key, morsel in cookies.items()},
        data=content,
        content_type=headers.get("Content-Type", "application/json"),
    )
    return ours == (), not list(oracle().iter_request_errors(request))


CUSTOMER = {"name": "Grace", "email": "g@example.com", "tier": "gold", "tags": ["a"], "pin": "4711"}
ORDER = {
    "customer_id": 1,
    "lines": [{"product_id": 1, "quantity": 2}],
    "payment": {"method": "card", "brand": "visa", "last4": "4242"},
}
JSON = {"Content-Type": "application/json"}
MERGE = {"Content-Type": "application/merge-patch+json"}
VENDOR = {"Content-Type": "application/vnd.shop+json"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
PNG = {"Content-Type": "image/png"}
RETURNS = "/orders/1/returns"
DEEPER = b"&pickup%5Bdate%5D=2025-01-01&refund=%7B%22to%22%3A%22card%22%7D"


def sent(value: Json, **changes: Json) -> bytes:
    kept = {**value, **changes}
    return orjson.dumps({name: member for name, member in kept.items() if member is not ...})


CASES = {
    "nothing": ("listCustomers", "/customers", {}, b""),
    "a query that fits": ("listCustomers", "/customers?q=a&ids=1&ids=2&tags=a,b&limit=5", {}, b""),
    "an integer that is none": ("listCustomers", "/customers?limit=five", {}, b""),
    "an integer too large": ("listCustomers", "/customers?limit=101", {}, b""),
    "an integer too small": ("listCustomers", "/customers?limit=0", {}, b""),
    "a text too short": ("listCustomers", "/customers?q=", {}, b""),
    "an item that is no integer": ("listCustomers", "/customers?ids=1&ids=x", {}, b""),
    "a path that fits": ("getCustomer", "/customers/5", {}, b""),
    "a path that is no integer": ("getCustomer", "/customers/five", {}, b""),
    "members of a deep object": ("listProducts", "/products?filter[category]=3&filter[in_stock]=true", {}, b""),
    "a deep member of a wrong type": ("listProducts", "/products?filter[category]=x", {}, b""),
    "a deep member too small": ("listProducts", "/products?filter[min_price]=-1", {}, b""),
    "an item of the enum": ("listProducts", "/products?sort=-price,name", {}, b""),
    "an item outside the enum": ("listProducts", "/products?sort=-price,size", {}, b""),
    "JSON in a parameter": ("searchProducts", '/products/search?where={"field":"sku","op":"eq","value":1}', {}, b""),
    "JSON outside the enum": ("searchProducts", '/products/search?where={"field":"a","op":"eq","value":1}', {}, b""),
    "broken JSON in a parameter": ("searchProducts", "/products/search?where={", {}, b""),
    "pipes": ("searchProducts", "/products/search?colors=black|white", {}, b""),
    "pipes outside the enum": ("searchProducts", "/products/search?colors=black|pink", {}, b""),
    "an object with commas": ("searchProducts", "/products/search?price=min,1,max,2", {}, b""),
    "an object too small": ("searchProducts", "/products/search?price=min,-1", {}, b""),
    "an array in the path": ("compareProducts", "/comparisons/1,2/currency=USD,tier=gold", {}, b""),
    "too short an array in the path": ("compareProducts", "/comparisons/1/currency=USD,tier=gold", {}, b""),
    "an object in the path": ("compareProducts", "/comparisons/1,2/currency=USD,tier=tin", {}, b""),
    "a required header": ("quoteShipping", "/shipping/quotes", {"X-Parcel": "weight=2"}, b""),
    "headers that fit": (
        "quoteShipping", "/shipping/quotes", {"X-Parcel": "weight=2,length=4", "X-Destination": "country,FR"}, b"",
    ),
    "a header out of range": (
        "quoteShipping", "/shipping/quotes", {"X-Parcel": "weight=71", "X-Destination": "country,FR"}, b"",
    ),
    "a header against its pattern": (
        "quoteShipping", "/shipping/quotes", {"X-Parcel": "weight=7", "X-Destination": "country,fr"}, b"",
    ),
    "no cookie": ("priceBasket", "/basket", {}, b""),
    "a cookie against its enum": ("priceBasket", "/basket", {"Cookie": "basket=1; currency=XXX"}, b""),
    "a body that fits": ("createCustomer", "/customers", JSON, sent(CUSTOMER)),
    "no body": ("createCustomer", "/customers", JSON, b""),
    "a property dropped": ("createCustomer", "/customers", JSON, sent(CUSTOMER, email=...)),
    "a property of a wrong type": ("createCustomer", "/customers", JSON, sent(CUSTOMER, name=5)),
    "a property outside the enum": ("createCustomer", "/customers", JSON, sent(CUSTOMER, tier="tin")),
    "a property against its pattern": ("createCustomer", "/customers", JSON, sent(CUSTOMER, pin="a")),
    "items that are not unique": ("createCustomer", "/customers", JSON, sent(CUSTOMER, tags=["a", "a"])),
    "broken JSON": ("createCustomer", "/customers", JSON, b'{"name":'),
    "an array for an object": ("createCustomer", "/customers", JSON, b"[]"),
    "another content type": ("createCustomer", "/customers", {"Content-Type": "text/csv"}, b"a"),
    "an order that fits": ("placeOrder", "/orders", JSON, sent(ORDER)),
    "no lines": ("placeOrder", "/orders", JSON, sent(ORDER, lines=[])),
    "a line out of range": ("placeOrder", "/orders", JSON, sent(ORDER, lines=[{"product_id": 1, "quantity": 0}])),
    "a form of payment that is none": ("placeOrder", "/orders", JSON, sent(ORDER, payment={"method": "cash"})),
    "plain JSON for a merge patch": ("updateOrder", "/orders/1", JSON, b'{"status":"paid"}'),
    "an unknown parameter": ("listProducts", "/products?utm=1", {}, b""),
    "an unknown member of a closed parameter": ("listProducts", "/products?filter[size]=1", {}, b""),
    "an integer with leading zeros": ("listCustomers", "/customers?limit=05", {}, b""),
    "an empty integer": ("listCustomers", "/customers?limit=", {}, b""),
    "a path without its label": ("getWarehouseStock", "/warehouses/BER.LYO/stock", {}, b""),
    "commas that are encoded": ("compareProducts", "/comparisons/1%2C2/currency=USD,tier=gold", {}, b""),
    "cookies that fit": ("priceBasket", "/basket", {"Cookie": "basket=1,2"}, b""),
    "a cookie that is no integer": ("priceBasket", "/basket", {"Cookie": "basket=1,x"}, b""),
    "what only answers have": ("placeOrder", "/orders", JSON, sent(ORDER, id=7)),
    "a media type with parameters": (
        "placeOrder", "/orders", {"Content-Type": "application/json; charset=utf-8"}, sent(ORDER),
    ),
    "a form that fits": ("returnGoods", RETURNS, FORM, b"reason=damaged&products=1&products=2&marks=a,b" + DEEPER),
    "a form outside the enum": ("returnGoods", RETURNS, FORM, b"reason=none&products=1&products=2"),
    "a form with text for an integer": ("returnGoods", RETURNS, FORM, b"reason=damaged&products=1&products=x"),
    "a form without a field": ("returnGoods", RETURNS, FORM, b"products=1&products=2"),
    "a form without a deep member": (
        "returnGoods", RETURNS, FORM, b"reason=damaged&products=1&products=2&pickup%5Bplace%5D=x",
    ),
    "a picture": ("setProductImage", "/products/1/image", PNG, b"x"),
    "another kind of picture": ("setProductImage", "/products/1/image", {"Content-Type": "image/jpeg"}, b"x"),
    "an empty merge patch": ("updateOrder", "/orders/1", MERGE, b"{}"),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_openapi_core_judges_alike(case: str) -> None:
    ours, theirs = judged(*CASES[case])
    assert ours is theirs


STOCK = "/warehouses/.BER/products/;skus=LAMP-01,DESK%2F02"
DIFFERENT = {
    "The oracle looks for an exploded object under its own name.": (
        ("searchProducts", "/products/search?width=0", {}, b""), False,
    ),
    "The oracle reads no label and no matrix.": (("findInWarehouse", STOCK, {}, b""), True),
    "The oracle reads no merge patch.": (("updateOrder", "/orders/1", MERGE, b'{"note":null}'), True),
    "RFC 6839: what ends in +json can be read as JSON.": (("placeOrder", "/orders", VENDOR, sent(ORDER)), True),
    "JSON Schema: 5.0 is an integer.": (("listCustomers", "/customers?limit=5.0", {}, b""), True),
    "JSON Schema: a format is an annotation.": (("listOrders", "/orders?placed[from]=x", {}, b""), True),
    "Of a name that stands twice the oracle sees one.": (
        ("listCustomers", "/customers?limit=1&limit=2", {}, b""), False,
    ),
    "The oracle reads 1 as true.": (
        ("listProducts", "/products?filter[in_stock]=1", {}, b""), False,
    ),
    "The oracle drops what is no pair.": (("searchProducts", "/products/search?price=min", {}, b""), False),
    "What a closed body does not name may be what only answers have.": (
        ("placeOrder", "/orders", JSON, sent(ORDER, more=7)), True,
    ),
}  # fmt: skip


@pytest.mark.parametrize("reason", DIFFERENT)
def test_where_the_judgements_differ_there_is_a_reason(reason: str) -> None:
    request, accepted = DIFFERENT[reason]
    assert judged(*request) == (accepted, not accepted)
