"""Orders: placed once per idempotency key, moved on step by step, returned, deleted when cancelled."""

# ruff: noqa: S608 - what is put into SQL text is written in this code; what a client sends is always bound

from collections import Counter

from starlette.responses import Response

from bridge.demo.contract import Json
from bridge.demo.problems import Problem
from bridge.demo.reading import Arguments
from bridge.demo.replies import after, created, found, no_content, page_reply, reply
from bridge.demo.routes.catalogue import price_in
from bridge.demo.store import Row, Store, now

_FIELDS = "id, customer_id, status, payment_json, note, created"

# The steps an order can take from each state.
_STEPS = {
    "open": {"paid", "cancelled"},
    "paid": {"shipped", "cancelled"},
    "shipped": {"delivered"},
    "delivered": set(),
    "cancelled": set(),
}


def list_orders(store: Store, arguments: Arguments) -> Response:
    period = arguments["placed"] or {}
    conditions = {
        "customer_id = ?": arguments["customer"],
        "substr(created, 1, 10) >= ?": period.get("from"),
        "substr(created, 1, 10) <= ?": period.get("to"),
    }
    given = {text: value for text, value in conditions.items() if value is not None}
    states = arguments["status"]
    return page_reply(arguments, orders_after(store, after(arguments), arguments["limit"] + 1, states, given))


def orders_after(
    store: Store, last: int, limit: int, states: list[str] | None, conditions: dict[str, Json] | None = None
) -> list[Row]:
    """At most `limit` orders with a larger id than `last`, in one of the states when some are given."""
    texts, values = ["id > ?", *(conditions or {})], [last, *(conditions or {}).values()]
    if states is not None:
        texts.append(f"status IN ({', '.join('?' * len(states))})")
        values.extend(states)
    rows = store.rows(f"SELECT {_FIELDS} FROM orders WHERE {' AND '.join(texts)} ORDER BY id LIMIT ?", *values, limit)
    return [_with_lines(store, row) for row in rows]


def place_order(store: Store, arguments: Arguments) -> Response:
    given, key = arguments.body, arguments["Idempotency-Key"]
    with store.transaction():
        earlier = store.one("SELECT id FROM orders WHERE idempotency_key = ?", key)
        if earlier is not None:
            return reply(order(store, earlier["id"]))
        number = put_order(store, given, now(), key)
        return created(order(store, number), f"/orders/{number}")


def put_order(store: Store, given: Row, at: str, key: str | None = None) -> int:
    """The number of a new order, as the API takes one. Raises Problem 400 for an unknown customer or product."""
    if store.one("SELECT id FROM customers WHERE id = ?", given["customer_id"]) is None:
        raise Problem(400, f"body at /customer_id: there is no customer {given['customer_id']}")
    columns = {
        "customer_id": given["customer_id"],
        "status": "paid" if given["payment"]["method"] == "card" else "open",
        "payment_json": given["payment"],
        "note": given.get("note"),
        "idempotency_key": key,
        "created": at,
    }
    number = store.insert("orders", columns)
    for position, line in enumerate(given["lines"]):
        store.insert("order_lines", {"order_id": number, "position": position, **_line(store, position, line)})
    tell(store, number, "placed", at)
    return number


def get_order(store: Store, arguments: Arguments) -> Response:
    return reply(order(store, arguments["orderId"]))


def update_order(store: Store, arguments: Arguments) -> Response:
    number, patch = arguments["orderId"], arguments.body
    with store.transaction():
        current = order(store, number)
        if "status" in patch:
            move(store, current, patch["status"], now())
        if "note" in patch:
            store.update("orders", number, {"note": patch["note"]})
        return reply(order(store, number))


def move(store: Store, current: Row, status: str, at: str) -> None:
    """Takes an order to another state and tells the watchers. Raises Problem 409 for a step that is none."""
    if status == current["status"]:
        return
    if status not in _STEPS[current["status"]]:
        possible = ", ".join(sorted(_STEPS[current["status"]])) or "nothing else"
        raise Problem(409, f"order {current['id']} is {current['status']} and can become {possible}, not {status}")
    store.update("orders", current["id"], {"status": status})
    tell(store, current["id"], status, at)


