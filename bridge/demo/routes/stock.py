"""Warehouses, their shelves, and what it costs to ship a parcel."""

from starlette.responses import Response

from bridge.demo.problems import Problem
from bridge.demo.reading import Arguments
from bridge.demo.replies import found, reply
from bridge.demo.store import Row, Store

_STOCK = (
    "SELECT warehouse, aisle, bay, product_id, sku, quantity FROM stock JOIN products ON products.id = product_id "
    "WHERE {} ORDER BY warehouse, aisle, bay, product_id"
)

# Base price, price per kilogram, heaviest parcel in kilograms, longest side in centimetres, days within the country.
_CARRIERS = {
    "post": (3.9, 0.6, 20.0, 120.0, 2),
    "courier": (7.5, 0.9, 31.5, 200.0, 1),
    "freight": (29.0, 0.4, 70.0, 300.0, 4),
}
_HOME = "DE"
_ABROAD_FACTOR, _ABROAD_DAYS = 1.8, 3


def get_warehouse_stock(store: Store, arguments: Arguments) -> Response:
    codes = [_warehouse(store, code) for code in arguments["codes"]]
    return reply(store.rows(_STOCK.format(f"warehouse IN ({_marks(codes)})"), *codes))


def find_in_warehouse(store: Store, arguments: Arguments) -> Response:
    code, skus = _warehouse(store, arguments["code"]), arguments["skus"]
    return reply(store.rows(_STOCK.format(f"warehouse = ? AND sku IN ({_marks(skus)})"), code, *skus))


def count_shelf(store: Store, arguments: Arguments) -> Response:
    shelf, counted = arguments["shelf"], arguments.body
    with store.transaction():
        place = (_warehouse(store, arguments["code"]), shelf["aisle"], shelf["bay"])
        if store.one("SELECT id FROM products WHERE id = ?", counted["product_id"]) is None:
            raise Problem(400, f"body at /product_id: there is no product {counted['product_id']}")
        store.run(
            "INSERT INTO stock VALUES (?, ?, ?, ?, ?) "
            "ON CONFLICT (warehouse, aisle, bay, product_id) DO UPDATE SET quantity = excluded.quantity",
            *place,
            counted["product_id"],
            counted["quantity"],
        )
        return reply(store.rows(_STOCK.format("warehouse = ? AND aisle = ? AND bay = ?"), *place))


def stock_of(store: Store, product: int) -> list[Row]:
    return store.rows(_STOCK.format("product_id = ?"), product)


def quote_shipping(store: Store, arguments: Arguments) -> Response:
    parcel, country = arguments["X-Parcel"], arguments["X-Destination"]["country"]
    weight, length = parcel["weight"], parcel.get("length", 30)
    offers = [
        _offer(carrier, weight, abroad=country != _HOME)
        for carrier, (_, _, heaviest, longest, _) in _CARRIERS.items()
        if weight <= heaviest and length <= longest and carrier in (arguments["X-Carriers"] or _CARRIERS)
    ]
    return reply(sorted(offers, key=lambda it: it["price"]))


def _offer(carrier: str, weight: float, *, abroad: bool) -> Row:
    base, per_kilogram, _, _, days = _CARRIERS[carrier]
    price = (base + per_kilogram * weight) * (_ABROAD_FACTOR if abroad else 1)
    return {"carrier": carrier, "price": round(price, 2), "days": days + (_ABROAD_DAYS if abroad else 0)}


def _warehouse(store: Store, code: str) -> str:
    return str(found(store.one("SELECT code FROM warehouses WHERE code = ?", code), f"warehouse {code}")["code"])


def _marks(values: list[str]) -> str:
    return ", ".join("?" * len(values))


HANDLERS = {
    "getWarehouseStock": get_warehouse_stock,
    "findInWarehouse": find_in_warehouse,
    "countShelf": count_shelf,
    "quoteShipping": quote_shipping,
}
