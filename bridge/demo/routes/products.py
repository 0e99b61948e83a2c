"""Products: pages by number, conditions in every query style, replacement under If-Match."""

# ruff: noqa: S608 - what is put into SQL text is written in this code; what a client sends is always bound

import json
import sqlite3
from collections.abc import Callable

from starlette.responses import Response

from bridge.demo.contract import Json
from bridge.demo.problems import Problem
from bridge.demo.reading import Arguments
from bridge.demo.replies import created, entity_tag, found, link, lists_tag, no_content, reply, tagged
from bridge.demo.routes.catalogue import BELOW, subtree
from bridge.demo.routes.files import attachments_of
from bridge.demo.routes.stock import stock_of
from bridge.demo.store import Row, Store, now

_FIELDS = "id, sku, name, description, price, color, labels_json, category_id, width, height, depth, created"
_MOST_FOUND = 100

# Condition for each key of `filter`; BELOW makes a category's subcategories count.
_FILTERS = {
    "category": f"category_id IN ({BELOW})",
    "min_price": "price >= ?",
    "max_price": "price <= ?",
    "in_stock": "EXISTS (SELECT 1 FROM stock WHERE product_id = products.id AND quantity > 0) = ?",
}
_OPERATORS = {
    "eq": "{} = ?",
    "ne": "{} IS NOT ?",
    "lt": "{} < ?",
    "gt": "{} > ?",
    "like": "instr(in_any_case(CAST(coalesce({}, '') AS TEXT)), in_any_case(CAST(? AS TEXT)))",
}
_BOUNDS = {"min": "price >= ?", "max": "price <= ?"}
_SIDES = {side: f"{side} <= ?" for side in ("width", "height", "depth")}

Conditions = list[tuple[str, Json]]


def list_products(store: Store, arguments: Arguments) -> Response:
    where, values = _clause([(_FILTERS[key], value) for key, value in (arguments["filter"] or {}).items()])
    order = ", ".join(f"{it.lstrip('-')} {'DESC' if it.startswith('-') else 'ASC'}" for it in arguments["sort"])
    page, size = arguments["page"], arguments["per_page"]
    total = found(store.one(f"SELECT count(*) AS n FROM products{where}", *values), "count")["n"]
    sql = f"SELECT {_FIELDS} FROM products{where} ORDER BY {order}, id LIMIT ? OFFSET ?"
    rows = store.rows(sql, *values, size, min((page - 1) * size, total))
    headers = {"Link": _page_links(arguments, page, max(1, -(-total // size))), "X-Total-Count": str(total)}
    return reply([_product(row) for row in rows], headers=headers)


def search_products(store: Store, arguments: Arguments) -> Response:
    conditions: Conditions = [
        *(("EXISTS (SELECT 1 FROM json_each(labels_json) WHERE value = ?)", it) for it in arguments["labels"] or ()),
        *((_BOUNDS[key], value) for key, value in (arguments["price"] or {}).items()),
        *((_SIDES[key], value) for key, value in (arguments["size"] or {}).items()),
    ]
    if (wanted := arguments["where"]) is not None:
        conditions.append((_OPERATORS[wanted["op"]].format(wanted["field"]), wanted["value"]))
    if arguments["sku"] is not None:
        conditions.append(("instr(sku, ?) = 1", arguments["sku"]))
    if arguments["colors"] is not None:
        conditions.append(("color IN (SELECT value FROM json_each(?))", json.dumps(arguments["colors"])))
    where, values = _clause(conditions)
    rows = store.rows(f"SELECT {_FIELDS} FROM products{where} ORDER BY name, id LIMIT {_MOST_FOUND}", *values)
    return reply([_product(row) for row in rows])


def create_product(store: Store, arguments: Arguments) -> Response:
    with store.transaction():
        columns = new_product(arguments.body)
        key = _write(arguments.body, lambda: store.insert("products", columns))
        return created(product(store, key), f"/products/{key}")


def get_product(store: Store, arguments: Arguments) -> Response:
    key = arguments["productId"]
    details = product(store, key)
    for name in arguments["X-Include"] or ():
        details = {**details, name: _INCLUDES[name](store, details)}
    return tagged(details, arguments["If-None-Match"], vary="X-Include")


def replace_product(store: Store, arguments: Arguments) -> Response:
    key, condition = arguments["productId"], arguments["If-Match"]
    with store.transaction():
        stored = product(store, key)
        if condition is not None and not lists_tag(condition, entity_tag(stored)):
            raise Problem(412, f"product {key} has changed, its ETag is {entity_tag(stored)}")
        columns = {**new_product(arguments.body), "created": stored["created"]}
        _write(arguments.body, lambda: store.update("products", key, columns))
        return tagged(product(store, key))


def delete_product(store: Store, arguments: Arguments) -> Response:
    key = arguments["productId"]
    product(store, key)
    try:
        store.run("DELETE FROM products WHERE id = ?", key)
    except sqlite3.IntegrityError:
        raise Problem(409, f"product {key} was ordered and has to stay") from None
    return no_content()


def product(store: Store, key: int) -> Row:
    """Raises Problem 404."""
    return _product(found(store.one(f"SELECT {_FIELDS} FROM products WHERE id = ?", key), f"product {key}"))


def new_product(given: Row) -> Row:
    """The columns of a new product, as the API takes one."""
    return {
        **{name: given[name] for name in ("sku", "name", "price", "color", "category_id")},
        **{side: given["size"][side] for side in _SIDES},
        "description": given.get("description"),
        "labels_json": given.get("labels", []),
        "created": given.get("seeded", now()),
    }


def _product(row: Row) -> Row:
    size = {side: row[side] for side in _SIDES}
    return {**{name: value for name, value in row.items() if name not in _SIDES}, "size": size}


def _clause(conditions: Conditions) -> tuple[str, list[Json]]:
    texts = [text for text, _ in conditions]
    return (f" WHERE {' AND '.join(texts)}" if texts else ""), [value for _, value in conditions]


def _page_links(arguments: Arguments, page: int, last: int) -> str:
    pages = {"first": 1, "prev": min(page - 1, last), "next": page + 1, "last": last}
    return ", ".join(link(arguments, name, page=number) for name, number in pages.items() if 1 <= number <= last)


def _write(given: Row, write: Callable[[], int]) -> int:
    try:
        return write()
    except sqlite3.IntegrityError as error:
        if "FOREIGN KEY" in str(error):
            raise Problem(400, f"body at /category_id: there is no category {given['category_id']}") from None
        raise Problem(409, f"the SKU {given['sku']!r} belongs to another product") from None


_INCLUDES: dict[str, Callable[[Store, Row], Json]] = {
    "category": lambda store, row: subtree(store, row["category_id"]),
    "stock": lambda store, row: stock_of(store, row["id"]),
    "attachments": lambda store, row: attachments_of(store, row["id"]),
}

HANDLERS = {
    "listProducts": list_products,
    "searchProducts": search_products,
    "createProduct": create_product,
    "getProduct": get_product,
    "replaceProduct": replace_product,
    "deleteProduct": delete_product,
}