def tell(store: Store, number: int, kind: str, at: str) -> None:
    store.insert("events", {"order_id": number, "kind": kind, "at": at})


def delete_order(store: Store, arguments: Arguments) -> Response:
    number = arguments["orderId"]
    with store.transaction():
        status = order(store, number)["status"]
        if status != "cancelled":
            raise Problem(409, f"order {number} is {status}; only a cancelled one can be deleted")
        store.run("DELETE FROM orders WHERE id = ?", number)
    return no_content()


def get_receipt(store: Store, arguments: Arguments) -> Response:
    current = order(store, arguments["orderId"])
    lines = [
        f"{it['quantity']} x {_product_name(store, it['product_id'])} {it['unit_price'] * it['quantity']:.2f}"
        for it in current["lines"]
    ]
    head = f"Order {current['id']} of {current['created'][:10]}"
    return Response("\n".join([head, *lines, f"Total {current['total']:.2f} EUR", ""]), media_type="text/plain")


def set_order_note(store: Store, arguments: Arguments) -> Response:
    if not store.update("orders", arguments["orderId"], {"note": arguments.body}):
        raise Problem(404, f"there is no order {arguments['orderId']}")
    return no_content()


def return_goods(store: Store, arguments: Arguments) -> Response:
    number, given = arguments["orderId"], arguments.body
    with store.transaction():
        current = order(store, number)
        if current["status"] not in ("shipped", "delivered"):
            raise Problem(409, f"order {number} is {current['status']}; nothing of it can come back")
        if strange := set(given["products"]) - {it["product_id"] for it in current["lines"]}:
            raise Problem(400, f"form field 'products': order {number} has no product {min(strange)}")
        columns = {
            "order_id": number,
            "reason": given["reason"],
            "products_json": given["products"],
            "marks_json": given.get("marks", []),
            "pickup_json": given.get("pickup"),
            "refund_json": given.get("refund"),
            "created": now(),
        }
        key = store.insert("returns", columns)
        return reply(store.one("SELECT * FROM returns WHERE id = ?", key), 201)


def price_basket(store: Store, arguments: Arguments) -> Response:
    currency: str = arguments["currency"]
    pieces: Counter[int] = Counter(arguments["basket"])
    lines: list[Row] = []
    for key, quantity in pieces.items():
        row = found(store.one("SELECT price FROM products WHERE id = ?", key), f"product {key}")
        lines.append({"product_id": key, "quantity": quantity, "unit_price": price_in(currency, row["price"])})
    return reply({"lines": lines, "total": _total(lines), "currency": currency})


def order(store: Store, number: int) -> Row:
    """Raises Problem 404."""
    row = found(store.one(f"SELECT {_FIELDS} FROM orders WHERE id = ?", number), f"order {number}")
    return _with_lines(store, row)


def _with_lines(store: Store, row: Row) -> Row:
    sql = "SELECT product_id, quantity, unit_price FROM order_lines WHERE order_id = ? ORDER BY position"
    lines = store.rows(sql, row["id"])
    return {**row, "lines": lines, "total": _total(lines)}


def _line(store: Store, position: int, given: Row) -> Row:
    row = store.one("SELECT price FROM products WHERE id = ?", given["product_id"])
    if row is None:
        raise Problem(400, f"body at /lines/{position}/product_id: there is no product {given['product_id']}")
    return {"product_id": given["product_id"], "quantity": given["quantity"], "unit_price": row["price"]}


def _product_name(store: Store, key: int) -> str:
    return str(found(store.one("SELECT name FROM products WHERE id = ?", key), f"product {key}")["name"])


def _total(lines: list[Row]) -> float:
    return float(round(sum(it["quantity"] * it["unit_price"] for it in lines), 2))


HANDLERS = {
    "listOrders": list_orders,
    "placeOrder": place_order,
    "getOrder": get_order,
    "updateOrder": update_order,
    "deleteOrder": delete_order,
    "getReceipt": get_receipt,
    "setOrderNote": set_order_note,
    "returnGoods": return_goods,
    "priceBasket": price_basket,
}
